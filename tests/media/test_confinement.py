from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmscheck.media import MediaWorkers
from mmscheck.media.sample import Sample
from mmscheck.media.worker import look
from tests.media import hostile

ROOT = Path(__file__).parents[2]
SCRIPT = """
import asyncio, os, pathlib, sys
from mmscheck.media import MediaWorkers
from tests.media import hostile

with open(sys.argv[1], "a") as file:
    file.write("ran\\n")

async def main():
    async with MediaWorkers(workers=1) as workers:
        await workers.sniff("https://example.com/a.jpg", b"\\xff\\xd8\\xff\\xe0")
        print(await workers._pool.run(os.getpid), flush=True)
        await workers._pool.run(hostile.spin)

try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
SECRET = "hunter2-hunter2"


def script(folder: Path) -> tuple[subprocess.Popen[str], int]:
    """A script without a main guard whose worker hangs; with the worker's number."""
    path = folder / "script.py"
    path.write_text(SCRIPT)
    running = subprocess.Popen(
        [sys.executable, path, folder / "runs"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stdout is not None
    return running, int(running.stdout.readline())


def gone(process: int) -> bool:
    """Whether the process ends within five seconds; one that only waits to be reaped has ended."""
    stat = Path(f"/proc/{process}/stat")
    for _ in range(100):
        try:
            if stat.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


async def test_no_secret_reaches_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMSCHECK_API_KEY", SECRET)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    async with MediaWorkers(workers=1) as workers:
        variables, block = await workers._pool.run(hostile.environment)
    assert SECRET.encode() not in block
    assert SECRET not in variables.values()
    assert not {"MMSCHECK_API_KEY", "AWS_SECRET_ACCESS_KEY", "HOME", "PATH"} & set(variables)


async def test_a_worker_stands_confined() -> None:
    megabytes = 700 * 1024 * 1024
    async with MediaWorkers(workers=1, memory_bytes=megabytes) as workers:
        await workers.sniff("https://example.com/a.jpg", b"\xff\xd8\xff\xe0")
        standing = await workers._pool.run(hostile.standing)
    nothing = (0, 0)
    assert standing["limits"] == {
        "AS": (megabytes, megabytes),
        "CORE": nothing,
        "FSIZE": nothing,
        "NOFILE": (64, 64),
        "NPROC": nothing,
    }
    assert isinstance(standing["cpu"], int)
    assert 20 < standing["cpu"] <= 23
    assert standing["session"] is True
    assert standing["folder"] == "/"
    assert standing["streams"] == ["/dev/null"] * 3
    assert standing["privileges"] is True
    assert standing["main"] is None
    assert standing["parent"] == os.getpid()


async def test_a_worker_writes_no_file(tmp_path: Path) -> None:
    async with MediaWorkers(workers=1) as workers:
        with pytest.raises(OSError, match="File too large"):
            await workers._pool.run(hostile.write, str(tmp_path / "loot"))
    assert (tmp_path / "loot").stat().st_size == 0


def test_the_parent_loads_no_library_that_opens_media() -> None:
    libraries = {"magic", "PIL", "mutagen", "av", "pikepdf"}
    program = f"import sys, mmscheck.media; print({libraries} & set(sys.modules))"
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout == "set()\n"


def test_workers_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    running, worker = script(tmp_path)
    running.kill()
    running.communicate(timeout=10)
    assert gone(worker)


def test_ctrl_c_ends_quietly_and_the_script_that_started_workers_ran_once(tmp_path: Path) -> None:
    running, worker = script(tmp_path)
    time.sleep(0.3)
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=10)
    assert (out, err) == ("interrupted\n", "")
    assert gone(worker)
    assert (tmp_path / "runs").read_text() == "ran\n"


def test_lack_of_memory_while_looking_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def choke(_sample: object) -> None:
        raise MemoryError

    monkeypatch.setattr("mmscheck.media.worker.sniff", choke)
    found = look(Sample(data=b"x", size=1))
    assert found is not None
    assert (found.type, found.problem is None) == (None, False)
