"""What the stand-in makes of a fetched file: is its type one the provider lists, and is it whole.

Types: Sinch XML API, saveMMS (2021): GIF, JPG, PNG, MP3, WAV, 3GP, MP4, MPEG, AVI, WMV and the four kinds of
object. Sizes: the provider's community article on MMS sizes, without transcoding, in decimal
kilobytes, but for those that are powers of two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mmscheck.sandbox.copying import Copied
from mmscheck.sandbox.refusal import Refusal
from mmscheck.sandbox.slides import Medium


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is documented for one kind of medium; ``limit`` is bytes."""

    label: str
    copy_code: str
    size_code: str
    limit: int
    types: frozenset[str]


_VIDEO = frozenset({"video/3gpp", "video/mp4", "video/mpeg", "video/x-msvideo", "video/x-ms-wmv"})
_PASSBOOK = "application/vnd.apple.pkpass"


def _kind(label: str, number: int, limit: int, types: frozenset[str] | set[str]) -> Kind:
    """The codes of one kind end in the same digit: E33x is too big, E35x could not be copied."""
    return Kind(
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
