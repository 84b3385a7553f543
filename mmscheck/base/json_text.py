"""JSON of strangers, read with the place of every value, and nothing in it taken for what it is not.

The standard library's reader and msgspec tell no places, keep the last of two equal keys in silence, take NaN
(the former), and overflow on nesting; readers of YAML or JSON5 that tell places take what RFC 8259 forbids.
So values are read here, without recursion and within bounds; what a string means is the library's to say.
"""

from __future__ import annotations

import bisect
import json
import re
from enum import StrEnum

import msgspec

MAX_DEPTH = 32
"""Objects and arrays inside one another; a message has 4 at most."""

MAX_VALUES = 10_000
"""Values of one document; a message of 8 slides has some dozens."""


class Kind(StrEnum):
    """What a value is, as people are told."""

    OBJECT = "an object"
    ARRAY = "an array"
    TEXT = "a text"
    NUMBER = "a number"
    BOOLEAN = "true or false"
    NULL = "null"


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One value; ``at`` and ``end`` are characters from 0, and ``pointer`` leads to it: ``slide[0].image``.

    ``text`` is a text's characters, or a number as it is written.
    """

    at: int
    end: int
    kind: Kind
    pointer: str
    members: tuple[Member, ...] = ()
    items: tuple[Node, ...] = ()
    text: str = ""
    flag: bool = False


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One key of an object, where it stands, and its value."""

    name: str
    at: int
    node: Node


class JsonError(ValueError):
    """Why a text is no JSON that is read: what stands at ``at``, what helps, and the value it is in."""

    def __init__(self, reason: str, at: int, hint: str = "", pointer: str = "") -> None:
        """A fault at a character (from 0)."""
        super().__init__(reason)
        self.reason, self.at, self.hint, self.pointer = reason, at, hint, pointer


class Lines:
    """Where the lines of a text begin."""

    def __init__(self, text: str) -> None:
        """Look once."""
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def place(self, at: int) -> tuple[int, int]:
        """Line and column of a character, both from 1."""
        line = bisect.bisect_right(self._starts, at)
        return line, at - self._starts[line - 1] + 1


def pointed(within: str, name: str | int) -> str:
    """The pointer to a member or an item; names that would be read as something else are quoted."""
    if isinstance(name, int):
        return f"{within}[{name}]"
    plain = name if _PLAIN_NAME.fullmatch(name) else f'"{name[:_NAME_SHOWN]}"'
    return f"{within}.{plain}" if within else plain


_PLAIN_NAME = re.compile(r"[A-Za-z_][\w-]{0,59}", re.ASCII)
_NAME_SHOWN = 60
_BLANKS = re.compile(r"[ \t\n\r]*+")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*+')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")
_WORDS = {"true": Kind.BOOLEAN, "false": Kind.BOOLEAN, "null": Kind.NULL}
_ENDS_VALUE = frozenset(" \t\n\r,]}:")
_LONE = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(?P<lone>\\u[dD][89a-fA-F]..)|\\.", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_IN_MARKS = 'Write it in "'
_NO_VALUES = tuple(
    (re.compile(pattern, re.IGNORECASE), reason, hint)
    for pattern, reason, hint in (
        (r"//|/\*|#", "a comment stands here, which JSON does not have", "Remove it"),
        (r"'", "a text stands in single quotation marks", 'JSON takes " alone'),
        (
            r"[+-]?(?:nan|inf|infinity)\b",
            "this is no number that JSON has: not-a-number and infinity are none",
            "",
        ),
        (
            r"(?:true|false|null|none|undefined)\b",
            "this is no word that JSON has",
            "It has true, false and null, in small letters",
        ),
        (r"[^\S \t\n\r]|[\ufeff\u200b\u2060]", "a blank that JSON does not take stands here", "Remove it"),
        (r"[^\W\d]", "a text stands without quotation marks", _IN_MARKS),
        (r"[-+.\d]", "this is no number as JSON writes them", ""),
    )
)
"""What people write where no value begins, the first that fits; and what helps."""


def read(text: str) -> Node:
    """The one value of a text. Raises JsonError."""
    return _Reader(text).read()


class _Open:
    """An object or an array that is being read."""

    def __init__(self, at: int, pointer: str, *, is_object: bool) -> None:
        self.at, self.pointer, self.is_object = at, pointer, is_object
        self.members: dict[str, Member] = {}
        self.items: list[Node] = []
        self.name, self.name_at = "", 0

    @property
    def is_empty(self) -> bool:
        return not (self.members or self.items)

    @property
    def next_pointer(self) -> str:
        return pointed(self.pointer, self.name if self.is_object else len(self.items))

    def add(self, node: Node) -> None:
        if self.is_object:
            self.members[self.name] = Member(name=self.name, at=self.name_at, node=node)
        else:
            self.items.append(node)

    def closed(self, end: int) -> Node:
        return Node(
            at=self.at,
            end=end,
            kind=Kind.OBJECT if self.is_object else Kind.ARRAY,
            pointer=self.pointer,
            members=tuple(self.members.values()),
            items=tuple(self.items),
        )


class _Reader:
    """Goes through a text once, with what is open on a list of its own."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._open: list[_Open] = []
        self._count = 0

    def read(self) -> Node:
        done: Node | None = None
        while done is None:
            self._blanks()
            done = self._step()
            while done is not None and self._open:
                done = self._after(done)
        self._blanks()
        if self._at < len(self._text):
            raise self._fault("something follows the end of the document", "Keep one object in a file")
        return done

    def _step(self) -> Node | None:
        """Begin the next value: the whole of one that holds no others, or None."""
        within = self._open[-1] if self._open else None
        if within is not None and within.is_object:
            self._name(within)
        if self._char() in {"{", "["}:
            self._push(within)
            self._blanks()
            return self._close() if self._char() == ("}" if self._open[-1].is_object else "]") else None
        return self._scalar(within.next_pointer if within else "")

    def _after(self, node: Node) -> Node | None:
        """Put a value into what is open; the latter when it ends with it, or None."""
        within = self._open[-1]
        within.add(node)
        self._blanks()
        char, closer = self._char(), "}" if within.is_object else "]"
        if char == closer:
            return self._close()
        if char != ",":
            raise self._unseparated(closer)
        comma = self._at
        self._at += 1
        self._blanks()
        if self._char() in {"}", "]"}:
            raise self._fault(
                "a comma stands here before the end, and nothing follows it", "Remove it", comma
            )
        return None

    def _push(self, within: _Open | None) -> None:
        if len(self._open) == MAX_DEPTH:
            raise self._fault(f"objects and arrays are nested more than {MAX_DEPTH} deep")
        self._counted()
        pointer = within.next_pointer if within else ""
        self._open.append(_Open(self._at, pointer, is_object=self._char() == "{"))
        self._at += 1

    def _close(self) -> Node:
        self._at += 1
        return self._open.pop().closed(self._at)

    def _name(self, within: _Open) -> None:
        start = self._at
        if self._char() != '"':
            raise self._no_name()
        name = self._string()
        if (first := within.members.get(name)) is not None:
            line, column = Lines(self._text[: first.at + 1]).place(first.at)
            raise self._fault(
                f"the key {pointed('', name)} is there twice: also on line {line}, column {column}",
                "Keep one of the two: programs differ in which one they take",
                start,
            )
        within.name, within.name_at = name, start
        self._blanks()
        if self._char() != ":":
            raise self._fault("a colon is missing between a key and its value")
        self._at += 1
        self._blanks()

    def _scalar(self, pointer: str) -> Node:
        self._counted()
        start, char = self._at, self._char()
        if char == '"':
            text = self._string()
            return Node(at=start, end=self._at, kind=Kind.TEXT, pointer=pointer, text=text)
        if number := _NUMBER.match(self._text, start):
            self._at = number.end()
            if self._char() and self._char() not in _ENDS_VALUE:
                raise self._fault("this is no number as JSON writes them", at=start)
            return Node(at=start, end=self._at, kind=Kind.NUMBER, pointer=pointer, text=number.group())
        for word, kind in _WORDS.items():
            end = start + len(word)
            if self._text.startswith(word, start) and self._text[end : end + 1] in {"", *_ENDS_VALUE}:
                self._at = end
                return Node(at=start, end=end, kind=kind, pointer=pointer, flag=word == "true")
        raise self._no_value()

    def _string(self) -> str:
        start = self._at
        found = _STRING.match(self._text, start)
        end = found.end() if found else start + 1
        char = self._text[end : end + 1]
        if char != '"':
            raise self._bad_string(start, end, char)
        self._at = end + 1
        raw = self._text[start : self._at]
        text: str = json.loads(raw) if "\\" in raw else raw[1:-1]
        if _SURROGATE.search(text):
            lone = next((each.start() for each in _LONE.finditer(raw) if each["lone"]), 0)
            raise self._fault("half of a surrogate pair stands here, which is no character", "", start + lone)
        return text

    def _bad_string(self, start: int, end: int, char: str) -> JsonError:
        if not char:
            return self._fault(
                "a text is begun here and never ended", "Look for a missing quotation mark", start
            )
        if char == "\\":
            return self._fault("a \\ stands here that begins no character", "Write \\\\ for a backslash", end)
        if char == "\n":
            return self._fault("a line ends inside a text", "Write \\n for a line break in a text", end)
        shown = f"a control character (U+{ord(char):04X}) stands in a text"
        return self._fault(shown, f"Write \\u{ord(char):04x}, or remove it", end)

    def _no_name(self) -> JsonError:
        char = self._char()
        if char == "'":
            return self._fault("a key stands in single quotation marks", 'JSON takes " alone')
        if char.isalpha() or char in {"_", "$"}:
            return self._fault("a key stands without quotation marks", _IN_MARKS)
        return self._no_value("a key")

    def _no_value(self, what: str = "a value") -> JsonError:
        if not self._char():
            return self._fault(f"the document ends where {what} should stand", "Look for what was cut off")
        for pattern, reason, hint in _NO_VALUES:
            if pattern.match(self._text, self._at):
                return self._fault(reason, hint)
        return self._fault(f"{what} should stand here")

    def _unseparated(self, closer: str) -> JsonError:
        if not self._char():
            opened = self._open[-1]
            line, column = Lines(self._text[: opened.at + 1]).place(opened.at)
            kind = "an object" if opened.is_object else "an array"
            return self._fault(
                f"{kind}, begun on line {line}, column {column}, is never closed with {closer}"
            )
        pattern, reason, hint = _NO_VALUES[0]
        if pattern.match(self._text, self._at):
            return self._fault(reason, hint)
        return self._fault(f"a comma or {closer} should stand here")

    def _counted(self) -> None:
        self._count += 1
        if self._count > MAX_VALUES:
            raise self._fault(f"the document has more than {MAX_VALUES:,} values")

    def _char(self) -> str:
        return self._text[self._at : self._at + 1]

    def _blanks(self) -> None:
        found = _BLANKS.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _fault(self, reason: str, hint: str = "", at: int | None = None) -> JsonError:
        pointer = self._open[-1].pointer if self._open else ""
        return JsonError(reason, self._at if at is None else at, hint, pointer)
