"""The installed ``mmscheck postbacks`` in a process of its own, and requests to it over raw sockets."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.command import PROGRAM, surroundings

SECRET = "correct-horse-battery-staple"


@dataclass
class Running:
    """A listener; ``lines`` is what it has said on standard error since it was ready."""

    process: asyncio.subprocess.Process
    port: int
    lines: list[str] = field(default_factory=list)
    reading: asyncio.Task[None] | None = None

    async def end(self, with_: signal.Signals = signal.SIGTERM) -> int:
        """Stop it, and wait for its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(with_)
        code = await asyncio.wait_for(self.process.wait(), 60)
        if self.reading is not None:
            await self.reading
        return code

    async def follow(self) -> None:
        """Take what it says until its end."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.lines.append(line.decode().rstrip("\n"))

    async def until(self, text: str) -> str:
        """The first line with this text."""
        async with asyncio.timeout(60):
            while True:
                for line in self.lines:
                    if text in line:
                        return line
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running(where: str, *arguments: str, **environment: str) -> AsyncIterator[Running]:
    """Start on a free port, and end at the end of the block unless it has ended."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *("postbacks", "--listen", "127.0.0.1:0", "--ledger", where, *arguments),
        *(() if "MMSCHECK_POSTBACK_SECRET" in environment else ("--no-secret",)),
        env={**surroundings(), **environment},
        cwd=Path(__file__).parents[2],
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    one = Running(process, await _port(process))
    one.reading = asyncio.create_task(one.follow())
    try:
        yield one
    finally:
        await one.end(signal.SIGKILL)
        assert not [line for line in one.lines if "Traceback" in line], "\n".join(one.lines)


async def _port(process: asyncio.subprocess.Process) -> int:
    assert process.stderr is not None
    async with asyncio.timeout(60):
        async for line in process.stderr:
            _, found, rest = line.decode().partition("listening on http://127.0.0.1:")
            if found:
                return int(rest.partition("/")[0])
    raise AssertionError("the listener ended at its start")


async def post(port: int, body: bytes, path: str = "/", head: str = "", method: str = "POST") -> int:
    """Send one request and return the status, 0 when the connection was cut."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    host = "" if "Host:" in head else f"Host: 127.0.0.1:{port}\r\n"
    try:
        lines = f"{method} {path} HTTP/1.1\r\n{host}Content-Length: {len(body)}\r\n{head}\r\n"
        writer.write(lines.encode("latin-1") + body)
        return status(await asyncio.wait_for(reader.read(), 60))
    except ConnectionError:
        return 0
    finally:
        writer.transport.abort()


def status(answer: bytes) -> int:
    """The status of an answer, 0 when there is none."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


def postback(code: str, *, upper: bool = False, **fields: str) -> bytes:
    """A postback's XML; ``tracking_id`` becomes ``tracking-id``, or ``TRACKINGID`` in upper case."""
    named = {"code": code, **{name.replace("_", "-"): value for name, value in fields.items()}}
    tag = "POSTBACK" if upper else "postback"
    inner = "".join(
        f"<{name}>{text}</{name}>"
        for name, text in ((_upper(name) if upper else name, text) for name, text in named.items())
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{tag}>{inner}</{tag}>'.encode()


def _upper(name: str) -> str:
    return name.replace("-", "").upper()
