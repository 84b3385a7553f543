"""A form (application/x-www-form-urlencoded) to its values, each with its place.

Percent signs that begin no byte, and bytes that are no UTF-8, are faults and no guesses: what a provider
makes of them is not known. A name that is given again is another value of the same field.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import unquote_plus

from mmscheck.base.json_text import JsonError, Kind, Lines
from mmscheck.payloads.leaf import Leaf

_PAIR = re.compile(r"\s*(?P<name>[A-Za-z][\w.%\[\]-]{0,99})=(?P<value>[^&]*)", re.ASCII)
_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NOT_UTF8 = "a value is not UTF-8 once its percent signs are read"
MOST_PAIRS = 10_000
"""A judgement: no provider takes more than some dozens."""


def is_form(text: str) -> bool:
    """Whether it begins as a form does."""
    return _PAIR.match(text) is not None


def read_form(text: str) -> tuple[Leaf, ...]:
    """The values in their order. Raises JsonError for what is no form."""
    if text.count("&") >= MOST_PAIRS:
        raise JsonError(f"the form has more than {MOST_PAIRS:,} fields", 0)
    return tuple(_leaves(text, Lines(text)))


def _leaves(text: str, lines: Lines) -> Iterator[Leaf]:
    given: Counter[str] = Counter()
    at = 0
    for part in text.split("&"):
        begins = at + len(part) - len(part.lstrip())
        found = _PAIR.fullmatch(part)
        if found is None and part.strip():
            raise JsonError("a part of the form is no name=value", begins, "Write an & of a value as %26")
        if found is not None:
            name = _decoded(found["name"], begins)
            value = _decoded(found["value"].rstrip("\r\n"), at + found.start("value"))
            count = given[name]
            given[name] += 1
            line, column = lines.place(begins)
            yield Leaf(
                pointer=f"{name}[{count}]" if count else name,
                path=f"{name}[]" if count else name,
                line=line,
                column=column,
                kind=Kind.TEXT,
                text=value,
                at=at + found.start("value"),
                end=at + found.end("value"),
            )
        at += len(part) + 1


def _decoded(text: str, at: int) -> str:
    if (broken := _BROKEN.search(text)) is not None:
        reason = "a % begins no byte, which is two hexadecimal digits"
        raise JsonError(reason, at + broken.start(), "Write a % itself as %25")
    try:
        return unquote_plus(text, errors="strict")
    except UnicodeDecodeError:
        raise JsonError(_NOT_UTF8, at, "Write the text as UTF-8 before its bytes are written so") from None
