"""Bytes of a document to its text: byte order marks, declared encodings, line ends.

The text is decoded here and not by the XML parser, so that line numbers, excerpts and the search for a
DOCTYPE all look at the very text that is parsed. Whatever is ambiguous is refused: a document that
two programs could read differently cannot be vouched for.
"""

from __future__ import annotations

import codecs
import re

import msgspec

from mmscheck.slidexml.names import key_of

MAX_BYTES = 10_000_000
"""Bytes: the largest document read. libxml2 itself stops at texts of 10,000,000 bytes."""

_STRETCH = 4096  # characters

SAVE_AS_UTF8 = "Save the file as UTF-8, or declare the encoding it really has"

_DECLARATION = re.compile(
    rb"""<\?xml\s+version\s*=\s*(?:"[^"]*"|'[^']*')\s+encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']"""
)
_UTF16_DECLARED = frozenset({"utf-16", "utf-16-le", "utf-16-be"})
_SINGLE_BYTE = frozenset(
    {f"iso8859-{part}" for part in (*range(1, 12), *range(13, 17))}
    | {f"cp{page}" for page in range(1250, 1259)}
    | {"koi8-r", "koi8-u"}
)
_MULTI_BYTE = frozenset(
    {"utf-8", "ascii", "shift_jis", "cp932", "euc_jp", "euc_kr", "gb2312", "gbk", "gb18030", "big5"}
)
# Explicit lists: Python also "decodes" zip, rot13 and idna, and none of those is a document's encoding.

_MARKS = (
    (codecs.BOM_UTF32_LE, None),
    (codecs.BOM_UTF32_BE, None),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# UTF-32 comes first because its little-endian mark begins with that of UTF-16.


_JUDGE_MEDIA = "Give the slide XML that names it; media files are judged by mmscheck lint"
_FILES = (
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"\x89PNG\r\n", "a PNG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"RIFF", "a WAV sound, a WebP picture or an AVI film"),
    (0, b"ID3", "an MP3 sound"),
    (0, b"OggS", "an Ogg sound"),
    (0, b"#!AMR", "an AMR sound"),
    (0, b"\x1aE\xdf\xa3", "a WebM or Matroska film"),
    (4, b"ftyp", "a film, sound or picture in MP4, MOV or HEIC"),
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive, as passes and office documents are"),
    (0, b"\x1f\x8b", "compressed with gzip"),
    (0, b"BEGIN:VCARD", "a contact card"),
    (0, b"BEGIN:VCALENDAR", "a calendar"),
)
"""Where, with which bytes, and what files begin that are taken for documents by mistake."""


class Undecodable(msgspec.Struct, frozen=True, kw_only=True):
    """Why bytes are no text: the reason, and where known the text so far made visible and the line."""

    reason: str
    hint: str = SAVE_AS_UTF8
    line: int | None = None
    visible: str = ""


def decode(data: bytes) -> str | Undecodable:
    """The document's text with XML line ends (a line feed each) and without byte order mark."""
    if what := next((what for at, begins, what in _FILES if data.startswith(begins, at)), None):
        return Undecodable(reason=f"this is {what}, and no slide XML", hint=_JUDGE_MEDIA, line=1)
    return _document(data)


def is_json(data: bytes) -> bool:
    """Whether a document begins as JSON does, whatever is wrong with it; no XML begins so."""
    return data.lstrip(_BEFORE_JSON)[:1] in {b"{", b"["}


_SPEAKS_OF_SLIDES = re.compile(
    rb"""["']?slides?["']?\s*:\s*[\[{]|["'](?:save|send)_?mms["']""", re.IGNORECASE
)


def is_json_message(data: bytes) -> bool:
    """Whether JSON holds a message, or what was meant to be one; also for documents that are broken.

    Read loosely, as `is_other_xml` does: who mistypes a message must not hear that all is well.
    """
    return _SPEAKS_OF_SLIDES.search(data[:MAX_BYTES].replace(b"\0", b"")) is not None


def decode_json(data: bytes) -> str | Undecodable:
    """The text of a document in JSON, which is UTF-8 without a mark (RFC 8259, section 8.1)."""
    if any(data.startswith(mark) for mark, _ in _MARKS):
        return Undecodable(
            reason="the document begins with a byte order mark, which JSON must not have",
            hint=_NO_MARK,
            line=1,
        )
    if 0 in data[:4]:
        return Undecodable(reason="the bytes look like UTF-16 or UTF-32", hint=_NO_MARK, line=1)
    return _strict(data, "utf-8", "in JSON, which is UTF-8")


_BEFORE_JSON = b" \t\r\n\0\xef\xbb\xbf\xfe\xff"
"""Blanks, the bytes of marks, and the zeros of wider encodings."""

_NO_MARK = "Save the file as UTF-8 without a byte order mark (BOM)"


def _document(data: bytes) -> str | Undecodable:
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return _marked(data, mark, codec)
    if data[:4].count(0) > 1 or data[:2] in {b"<\0", b"\0<"}:
        return Undecodable(reason="the bytes look like UTF-16 or UTF-32 without a byte order mark", line=1)
    declared = _declared(data)
    codec = _codec(declared) if declared is not None else "utf-8"
    if codec in _UTF16_DECLARED:
        return Undecodable(reason=f"the document declares {_named(declared)} but its bytes are not", line=1)
    if codec not in _SINGLE_BYTE | _MULTI_BYTE:
        return Undecodable(reason=f"the declared encoding {_named(declared)} is not known", line=1)
    if codec in _SINGLE_BYTE and _is_utf8(data):
        return Undecodable(reason=f"the document declares {_named(declared)} but its bytes are UTF-8", line=1)
    return _strict(data, codec, f"declared as {_named(declared)}" if declared else "read as UTF-8")


def line_of(text: str, offset: int) -> int:
    """The line (from 1) on which the character at ``offset`` stands."""
    return text.count("\n", 0, offset) + 1


def offset_of(text: str, line: int) -> int:
    """Where the line (from 1) begins; the end of the text when it has fewer lines."""
    at, left = 0, line - 1
    while left > 0 and at < len(text):
        # Whole stretches at a time: a document can be millions of empty lines.
        breaks = text.count("\n", at, at + _STRETCH)
        if breaks < left:
            at, left = at + _STRETCH, left - breaks
        else:
            at = text.find("\n", at) + 1
            left -= 1
    return min(at, len(text))


def _marked(data: bytes, mark: bytes, codec: str | None) -> str | Undecodable:
    if codec is None:
        return Undecodable(reason="the document is encoded in UTF-32, which is not read", line=1)
    text = _strict(data[len(mark) :], codec, f"marked as {codec.upper()}")
    if isinstance(text, Undecodable):
        return text
    declared = _declared(text.encode("utf-8"))
    if declared is None or _agree(_codec(declared), codec):
        return text
    return Undecodable(
        reason=f"the byte order mark says {codec.upper()} but the declaration says {_named(declared)}",
        line=1,
        visible=text,
    )


def _agree(declared: str | None, marked: str) -> bool:
    return declared == marked or (declared == "utf-16" and marked in _UTF16_DECLARED)


def _strict(data: bytes, codec: str, origin: str) -> str | Undecodable:
    try:
        return _line_ends(data.decode(codec))
    except UnicodeDecodeError as error:
        before = _line_ends(data[: error.start].decode(codec, "replace"))
        return Undecodable(
            reason=f"byte 0x{data[error.start]:02x} is not possible in a document {origin}",
            line=line_of(before, len(before)),
            visible=before + _line_ends(data[error.start :][:_STRETCH].decode(codec, "backslashreplace")),
        )


def _is_utf8(data: bytes) -> bool:
    # Text in a single-byte encoding is next to never valid UTF-8 by accident, but UTF-8 under a
    # forgotten declaration is common, and would reach phones garbled.
    try:
        return not data.isascii() and bool(data.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _line_ends(text: str) -> str:
    # XML 1.0 section 2.11: CR LF and a lone CR both read as one line feed.
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _declared(data: bytes) -> str | None:
    match = _DECLARATION.match(data)
    return match.group(1).decode("ascii") if match else None


def _codec(declared: str) -> str | None:
    try:
        return codecs.lookup(declared).name
    except (LookupError, ValueError):
        return None


def _named(declared: str | None) -> str:
    return ascii((declared or "")[:20])


_ROOT = "request"
_ASIDE = re.compile(r"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)", re.DOTALL)
_FIRST = re.compile(r"<([A-Za-z_][^\s/<>]*)")
_SLIDE = re.compile(r"<(?:[\w.-]+:)?slide[\s/>]", re.IGNORECASE)
_TYPING_ERRORS = 2
"""Letters: a root that is so near to ``request`` was meant to be one."""


def is_other_xml(data: bytes) -> bool:
    """Whether a document is plainly another than a message, by its first element; also where it is broken.

    JSON is another where it speaks of no slides and of no action. What has no element to be seen counts as a
    message, and so as a broken one. So does what holds slides, and what has a root one or two letters away from
    a message's: who mistypes it must not hear that all is well.
    """
    if is_json(data):
        return not is_json_message(data)
    text = decode(data)
    visible = data.decode("latin-1") if isinstance(text, Undecodable) else text
    seen = _ASIDE.sub("", visible)
    first = _FIRST.search(seen)
    return first is not None and not _is_near(key_of(first[1])) and _SLIDE.search(seen) is None


def _is_near(name: str) -> bool:
    """Whether so few letters changed, left out or added make the name a message's root."""
    if abs(len(name) - len(_ROOT)) > _TYPING_ERRORS:
        return False
    row = list(range(len(_ROOT) + 1))
    for at, letter in enumerate(name, 1):
        above, row = row, [at]
        for index, wanted in enumerate(_ROOT):
            row.append(min(above[index] + (letter != wanted), above[index + 1] + 1, row[index] + 1))
    return row[-1] <= _TYPING_ERRORS
