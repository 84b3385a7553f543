"""How the stand-in fetches a media file: one GET on a connection of its own, by the documented demands.

A success status, exactly one Content-Length, no Transfer-Encoding, and the whole body (Sinch XML API,
sendSavedMMS and saveMMS, later web version). Redirects and time limits are documented nowhere; here a
redirect is refused, as no success status, and a file has ten seconds.
"""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from mmscheck.sandbox.routes import Routes

COPY_SECONDS = 10.0
"""Longest time for one file, from dialling to the last byte."""

MAX_HEAD_BYTES = 65_536

_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: .*)?")
_SENDABLE = re.compile(r"[!-~]+")


class CopyError(Exception):
    """A file that could not be fetched, and why."""


class TooBigError(Exception):
    """A file whose stated length is over the limit; ``size`` is bytes."""

    def __init__(self, size: int) -> None:
        """Keep the stated length."""
        self.size = size
        super().__init__(f"{size} bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A file fetched whole; ``type`` is its Content-Type as sent, or None."""

    type: str | None
    data: bytes


async def copy(url: str, limit: int, routes: Routes) -> Copied:
    """Fetch one file of at most ``limit`` bytes; raises CopyError or TooBigError."""
    parts = _parse(url)
    place = routes.find(parts.hostname or "", parts.port or 80)
    if place is None:
        raise CopyError(f"the sandbox knows no host {parts.hostname}; map it with --connect-to")
    try:
        async with asyncio.timeout(COPY_SECONDS):
            return await _exchange(parts, place, limit)
    except TimeoutError:
        raise CopyError(f"the file took longer than {COPY_SECONDS:g} seconds") from None
    except asyncio.IncompleteReadError:
        raise CopyError("the response broke off") from None
    except asyncio.LimitOverrunError:
        raise CopyError("the response head is too long") from None
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else type(error).__name__
        raise CopyError(f"no connection ({reason})") from None


def _parse(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise CopyError("the URL is malformed") from None
    if parts.scheme == "https":
        raise CopyError("the sandbox fetches http URLs only")
    if parts.scheme != "http" or not parts.hostname or port == 0 or not _SENDABLE.fullmatch(url):
        raise CopyError("the URL is not the full path to a file")
    return parts


async def _exchange(parts: SplitResult, place: tuple[str, int], limit: int) -> Copied:
    reader, writer = await asyncio.open_connection(*place, limit=MAX_HEAD_BYTES)
    try:
        writer.write(_request(parts))
        status, headers = await _read_head(reader)
        return await _read_body(reader, status, headers, limit)
    finally:
        writer.transport.abort()


def _request(parts: SplitResult) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = (
        f"GET {target} HTTP/1.1",
        f"Host: {parts.netloc.rpartition('@')[2]}",
        "User-Agent: mmscheck-sandbox",
        "Accept: */*",
        "Connection: close",
    )
    return "\r\n".join([*lines, "", ""]).encode("ascii")


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, list[tuple[str, str]]]:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head[:-4].split(b"\r\n")
    found = _STATUS.fullmatch(first)
    if not found:
        raise CopyError("the response is not HTTP")
    pairs = (line.decode("latin-1").partition(":") for line in lines)
    return int(found[1]), [(name.strip().lower(), value.strip()) for name, _, value in pairs]


async def _read_body(
    reader: asyncio.StreamReader, status: int, headers: list[tuple[str, str]], limit: int
) -> Copied:
    if not 200 <= status < 300:  # noqa: PLR2004 - the success statuses
        raise CopyError(f"the response has status {status}")
    if any(name == "transfer-encoding" for name, _ in headers):
        raise CopyError("the response has Transfer-Encoding: chunked")
    size = _stated_length(headers)
    if size > limit:
        raise TooBigError(size)
    types = [value for name, value in headers if name == "content-type"]
    return Copied(type=types[0] if types else None, data=await reader.readexactly(size))


def _stated_length(headers: list[tuple[str, str]]) -> int:
    lengths = [value for name, value in headers if name == "content-length"]
    if not lengths:
        raise CopyError("the response has no Content-Length")
    if len(lengths) > 1:
        raise CopyError("the response has more than one Content-Length")
    text = lengths[0]
    if not (text.isascii() and text.isdigit()) or len(text) > 18:  # noqa: PLR2004 - digits of an exabyte
        raise CopyError("the response has a malformed Content-Length")
    if int(text) == 0:
        raise CopyError("the file is empty")
    return int(text)
