"""Untrusted text as it may stand on a page: redacted, cut with a word about it, nothing hidden in it."""

from __future__ import annotations

import unicodedata

from mmscheck.base.text import count
from mmscheck.report.clean import clean_text
from mmscheck.report.html.markup import Markup, join, tag
from mmscheck.report.layout import shown, shown_url

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
