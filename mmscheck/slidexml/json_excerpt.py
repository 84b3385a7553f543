"""Lines of a JSON document made fit to be shown: short, printable and without secrets.

A text is shown where the key before it is one of a message; whatever else stands in quotation marks is not.
"""

from __future__ import annotations

import re

from mmscheck.base.redact import redact_text, redact_url
from mmscheck.base.text import escaped
from mmscheck.base.xml import folded
from mmscheck.slidexml.decode import offset_of
from mmscheck.slidexml.excerpt import LONGEST_LINE, cut
from mmscheck.slidexml.json_names import MEDIA, TEXT, TYPES, URL, XML_MEDIA

_MARGIN = 1000  # characters either side of the fault that are looked at: a document can be one line
_SHOWN = frozenset(
    folded(name) for name in (*TYPES, *MEDIA, *XML_MEDIA, TEXT, URL, "duration", "subject", "text")
)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*+)("|$)(\s*:)?')
_URL = re.compile(r"https?:(?:\\?/){2}[^\s\"'<>]+", re.IGNORECASE)
_NAME = re.compile(r"[\w .-]{1,40}")
_BARE = re.compile(r"[A-Za-z0-9+/_=-]{12,}")


def excerpt(text: str, line: int, column: int) -> str:
    """The line as it may be shown, cut to the neighbourhood of the column (from 1)."""
    start = offset_of(text, line)
    end = text.find("\n", start)
    stop = len(text) if end < 0 else end
    left, right = max(start, start + column - _MARGIN), min(stop, start + column + _MARGIN)
    window = text[left:right]
    if left > start:
        # It may begin inside a text, and then every quotation mark would be taken for its opposite.
        window = _from_a_name(window)
    shown = masked(window)
    around = len(masked(window[: max(0, column - 1 - (left - start))]))
    indent = len(shown) - len(shown.lstrip())
    return cut(escaped(shown.strip()), max(0, around - indent))


def shown_line(text: str, start: int) -> str:
    """The line that begins at this character, as reports show it below a finding."""
    end = text.find("\n", start)
    stop = len(text) if end < 0 else end
    shown = escaped(masked(text[start : min(stop, start + 2 * LONGEST_LINE)]))
    return shown if len(shown) <= LONGEST_LINE else f"{shown[:LONGEST_LINE]}…"


def masked(window: str) -> str:
    """A piece of a document, that begins outside texts, without secrets; URLs as reports show them."""
    parts: list[str] = []
    done, key = 0, ""
    for found in _STRING.finditer(window):
        between = window[done : found.start()]
        parts.append(_outside(between))
        if between.strip():
            key = ""  # what stands in an array, or behind a comma, is not the text of this key
        if found[3] is not None:
            key = folded(found[1])
            plain = key in _SHOWN or _NAME.fullmatch(found[1])
            parts.append(found.group() if plain else '"…":')
        else:
            parts.append(f'"{_value(found[1]) if key in _SHOWN else "…"}{found[2]}')
            key = ""
        done = found.end()
    return redact_text("".join([*parts, _outside(window[done:])]))


def _outside(piece: str) -> str:
    return _BARE.sub("…", piece)


def _value(text: str) -> str:
    return _URL.sub(lambda found: _redacted(found.group()), text)


def _redacted(written: str) -> str:
    url = written.replace("\\/", "/")
    redacted = redact_url(url)
    return written if redacted == url else redacted


def _from_a_name(window: str) -> str:
    found = re.search(r'[{,]\s*(?="[\w-]{1,40}"\s*:)', window)
    return "…" + window[found.end() :] if found else "…"
