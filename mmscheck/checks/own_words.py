"""What a server says of its own refusal: the one or two sentences in an answer that is no file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from mmscheck.base.redact import redact_text
from mmscheck.base.text import quoted

LONGEST = 200
"""Characters of a server's words that are shown."""

_ELEMENT = re.compile(r"<(Code|Message)>([^<]{1,400})</", re.IGNORECASE)
_FIELDS = ("code", "error", "errors", "message", "msg", "error_description", "detail", "title", "reason")
_FIELD = re.compile(rf'"(?:{"|".join(_FIELDS)})"\s*:\s*"((?:[^"\\]|\\.){{1,400}})"', re.IGNORECASE)
_MOST_DEPTH = 3
_PLAIN = re.compile(r"[^<>{}\x00-\x08\x0b-\x1f]{3,200}\s*")


def own_words(excerpt: str) -> str:
    """The words of an XML or JSON error, or of one plain line, fit to be shown; empty where there are none.

    ``excerpt`` is the beginning of a body, ISO-8859-1.
    """
    text = excerpt.encode("iso-8859-1", "replace").decode("utf-8", "replace").removeprefix("\ufeff").strip()
    words = dict.fromkeys(" ".join(each.split()) for each in _found(text))
    return quoted(redact_text(": ".join(each for each in words if each)), LONGEST)


def own_words_clause(excerpt: str) -> str:
    """The same as the end of a sentence: ``; it says "..."``."""
    words = own_words(excerpt)
    return f'; it says "{words}"' if words else ""


def _found(text: str) -> Iterator[str]:
    if text.startswith("<"):
        yield from (found[2] for found in _ELEMENT.finditer(text))
    elif text.startswith(("{", "[")):
        try:
            yield from _values(json.loads(text), 0)
        except (ValueError, RecursionError):  # cut off, mostly
            yield from (found[1] for found in _FIELD.finditer(text))
    elif _PLAIN.fullmatch(text) and "\n" not in text:
        yield text


def _values(value: Any, depth: int) -> Iterator[str]:
    """The texts under the names that errors have, in that order of names."""
    if isinstance(value, list) and value and depth < _MOST_DEPTH:
        yield from _values(value[0], depth + 1)
    if not isinstance(value, Mapping) or depth >= _MOST_DEPTH:
        return
    lower = {str(key).lower(): each for key, each in value.items()}
    for key in _FIELDS:
        if isinstance(each := lower.get(key), str):
            yield each
        else:
            yield from _values(each, depth + 1)
