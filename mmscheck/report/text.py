"""The report for people: what was seen, where, why it matters, how to fix it, and who can.

Grouped by message, then slide, then media URL; what blocks comes before advice, the verdict stands last. One
message without a finding is one line. Of many messages those with the same findings are told once.
"""

from __future__ import annotations

from collections.abc import Iterator

from mmscheck.report.clean import scrub
from mmscheck.report.finding_words import (
    MOST_NAMED,
    follower_names,
    label,
    location,
    rule_names,
    seen,
)
from mmscheck.report.findings import Finding, Judged, judged, judged_at
from mmscheck.report.layout import Page, shown
from mmscheck.report.rollup import RollupTables
from mmscheck.report.run_words import gate_reasons
from mmscheck.report.text_finding import FindingWriter
from mmscheck.report.text_many import MANY, many_lines
from mmscheck.report.text_messages import message_lines, rollup_lines
from mmscheck.report.text_summary import closing, configuration, counted, notes, work_list
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
    for one in judged(view):
        yield from _one_liners(one)
    yield from configuration(view, page)
    for sentence in view.report.allowances:
        yield from page.block(shown(sentence), indent=0)
    yield from closing(view, page)


def _full(view: View, page: Page) -> Iterator[str]:
    total = len(view.report.messages)
    # One message that may go out, with nothing to say about it, is one line.
    if view.verdict.passed and total == 1 and not (one := judged_at(view, 0)).found:
        yield from notes(view, page)
        yield from closing(view, page, about=f"{shown(one.message.source)}: ")
        return
    writer, tables = FindingWriter(page), RollupTables()
    if total > MANY:
        yield from many_lines(view, writer, tables)
    else:
        for at, one in enumerate(judged(view), 1):
            tables.add(one)
            yield from message_lines(one, one.found, writer, offline=view.offline)
            if one.found or at == total:
                yield ""
    yield from counted(view, page)
    every = tables.rolled()
    if every.denied and total >= SEVERAL:
        yield from rollup_lines(every, page)
    else:
        yield from work_list(writer.owners, page)
    yield from closing(view, page)


def _one_liners(one: Judged) -> Iterator[str]:
    """``file:line: kind: slide: what was seen [rules]`` for each finding, then what else the gate says."""
    for each in one.found:
        yield _one_line(one.message.source, each)
    for reason in gate_reasons(one.verdict):
        yield f"{shown(one.message.source)}: denied: {reason}"


def _one_line(source: str, each: Finding) -> str:
    kind, _ = label(each)
    slide = f" slide {each.target.slide}:" if each.target.slide else ""
    where = location(source, each.first)
    return f"{where}: {kind}:{slide} {seen(source, each)} [{_rules(each)}]"


def _rules(each: Finding) -> str:
    if each.lead is None:
        return rule_names(each.items)
    told = [rule_names([each.lead])]
    if each.follows:
        told.append(f"also {follower_names(each)}")
    if len(each.undecided) > MOST_NAMED:
        told.append(f"{len(each.undecided)} rules undecided because of it")
    elif each.undecided:
        told.append(f"so undecided: {rule_names(each.undecided)}")
    return "; ".join(told)
