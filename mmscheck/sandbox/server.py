"""A loopback TCP server with bounds on everything, and a shutdown that leaves nothing behind."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
from collections.abc import Awaitable, Callable

from mmscheck.errors import SandboxError
from mmscheck.sandbox.http import MAX_HEAD_BYTES, BadRequest, Reply, Request, plain, read_request

MAX_CONNECTIONS = 256
"""Connections open at once; for one more, the one that has been longest without a whole request goes."""

IDLE_SECONDS = 15.0
"""Longest wait for a whole request, counted from the end of the one before."""

WRITE_SECONDS = 30.0
"""Longest wait for a receiver to take one piece of a reply."""

LINGER_SECONDS = 2.0
"""How long the rest of a refused request is read and thrown away."""

Handler = Callable[[Request], Awaitable[Reply]]

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER on, with no time: what is in flight is thrown away and the connection is reset."""


class HangUp(ConnectionError):  # noqa: N818 - what the server does, not a fault of the program
    """Raised by a handler in place of a reply: end the connection, politely or with a reset."""

    def __init__(self, *, reset: bool = False) -> None:
        """``reset`` ends it with RST instead of FIN."""
        self.reset = reset
        super().__init__("the sandbox hangs up")


class LoopbackServer:
    """Serves one handler on one port of this machine; ``connections`` counts every one accepted."""

    def __init__(
        self, name: str, handler: Handler, *, max_body: int = 0, rejects: Callable[[], bool] | None = None
    ) -> None:
        """``name`` is for error texts; ``max_body`` is the longest request body in bytes.

        ``rejects`` is asked at each connection whether to close it with nothing read.
        """
        self._name = name
        self._handler = handler
        self._max_body = max_body
        self._rejects = rejects
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: dict[asyncio.StreamWriter, None] = {}
        self.connections = 0
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Listen on a loopback address; port 0 takes any free one. Raises SandboxError."""
        if not is_loopback(host):
            raise SandboxError(f"the {self._name} listens on loopback addresses only, and {host} is none")
        try:
            self._server = await asyncio.start_server(self._accept, host, port, limit=MAX_HEAD_BYTES)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise SandboxError(f"the {self._name} cannot listen on {host} port {port}: {reason}") from None
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, end every connection, and wait until all of that is done."""
        if self._server is None:
            return
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self._rejects is not None and self._rejects():
            writer.transport.abort()
            return
        if len(self._tasks) >= MAX_CONNECTIONS:
            # Whoever opens connections and says nothing keeps nobody out.
            slowest = next(iter(self._waiting), writer)
            slowest.transport.abort()
            if slowest is writer:
                return
            del self._waiting[slowest]
        self._waiting[writer] = None
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
            await _hang_up(writer)
        except HangUp as end:
            if end.reset:
                _reset_on_close(writer)
        except (ConnectionError, TimeoutError):
            # The other side has gone or stalled; there is nobody left to tell.
            pass
        finally:
            self._waiting.pop(writer, None)
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its reply; whether another may follow."""
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                request = await read_request(reader, writer, self._max_body)
        except BadRequest as error:
            await _write(writer, plain(error.status, str(error)), closing=True)
            await _linger(reader, writer)
            return False
        if request is None:
            return False
        self._waiting.pop(writer, None)
        reply = await self._handler(request)
        closing = reply.close or not request.keep_alive
        await _write(writer, reply, closing=closing)
        self._waiting[writer] = None
        return not closing


async def _write(writer: asyncio.StreamWriter, reply: Reply, *, closing: bool) -> None:
    writer.write(reply.head(closing=closing))
    await _drain(writer)
    for piece in reply.pieces:
        if reply.pause:
            await asyncio.sleep(reply.pause)
        writer.write(piece)
        await _drain(writer)


async def _drain(writer: asyncio.StreamWriter) -> None:
    async with asyncio.timeout(WRITE_SECONDS):
        await writer.drain()


async def _linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read on for a moment: closing on unread bytes would reset the connection and lose the reply."""
    writer.write_eof()
    async with asyncio.timeout(LINGER_SECONDS):
        while await reader.read(MAX_HEAD_BYTES):
            pass


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    """Close so that everything written still arrives."""
    writer.close()
    async with asyncio.timeout(WRITE_SECONDS):
        await writer.wait_closed()


def _reset_on_close(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)


def is_loopback(address: str) -> bool:
    """Whether this is a literal loopback address; names are not looked up."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
