"""The line of the document that a finding is about, with a caret under the part that is meant.

A caret that points at the wrong place is worse than none: one is drawn only where the part is found in the
line exactly once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape

from mmscheck.model.report import MessageReport
from mmscheck.model.words import TargetKind
from mmscheck.report.findings import Entry
from mmscheck.report.layout import NARROWEST, Page, Style, shown, shown_url

LONGEST = 160
"""Columns of a line that are shown on however wide a page."""

_SLIDE = re.compile(r"<[\w:.-]*slide\b", re.IGNORECASE)
_WIDE = frozenset({"W", "F"})

Span = tuple[int, int]
"""Where a part begins and ends in a text, in characters from 0."""


def source_lines(message: MessageReport, entry: Entry, page: Page, *, indent: int) -> Iterator[str]:
    """``12 | <image>…`` and the carets below it; nothing where the line is not known."""
    number = entry.first.line
    written = message.excerpts.get(number) if number is not None else None
    if written is None:
        return
    text = shown(written.strip())
    gutter = f"{number} | "
    width = min(LONGEST, max(page.width, NARROWEST) - indent - len(gutter))
    spans = _spans(message, entry, text)
    start = _start(text, spans[0] if spans else None, width)
    window = _fitting(text[start:], width - bool(start))
    left, right = "…" * bool(start), "…" * (start + len(window) < len(text))
    yield f"{' ' * indent}{page.paint(gutter, Style.FAINT)}{left}{window}{right}"
    if carets := _carets(window, [(a - start, b - start) for a, b in spans]):
        below = " " * (len(gutter) - 2) + "| " + " " * len(left)
        yield f"{' ' * indent}{page.paint(below, Style.FAINT)}{page.paint(carets, Style.BAD)}"


def shows_url(message: MessageReport, entry: Entry, page: Page, *, indent: int) -> bool:
    """Whether the line that would be shown holds the whole URL of the medium."""
    url = entry.first.url
    return bool(url) and any(
        shown_url(url or "") in line for line in source_lines(message, entry, page, indent=indent)
    )


def _start(text: str, span: Span | None, width: int) -> int:
    """Where the window on a line that is too long begins: with the line, or shortly before the part."""
    if span is None or columns(text) <= width or columns(text[: span[1]]) < width:
        return 0
    room = max(0, width - (span[1] - span[0]))
    return max(0, min(span[0] - room // 2, len(text) - width + 1))


def _fitting(text: str, width: int) -> str:
    """As much of the text as fits, with room for the mark where it was cut."""
    if columns(text) <= width:
        return text
    taken = 0
    for at, char in enumerate(text):
        taken += columns(char)
        if taken > width - 1:
            return text[:at]
    return text


def columns(text: str) -> int:
    """The columns that a text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in _WIDE else 1
        for char in text
    )


def _carets(window: str, spans: Sequence[Span]) -> str:
    line = ""
    for start, end in spans:
        if start < 0 or start >= len(window):
            continue
        line += " " * (columns(window[:start]) - len(line))
        line += "^" * max(1, columns(window[start:end]))
    return line


def _spans(message: MessageReport, entry: Entry, text: str) -> list[Span]:
    """The parts of the line that are meant, in order; none where that is not certain."""
    item = entry.first
    if item.target.kind is TargetKind.MEDIA and item.url:
        return _only(text, shown_url(item.url)) or _only(text, escape(shown_url(item.url)))
    if item.target.kind is TargetKind.SLIDE:
        found = [match.span() for match in _SLIDE.finditer(text)]
        return found if len(found) == 1 else []
    if item.target.kind is TargetKind.MESSAGE and message.subject and entry.lead is not None:
        return _in_subject(message.subject, item.evidence, text)
    return []


def _only(text: str, part: str) -> list[Span]:
    at = text.find(part)
    return [(at, at + len(part))] if part and at >= 0 and text.find(part, at + 1) < 0 else []


def _in_subject(subject: str, evidence: dict[str, Any], text: str) -> list[Span]:
    """Characters of the subject, where the line holds it as it is sent, escaped or in a CDATA section."""
    # Each character is written as one or more, and one of 10 MB took a minute to find nowhere.
    if len(subject) > len(text):
        return []
    chosen = [(at, end) for at, end in _positions(evidence, len(subject)) if 0 <= at < end <= len(subject)]
    for written in ([shown(escape(char)) for char in subject], [shown(char) for char in subject]):
        if place := _only(text, "".join(written)):
            edges = [place[0][0]]
            for piece in written:
                edges.append(edges[-1] + len(piece))
            return [(edges[at], edges[end]) for at, end in chosen]
    return []


def _positions(evidence: dict[str, Any], length: int) -> Iterator[Span]:
    """What a rule about the subject points at: single characters, or all beyond the most there may be."""
    offenders = evidence.get("offenders")
    if isinstance(offenders, list):
        for each in offenders:
            if isinstance(each, dict) and type(at := each.get("position")) is int:
                yield at - 1, at - 1 + max(1, str(each.get("codes", "")).count("U+"))
    elif evidence.get("count") == length and type(most := evidence.get("maximum")) is int:
        yield most, length
