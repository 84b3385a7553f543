"""From the command to the socket: how many functions of ours a reader has to hold in mind.

Counted are those that were called by one another, also where a task stands between: what waits for the task
that opens the connection is on no stack, and a reader has to know it all the same.
"""

from __future__ import annotations

import asyncio
import functools
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from typing import Any

import aiohttp
import pytest

import mmscheck
from mmscheck.cli.main import main
from tests.support.command import image, message

PACKAGE = str(Path(mmscheck.__file__).parent)
MEDIA = Path(__file__).parents[2] / "fixtures" / "media"
MOST = 10


class Quiet(SimpleHTTPRequestHandler):
    """Says nothing about its requests."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def origin() -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(MEDIA))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def names(frames: list[FrameType]) -> list[str]:
    return [each.f_code.co_qualname for each in frames if each.f_code.co_filename.startswith(PACKAGE)]


def called() -> list[str]:
    """Our functions on the stack below the command, those of the running task included."""
    frames: list[FrameType] = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        frames.insert(0, frame)
        frame = frame.f_back
    own = names(frames)
    return own[own.index("command") + 1 :]


def awaiting() -> list[str]:
    """Our coroutines that wait for the running task: those of the task that began the fetching."""
    for task in asyncio.all_tasks():
        chain: list[FrameType] = []
        work: Any = task.get_coro()
        while (frame := getattr(work, "cr_frame", None)) is not None:
            chain.append(frame)
            work = work.cr_await
        if "fetch_all" in (own := names(chain)):
            return own
    return []


def test_from_the_command_to_the_socket_there_are_ten_functions_at_most(
    origin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ways: list[list[str]] = []
    connect = aiohttp.TCPConnector.connect

    async def watched(self: aiohttp.TCPConnector, *given: Any, **options: Any) -> Any:
        if not ways:
            ways.append([*called(), *awaiting()])
        return await connect(self, *given, **options)

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", watched)
    document = tmp_path / "sale.xml"
    document.write_text(message(image("photo-small.jpg", origin)))
    assert main(["check", str(document), "--allow-net", "127.0.0.1/32", "--no-progress"]) == 0
    assert "PERMIT" in capsys.readouterr().out
    (way,) = ways
    assert {"check_messages", "observe", "fetch_all", "Job.run", "Attempt.run"} <= set(way)
    assert len(way) <= MOST, way
