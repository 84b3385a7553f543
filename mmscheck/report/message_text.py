"""One message with its findings as a person reads it: by what they do, then by slide and media URL."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from mmscheck.model.report import MessageReport, TargetKey
from mmscheck.model.verdict import MessageVerdict
from mmscheck.model.words import Severity, TargetKind
from mmscheck.report.asides import looked_at
from mmscheck.report.entry_text import EntryWriter
from mmscheck.report.findings import Entry, by_place, is_finding
from mmscheck.report.layout import Page, Style, shown, shown_url
from mmscheck.report.oneline import gate_reasons
from mmscheck.report.source_text import shows_url, source_lines
from mmscheck.report.summary import decision_word
from mmscheck.report.wording import came_back, heading, location, medium, ref_of

ADVICE = "Advice, which blocks nothing unless --strict is given"
_INDENT = 6


def message_lines(
    message: MessageReport,
    verdict: MessageVerdict,
    found: tuple[Entry, ...],
    writer: EntryWriter,
    *,
    offline: bool,
) -> Iterator[str]:
    """The head of a message, its findings, and what else the gate says."""
    yield from head(message, verdict, writer.page, offline=offline)
    for title, chosen in _sections(found, strict=writer.strict):
        yield from _section(message, title, chosen, writer)
    yield from _reasons(message, verdict, writer.page)


def head(message: MessageReport, verdict: MessageVerdict, page: Page, *, offline: bool) -> Iterator[str]:
    """The message with its verdict in a word."""
    word, style = decision_word(verdict, offline=offline)
    titles = {"name": message.name, "subject": message.subject}
    told = [f'{title} "{shown(text)}"' for title, text in titles.items() if text is not None]
    if not any(ref.is_alone for ref in message.media):
        told.append(looked_at((message,)))
    text = ", ".join([shown(message.source), *told])
    lines = page.block(text, indent=0, label=f"{word}  ", style=style)
    yield from page.linked(lines, message.source)


def _reasons(message: MessageReport, verdict: MessageVerdict, page: Page) -> Iterator[str]:
    reasons = gate_reasons(message, verdict)
    if reasons and any(map(is_finding, message.evaluations)):
        yield ""
    for reason in reasons:
        yield from page.block(reason, indent=2, label="The gate says: ", style=Style.BAD, hang=2)


def _sections(found: tuple[Entry, ...], *, strict: bool) -> Iterator[tuple[str, tuple[Entry, ...]]]:
    """The entries by what they do, each part with its title, empty parts left out."""
    for title, part in groupby(found, key=lambda entry: _title(entry, strict=strict)):
        yield title, tuple(part)


def _section(
    message: MessageReport, title: str, chosen: tuple[Entry, ...], writer: EntryWriter
) -> Iterator[str]:
    yield ""
    yield f"  {writer.page.paint(title, Style.STRONG)}"
    last = ""
    for key, group in by_place(chosen):
        place = heading(key)
        yield ""
        if place != last:
            yield f"    {writer.page.paint(place, Style.STRONG)}"
        last = place
        if key.kind is TargetKind.MEDIA:
            yield from _medium(message, key, group[0], writer.page)
        for entry in group:
            yield from writer.lines(message, entry)


def _title(entry: Entry, *, strict: bool) -> str:
    if entry.waiver is not None and entry.waiver.baseline:
        return "Known from the baseline, which blocks nothing"
    if entry.waiver is not None:
        return "Waived, which blocks nothing until the waiver expires"
    if entry.severity is Severity.ERROR:
        return "To fix before this can be sent"
    return "Warnings, which block too because of --strict" if strict else ADVICE


def _medium(message: MessageReport, key: TargetKey, entry: Entry, page: Page) -> Iterator[str]:
    """The line that names a medium, its place in the document, and what came back for it."""
    ref = ref_of(message, key)
    told = shows_url(message, entry, page, indent=_INDENT + 2)
    url = shown_url(entry.first.url) if entry.first.url and not told else None
    place = location(message.source, entry.first.line)
    yield from page.block(f"{medium(ref, url)} ({place})", indent=_INDENT, hang=2)
    yield from source_lines(message, entry, page, indent=_INDENT + 2)
    if ref is not None:
        yield from page.block(came_back(message.observations.get(ref.url)), indent=_INDENT + 2, hang=2)
        if detected := message.servers.get(ref.url):
            yield from page.block(f"Detected: {shown(detected.phrase)}.", indent=_INDENT + 2, hang=2)
