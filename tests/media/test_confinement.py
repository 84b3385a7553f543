from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mmscheck.media import MediaWorkers, launch
from mmscheck.media.sample import Sample
from mmscheck.media.worker import look
from tests.media import hostile

ROOT = Path(__file__).parents[2]
SCRIPT = """
import asyncio, sys
from mmscheck.media import MediaWorkers, launch
from tests.media import hostile

launch.MODULE = hostile.__name__

with open(sys.argv[1], "a") as file:
    file.write("ran\\n")

async def main():
    async with MediaWorkers(workers=1) as workers:
        found = await workers.inspect("https://example.com/a.jpg", hostile.call(hostile.pid))
        print(hostile.said(found), flush=True)
        await workers.inspect("https://example.com/a.jpg", hostile.call(hostile.spin))

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
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"},
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


def status_of(process: int) -> str:
    return Path(f"/proc/{process}/status").read_text()


async def standing(memory_bytes: int = 1024**3) -> dict[str, Any]:
    async with MediaWorkers(workers=1, memory_bytes=memory_bytes) as workers:
        found = await workers.inspect("https://example.com/a.jpg", hostile.call(hostile.standing))
    told: dict[str, Any] = hostile.said(found)
    return told


async def test_no_secret_reaches_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile.taken_over(monkeypatch)
    monkeypatch.setenv("MMSCHECK_API_KEY", SECRET)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    variables = (await standing())["variables"]
    assert SECRET not in str(variables)
    assert not {"MMSCHECK_API_KEY", "AWS_SECRET_ACCESS_KEY", "HOME", "PATH"} & set(variables)


async def test_no_secret_reaches_the_process_that_makes_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMSCHECK_API_KEY", SECRET)
    started: list[dict[str, Any]] = []
    popen = subprocess.Popen

    def note(*command: Any, **given: Any) -> subprocess.Popen[bytes]:
        started.append(given)
        return popen(*command, **given)

    monkeypatch.setattr("subprocess.Popen", note)
    async with MediaWorkers(workers=1) as workers:
        await workers.sniff("https://example.com/a.jpg", b"\xff\xd8\xff\xe0")
    assert len(started) == 1
    assert SECRET not in str(started)
    assert set(started[0]["env"]) <= launch.KEPT


async def test_a_worker_stands_confined(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile.taken_over(monkeypatch)
    megabytes = 700 * 1024 * 1024
    found = await standing(memory_bytes=megabytes)
    limits = found["limits"]
    soft, hard = limits.pop("CPU")
    assert 20 < soft <= 23
    assert hard == 32 * 25
    assert limits == {
        "AS": [megabytes, megabytes],
        "CORE": [0, 0],
        "FSIZE": [0, 0],
        "NOFILE": [64, 64],
        "NPROC": [0, 0],
    }
    assert found["folder"] == "/"
    assert found["files"] == [0, 1, 2, 3]  # closed off streams, and its channel
    assert found["main"] is None


async def test_a_worker_and_the_process_that_makes_it_have_sessions_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hostile.taken_over(monkeypatch)
    async with MediaWorkers(workers=1) as workers:
        worker = hostile.said(await workers.inspect("https://example.com/a.jpg", hostile.call(hostile.pid)))
        found = await workers.inspect("https://example.com/a.jpg", hostile.call(hostile.standing))
        server = hostile.said(found)["server"]
        assert (os.getsid(worker), os.getsid(server)) == (worker, server)
        status = status_of(worker)
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status
    capabilities = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    assert int(capabilities.split()[1], 16) & ~(1 << 2) == 0


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
