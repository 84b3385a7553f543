"""The text of an XML document as pieces with their places, so that it can be changed here and there.

No parser gives back what it read byte for byte. So the pieces are cut by hand and changed, and what comes of
that is read by the real parser again before it is kept.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence

import msgspec

_MARKED = (
    ("<!--", "-->", "skip"),
    ("<![CDATA[", "]]>", "cdata"),
    ("<?", "?>", "skip"),
    ("<!", ">", "skip"),
)
"""How what is no element begins and ends."""

_TAG = re.compile(r"</?[A-Za-z_:]")
_NAME = re.compile(r"</?([A-Za-z_:][\w:.-]*)")
_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']""")
_ENCODING = re.compile(r"""(<\?xml[^>]*?encoding\s*=\s*["'])[A-Za-z][A-Za-z0-9._-]*(["'])""")


class Piece(msgspec.Struct, frozen=True):
    """A slice of the text: ``kind`` is ``skip``, ``cdata``, ``tag`` or ``text``."""

    kind: str
    start: int
    end: int


class Element(msgspec.Struct, frozen=True):
    """An element: its name, where its tags begin and end; the same twice for one that closes itself.

    ``inner`` tells whether there are elements in it.
    """

    name: str
    opens: tuple[int, int]
    closes: tuple[int, int]
    depth: int
    inner: bool


class Edit(msgspec.Struct, frozen=True, order=True):
    """New text in place of a slice."""

    start: int
    end: int
    text: str


class Coded(msgspec.Struct, frozen=True):
    """A document's text, line ends as they are, and how it was written."""

    text: str
    codec: str
    mark: bytes
    recoded: str = ""

    def encoded(self, text: str) -> bytes:
        """Another text written the same way; what the encoding does not have becomes a reference."""
        return self.mark + text.encode(self.codec, "xmlcharrefreplace")


def coded(data: bytes) -> Coded | None:
    """The text of a document; bytes that are not what they are declared to be are read as windows-1252.

    Those are written as UTF-8 from then on. None for what cannot be read at all.
    """
    marks = (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    )
    for mark, codec in marks:
        if data.startswith(mark):
            return _as(data[len(mark) :], codec, mark)
    declared = _DECLARED.match(data)
    codec = declared[1].decode("ascii") if declared else "utf-8"
    return _as(data, codec, b"") or _recoded(data, codec)


def _as(data: bytes, codec: str, mark: bytes) -> Coded | None:
    try:
        codec = codecs.lookup(codec).name
        text = data.decode(codec)
    except (LookupError, UnicodeDecodeError, ValueError):
        return None
    if not codec.startswith(("utf", "ascii")) and not data.isascii() and _as(data, "utf-8", b""):
        return None  # UTF-8 under a declaration that somebody forgot
    return Coded(text, codec, mark)


def _recoded(data: bytes, declared: str) -> Coded | None:
    for codec in ("utf-8", "cp1252"):
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        if found := _ENCODING.match(text):
            text = f"{found[1]}UTF-8{found[2]}{text[found.end() :]}"
        told = "declared as UTF-8, which it is" if codec == "utf-8" else "windows-1252 turned into UTF-8"
        return Coded(text, "utf-8", b"", f"{told} (it said {declared})")
    return None


def pieces(text: str) -> Iterator[Piece]:
    """All of the text in pieces, one behind the other."""
    at, missing = 0, set[str]()
    while at < len(text):
        kind, end = _next(text, at, missing)
        yield Piece(kind, at, end)
        at = end


def _next(text: str, at: int, missing: set[str]) -> tuple[str, int]:
    """The kind of the piece there, and its end; a closer that is missing once is missing from then on."""
    if text[at] != "<":
        end = text.find("<", at)
        return "text", end if end >= 0 else len(text)
    for opener, closer, kind in _MARKED:
        if closer not in missing and text.startswith(opener, at):
            end = text.find(closer, at + len(opener))
            if end >= 0:
                return kind, end + len(closer)
            missing.add(closer)
    if _TAG.match(text, at):
        after = text.find("<", at + 1)
        end = text.find(">", at, after if after >= 0 else len(text))
        if end >= 0:
            return "tag", end + 1
    return "text", at + 1


def elements(text: str) -> tuple[Element, ...]:
    """Every element, in the order of their beginnings; what is never closed is left out."""
    found: list[Element] = []
    open_: list[tuple[str, tuple[int, int], int]] = []
    seen = 0
    for piece in pieces(text):
        if piece.kind != "tag":
            continue
        raw = text[piece.start : piece.end]
        name, place = _name(raw), (piece.start, piece.end)
        if raw.startswith("</"):
            while open_ and open_[-1][0] != name:
                open_.pop()
            if open_:
                _, opens, before = open_.pop()
                found.append(Element(name, opens, place, len(open_), seen > before))
            continue
        seen += 1
        if raw.endswith("/>"):
            found.append(Element(name, place, place, len(open_), inner=False))
        else:
            open_.append((name, place, seen))
    return tuple(sorted(found, key=lambda element: element.opens))


def _name(raw: str) -> str:
    found = _NAME.match(raw)
    return found[1] if found else ""


def renamed(text: str, element: Element, name: str) -> Iterator[Edit]:
    """The edits that give an element another name."""
    for start, end in dict.fromkeys((element.opens, element.closes)):
        at = text.index(element.name, start, end)
        yield Edit(at, at + len(element.name), name)


def applied(text: str, edits: Sequence[Edit]) -> str:
    """The text with every edit made; of two that overlap the first is."""
    parts, place = [], 0
    for edit in sorted(edits):
        if edit.start < place:
            continue
        parts += [text[place : edit.start], edit.text]
        place = edit.end
    parts.append(text[place:])
    return "".join(parts)


def escaped(value: str) -> str:
    """A value as the text of an element."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
