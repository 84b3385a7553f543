"""One finding as a person reads it, with the line of the document that it is about.

A caret that points at the wrong place is worse than none: one is drawn only where the part is found in the
line exactly once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mmscheck.base.text import count, xml_escaped
from mmscheck.model.report import Evaluation, MessageReport, TargetKey
from mmscheck.model.rule import WELL_FORMED
from mmscheck.model.words import Owner, TargetKind
from mmscheck.report.finding_words import (
    CODES,
    CRASHED,
    OWNERS,
    also,
    codes_of,
    label,
    leave,
    location,
    rule_names,
    seen,
    so,
)
from mmscheck.report.findings import Finding
from mmscheck.report.layout import COPYABLE, NARROWEST, Page, Style, shown, shown_lines, shown_url

_INDENT = 6
_BODY = 10


class FindingWriter:
    """Numbers the findings of one report, says long explanations once, and keeps who can fix which.

    Many media on one server share a fault, its reason and its fix; after the first the others point to it by
    number. One writer serves one report.
    """

    def __init__(self, page: Page) -> None:
        """Start with number 1 and nothing explained."""
        self.page = page
        self.owners: dict[Owner | None, list[int]] = {}
        self._number = 0
        self._told: dict[tuple[str, ...], int] = {}
        self._places: dict[int, tuple[str, TargetKey]] = {}

    def lines(self, message: MessageReport, each: Finding) -> Iterator[str]:
        """The finding: number, kind, rule, place; what was seen; why, fix, who, code; what follows."""
        self._number += 1
        self._places[self._number] = (message.source, each.target)
        if each.waiver is None:
            self.owners.setdefault(each.owner, []).append(self._number)
        kind, style = label(each)
        yield ""
        title = self.page.block(
            f"{each.rules} ({location(message.source, each.first)})",
            indent=_INDENT,
            label=f"[{self._number}] {kind}: ",
            style=style,
            hang=4,
        )
        yield from self.page.linked(title, message.source)
        yield from self.page.block(seen(message.source, each), indent=_BODY)
        if each.waiver is not None and each.waiver.baseline:
            return
        if each.target.kind is not TargetKind.MEDIA:
            yield from source_lines(message, each, self.page, indent=_BODY)
        if each.waiver is not None:
            yield from self._field("By", leave(each.waiver))
        yield from self._advice(each)
        yield from self._codes(message, each)
        yield from self._others(each)

    def _codes(self, message: MessageReport, each: Finding) -> Iterator[str]:
        if each.lead is None or each.lead.crashed:
            return
        if codes := codes_of(message, each.lead):
            yield from self._field("Code", f"{shown(', '.join(codes))}{CODES}")

    def _others(self, each: Finding) -> Iterator[str]:
        if each.lead is None:
            names = rule_names(each.items)
            before = self._before("names", names)
            text = f"the same {count(len(each.items), 'rule')} as in [{before}]" if before else names
            yield from self._field("Rules", f"{text}.")
            return
        if each.follows:
            yield from self._field("Also", also(each))
        if each.undecided:
            yield from self._field("So", so(each))

    def _advice(self, each: Finding) -> Iterator[str]:
        if each.first.crashed:
            yield from self._field("Fix", CRASHED)
            return
        if each.lead is not None and each.explained:
            yield from self._explained(each.lead)
        else:
            yield from self._field("Fix", each.deciding)
        if each.owner:
            yield from self._field("Who", OWNERS[each.owner])

    def _explained(self, item: Evaluation) -> Iterator[str]:
        general = item.own_fix
        before = self._before("why", item.why, general) if item.why or general else None
        if before:
            yield from self._field("Fix", f"as in [{before}].")
        else:
            yield from self._field("Why", item.why)
            yield from self._field("Fix", general)
        told: dict[str, list[int]] = {}
        for each in item.advice:
            number = self._before("advice", each.name, each.words)
            if number is None:
                yield from self._field("Here", f"For {each}")
            elif self._places[number] != self._places[self._number]:
                told.setdefault(each.name, []).append(number)
        if told:
            yield from self._field("Here", f"For {'; for '.join(map(_as_in, told, told.values()))}.")

    def _field(self, name: str, text: str) -> Iterator[str]:
        for at, line in enumerate(shown_lines(text)):
            if at and line.startswith(COPYABLE):
                yield f"{' ' * _BODY}{'':<6}{line}"
                continue
            yield from self.page.block(line, indent=_BODY, label=f"{'' if at else name:<6}")

    def _before(self, *told: str) -> int | None:
        """The number of the finding that said this already; remembers it for this one otherwise."""
        number = self._told.setdefault(told, self._number)
        return None if number == self._number else number


def _as_in(name: str, numbers: Iterable[int]) -> str:
    return f"{name}: as in {', '.join(f'[{number}]' for number in dict.fromkeys(numbers))}"


LONGEST = 160
"""Columns of a line that are shown on however wide a page."""

_SLIDE = re.compile(r"<[\w:.-]*slide\b", re.IGNORECASE)
_WIDE = frozenset({"W", "F"})

Span = tuple[int, int]
"""Where a part begins and ends in a text, in characters from 0."""


def source_lines(message: MessageReport, each: Finding, page: Page, *, indent: int) -> Iterator[str]:
    """``12 | <image>…`` and the carets below it; nothing where the line is not known."""
    number = each.first.line
    written = message.excerpts.get(number) if number is not None else None
    if written is None:
        return
    text = shown(written.strip())
    gutter = f"{number} | "
    width = min(LONGEST, max(page.width, NARROWEST) - indent - len(gutter))
    spans = _spans(message, each, text) or _at_column(each.first, written, text)
    start = _start(text, spans[0] if spans else None, width)
    window = _fitting(text[start:], width - bool(start))
    left, right = "…" * bool(start), "…" * (start + len(window) < len(text))
    yield f"{' ' * indent}{page.paint(gutter, Style.FAINT)}{left}{window}{right}"
    if carets := _carets(window, [(a - start, b - start) for a, b in spans]):
        below = " " * (len(gutter) - 2) + "| " + " " * len(left)
        yield f"{' ' * indent}{page.paint(below, Style.FAINT)}{page.paint(carets, Style.BAD)}"


def shows_url(message: MessageReport, each: Finding, page: Page, *, indent: int) -> bool:
    """Whether the line that would be shown holds the whole URL of the medium."""
    url = each.first.url
    return bool(url) and any(
        shown_url(url or "") in line for line in source_lines(message, each, page, indent=indent)
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


def _spans(message: MessageReport, each: Finding, text: str) -> list[Span]:
    """The parts of the line that are meant, in order; none where that is not certain."""
    item = each.first
    if item.target.kind is TargetKind.MEDIA and item.url:
        return _only(text, shown_url(item.url)) or _only(text, xml_escaped(shown_url(item.url)))
    if path := item.evidence.get("pointer"):
        if item.rule == WELL_FORMED:
            return []
        chars = _in_subject(message.subject, item.evidence, text) if message.subject else []
        return chars or _at_pointer(str(path), text)
    if item.target.kind is TargetKind.SLIDE:
        found = [match.span() for match in _SLIDE.finditer(text)]
        return found if len(found) == 1 else []
    if item.target.kind is TargetKind.MESSAGE and message.subject and each.lead is not None:
        return _in_subject(message.subject, item.evidence, text)
    return []


def _at_column(item: Evaluation, written: str, text: str) -> list[Span]:
    """Where a document could not be read: the column, if nothing before it was replaced by a mark."""
    column = item.evidence.get("column")
    if item.rule != WELL_FORMED or type(column) is not int:
        return []
    at = column - 1 - (len(written) - len(written.lstrip()))
    return [(at, at + 1)] if 0 <= at < len(text) and not _MARKED.search(text[:at]) else []


_MARKED = re.compile(r"[…\\]")
"""What a line has where it is not as it is written: something hidden, or a character escaped."""

_LAST_NAME = re.compile(r"(?:.*[^\w-])?([\w-]+)", re.DOTALL)


def _at_pointer(path: str, text: str) -> list[Span]:
    """The key that a pointer of JSON ends with, where the line has it once; of an item the one brace."""
    if path.endswith("]"):
        return _only(text, "{")
    name = _LAST_NAME.fullmatch(path)
    return _only(text, f'"{name[1]}"') if name else []


def _only(text: str, part: str) -> list[Span]:
    at = text.find(part)
    return [(at, at + len(part))] if part and at >= 0 and text.find(part, at + 1) < 0 else []


def _in_subject(subject: str, evidence: dict[str, Any], text: str) -> list[Span]:
    """Characters of the subject, where the line holds it as it is sent, escaped or in a CDATA section."""
    # Each character is written as one or more, and one of 10 MB took a minute to find nowhere.
    if len(subject) > len(text):
        return []
    chosen = [(at, end) for at, end in _positions(evidence, len(subject)) if 0 <= at < end <= len(subject)]
    for written in ([shown(xml_escaped(char)) for char in subject], [shown(char) for char in subject]):
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
