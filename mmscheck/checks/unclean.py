"""What makes a URL mean different things to different programs, found in its raw text.

Beyond what splits programs for certain (white space, control characters, backslash, userinfo,
fragment, double encoding) these count: other characters that no URL may hold unencoded, non-ASCII
text (written as UTF-8 by one program, in another encoding or not at all by the next), and a ``%``
without two hexadecimal digits after it (RFC 3986, section 2).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from mmscheck.base.url import take_apart

_SPACE = re.compile(r"\s+")
_DOUBLE = re.compile(r"%25[0-9A-Fa-f]{2}")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NOT_ALLOWED = frozenset('"<>^`{|}')
_CONTROL_NAMES = {"\t": "tab", "\n": "line feed", "\r": "carriage return", " ": "space"}


def blemishes(url: str) -> tuple[str, ...]:
    """Each fault with the character it is at, counting from 1; parts that may be secret are not shown."""
    return (
        *_spaces(url),
        *_characters(url),
        *_parts(url),
        *_at(_DOUBLE, url, "double encoding (%25 before two hexadecimal digits)"),
        *_at(_BAD_PERCENT, url, "a % that is not followed by two hexadecimal digits"),
    )


def _spaces(url: str) -> Iterable[str]:
    for match in _SPACE.finditer(url):
        place = "before" if match.start() == 0 else "after" if match.end() == len(url) else "inside"
        yield f"white space {place} the URL ({_run(match.group())}) at character {match.start() + 1}"


def _run(text: str) -> str:
    names = dict.fromkeys(_CONTROL_NAMES.get(char, _code_point(char)) for char in text)
    return f"{', '.join(names)}; {len(text)} in a row" if len(text) > 1 else next(iter(names))


def _characters(url: str) -> Iterable[str]:
    for position, char in enumerate(url, start=1):
        if char.isspace():
            continue
        if unicodedata.category(char) == "Cc":
            yield f"control character {_code_point(char)} at character {position}"
        elif char == "\\":
            yield f"a backslash at character {position}"
        elif char in _NOT_ALLOWED:
            yield f"{char} at character {position}, which must be percent-encoded"
        elif not char.isascii():
            yield f"non-ASCII {_code_point(char)} at character {position}, which must be encoded"


def _code_point(char: str) -> str:
    name = unicodedata.name(char, "")
    return f"U+{ord(char):04X} {name}".rstrip()


def _parts(url: str) -> Iterable[str]:
    parts = take_apart(url)
    if parts.authority is not None and "@" in parts.authority:
        yield "a user name or password before the host name"
    if parts.fragment is not None:
        yield f"a fragment (#) at character {url.index('#') + 1}"


def _at(pattern: re.Pattern[str], url: str, words: str) -> Iterable[str]:
    return (f"{words} at character {match.start() + 1}" for match in pattern.finditer(url))
