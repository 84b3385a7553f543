"""The report for people: what was seen, where, why it matters, how to fix it, and who can.

Grouped by message, then slide, then media URL; what blocks comes before advice, the verdict stands last. One
message without a finding is one line. Of many messages those with the same findings are told once.
"""

from __future__ import annotations

from collections.abc import Iterator

from mmscheck.model.report import PERMITS_NOTHING
from mmscheck.report.entry_text import EntryWriter
from mmscheck.report.findings import entries
from mmscheck.report.layout import Page, shown
from mmscheck.report.many_text import MANY, many_lines
from mmscheck.report.message_text import message_lines
from mmscheck.report.oneline import one_liners
from mmscheck.report.rollup import Judged, rolled
from mmscheck.report.rollup_text import rollup_lines
from mmscheck.report.scrub import scrub
from mmscheck.report.summary import closing, configuration, counted, notes, work_list
from mmscheck.report.verdicts import message_verdicts
from mmscheck.report.view import View

SEVERAL = 5
"""Messages from which on the tables of rules, servers and owners tell more than the findings themselves."""


def render(view: View) -> str:
    """The whole report, or with ``quiet`` one line per finding and the verdict; ends with a line feed."""
    page = Page(width=view.width, color=view.color, links=view.links)
    safe = scrub(view)
    lines = _quiet(safe, page) if view.quiet else _full(safe, page)
    return "\n".join(lines) + "\n"


def _quiet(view: View, page: Page) -> Iterator[str]:
    for message, verdict in zip(view.report.messages, message_verdicts(view), strict=True):
        yield from one_liners(message, verdict, strict=view.report.strict)
    yield from configuration(view, page)
    for sentence in view.report.allowances:
        yield from page.block(shown(sentence), indent=0)
    yield from closing(view, page)


def _full(view: View, page: Page) -> Iterator[str]:
    pairs = zip(view.report.messages, message_verdicts(view), strict=True)
    judged = tuple((message, verdict, entries(message, verdict)) for message, verdict in pairs)
    if _all_well(view, judged):
        yield from notes(view, page)
        yield from closing(view, page, about=f"{shown(judged[0][0].source)}: ")
        return
    writer = EntryWriter(page, strict=view.report.strict)
    offline = view.report.profile in PERMITS_NOTHING
    if len(judged) > MANY:
        yield from many_lines(judged, writer, offline=offline)
    else:
        yield from _each(judged, writer, offline=offline)
    yield from counted(view, page)
    denied = any(not (verdict.passed) for _, verdict, _ in judged)
    if denied and len(judged) >= SEVERAL:
        yield from rollup_lines(rolled(judged, strict=view.report.strict), page)
    else:
        yield from work_list(writer.owners, page)
    yield from closing(view, page)


def _each(judged: tuple[Judged, ...], writer: EntryWriter, *, offline: bool) -> Iterator[str]:
    for message, verdict, found in judged:
        yield from message_lines(message, verdict, found, writer, offline=offline)
        if found:
            yield ""
    if judged and not judged[-1][2]:
        yield ""


def _all_well(view: View, judged: tuple[Judged, ...]) -> bool:
    """Whether one message was checked, it may go out, and there is nothing to say about it."""
    well = view.verdict.passed
    return well and len(judged) == 1 and not judged[0][2]
