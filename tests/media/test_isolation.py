"""A worker that hostile bytes have taken over: what it can do to others, which is nothing."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmscheck.media import MediaWorkers
from tests.media import attacks, hostile

ROOT = Path(__file__).parents[2]
URL = "https://media.example.com/photo.jpg"
FILES = {"key": "hunter2-hunter2", "ledger": "all sends", "victim": "a file of the user's"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    for name, text in FILES.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    return folder


@pytest.fixture(scope="module")
def outcomes(home: Path) -> Iterator[dict[str, str]]:
    """What came of every attack, made in one real worker."""

    async def run(port: int) -> dict[str, str]:
        async with MediaWorkers(workers=1, timeout=60.0) as workers:
            made = hostile.call(hostile.attack, str(home), os.getpid(), port)
            found = await workers.inspect(URL, made)
        outcomes: dict[str, str] = hostile.said(found)
        return outcomes

    with (
        pytest.MonkeyPatch.context() as patch,
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as agent,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        agent.bind(str(home / "agent"))
        abstract.bind(f"\0agent{os.getpid()}")
        for each in (agent, abstract):
            each.listen()
        hostile.taken_over(patch)
        yield asyncio.run(run(server.getsockname()[1]))
        server.settimeout(0)
        with pytest.raises(BlockingIOError):  # nobody came
            server.accept()


@pytest.mark.parametrize("name", attacks.NAMES)
def test_a_worker_cannot(name: str, outcomes: dict[str, str]) -> None:
    assert outcomes[name] != "possible"


def test_after_all_attacks_the_files_are_as_they_were(home: Path, outcomes: dict[str, str]) -> None:
    assert outcomes
    assert {path.name for path in home.iterdir()} == {*FILES, "agent"}
    for name, text in FILES.items():
        assert (home / name).read_text() == text
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600


ALONE = """
import os, sys
from tests.media.attacks import Surroundings, attempts
attempts(Surroundings(sys.argv[1], os.getppid(), 0))[sys.argv[2]]()
"""


@pytest.mark.parametrize(
    "name", ["read the key file", "map over a file", "make a file", "fork", "start a thread", "make a pipe"]
)
def test_a_process_that_is_not_confined_can(name: str, tmp_path: Path) -> None:
    """Else the tests above would show nothing."""
    for file, text in FILES.items():
        (tmp_path / file).write_text(text)
    subprocess.run([sys.executable, "-c", ALONE, tmp_path, name], cwd=ROOT, check=True)
