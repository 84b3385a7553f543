"""HTML out of parts that are escaped when they are put together, so that none can be forgotten.

A plain string is text and gets escaped; only `Markup`, which this module alone makes, is taken as it is.
"""

from __future__ import annotations

import re
import unicodedata
from html import escape
from typing import Final

from mmscheck.base.text import count
from mmscheck.report.clean import clean_text
from mmscheck.report.layout import shown, shown_url

_NAME: Final = re.compile(r"[a-z][a-z0-9-]*\Z", re.IGNORECASE)
_COMMAND: Final = re.compile(r"##(?=\w*\[)")
_VOID: Final = frozenset({"br", "hr", "img", "input", "meta"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Part = str | None
"""A piece of a page: text, markup, or nothing."""

NOTHING = Markup()
"""No markup at all."""


def text(value: str) -> Markup:
    """The text with everything escaped that HTML would read as more than text."""
    return value if isinstance(value, Markup) else Markup(_escaped(value))


def _escaped(value: str) -> str:
    told = escape(value, quote=True)
    # A page may be printed by a job whose runner obeys ##[command].
    return _COMMAND.sub("&#35;#", told) if "##" in told else told


def join(*parts: Part) -> Markup:
    """The parts one after the other, plain strings escaped."""
    return Markup("".join(text(part) for part in parts if part))


def tag(name: str, /, *parts: Part, **attributes: str | int | bool | None) -> Markup:
    """An element: ``class_`` is ``class``, other underscores are hyphens; True is a bare attribute.

    None and False leave the attribute out. Raises ValueError for a name that is no name, which only a
    mistake of ours can be: names are never taken from a report.
    """
    given = "".join(_attribute(key, value) for key, value in attributes.items())
    if not _NAME.match(name):
        raise ValueError(f"{name!r} is no name of an element")
    if name in _VOID:
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{join(*parts)}</{name}>")


def _attribute(key: str, value: str | int | bool | None) -> str:  # noqa: FBT001 - an attribute's own value
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if not _NAME.match(name) or name.startswith("on") or name == "style":
        raise ValueError(f"{name!r} is no attribute for a page without scripts and styles in its markup")
    return f" {name}" if value is True else f' {name}="{_escaped(str(value))}"'


def raw(source: str) -> Markup:
    """Our own style sheet, script or picture data; never anything out of a report."""
    return Markup(source)


LONGEST = 2_000
"""Characters of one text that a page shows."""

LONGEST_NAME = 300
"""Characters of a name, a URL or a header."""

_WINDOW = 20
"""How many times as much is redacted as is shown, so that the cut is never inside what had to be redacted."""

_ZWJ = "\u200d"


def cut(value: str, longest: int = LONGEST) -> str:
    """Shown text, or its beginning and how much more there is."""
    return _cut(shown(value[: longest * _WINDOW]), len(value), longest)


def cut_url(url: str) -> str:
    """A URL, likewise."""
    return _cut(shown_url(url[: LONGEST_NAME * _WINDOW]), len(url), LONGEST_NAME)


def _cut(told: str, length: int, longest: int) -> str:
    if len(told) <= longest:
        return told if length <= longest * _WINDOW else f"{told} … and more"
    return f"{told[:longest]} … and {count(max(length, len(told)) - longest, 'more character')}"


def said(value: str, longest: int = LONGEST) -> Markup:
    """Text from outside, kept from turning the text around it (``bdi``)."""
    return tag("bdi", cut(value, longest))


def url(value: str) -> Markup:
    """A URL from outside, in the type of code, with places where a line may break."""
    return tag("bdi", tag("code", cut_url(value), class_="url"))


def code(value: str, longest: int = LONGEST_NAME) -> Markup:
    """A name for machines, such as a rule's."""
    return tag("code", cut(value, longest))


def on_phone(value: str, longest: int = 5_000) -> Markup:
    """A message's text with its line breaks, as a phone shows it; what cannot be seen is named."""
    told = clean_text(value[: longest * 2])
    lines = told[:longest].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    more = len(value) - longest
    parts: list[Markup] = []
    for at, line in enumerate(lines):
        parts += [tag("br")] if at else []
        parts.append(_line(line))
    if more > 0:
        parts.append(tag("i", f" … and {count(more, 'more character')}"))
    return join(*parts)


def _line(line: str) -> Markup:
    if line.isprintable():
        return tag("bdi", line) if line else join()
    pieces = (_piece(line, at) for at in range(len(line)))
    return tag("bdi", *pieces)


def _piece(line: str, at: int) -> str:
    char = line[at]
    # Joins two emoji into one, or letters of Arabic and Indic scripts: phones obey it, and so does a page.
    joins = char == _ZWJ and 0 < at < len(line) - 1 and line[at - 1].isprintable()
    if char.isprintable() or joins:
        return char
    if unicodedata.category(char) == "Zs":
        return " "
    return tag("mark", point(char), title=name(char))


def point(char: str) -> str:
    """A character's code point: ``U+202E``."""
    return f"U+{ord(char):04X}"


def name(char: str) -> str:
    """A character's Unicode name, or that it has none."""
    return unicodedata.name(char, "a control character or one without a name")


def size(number: int) -> str:
    """Bytes for people: whole bytes, and in short where that says more."""
    if number < 1_000:  # noqa: PLR2004 - the decimal thousand that carriers count by
        return count(number, "byte")
    if number < 1_000_000:  # noqa: PLR2004 - likewise
        return f"{number / 1_000:,.0f} KB"
    return f"{number / 1_000_000:,.2f} MB"


def seconds(value: float | None) -> str:
    """A length of time as players show it: ``0:07``, ``12:30``; empty where it is not known."""
    if value is None or not 0 <= value < 360_000:  # noqa: PLR2004 - 100 hours: no sane file, and NaN
        return ""
    whole = round(value)
    return f"{whole // 60}:{whole % 60:02d}"
