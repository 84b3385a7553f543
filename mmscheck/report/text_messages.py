"""The messages of a run as a person reads them, one by one, and the tables of a run of several.

One message has its findings by what they do, then by slide and media URL. Tables say what blocks how many of
them, at which server, and who can fix it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from mmscheck.base.text import count
from mmscheck.model.report import MessageReport, TargetKey
from mmscheck.model.words import Severity, TargetKind
from mmscheck.report.finding_words import came_back, heading, location, medium
from mmscheck.report.findings import Finding, Judged, by_place, ref_of
from mmscheck.report.layout import Page, Style, shown, shown_url
from mmscheck.report.rollup import HostTally, OwnerTally, Rollup, RuleTally
from mmscheck.report.run_words import decision_word, gate_reasons, looked_at
from mmscheck.report.text_finding import FindingWriter, shows_url, source_lines

_ADVICE = "Advice, which blocks nothing unless --strict is given"
_INDENT = 6


def message_lines(
    one: Judged, found: tuple[Finding, ...], writer: FindingWriter, *, offline: bool
) -> Iterator[str]:
    """The head of a message, these of its findings, and what else the gate says."""
    yield from _head(one, writer.page, offline=offline)
    for title, part in groupby(found, key=_title):
        yield from _section(one.message, title, tuple(part), writer)
    reasons = gate_reasons(one.verdict)
    if reasons and any(item.is_finding for item in one.message.evaluations):
        yield ""
    for reason in reasons:
        yield from writer.page.block(reason, indent=2, label="The gate says: ", style=Style.BAD, hang=2)


def _head(one: Judged, page: Page, *, offline: bool) -> Iterator[str]:
    """The message with its verdict in a word."""
    message = one.message
    word, style = decision_word(one.verdict, offline=offline)
    titles = {"name": message.name, "subject": message.subject}
    told = [f'{title} "{shown(text)}"' for title, text in titles.items() if text is not None]
    if not any(ref.is_alone for ref in message.media):
        told.append(looked_at((message,)))
    text = ", ".join([shown(message.source), *told])
    lines = page.block(text, indent=0, label=f"{word}  ", style=style)
    yield from page.linked(lines, message.source)


def _section(
    message: MessageReport, title: str, chosen: tuple[Finding, ...], writer: FindingWriter
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
        for each in group:
            yield from writer.lines(message, each)


def _title(each: Finding) -> str:
    if each.waiver is not None and each.waiver.baseline:
        return "Known from the baseline, which blocks nothing"
    if each.waiver is not None:
        return "Waived, which blocks nothing until the waiver expires"
    if each.severity is Severity.ERROR:
        return "To fix before this can be sent"
    return "Warnings, which block too because of --strict" if each.strict else _ADVICE


def _medium(message: MessageReport, key: TargetKey, each: Finding, page: Page) -> Iterator[str]:
    """The line that names a medium, its place in the document, and what came back for it."""
    ref = ref_of(message, key)
    told = shows_url(message, each, page, indent=_INDENT + 2)
    url = shown_url(each.first.url) if each.first.url and not told else None
    place = location(message.source, each.first)
    yield from page.block(f"{medium(ref, url)} ({place})", indent=_INDENT, hang=2)
    yield from source_lines(message, each, page, indent=_INDENT + 2)
    if ref is not None:
        yield from page.block(came_back(message.observations.get(ref.url)), indent=_INDENT + 2, hang=2)
        if detected := message.servers.get(ref.url):
            yield from page.block(f"Detected: {shown(detected.phrase)}.", indent=_INDENT + 2, hang=2)


MOST_ROWS = 10
"""Rows of a table; those left out are counted."""

_MOST_RULES = 3
_WIDEST = 40


def rollup_lines(tables: Rollup, page: Page) -> Iterator[str]:
    """Three tables, empty ones left out, and an empty line behind them."""
    blocking = [row for row in tables.rules if row.blocks]
    advice = [row for row in tables.rules if not row.blocks]
    yield from _table("What blocks, by rule", [(row.rule, _rule(row, tables.unit)) for row in blocking], page)
    yield from _table("Advice, by rule", [(row.rule, _rule(row, tables.unit)) for row in advice], page)
    yield from _table(
        "Where, by web server", [(shown_url(row.host), _host(row)) for row in tables.hosts], page
    )
    yield from _table(
        "Who can fix it", [(_name(row), _owner(row, tables.unit)) for row in tables.owners], page
    )
    yield ""


def _table(title: str, rows: Sequence[tuple[str, str]], page: Page) -> Iterator[str]:
    if not rows:
        return
    told = rows[:MOST_ROWS]
    width = min(_WIDEST, max(len(name) for name, _ in told))
    yield ""
    yield page.paint(title, Style.STRONG)
    for name, text in told:
        yield from page.block(text, indent=2, label=f"{shown(name):<{width}}  ", hang=width + 2)
    if len(rows) > len(told):
        yield f"  and {len(rows) - len(told):,} more (--format json has every finding)"


def _rule(row: RuleTally, unit: str) -> str:
    files = f", {count(row.media, 'media file')}" if row.media and unit != "file" else ""
    return f"{count(row.messages, unit)}{files}"


def _host(row: HostTally) -> str:
    named = ", ".join(map(shown, row.rules[:_MOST_RULES]))
    more = f" and {len(row.rules) - _MOST_RULES} more" if len(row.rules) > _MOST_RULES else ""
    about = f"{count(row.messages, 'message')}, {count(row.media, 'media file')}: {named}{more}."
    return f"{about} {_mended(row)}" if row.alone else about


def _mended(row: HostTally) -> str:
    """What fixing this one server would do, no surer than it is."""
    if not row.unsure:
        return f"Fix this one server and {count(row.alone, 'message passes', 'messages pass')}."
    against = "1 message has" if row.alone == 1 else f"{row.alone:,} messages have"
    unseen = "its files" if row.unsure == row.alone == 1 else f"the files of {row.unsure:,} of them"
    return f"Without its faults {against} nothing known against them; {unseen} could not be looked at yet."


def _owner(row: OwnerTally, unit: str) -> str:
    share = "" if row.alone == row.messages else f"{row.alone:,} of them "
    alone = f", {share}for this alone" if row.alone else ""
    return f"{count(row.messages, unit)} denied{alone}; {count(row.findings, 'finding')}"


def _name(row: OwnerTally) -> str:
    return row.owner.value if row.owner else "not clear"
