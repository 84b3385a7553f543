"""The lines of a document that findings can name, made fit to be shown.

A URL is shown as reports show it everywhere, so that it can be found in its line again; everything else goes
through the same masks as the excerpt of a document that could not be parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import unescape

from mmscheck.base.redact import redact_text, redact_url
from mmscheck.base.text import escaped
from mmscheck.model.mms import Mms
from mmscheck.slidexml.excerpt import context, masked

LONGEST = 600
"""Characters that are kept of a line; what a finding is about stands at the beginning of all but odd ones."""

_PLAIN = re.compile(r"\s*</?[a-zA-Z-]{1,20}>\s*")
"""A tag alone on its line, which holds nothing to be masked."""

_URL = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
_QUOTES = {"&quot;": '"', "&apos;": "'"}
_FIRST_STAND_IN = 0xE000
_STAND_IN = re.compile("[\ue000-\uf8ff]")
"""Private use: no meaning of their own, and no mask looks at them."""


def excerpts(text: str, message: Mms) -> dict[int, str]:
    """The lines on which parts of the message begin, by number (from 1)."""
    starts = _starts(text)
    numbers = sorted({number for number in _named(message) if 0 < number <= len(starts)})
    return {number: _shown(text, starts[number - 1]) for number in numbers}


def _starts(text: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer("\n", text))]


def _named(message: Mms) -> Iterator[int]:
    for text in (message.name, message.subject):
        if text is not None:
            yield text.line
    yield from (stray.line for stray in message.strays)
    for slide in message.slides:
        yield slide.line
        yield from (ref.line for ref in slide.media)
        yield from (text.line for text in slide.texts)
        if slide.duration is not None:
            yield slide.duration.line


def _shown(text: str, start: int) -> str:
    end = text.find("\n", start)
    stop = len(text) if end < 0 else end
    line = text[start : min(stop, start + 2 * LONGEST)]
    if _PLAIN.fullmatch(line):
        return line
    if start + len(line) < stop:
        # The last word may be the beginning of a value that is known as a secret only as a whole.
        line = re.sub(r"[^\s<>]*$", "…", line)
    urls: list[str] = []
    stand_in = _URL.sub(lambda found: _put_away(found.group(), urls), _STAND_IN.sub("…", line))
    hidden = redact_text(masked(stand_in, *context(text, start)))
    shown = escaped(_STAND_IN.sub(lambda found: urls[ord(found.group()) - _FIRST_STAND_IN], hidden))
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"


def _put_away(written: str, urls: list[str]) -> str:
    """One character that stands for the URL while the line is masked; the URL is redacted as a whole."""
    url = unescape(written, _QUOTES)
    redacted = redact_url(url)
    urls.append(written if redacted == url else redacted)
    return chr(_FIRST_STAND_IN + len(urls) - 1)
