"""What the rows of the fault table are made of: raw answers, handlers, and outcomes that go together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from tests.support.fault_rows import ROOT, but
from tests.support.rawserver import Respond, reset

PHOTO = (ROOT / "fixtures/media/photo-small.jpg").read_bytes()
HEIC = (ROOT / "fixtures/media/photo-small.heic").read_bytes()
CARD = (ROOT / "fixtures/media/contact-small.vcf").read_bytes()
PAGE = (ROOT / "fixtures/media/login-page.html").read_bytes()
SIZE = len(PHOTO)
TYPE = "Content-Type: image/jpeg"
LENGTH = f"Content-Length: {SIZE}"
CHUNKED = "Transfer-Encoding: chunked"
HTML = "Content-Type: text/html"

_HEAD = (
    "content-length not-chunked content-length-true not-compressed content-type-present content-type-valid "
    "content-type-specific content-type-registered"
)
_BYTES = (
    "media-type-known content-type-matches media-kind-matches media-type-accepted not-a-web-page file-itself"
)
_ODD = "response-well-formed response-plain"
_GZIP = "length-under-gzip not-compressed-under-gzip"
UNREAD = but(unknown=f"content-length-true {_ODD} {_GZIP} stable response-time {_BYTES}")
"""The head of a 200 came, and not the whole of the file."""

NO_FILE = but(
    failed="media-reachable",
    unknown=f"{_HEAD} {_BYTES} {_ODD} {_GZIP} length-when-cold stable response-time",
)
"""An answer came, and it was no file."""

NO_ANSWER = but(NO_FILE, unknown="media-reachable redirect-safe no-redirect")
"""No answer came."""

MALFORMED = but(UNREAD, failed="media-reachable response-well-formed")
"""A head came that this client refuses, and that says what a head should say."""

BAD_LENGTH = but(MALFORMED, failed="content-length content-length-true")
"""The head states no one length."""

NO_HTTP = but(NO_ANSWER, failed="media-reachable response-well-formed")
"""What came is no head that anything can be read off."""

CHUNKS = but(failed="content-length not-chunked length-under-gzip", inapplicable="content-length-true")
"""A chunked file came whole."""

BAD_CHUNKS = but(MALFORMED, failed="content-length not-chunked", inapplicable="content-length-true")
"""A chunked file came whose chunks are none."""


def answer(
    *lines: str, status: str = "200 OK", version: str = "HTTP/1.1", body: bytes = PHOTO, end: str = "\r\n"
) -> bytes:
    """A response of exactly these header lines."""
    return end.join([f"{version} {status}", *lines, "", ""]).encode("latin-1") + body


def chunks(body: bytes = PHOTO, *, extension: bytes = b"", last: bytes = b"0\r\n\r\n") -> bytes:
    """The body in two chunks."""
    half = len(body) // 2
    parts = (body[:half], body[half:])
    return b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts) + last


def page(status: str, *lines: str) -> bytes:
    """A web page of its true length."""
    return answer(HTML, f"Content-Length: {len(PAGE)}", *lines, status=status, body=PAGE)


def site(answers: Mapping[str, bytes]) -> Respond:
    """Other bytes for each path."""

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answers[head.split()[1].decode()])
        writer.close()

    return respond


def when(asked: bytes, then: bytes, otherwise: bytes) -> Respond:
    """``then`` to requests that hold ``asked``, ``otherwise`` to the rest."""

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(then if asked in head else otherwise)
        writer.close()

    return respond


def in_turn(*answers: bytes) -> Respond:
    """The answers one after the other, the last for ever."""
    left = list(answers)

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        writer.close()

    return respond


def redirect(location: str, *lines: str, status: str = "302 Found") -> bytes:
    """An answer that sends the client elsewhere."""
    return answer(f"Location: {location}", "Content-Length: 0", *lines, status=status, body=b"")


def endless(head: bytes, block: bytes, gap: float = 0.0) -> Respond:
    """``head``, and then ``block`` for ever."""

    async def respond(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(block)
            await writer.drain()
            await asyncio.sleep(gap)

    return respond


def breaking(begin: bytes) -> Respond:
    """``begin``, and then a reset of the connection."""

    async def respond(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        await writer.drain()
        await asyncio.sleep(0.05)
        reset(writer)

    return respond


SOUND = answer(TYPE, LENGTH)
HUGE = answer(TYPE, "Content-Length: 10737418240", body=b"")
IMPATIENT = {"first_byte": 0.3}
SHORT = {"timeout": 1.0}
SMALL = {"max_bytes": 1 << 20}
