"""A server that says exactly the bytes it is told to, and counts what it is asked."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from mmscheck.fetch import ConnectTo, FetchPolicy, fetch_all
from mmscheck.model.observation import Fetched, Inspected, NotFetched, Observation, Sniffed

Respond = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
"""(request head, writer) to whatever is written; closing the writer ends the connection."""

LOOPBACK = ("127.0.0.0/8", "::1/128")


class RawServer:
    """Requests and connections seen so far on one listening socket."""

    def __init__(self, respond: Respond) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.open = 0
        self.most_open = 0
        self.busy = 0
        self.most_busy = 0
        self.port = 0
        self._respond = respond

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                while not writer.is_closing():
                    await self._answer(await reader.readuntil(b"\r\n\r\n"), writer)
        finally:
            self.open -= 1
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    async def _answer(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        self.requests.append(head)
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        try:
            await self._respond(head, writer)
            if not writer.is_closing():
                await writer.drain()
        finally:
            self.busy -= 1

    def url(self, path: str = "/a.jpg", host: str = "media.example.com", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


@contextlib.asynccontextmanager
async def serve(
    respond: Respond | bytes, *, context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[RawServer]:
    """Listen on a free port; bytes are sent for every request, and then the connection is closed."""
    raw = RawServer(saying(respond) if isinstance(respond, bytes) else respond)
    server = await asyncio.start_server(raw.handle, host, 0, ssl=context, limit=1 << 20)
    raw.port = server.sockets[0].getsockname()[1]
    try:
        yield raw
    finally:
        server.close()
        await until(lambda: raw.open == 0)


def saying(*parts: bytes, close: bool = True, gap: float = 0.0) -> Respond:
    """Answer with ``parts``, ``gap`` seconds apart."""

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        for number, part in enumerate(parts):
            if number:
                await writer.drain()
                await asyncio.sleep(gap)
            writer.write(part)
        if close:
            writer.close()

    return respond


def crowd(number: int, answer: Respond) -> Respond:
    """``answer``, and to nobody before ``number`` have asked: whoever asks one by one is kept waiting."""
    asked, enough = 0, asyncio.Event()

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        if asked >= number:
            enough.set()
        # Too few are for the test to tell, by what it counts.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(enough.wait(), 5)
        await answer(head, writer)

    return respond


def response(body: bytes = b"abc", *lines: str, status: str = "200 OK", length: int | None = -1) -> bytes:
    """An answer with ``lines`` as headers; ``length`` None leaves Content-Length out, -1 is the truth."""
    stated = [] if length is None else [f"Content-Length: {len(body) if length == -1 else length}"]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, *stated, "", ""]).encode("latin-1") + body


def reset(writer: asyncio.StreamWriter) -> None:
    """Break the connection: the peer gets a reset instead of an end."""
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for ``condition``; fails when it does not come true in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - conditions here are not events
            await asyncio.sleep(0.005)


async def sniff(url: str, body: bytes) -> Inspected:
    """An inspector that looks at nothing."""
    return Inspected(sniffed=Sniffed(type="image/jpeg", witness="test"))


def policy(*servers: RawServer, **changes: Any) -> FetchPolicy:
    """Loopback allowed, and connections for every host on the servers' ports going to 127.0.0.1.

    The limits are such that a busy machine does not reach them; a test of a limit sets its own.
    """
    mapped = tuple(ConnectTo("", server.port, "127.0.0.1", server.port) for server in servers)
    defaults: dict[str, Any] = {
        "timeout": 20.0,
        "deadline": 30.0,
        "backoff": 0.0,
        "retries": 0,
        "allow_net": LOOPBACK,
        "connect_to": mapped,
    }
    return FetchPolicy(**(defaults | changes))


async def observe(url: str, how: FetchPolicy) -> Observation:
    """The observation of one URL."""
    return (await fetch_all([url], how, sniff))[url]


async def fetched(url: str, how: FetchPolicy) -> Fetched:
    """The same where a file is expected."""
    found = await observe(url, how)
    assert isinstance(found, Fetched), found
    return found


async def not_fetched(url: str, how: FetchPolicy) -> NotFetched:
    """The same where a reason is expected."""
    found = await observe(url, how)
    assert isinstance(found, NotFetched), found
    return found
