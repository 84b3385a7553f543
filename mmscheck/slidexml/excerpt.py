"""Lines of a document made fit to be shown: short, printable and without secrets.

A document that cannot be parsed has no elements to go by, so the markup is read loosely and text is shown
only where it stands in an element known to hold content. API keys live anywhere else. In a document that
was parsed, a URL is shown as reports show it everywhere, so that it can be found in its line again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mmscheck.base.redact import LONGEST_HARMLESS, redact_text, redact_url
from mmscheck.base.secret_words import SECRET_ELEMENTS
from mmscheck.base.text import escaped, xml_unescaped
from mmscheck.model.mms import Mms
from mmscheck.slidexml.decode import offset_of
from mmscheck.slidexml.names import DURATION, KINDS, NAME, SUBJECT, TEXT, URL, is_known, key_of

WIDTH = 120
"""Characters of an excerpt, not counting the marks where it was cut."""

BARE = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|$)|<!--.*?(?:-->|$)"
    r"|(?P<bare>&)(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)"
)
"""Ampersands that begin nothing XML knows, as group ``bare``; CDATA and comments are stepped over."""

_MARGIN = 1000  # characters either side of the fault that are looked at: lines can be megabytes long
_SHOWN = frozenset({URL, SUBJECT, TEXT, NAME, DURATION, "action", *KINDS})
_KEY_OF_PIECE = re.compile(r"\s*(/?)\s*([\w.:-]*)")
_WORD = re.compile(r"[^\s&<>]+")
_PLAIN_NAME = re.compile(r"[a-z:_-]{1,12}|[A-Z:_-]{1,12}|")
_PLAIN_ATTRIBUTE = re.compile(
    r"""(?<!\s)\s++(?:duration|xmlns(?::\w{1,12})?)\s*=\s*(?:"[^"<]*"|'[^'<]*')""", re.IGNORECASE
)
_TOKEN = re.compile(r"(?=[A-Za-z+]*[0-9])[A-Za-z0-9+]{12,}|[A-Za-z0-9+_-]{40,}")
_SECRET_PAIR = re.compile(
    r"""(?<![\w.-])(?=[\w.-]*(?:key|pass|secret|token|auth|sig|cred))"""
    r"""([\w.-]++["']?\s*+[=:]\s*+)("[^"]*"?|'[^']*'?|[^\s&<>"']+)""",
    re.IGNORECASE,
)
_LONG_VALUE = re.compile(rf"""(?<==)[^\s&<>"'=]{{{LONGEST_HARMLESS + 1},}}""")
_VALUE = re.compile(r"(=)([^&;]*)")
_PLAIN_VALUE = re.compile(r"[A-Za-z_-]{0,16}|[0-9.]{1,8}|…")
_USERINFO = re.compile(r"//[^/\s@<>]{1,300}@")


def cut(text: str, around: int = 0, width: int = WIDTH) -> str:
    """At most ``width`` characters of the text, those near ``around``, with … where it was cut."""
    start = max(0, min(around - width // 2, len(text) - width))
    end = start + width
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")


def excerpt(text: str, line: int, column: int = 0) -> str:
    """The line as it may be shown, cut to the neighbourhood of the column (from 0)."""
    shown = shown_line(text, line, column)
    fault = BARE.search(shown)
    return _fit(shown, fault.start() if fault and fault["bare"] else min(column, _MARGIN))


def corrected(text: str, line: int, column: int = 0) -> str:
    """The line as it may be shown, with every bare ampersand written as XML wants it."""
    shown = shown_line(text, line, column)
    found = [match.start() for match in BARE.finditer(shown) if match["bare"]]
    mended = BARE.sub(lambda match: "&amp;" if match["bare"] else match.group(), shown)
    return _fit(mended, found[0] if found else 0)


def query_around(shown: str, at: int) -> str:
    """The query that this place of a masked line is in, with no value that may be a secret; or nothing."""
    start = max(shown.rfind(mark, 0, at) for mark in "?<> \t\"'") + 1
    end = min(found for mark in "<> \t\"'#" if (found := shown.find(mark, at)) >= 0 or (found := len(shown)))
    query = shown[start:end]
    if shown[start - 1 : start] != "?" or "=" not in query or len(query) > WIDTH:
        return ""
    return escaped(_VALUE.sub(lambda found: found[1] + (found[2] if _is_plain(found[2]) else "…"), query))


def _is_plain(value: str) -> bool:
    return _PLAIN_VALUE.fullmatch(value) is not None


def shown_line(text: str, line: int, column: int = 0) -> str:
    """The line around the column (from 0) with secrets masked, not yet cut to width."""
    start = offset_of(text, line)
    end = text.find("\n", start)
    stop = len(text) if end < 0 else end
    left, right = max(start, start + column - _MARGIN), min(stop, start + column + _MARGIN)
    window = text[left:right]
    if left > start:
        # The first word may be the end of a value whose name was cut off.
        window = re.sub(r"^[^\s&<>?]+", "…", window)
    return masked(window, *context(text, left))


def _fit(line: str, around: int) -> str:
    indent = len(line) - len(line.lstrip())
    return cut(escaped(line.strip()), max(0, around - indent))


def context(text: str, at: int) -> tuple[str | None, bool]:
    """The name of the tag before ``at`` (None before any tag) and whether ``at`` lies inside that tag."""
    start = text.rfind("<", 0, at)
    while start >= 0 and text[start + 1 : start + 2] in {"!", "?"}:
        start = text.rfind("<", 0, start)
    if start < 0:
        return None, False
    match = _KEY_OF_PIECE.match(text, start + 1, start + 200)
    name = match.group(1) + match.group(2) if match else ""
    return name, text.find(">", start, at) < 0


def masked(window: str, name: str | None, inside_tag: bool) -> str:  # noqa: FBT001 - what `context` returns
    """A piece of a document without secrets; ``name`` and ``inside_tag`` say where it begins."""
    first, *pieces = window.split("<")
    key = "" if name is None or name.startswith("/") else key_of(name)
    shown = [_tag(first, key) if inside_tag else _pairs(first) if name is None else _body(first, key)]
    for piece in pieces:
        key, text = _piece(piece, key)
        shown.append(text)
    return "<".join(shown)


def _piece(piece: str, current: str) -> tuple[str, str]:
    """What follows a ``<``: the key of the element now open ("" after an end tag), and the masked text."""
    if piece.startswith("![CDATA["):
        return current, "![CDATA[" + _body(piece[8:], current)
    if piece.startswith(("!", "?")):
        plain = piece.startswith(("?xml ", "!DOCTYPE ", "!doctype "))
        return current, _pairs(piece) if plain else _hidden(piece)
    match = _KEY_OF_PIECE.match(piece)
    closing, name = (match.group(1), match.group(2)) if match else ("", "")
    if current in SECRET_ELEMENTS and not closing:
        return current, _hidden(piece)
    key = "" if closing else key_of(name)
    return key, _tag(piece, key, closing + name)


def _tag(piece: str, key: str, name: str = "") -> str:
    """A tag and the text after it; names, attributes and text stay where they are plainly no secret."""
    start = piece.find(name) + len(name)
    inside, mark, body = piece[start:].partition(">")
    bare = name.removeprefix("/")
    plain = is_known(key_of(bare)) or _PLAIN_NAME.fullmatch(bare)
    opening = piece[:start] if plain else "…"
    return opening + _attributes(inside) + mark + _body(body, key)


def _attributes(inside: str) -> str:
    shown = [match.span() for match in _PLAIN_ATTRIBUTE.finditer(inside)]
    parts, done = [], 0
    for start, end in shown:
        parts += [_hidden(inside[done:start]), _pairs(inside[start:end])]
        done = end
    return "".join([*parts, _hidden(inside[done:])])


def _body(text: str, key: str) -> str:
    return _pairs(text) if key in _SHOWN else _hidden(text)


def _pairs(text: str) -> str:
    masked = _SECRET_PAIR.sub(r"\1…", text)
    return _TOKEN.sub("…", _USERINFO.sub("//…@", _LONG_VALUE.sub("…", masked)))


def _hidden(text: str) -> str:
    return _WORD.sub("…", text)


LONGEST_LINE = 600
"""Characters that are kept of a line; what a finding is about stands at the beginning of all but odd ones."""

_PLAIN_TAG = re.compile(r"\s*</?[a-zA-Z-]{1,20}>\s*")
"""A tag alone on its line, which holds nothing to be masked."""

_URL = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
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
    line = text[start : min(stop, start + 2 * LONGEST_LINE)]
    if _PLAIN_TAG.fullmatch(line):
        return line
    if start + len(line) < stop:
        # The last word may be the beginning of a value that is known as a secret only as a whole.
        line = re.sub(r"[^\s<>]*$", "…", line)
    urls: list[str] = []
    stand_in = _URL.sub(lambda found: _put_away(found.group(), urls), _STAND_IN.sub("…", line))
    hidden = redact_text(masked(stand_in, *context(text, start)))
    shown = escaped(_STAND_IN.sub(lambda found: urls[ord(found.group()) - _FIRST_STAND_IN], hidden))
    return shown if len(shown) <= LONGEST_LINE else f"{shown[:LONGEST_LINE]}…"


def _put_away(written: str, urls: list[str]) -> str:
    """One character that stands for the URL while the line is masked; the URL is redacted as a whole."""
    url = xml_unescaped(written)
    redacted = redact_url(url)
    urls.append(written if redacted == url else redacted)
    return chr(_FIRST_STAND_IN + len(urls) - 1)
