"""Just enough HTTP/1.1 for a server that must be able to answer wrongly: requests in, replies out."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

MAX_HEAD_BYTES = 16_384
"""Request line and headers together; servers in use take 8 to 16 KiB."""

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]{1,8}")
_VERSIONS = {b"HTTP/1.0": "HTTP/1.0", b"HTTP/1.1": "HTTP/1.1"}


class BadRequest(Exception):  # noqa: N818 - named for the status it becomes
    """A request that cannot be served; the connection closes after the reply."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        """Keep the status to answer with and a sentence for the sender."""
        self.status = status
        super().__init__(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; header names are lower case, ``path`` is decoded, and ``query`` is as it was written."""

    method: str
    path: str
    version: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    query: str = ""

    def value(self, name: str) -> str | None:
        """The first value of a header, named in lower case."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def of_a_page(self) -> bool:
        """Whether a browser sent it for a web page: only they name an origin (WHATWG Fetch)."""
        return self.value("origin") is not None or self.value("sec-fetch-site") is not None

    @property
    def keep_alive(self) -> bool:
        """Whether the sender may send another request on this connection."""
        options = {option.strip().lower() for option in (self.value("connection") or "").split(",")}
        return self.version == "HTTP/1.1" and "close" not in options


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What to write, exactly: nothing is added but a ``Connection: close`` where the connection ends.

    ``pieces`` are written one after the other with ``pause`` seconds before each. ``verbatim`` is written
    in place of the whole head.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    pieces: tuple[bytes, ...] = ()
    pause: float = 0.0
    close: bool = False
    version: str = "HTTP/1.1"
    verbatim: bytes | None = None

    def head(self, *, closing: bool) -> bytes:
        """The status line and headers with the empty line after them."""
        if self.verbatim is not None:
            return self.verbatim
        lines = [f"{self.version} {self.status} {HTTPStatus(self.status).phrase}", "Server: mmscheck-sandbox"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if closing:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


def plain(status: int, text: str, *, close: bool = False) -> Reply:
    """A short reply for people."""
    body = (text + "\n").encode()
    headers = (("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))))
    return Reply(status=status, headers=headers, pieces=(body,), close=close)


async def read_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, max_body: int
) -> Request | None:
    """The next request, or None when the sender is done; raises BadRequest.

    ``max_body`` is bytes. The reader's limit must be MAX_HEAD_BYTES.
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
    chunked = _chunked(request, max_body)
    length = 0 if chunked else _body_length(request, max_body)
    if not (chunked or length):
        return request
    if (request.value("expect") or "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    try:
        body = await (_chunks(reader, max_body) if chunked else reader.readexactly(length))
    except asyncio.IncompleteReadError:
        raise BadRequest(HTTPStatus.BAD_REQUEST, "the body is shorter than it says") from None
    return replace(request, body=body)


def _chunked(request: Request, max_body: int) -> bool:
    """Whether the body comes in chunks; the documents refuse them for media, and say nothing of calls."""
    coding = request.value("transfer-encoding")
    if coding is None:
        return False
    if not max_body:
        raise BadRequest(HTTPStatus.LENGTH_REQUIRED, "a body must come with Content-Length, not chunked")
    if coding.lower() != "chunked" or request.value("content-length") is not None:
        raise BadRequest(HTTPStatus.BAD_REQUEST, "Transfer-Encoding must be chunked, and alone")
    return True


async def _chunks(reader: asyncio.StreamReader, max_body: int) -> bytes:
    """The body of its chunks (RFC 9112, 7.1); trailers are read and left."""
    body = bytearray()
    while size := _chunk_size(await _line(reader)):
        if len(body) + size > max_body:
            raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is longer than {max_body} bytes")
        body += await reader.readexactly(size)
        if await reader.readexactly(2) != b"\r\n":
            raise BadRequest(HTTPStatus.BAD_REQUEST, "a chunk is malformed")
    read = 0
    while line := await _line(reader):
        read += len(line)
        if read > MAX_HEAD_BYTES:
            raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the trailers are too long")
    return bytes(body)


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return (await reader.readuntil(b"\r\n"))[:-2]
    except asyncio.LimitOverrunError:
        raise BadRequest(HTTPStatus.BAD_REQUEST, "a chunk is malformed") from None


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not _CHUNK_SIZE.fullmatch(digits):
        raise BadRequest(HTTPStatus.BAD_REQUEST, "a chunk is malformed")
    return int(digits, 16)


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
        query=parts[1].partition(b"?")[2].partition(b"#")[0].decode("latin-1"),
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


def _body_length(request: Request, max_body: int) -> int:
    if request.value("transfer-encoding") is not None:
        raise BadRequest(HTTPStatus.LENGTH_REQUIRED, "a body must come with Content-Length, not chunked")
    lengths = {value for name, value in request.headers if name == "content-length"}
    if not lengths:
        return 0
    text = lengths.pop()
    if lengths or not (text.isascii() and text.isdigit()):
        raise BadRequest(HTTPStatus.BAD_REQUEST, "Content-Length is malformed")
    if len(text) > len(str(max_body)) or int(text) > max_body:
        raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is longer than {max_body} bytes")
    return int(text)
