"""The line of progress on real terminals (pty), and nowhere else."""

from __future__ import annotations

import asyncio
import fcntl
import io
import os
import pty
import select
import signal
import struct
import termios
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from mmscheck.cli.progress import Hosts, Progress, ProgressStage
from tests.support.command import PROGRAM, image, message, surroundings

CLEAR = "\r\x1b[K"


class Terminal:
    """The other end of a pseudo terminal: what was written to it so far."""

    def __init__(self, master: int, slave: int, columns: int) -> None:
        self.master, self.slave = master, slave
        self.resize(columns)
        self._text = ""

    def resize(self, columns: int) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def text(self) -> str:
        while select.select([self.master], [], [], 0)[0]:
            self._text += os.read(self.master, 65536).decode()
        return self._text

    def wait_for(self, part: str, seconds: float = 60) -> str:
        end = time.monotonic() + seconds
        while part not in self.text():
            assert time.monotonic() < end, self._text
            time.sleep(0.02)
        return self._text


@contextmanager
def terminal(columns: int = 100) -> Iterator[tuple[Terminal, TextIO]]:
    master, slave = pty.openpty()
    with os.fdopen(slave, "w", closefd=True) as stream:
        yield Terminal(master, slave, columns), stream
    os.close(master)


@pytest.fixture(autouse=True)
def _clever_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")


def drawn(text: str) -> list[str]:
    """The lines that were drawn over one another."""
    return text.split(CLEAR)[1:]


def test_it_counts_what_is_done_and_leaves_an_empty_line() -> None:
    with terminal() as (screen, stream):
        with Progress(stream=stream) as line:
            fetched, judged = line.stage("fetched", 1000), line.stage("judged", 50)
            fetched.add(310)
            screen.wait_for("fetched 310 of 1,000")
            assert "judged" not in screen.text()
            judged.add(7)
            screen.wait_for("fetched 310 of 1,000; judged 7 of 50")
        assert drawn(screen.text())[-1] == ""


def _work(screen: Terminal, stream: TextIO, stop: BaseException) -> None:
    with Progress(stream=stream) as line:
        line.stage("sent", 9).add()
        screen.wait_for("sent 1 of 9")
        raise stop


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError, asyncio.CancelledError])
def test_the_line_is_cleared_whatever_ends_the_work(stop: type[BaseException]) -> None:
    with terminal() as (screen, stream):
        with pytest.raises(stop):
            _work(screen, stream, stop())
        assert screen.text().endswith(CLEAR)
        assert not [each for each in threading.enumerate() if each.name == "progress"]


def test_a_line_never_reaches_the_edge_of_the_terminal_also_when_it_is_resized() -> None:
    with terminal(30) as (screen, stream), Progress(stream=stream) as line:
        line.remark(lambda _: "x" * 200)
        stage = line.stage("fetched", 10)
        assert len(drawn(screen.wait_for("fetched 0 of 10; xxxx"))[-1]) == 29
        screen.resize(50)
        stage.add()
        screen.wait_for("fetched 1 of 10; xxxx" + "x" * 20)
        assert len(drawn(screen.text())[-1]) == 49


def test_what_is_said_meanwhile_stands_above_the_line_which_comes_back() -> None:
    with terminal() as (screen, stream), Progress(stream=stream) as line:
        line.stage("sent", 2).add()
        screen.wait_for("sent 1 of 2")
        line.say("row 7: skipped")
        found = screen.wait_for("row 7: skipped\r\n" + CLEAR + "sent 1 of 2")
        assert f"{CLEAR}row 7: skipped\r\n" in found


@pytest.mark.parametrize(("wanted", "term"), [(False, "xterm"), (True, "dumb")])
def test_nothing_is_drawn_when_it_is_not_wanted_or_cannot_be_drawn_over(
    monkeypatch: pytest.MonkeyPatch, *, wanted: bool, term: str
) -> None:
    monkeypatch.setenv("TERM", term)
    with terminal() as (screen, stream):
        with Progress(wanted=wanted, stream=stream) as line:
            line.stage("sent", 2).add()
            time.sleep(0.5)
            line.say("a line")
        assert screen.text() == "a line\r\n"


def test_a_file_or_a_closed_stream_gets_no_line() -> None:
    stream = io.StringIO()
    with Progress(stream=stream) as line:
        line.stage("sent", 2).add()
        time.sleep(0.3)
    assert stream.getvalue() == ""
    stream.close()
    with Progress(stream=stream) as line:
        line.say("nobody reads this")


def test_a_terminal_that_goes_away_stops_nothing() -> None:
    master, slave = pty.openpty()
    # Unbuffered below, so that nothing is left to be written when it is closed.
    stream = io.TextIOWrapper(os.fdopen(slave, "wb", buffering=0), write_through=True)
    with stream, Progress(stream=stream) as line:
        stage = line.stage("sent")
        os.close(master)
        stage.add()
        time.sleep(0.5)
        line.say("nobody reads this")
        assert stage.done == 1


def test_the_rate_is_of_the_last_seconds_and_says_what_is_left() -> None:
    stage = ProgressStage("fetched", 1000, 0.0)
    assert stage.text(0.5) == "fetched 0 of 1,000"
    stage.add(100)
    assert stage.text(2.0) == "fetched 100 of 1,000, 50/s, 18 s left"
    for second in range(3, 21):
        stage.add(10)
        stage.text(float(second))
    assert stage.text(21.0).startswith("fetched 280 of 1,000, 9/s, ")
    stage.add(720)
    assert stage.text(22.0) == "fetched 1,000 of 1,000"


@pytest.mark.parametrize(
    ("done", "said"),
    [(1, "6/min, 3 h 30 min left"), (20, "2/s, 11 min left"), (1200, "120/s, 1 s left")],
)
def test_what_is_left_is_told_in_seconds_minutes_or_hours(done: int, said: str) -> None:
    stage = ProgressStage("sent", 1261, 0.0)
    stage.add(done)
    told = stage.text(10.0)
    assert told.endswith(said)


def test_a_stage_without_a_known_end_says_the_rate_alone() -> None:
    stage = ProgressStage("read", None, 0.0)
    stage.add(30)
    assert stage.text(3.0) == "read 30, 10/s"


def test_servers_that_fail_are_named_the_worst_first_and_others_counted() -> None:
    urls = [f"http://h{host}.example.com/{at}" for host in range(4) for at in range(host)]
    hosts = Hosts(urls, 0.0)
    for url in urls:
        hosts.came(url, 1.0, failed=True)
    assert hosts.text(1.0) == (
        "h3.example.com: 3 failed, h2.example.com: 2 failed, and 1 more host with failures"
    )


def test_a_server_that_keeps_us_waiting_is_named_after_a_while() -> None:
    hosts = Hosts(["http://slow.example.org/a", "http://quick.example.com/a"], 0.0)
    hosts.came("http://quick.example.com/a", 1.0, failed=False)
    assert hosts.text(4.9) == ""
    assert hosts.text(12.0) == "waiting for slow.example.org (12 s)"
    hosts.came("http://slow.example.org/a", 13.0, failed=False)
    assert hosts.text(60.0) == ""


def test_neither_logins_nor_control_characters_get_to_the_terminal() -> None:
    urls = ["http://user:hunter2@a.example/x", "http://b\x1b[2J.example/x", "no url"]
    hosts = Hosts(urls, 0.0)
    for url in urls:
        hosts.came(url, 1.0, failed=True)
    told = hosts.text(1.0)
    assert "hunter2" not in told
    assert "\x1b" not in told


@asynccontextmanager
async def slow_host(seconds: float) -> AsyncIterator[int]:
    """Takes every connection and answers 404 after so long."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(seconds)
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


async def started(tmp_path: Path, slave: int, port: int, *options: str) -> asyncio.subprocess.Process:
    (tmp_path / "sale.xml").write_text(message(image("a.jpg"), image("b.jpg")), encoding="utf-8")
    mapped = ["--connect-to", f"media.example.com:80:127.0.0.1:{port}", "--allow-net", "127.0.0.1/32"]
    return await asyncio.create_subprocess_exec(
        *(str(PROGRAM), "check", "sale.xml", *mapped, *options),
        cwd=tmp_path,
        env={**surroundings(), "TERM": "xterm"},
        stdout=asyncio.subprocess.PIPE,
        stderr=slave,
    )


async def test_the_command_draws_on_a_terminal_and_the_report_has_none_of_it(tmp_path: Path) -> None:
    with terminal() as (screen, stream):
        async with slow_host(1.0) as port:
            process = await started(tmp_path, stream.fileno(), port)
            out, _ = await asyncio.wait_for(process.communicate(), 180)
        found = screen.text()
    assert process.returncode == 1
    assert "fetched 0 of 2" in found
    assert found.endswith(CLEAR)
    assert b"\x1b" not in out
    assert b"\r" not in out
    assert b"fetched 0" not in out


async def test_no_progress_keeps_the_terminal_empty(tmp_path: Path) -> None:
    with terminal() as (screen, stream):
        async with slow_host(0.5) as port:
            process = await started(tmp_path, stream.fileno(), port, "--no-progress")
            await asyncio.wait_for(process.communicate(), 180)
        assert screen.text() == ""


async def test_ctrl_c_clears_the_line_before_it_says_so(tmp_path: Path) -> None:
    with terminal() as (screen, stream):
        async with slow_host(30) as port:
            process = await started(tmp_path, stream.fileno(), port)
            await asyncio.to_thread(screen.wait_for, "fetched 0 of 2", 60)
            process.send_signal(signal.SIGINT)
            await asyncio.wait_for(process.communicate(), 90)
        last = drawn(screen.text())[-1]
    assert process.returncode == 130
    assert last.strip() == "mmscheck: interrupted; nothing was decided"
