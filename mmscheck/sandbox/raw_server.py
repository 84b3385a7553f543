"""Just enough HTTP/1.1 for a media host that must be able to answer wrongly, on plain sockets.

aiohttp's server cannot write two lengths, a wrong one, or chunks beside a length. Requests have no body here.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from mmscheck.sandbox import loopback
from mmscheck.sandbox.loopback import LINGER_SECONDS, MAX_HEAD_BYTES, SERVER, Connections, listen

WRITE_SECONDS = 30.0
"""Longest wait for a receiver to take one piece of a reply."""

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VERSIONS = {b"HTTP/1.0": "HTTP/1.0", b"HTTP/1.1": "HTTP/1.1"}


class BadRequest(Exception):  # noqa: N818 - named for the status it becomes
    """A request that cannot be served; the connection closes after the reply."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        """Keep the status to answer with and a sentence for the sender."""
        self.status = status
        super().__init__(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; header names are lower case, and ``path`` is decoded and has no query."""

    method: str
    path: str
    version: str
    headers: tuple[tuple[str, str], ...]

    def value(self, name: str) -> str | None:
        """The first value of a header, named in lower case."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def keep_alive(self) -> bool:
        """Whether the sender may send another request on this connection."""
        options = {option.strip().lower() for option in (self.value("connection") or "").split(",")}
        return self.version == "HTTP/1.1" and "close" not in options


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What to write, exactly: nothing is added but a ``Connection: close`` where the connection ends.

    ``pieces`` are written one after the other with ``pause`` seconds before each.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    pieces: tuple[bytes, ...] = ()
    pause: float = 0.0
    close: bool = False
    version: str = "HTTP/1.1"

    def head(self, *, closing: bool) -> bytes:
        """The status line and headers with the empty line after them."""
        lines = [f"{self.version} {self.status} {HTTPStatus(self.status).phrase}", f"Server: {SERVER}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if closing:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


def plain_reply(status: int, text: str) -> Reply:
    """A short reply for people."""
    body = (text + "\n").encode()
    headers = (("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))))
    return Reply(status=status, headers=headers, pieces=(body,))


class RawServer:
    """Serves one handler on one port of this machine."""

    def __init__(self, name: str, handler: Callable[[Request], Awaitable[Reply]]) -> None:
        """``name`` is for error texts."""
        self._name = name
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._clients = Connections()
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Listen on a loopback address; port 0 takes any free one. Raises SandboxError."""
        self._server, self.port = await listen(
            self._name,
            host,
            port,
            lambda: asyncio.start_server(self._accept, host, port, limit=MAX_HEAD_BYTES),
        )

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
        if self._clients.admit(writer.transport):
            task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
            # Closed so that everything written still arrives.
            writer.close()
            async with asyncio.timeout(WRITE_SECONDS):
                await writer.wait_closed()
        except (ConnectionError, TimeoutError):
            # The other side has gone or stalled; there is nobody left to tell.
            pass
        finally:
            self._clients.forget(writer.transport)
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its reply; whether another may follow."""
        try:
            async with asyncio.timeout(loopback.IDLE_SECONDS):
                request = await _read_request(reader)
        except BadRequest as error:
            await _write(writer, plain_reply(error.status, str(error)), closing=True)
            await _linger(reader, writer)
            return False
        if request is None:
            return False
        self._clients.asked(writer.transport)
        reply = await self._handler(request)
        closing = reply.close or not request.keep_alive
        await _write(writer, reply, closing=closing)
        self._clients.answered(writer.transport)
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


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request, or None when the sender is done; raises BadRequest.

    The reader's limit must be MAX_HEAD_BYTES.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        reason = f"the head is longer than {MAX_HEAD_BYTES} bytes"
        raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, reason) from None
    except asyncio.IncompleteReadError as error:
        if error.partial.strip():
            raise BadRequest(HTTPStatus.BAD_REQUEST, "the head is incomplete") from None
        return None
    request = _parse_head(head)
    _demand_no_body(request)
    return request


def _parse_head(head: bytes) -> Request:
    first, *lines = head[:-4].lstrip(b"\r\n").split(b"\r\n")
    parts = first.split(b" ")
    if len(parts) != 3 or not _TOKEN.fullmatch(parts[0]):  # noqa: PLR2004 - method, target, version
        raise BadRequest(HTTPStatus.BAD_REQUEST, "the request line is malformed")
    version = _VERSIONS.get(parts[2])
    if version is None:
        raise BadRequest(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "only HTTP/1.0 and HTTP/1.1 are spoken here")
    return Request(
        method=parts[0].decode("ascii"),
        path=_path(parts[1]),
        version=version,
        headers=tuple(map(_header, lines)),
    )


def _path(target: bytes) -> str:
    try:
        text = target.decode("ascii")
        absolute = text if text.startswith("/") else urlsplit(text).path
        path = unquote(absolute.partition("?")[0].partition("#")[0], errors="strict")
    except ValueError:
        raise BadRequest(HTTPStatus.BAD_REQUEST, "the request target is malformed") from None
    return path or "/"


def _header(line: bytes) -> tuple[str, str]:
    name, colon, value = line.partition(b":")
    if not colon or not _TOKEN.fullmatch(name):
        raise BadRequest(HTTPStatus.BAD_REQUEST, "a header line is malformed")
    return name.decode("ascii").lower(), value.strip(b" \t").decode("latin-1")


def _demand_no_body(request: Request) -> None:
    """Raise BadRequest for one: where it ends could be argued about, and nobody asks for media with it."""
    if request.value("transfer-encoding") is not None:
        raise BadRequest(HTTPStatus.LENGTH_REQUIRED, "a body must come with Content-Length, not chunked")
    lengths = {value for name, value in request.headers if name == "content-length"}
    if len(lengths) > 1 or not all(text.isascii() and text.isdigit() for text in lengths):
        raise BadRequest(HTTPStatus.BAD_REQUEST, "Content-Length is malformed")
    if any(text.strip("0") for text in lengths):
        raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "a request for media has no body")
