"""A fake provider on a raw socket: it counts every connection and keeps every byte it was sent."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

ACCEPTED = (
    "<response><status>Success</status><to>15551230001</to><mms-id>100001</mms-id>"
    "<tracking-id>MMS_MT_test</tracking-id></response>"
)
REFUSED = (
    "<response><status>Failure</status><error-code>E241</error-code>"
    "<error-info>content does not exist</error-info></response>"
)

Act = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answer(body: str | bytes, status: str = "200 OK", headers: str = "") -> Act:
    """Read one whole request, then answer it and close."""
    content = body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {len(content)}\r\n{headers}\r\n"
    return raw(head.encode() + content)


def raw(reply: bytes) -> Act:
    """Read one whole request, then write these bytes and close."""

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(reply)
        await writer.drain()

    return act


async def hang_up_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept and close without reading."""


async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read the request and never answer."""
    await read_request(reader)
    await reader.read()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Head and body of one request."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = [line.lower().split(b":") for line in head.split(b"\r\n")]
    (length,) = [int(line[1]) for line in lines if line[0] == b"content-length"]
    return head + await reader.readexactly(length)


class RawProvider:
    """Listens on 127.0.0.1 and does one thing with every connection."""

    def __init__(self, act: Act, tls: ssl.SSLContext | None = None) -> None:
        self.act = act
        self.tls = tls
        self.connections = 0
        self.received = bytearray()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self.tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        scheme = "https" if self.tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self.port}/ep/v1/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recorder = _Recorder(reader, self.received)
        try:
            await self.act(recorder, writer)
        finally:
            writer.close()


class _Recorder(asyncio.StreamReader):
    """Passes on what it reads, and keeps it."""

    def __init__(self, inner: asyncio.StreamReader, kept: bytearray) -> None:
        super().__init__()
        self._inner = inner
        self._kept = kept

    async def readuntil(self, separator: bytes = b"\n") -> bytes:  # type: ignore[override] # one separator
        part = await self._inner.readuntil(separator)
        self._kept += part
        return part

    async def readexactly(self, n: int) -> bytes:
        part = await self._inner.readexactly(n)
        self._kept += part
        return part

    async def read(self, n: int = -1) -> bytes:
        part = await self._inner.read(n)
        self._kept += part
        return part
