"""The report for people: what was seen, where, why it matters, how to fix it, and who can.

Grouped by message, then slide, then media URL; what blocks comes before advice, the verdict stands last.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from mmscheck.formats.entry_text import EntryWriter
from mmscheck.formats.findings import Entry, by_place, entries, is_finding
from mmscheck.formats.layout import Page, Style, shown, shown_url
from mmscheck.formats.oneline import gate_reasons, one_liners
from mmscheck.formats.scrub import scrub
from mmscheck.formats.summary import closing, counted, decision_word, work_list
from mmscheck.formats.verdicts import message_verdicts
from mmscheck.formats.view import View
from mmscheck.formats.wording import came_back, count, heading, location, medium, ref_of
from mmscheck.model.report import LINT, MessageReport, TargetKey
from mmscheck.model.verdict import MessageVerdict
from mmscheck.model.words import Severity, TargetKind

ADVICE = "Advice, which blocks nothing unless --strict is given"


def render(view: View) -> str:
    """The whole report, or with ``quiet`` one line per finding and the verdict; ends with a line feed."""
    page = Page(width=view.width, color=view.color)
    safe = scrub(view)
    lines = _quiet(safe, page) if view.quiet else _full(safe, page)
    return "\n".join(lines) + "\n"


def _quiet(view: View, page: Page) -> Iterator[str]:
    for message, verdict in zip(view.report.messages, message_verdicts(view), strict=True):
        yield from one_liners(message, verdict, strict=view.report.strict)
    for sentence in view.report.allowances:
        yield from page.block(shown(sentence), indent=0)
    yield from closing(view, page)


def _full(view: View, page: Page) -> Iterator[str]:
    writer = EntryWriter(page, strict=view.report.strict)
    found: tuple[Entry, ...] = ()
    for message, verdict in zip(view.report.messages, message_verdicts(view), strict=True):
        found = entries(message, verdict)
        yield from _head(message, verdict, page, offline=view.report.profile == LINT)
        for title, chosen in _sections(found, strict=view.report.strict):
            yield from _section(message, title, chosen, writer)
        yield from _reasons(message, verdict, page)
        if found:
            yield ""
    if view.report.messages and not found:
        yield ""
    yield from counted(view, page)
    yield from work_list(writer.owners, page)
    yield from closing(view, page)


def _head(message: MessageReport, verdict: MessageVerdict, page: Page, *, offline: bool) -> Iterator[str]:
    word, style = decision_word(verdict, offline=offline)
    titles = {"name": message.name, "subject": message.subject}
    told = [f'{title} "{shown(text)}"' for title, text in titles.items() if text is not None]
    if not any(ref.is_file for ref in message.media):
        told.append(count(len(message.media), "media file"))
    text = ", ".join([shown(message.source), *told])
    yield from page.block(text, indent=0, label=f"{word}  ", style=style)


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
    if entry.waiver is not None:
        return "Waived, which blocks nothing until the waiver expires"
    if entry.severity is Severity.ERROR:
        return "To fix before this can be sent"
    return "Warnings, which block too because of --strict" if strict else ADVICE


def _medium(message: MessageReport, key: TargetKey, entry: Entry, page: Page) -> Iterator[str]:
    """The line that names a medium and what came back for it."""
    ref = ref_of(message, key)
    url = entry.first.url
    yield from page.block(
        f"{medium(ref, shown_url(url) if url else None)} ({location(message.source, entry.first.line)})",
        indent=6,
        hang=2,
    )
    if ref is not None:
        yield from page.block(came_back(message.observations.get(ref.url)), indent=8, hang=2)
        if detected := message.servers.get(ref.url):
            yield from page.block(f"Detected: {shown(detected.phrase)}.", indent=8, hang=2)
