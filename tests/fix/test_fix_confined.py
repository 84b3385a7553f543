"""The processes in which media are mended: what they may not do, and what becomes of lost jobs."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Callable

import pytest

from mmscheck.fix import confined
from mmscheck.fix.confined import Forge
from mmscheck.fix.values import Aims, Broken, Job, Mended, Wishes
from tests.fix.made import photo, saved

JOB = Job(data=saved(photo(), "WEBP"), type="image/webp", name="a", aims=Aims(), wishes=Wishes(), most=90_000)

Hostile = Callable[[str], None]


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> Hostile:
    """Has the processes run these lines in place of a job, as bytes that took one over would."""

    def install(lines: str) -> None:
        body = "\n".join(f"    {line}" for line in lines.splitlines())
        program = (
            "import sys; sys.path[:] = sys.argv[2:]\n"
            "import os, socket, subprocess, time\n"
            "from mmscheck.fix import forge\n"
            "from mmscheck.fix.values import Mended, Unmended\n"
            f"def mend(job):\n{body}\n"
            "forge.mend = mend\n"
            "forge.main()\n"
        )
        monkeypatch.setattr(confined, "PROGRAM", program)

    return install


async def test_a_job_is_done() -> None:
    async with Forge() as forge:
        answer = await forge.work(JOB)
    assert isinstance(answer, Mended)
    assert answer.suffix == ".jpg"


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/tmp/mmscheck-fix-was-here', 'w')",
        "open('/etc/passwd').read()",
        "os.listdir('/root')",
        "os.fork()",
        "subprocess.run(['true'])",
        "socket.create_connection(('127.0.0.1', 9))",
        "os.kill(os.getppid(), 9)",
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there are limits only")
async def test_a_process_may_do_nothing_but_its_work(hostile: Hostile, attempt: str) -> None:
    hostile(f"try:\n    {attempt}\nexcept OSError as error:\n    return Unmended(why=type(error).__name__)")
    async with Forge() as forge:
        answer = await forge.work(JOB)
    assert not isinstance(answer, Broken), answer
    assert not glob.glob("/tmp/mmscheck-fix-was-here")  # noqa: PTH207 - no Path in a coroutine
    assert "Error" in str(answer)


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        ("os._exit(7)", "exit code 7"),
        ("os.abort()", "SIGABRT"),
        ("x = [bytes(1 << 20) for _ in range(1 << 20)]", "memory"),
        ("while True: pass", "CPU time"),
        ("raise ValueError('the text of a library')", "failed over it"),
        ("os.write(3, b'nonsense' * 3); os._exit(0)", "exit code 0"),
        ("os.write(3, b'\\xff\\xff\\xff\\xff'); os._exit(0)", "exit code 0"),
    ],
)
async def test_a_process_that_is_lost_is_an_answer_and_the_next_job_is_done(
    hostile: Hostile, monkeypatch: pytest.MonkeyPatch, lines: str, word: str
) -> None:
    good = "if job.name == 'good': return Unmended(why='fine')\n"
    hostile(good + lines)
    async with Forge(jobs=1, timeout=2) as forge:
        answer = await forge.work(JOB)
        assert isinstance(answer, Broken)
        assert word in answer.why
        assert "the text of a library" not in answer.why
        again = await forge.work(Job(data=b"", type="", name="good", aims=Aims(), wishes=Wishes(), most=1))
    assert not isinstance(again, Broken)


async def test_a_process_that_sleeps_is_stopped(hostile: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile("time.sleep(3600)")
    monkeypatch.setattr(confined, "START", 3.0)
    async with Forge(timeout=1) as forge:
        answer = await forge.work(JOB)
    assert isinstance(answer, Broken)
    assert "stopped" in answer.why


async def test_no_process_is_left() -> None:
    async with Forge() as forge:
        await forge.work(JOB)
        numbers = [server.process.pid for server in forge.servers]
        assert numbers
    for number in numbers:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)
