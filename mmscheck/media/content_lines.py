"""Content lines, of which contact cards and calendars are made, read as tolerantly as phones read them.

Folded lines are joined, also those of vCard 2.1: quoted-printable goes on behind an ``=`` at the end of a
line, and base64 until an empty line. What is no content line is skipped and noted with its line. A text is
kept with one character for each byte until it is asked for: every line may be in a character set of its own.
"""

from __future__ import annotations

import binascii
import codecs
import re
from collections import Counter
from collections.abc import Iterator
from encodings.aliases import aliases

import msgspec

from mmscheck.media.refusal import RefusedError

SHOWN = 3
"""Lines that are named for one oddity before the others are counted."""

MOST_BYTES = 8 * 1024 * 1024
"""A larger file is not read: it is held many times over, and no message takes an eighth of it."""

MOST_LINES = 300_000
"""More content lines are not read: so many fit only where nearly all are too short to say anything."""

QUOTED_PRINTABLE = "QUOTED-PRINTABLE"
BASE64 = "BASE64"
_ENCODINGS = {QUOTED_PRINTABLE: QUOTED_PRINTABLE, BASE64: BASE64, "B": BASE64}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""The byte order marks; those of UTF-32 before the shorter ones that they begin with."""

_UTF_8 = "utf_8"
_CHARSETS = frozenset(
    name for name in aliases.values() if not name.endswith("_codec") and name not in {"mbcs", "oem", "rot_13"}
)
"""The character sets that Python knows, without what else it calls an encoding."""

_BLANKS = " \t"
_BREAK = re.compile(r"\r+\n?|\n")
_HEAD = re.compile(r'(?:[^":]|"[^"]*")*+:')
_PIECE = re.compile(r'(?:[^";]+|"[^"]*"|")+')
_NAME = re.compile(r"[\w-]+(?:\.[\w-]+)*", re.ASCII)
_BASE64_LINE = re.compile(r"[A-Za-z0-9+/=]+[ \t]*")
_BOUNDARY = re.compile(r"(?:BEGIN|END)[ \t]*:", re.IGNORECASE)
_DIVIDER = re.compile(r"(?<!\\);")
_ESCAPED = re.compile(r"\\([\\,;:nN])")


class Oddities:
    """Notes on a file, each kind told once; the kinds are few, so many notes take little room."""

    def __init__(self) -> None:
        """Begin without any."""
        self._lines: dict[str, list[int]] = {}
        self._more: dict[str, int] = {}

    def add(self, what: str, line: int) -> None:
        """Note what stands in that line, counted from 1; ``what`` never quotes the file."""
        lines = self._lines.setdefault(what, [])
        if len(lines) < SHOWN:
            lines.append(line)
        else:
            self._more[what] = self._more.get(what, 0) + 1

    def told(self) -> tuple[str, ...]:
        """Each kind with its lines, in the order in which they were found."""
        return tuple(f"{what} ({self._where(what)})" for what in self._lines)

    def _where(self, what: str) -> str:
        lines = [str(line) for line in self._lines[what]]
        if more := self._more.get(what):
            lines.append(f"{more} more")
        *first, last = lines
        return f"lines {', '.join(first)} and {last}" if first else f"line {last}"


class ContentLine(msgspec.Struct, frozen=True):
    """One property: its name and its parameters' names in capitals, and the line of the file it begins in.

    ``raw`` is the value with one character for each byte of it.
    """

    number: int
    name: str
    params: dict[str, str]
    raw: str

    @property
    def encoding(self) -> str:
        """How the value is packed: QUOTED_PRINTABLE, BASE64, or an empty text."""
        return _encoding(self.params)

    @property
    def readable(self) -> bool:
        """Whether the value is in UTF-8 or the character set that the line states."""
        if self.encoding == BASE64 or (self.raw.isascii() and self.encoding != QUOTED_PRINTABLE):
            return True
        try:
            self._bytes().decode(self._charset())
        except UnicodeDecodeError:
            return False
        return True

    @property
    def text(self) -> str:
        """The value as it is shown by who takes it for what it says, and for UTF-8 where it says nothing."""
        return self._bytes().decode(self._charset(), "replace").strip()

    def _bytes(self) -> bytes:
        value = self.raw.encode("iso-8859-1")
        return binascii.a2b_qp(value) if self.encoding == QUOTED_PRINTABLE else value

    def _charset(self) -> str:
        stated = self.params.get("CHARSET", _UTF_8).lower().replace("-", "_")
        name = aliases.get(stated, stated)
        return name if name in _CHARSETS else _UTF_8


class Component(msgspec.Struct, frozen=True):
    """What stands between BEGIN and END: its name in capitals, that of what it stands in, and its own lines.

    ``number`` is the line of its BEGIN. It is not ``whole`` where its END is missing.
    """

    name: str
    number: int
    within: str
    lines: tuple[ContentLine, ...]
    whole: bool

    def all(self, name: str) -> tuple[ContentLine, ...]:
        """Its lines of that name."""
        return tuple(line for line in self.lines if line.name == name)

    def first(self, name: str) -> str:
        """The text of the first line of that name that says anything."""
        return next((text for line in self.all(name) if (text := line.text)), "")


def divided(text: str) -> list[str]:
    """The parts of a value with several, as a name or an organisation has."""
    return _DIVIDER.split(text)


def unescaped(text: str) -> str:
    """A text without the backslashes that stand before what would otherwise divide it."""
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], text)


def read(data: bytes, odd: Oddities) -> tuple[Component, ...]:
    """The components of a file in the order of their beginnings, nested ones among them; ``odd`` is added to.

    RefusedError for a file that is too large.
    """
    if len(data) > MOST_BYTES:
        raise RefusedError(f"a file of more than {MOST_BYTES // 1024**2} MB is not read")
    reading = _Reading(odd)
    for count, (number, text) in enumerate(_unfolded(_lines(_byte_for_byte(data, odd)))):
        if count == MOST_LINES:
            raise RefusedError(f"it has more than {MOST_LINES:,} lines")
        reading.take(number, text)
    return reading.end()


def _byte_for_byte(data: bytes, odd: Oddities) -> str:
    """The file in UTF-8, or as it is where it has no byte order mark, with one character for each byte."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            odd.add("a byte order mark" if mark == codecs.BOM_UTF8 else "text in UTF-16 and not in UTF-8", 1)
            data = data[len(mark) :].decode(encoding, "replace").encode("utf-8", "replace")
            break
    return data.decode("iso-8859-1")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text with their numbers; CR CR LF, which iPhones write, ends one line."""
    number, start = 1, 0
    for found in _BREAK.finditer(text):
        yield number, text[start : found.start()]
        number += 1 if found[0].endswith("\n") else len(found[0])
        start = found.end()
    yield number, text[start:]


def _unfolded(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Each content line in one piece, with the number of its first line."""
    first = 1
    pieces: list[str] = []
    encoding: str | None = None
    for number, line in lines:
        if not line:
            encoding = encoding and ""  # an empty line ends what is packed, and nothing else
        elif pieces and (more := _continuation(line, pieces[-1], encoding)) is not None:
            if encoding == QUOTED_PRINTABLE and _is_soft(pieces[-1]):
                pieces[-1] = pieces[-1].rstrip(_BLANKS)[:-1]
            pieces.append(more)
        else:
            yield first, "".join(pieces)
            first, pieces, encoding = number, [line], None
        if encoding is None and ":" in line:
            encoding = _encoding(_params(_divide("".join(pieces))[1]))
    yield first, "".join(pieces)


def _continuation(line: str, last: str, encoding: str | None) -> str | None:
    """What the line adds to the content line that ends in ``last``; None where it begins another."""
    if line[0] in _BLANKS:
        return line[1:]
    soft = encoding == QUOTED_PRINTABLE and _is_soft(last) and not _BOUNDARY.match(line)
    return line if soft or (encoding == BASE64 and _BASE64_LINE.fullmatch(line)) else None


def _is_soft(line: str) -> bool:
    return line.rstrip(_BLANKS).endswith("=")


def _encoding(params: dict[str, str]) -> str:
    return _ENCODINGS.get(params.get("ENCODING", "").upper(), "")


def _params(pieces: list[str]) -> dict[str, str]:
    """Parameters by name; vCard 2.1 writes an encoding without one."""
    found: dict[str, str] = {}
    for piece in pieces:
        name, equals, value = (part.strip() for part in piece.partition("="))
        if equals:
            found.setdefault(name.upper(), value.strip('"'))
        elif name.upper() in _ENCODINGS:
            found.setdefault("ENCODING", name)
    return found


def _content_line(number: int, text: str, odd: Oddities) -> ContentLine | None:
    """The property in a line; None, and noted, where it holds none."""
    name, params, value = _divide(text)
    if not _NAME.fullmatch(name.strip()):
        odd.add("a line that is no property", number)
    name = name.rpartition(".")[2].strip().upper()
    return ContentLine(number, name, _params(params), value) if name else None


def _divide(text: str) -> tuple[str, list[str], str]:
    """What stands before the first colon outside of quotation marks, in its pieces, and what is behind it.

    Where a quotation mark is never closed, the first colon of all divides; where there is none, nothing is
    before it.
    """
    colon = text.find(":")
    if '"' in text[:colon]:
        found = _HEAD.match(text)
        colon = found.end() - 1 if found else colon
    name, *params = _PIECE.findall(text[: max(colon, 0)]) or [""]
    return name, params, text[colon + 1 :]


class _Open(msgspec.Struct):
    """A component that has begun and not ended yet."""

    name: str
    number: int
    within: str
    lines: list[ContentLine] = []
    whole: bool = False


class _Reading:
    """The components as they begin and end."""

    def __init__(self, odd: Oddities) -> None:
        self._odd = odd
        self._all: list[_Open] = []
        self._open: list[_Open] = []
        self._names: Counter[str] = Counter()

    def take(self, number: int, text: str) -> None:
        """One content line, in one piece."""
        if not text.strip():
            return
        line = _content_line(number, text, self._odd)
        if line is None:
            return
        if line.name == "BEGIN":
            self._begin(line)
        elif line.name == "END":
            self._close(line)
        elif self._open:
            self._open[-1].lines.append(line)
        else:
            self._odd.add("a line outside of BEGIN and END", number)

    def _begin(self, line: ContentLine) -> None:
        name = line.raw.strip().upper()
        begun = _Open(name, line.number, self._open[-1].name if self._open else "")
        self._all.append(begun)
        self._open.append(begun)
        self._names[name] += 1

    def _close(self, line: ContentLine) -> None:
        """End the innermost component of that name; what is still open inside it stays without an END."""
        name = line.raw.strip().upper()
        if not self._names[name]:
            self._odd.add("an END without a BEGIN", line.number)
            return
        ended = self._open.pop()
        while ended.name != name:
            self._names[ended.name] -= 1
            ended = self._open.pop()
        self._names[name] -= 1
        ended.whole = True

    def end(self) -> tuple[Component, ...]:
        return tuple(
            Component(each.name, each.number, each.within, tuple(each.lines), each.whole)
            for each in self._all
        )
