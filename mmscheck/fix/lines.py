"""Content lines as they are written, for cards and calendars: nothing of a line is lost on the way.

The reader of ``mmscheck.media`` keeps what judging needs; here parameters, groups and order have to stay.
"""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Iterator

import msgspec

WIDTH = 75
"""Octets of a line before it is folded (RFC 2425, 5.8.1, and RFC 5545, 3.1)."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BREAK = re.compile(r"\r+\n?|\n")
_HEAD = re.compile(r'(?P<name>[\w.-]+)(?P<params>(?:;(?:[^":;]|"[^"]*")*)*):', re.ASCII)
_PIECE = re.compile(r'(?:[^";]|"[^"]*")+')
_PACKED = re.compile(r"[A-Za-z0-9+/=]+[ \t]*")
_QP, BASE64 = "QUOTED-PRINTABLE", "BASE64"
_ENCODINGS = {_QP: _QP, "BASE64": BASE64, "B": BASE64}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One property: its number in the file, its name as written with its group, parameters, and value.

    A line that holds none has an empty ``name``, and all of it is the ``value``. ``encoding`` is
    ``QUOTED-PRINTABLE``, ``BASE64`` or empty.
    """

    number: int
    name: str
    params: tuple[str, ...]
    value: str
    encoding: str = ""

    @property
    def key(self) -> str:
        """The name in capitals, without its group."""
        return self.name.rpartition(".")[2].upper()

    def param(self, name: str) -> str:
        """The value of the first parameter of that name."""
        for piece in self.params:
            own, equals, value = piece.partition("=")
            if equals and own.strip().upper() == name:
                return value.strip().strip('"')
        return ""

    def text(self) -> str:
        """The value decoded, in the character set that the line states, or UTF-8, or windows-1252."""
        raw = self.value.encode("iso-8859-1", "replace")  # what was made a capital may have left it
        if self.encoding == _QP:
            raw = binascii.a2b_qp(raw)
        for codec in (self.param("CHARSET") or "utf-8", "utf-8", "cp1252"):
            try:
                return raw.decode(codec)
            except (LookupError, UnicodeDecodeError, ValueError):
                continue
        return raw.decode("iso-8859-1")


def read(data: bytes) -> Iterator[Line]:
    """Every content line of a file, folded ones joined, with one character for each byte of the values."""
    for mark, codec in _MARKS:
        if data.startswith(mark):
            data = data[len(mark) :].decode(codec, "replace").encode("utf-8")
            break
    pieces: list[str] = []
    first, encoding = 1, ""
    for number, text in enumerate(_BREAK.split(data.decode("iso-8859-1")), 1):
        if pieces and _goes_on(text, pieces[-1], encoding):
            if encoding == _QP and pieces[-1].rstrip(" \t").endswith("="):
                pieces[-1] = pieces[-1].rstrip(" \t")[:-1]
            pieces.append(text[1:] if text[:1] in {" ", "\t"} else text)
        else:
            if pieces:
                yield from _made(first, "".join(pieces))
            first, pieces = number, [text] if text.strip() else []
        if len(pieces) == 1:
            encoding = _encoding(_divided(text)[1])
        encoding = encoding if text else ""
    if pieces:
        yield from _made(first, "".join(pieces))


def _goes_on(text: str, last: str, encoding: str) -> bool:
    if text[:1] in {" ", "\t"}:
        return True
    if encoding == _QP:
        return last.rstrip(" \t").endswith("=") and not text.upper().startswith(("BEGIN:", "END:"))
    return encoding == BASE64 and _PACKED.fullmatch(text) is not None


def _made(number: int, text: str) -> Iterator[Line]:
    name, params, value = _divided(text)
    yield Line(number=number, name=name, params=params, value=value, encoding=_encoding(params))


def _divided(text: str) -> tuple[str, tuple[str, ...], str]:
    found = _HEAD.match(text.lstrip())
    if found is None:
        return "", (), text
    rest = text.lstrip()[found.end() :]
    return found["name"], tuple(piece.strip() for piece in _PIECE.findall(found["params"])), rest


def _encoding(params: tuple[str, ...]) -> str:
    for piece in params:
        name, equals, value = piece.partition("=")
        stated = value if equals and name.strip().upper() == "ENCODING" else "" if equals else name
        if found := _ENCODINGS.get(stated.strip().upper()):
            return found
    return ""


def written(lines: Iterator[str]) -> bytes:
    """Lines in UTF-8 with CR LF, folded between characters."""
    return b"".join(_folded(line) for line in lines)


def _folded(line: str) -> bytes:
    parts: list[bytes] = []
    part = b""
    room = WIDTH
    for char in line:
        octets = char.encode("utf-8", "replace")
        if len(part) + len(octets) > room:
            parts.append(part)
            part, room = b"", WIDTH - 1
        part += octets
    parts.append(part)
    return b"\r\n ".join(parts) + b"\r\n"
