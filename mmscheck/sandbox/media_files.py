"""How the stand-in takes a media file: one GET on a connection of its own, and what it makes of the bytes.

A success status, exactly one Content-Length, no Transfer-Encoding, and the whole body (Sinch XML API,
sendSavedMMS and saveMMS, later web version). Redirects and time limits are documented nowhere; here a
redirect is refused, as no success status, and a file has ten seconds.

Types: Sinch XML API, saveMMS (2021): GIF, JPG, PNG, MP3, WAV, 3GP, MP4, MPEG, AVI, WMV and the four kinds of
object. Sizes: the provider's community article on MMS sizes, without transcoding, in decimal
kilobytes, but for those that are powers of two.
"""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from mmscheck.sandbox.loopback import Routes
from mmscheck.sandbox.messages import Medium
from mmscheck.sandbox.refusals import Refusal

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


@dataclass(frozen=True, slots=True, kw_only=True)
class MediumKind:
    """What is documented for one kind of medium; ``limit`` is bytes."""

    label: str
    copy_code: str
    size_code: str
    limit: int
    types: frozenset[str]


_VIDEO = frozenset({"video/3gpp", "video/mp4", "video/mpeg", "video/x-msvideo", "video/x-ms-wmv"})
_PASSBOOK = "application/vnd.apple.pkpass"


def _kind(label: str, number: int, limit: int, types: frozenset[str] | set[str]) -> MediumKind:
    """The codes of one kind end in the same digit: E33x is too big, E35x could not be copied."""
    return MediumKind(
        label=label,
        copy_code=f"E35{number}",
        size_code=f"E33{number}",
        limit=limit,
        types=frozenset(types),
    )


KINDS = {
    "image": _kind("image", 1, 1_000_000, {"image/gif", "image/jpeg", "image/png"}),
    "audio": _kind("audio", 2, 1_000_000, {"audio/mpeg", "audio/wav"}),
    "video": _kind("video", 3, 1_000_000, _VIDEO),
    "vcard": _kind("vCard", 5, 2_097_152, {"text/vcard"}),
    "ical": _kind("iCal", 6, 2_097_152, {"text/calendar"}),
    "pdf": _kind("PDF", 7, 2_097_152, {"application/pdf"}),
    "passbook": _kind("Passbook file", 8, 2_097_152, {_PASSBOOK}),
}

_ALIASES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "audio/mp3": "audio/mpeg",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "video/3gp": "video/3gpp",
    "video/avi": "video/x-msvideo",
    "video/msvideo": "video/x-msvideo",
    "text/x-vcard": "text/vcard",
    "text/directory": "text/vcard",
}
_GENERIC = frozenset({"application/octet-stream", "binary/octet-stream", "application/force-download", "*/*"})
_TYPE = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+")

_SIGNATURES = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (8, b"AVI ", "video/x-msvideo"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xfa", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf2", "audio/mpeg"),
    (4, b"ftyp3g", "video/3gpp"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyphei", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x00\x00\x01\xba", "video/mpeg"),
    (0, b"\x00\x00\x01\xb3", "video/mpeg"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-wmv"),
    (0, b"%PDF-", "application/pdf"),
)
_ENDS = {"image/jpeg": b"\xff\xd9", "image/png": b"IEND\xaeB`\x82", "image/gif": b"\x3b"}
_SAME_FAMILY = frozenset({"video/3gpp", "video/mp4"})


def examine(medium: Medium, file: Copied) -> None:
    """Raise Refusal (E629, E341) when the provider would not take this file."""
    kind = KINDS[medium.kind]
    where = f"The {kind.label} in slide {medium.slide}"
    stated, seen = _stated_type(file.type), recognise(file.data)
    decided = stated or seen
    if decided not in kind.types:
        raise Refusal("E629", f"{where} has an unrecognized content type ({decided or file.type}).")
    if seen is None and medium.kind == "image":
        raise Refusal("E341", f"{where} is corrupted: it does not start like an image.")
    if seen is None and medium.kind not in {"audio", "video"}:
        raise Refusal("E629", f"{where} is not what its content type says ({decided}).")
    if seen not in {None, decided} and not {seen, decided} <= _SAME_FAMILY:
        raise Refusal("E629", f"{where} says {decided} and is {seen}.")
    if medium.kind == "image" and not file.data.rstrip(b"\0").endswith(_ENDS[decided]):
        raise Refusal("E341", f"{where} is corrupted: it has no end.")


def recognise(data: bytes) -> str | None:
    """The type by the first bytes, or None when they say nothing."""
    for offset, signature, name in _SIGNATURES:
        if data.startswith(signature, offset):
            return name
    start = data[:256].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(b"begin:vcard"):
        return "text/vcard"
    if start.startswith(b"begin:vcalendar"):
        return "text/calendar"
    if start.startswith((b"<!doctype html", b"<html")):
        return "text/html"
    return _PASSBOOK if data.startswith(b"PK\x03\x04") and b"pass.json" in data else None


def _stated_type(header: str | None) -> str | None:
    """The type the header names, or None when it names none or none in particular."""
    name = (header or "").partition(";")[0].strip().lower()
    if not _TYPE.fullmatch(name) or name in _GENERIC:
        return None
    return _ALIASES.get(name, name)
