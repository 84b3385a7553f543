"""Many messages as a person reads them: those alike are told once.

Nothing is left out in silence: wherever something is not told, the line says how much of it there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmscheck.base.text import count
from mmscheck.model.verdict import MessageVerdict
from mmscheck.report.findings import Finding, Judged, judged, judged_at
from mmscheck.report.layout import Page, shown
from mmscheck.report.rollup import RollupTables, host_of
from mmscheck.report.run_words import decision_word, is_lone
from mmscheck.report.text_finding import FindingWriter
from mmscheck.report.text_messages import message_lines
from mmscheck.report.view import View

MANY = 20
"""Messages that are told one by one; of more, those alike are told together."""

MOST_KINDS = 10
"""Kinds of denied messages of which one is told in full."""

MOST_SOURCES = 5
"""Messages that are named beside the one that is told."""

Kind = tuple[tuple[tuple[str, str | None], ...], tuple[str, ...]]
"""Rules that block with the server at which each does, and what else the gate says."""


class _Alike:
    """Messages that one thing is true of: how many, and of which a few are named."""

    def __init__(self, first: int) -> None:
        self.first, self.number, self.lone = first, 0, 0
        self.begins_lone = False
        self.sources: list[str] = []

    def add(self, one: Judged) -> None:
        lone = is_lone(one.message)
        self.begins_lone = self.begins_lone if self.number else lone
        self.number += 1
        self.lone += lone
        if len(self.sources) <= MOST_SOURCES:
            self.sources.append(one.message.source)

    def add_all(self, others: _Alike) -> None:
        self.number += others.number
        self.lone += others.lone
        self.sources = [*self.sources, *others.sources][: MOST_SOURCES + 1]

    @property
    def noun(self) -> str:
        return "file" if self.lone == self.number else "message"

    @property
    def others(self) -> str:
        """What those after the first are."""
        return "file" if self.lone - self.begins_lone == self.number - 1 else "message"

    def names(self, *, but: int = 0) -> str:
        """A few of them, and how many more; without so many at the beginning."""
        chosen = self.sources[but : but + MOST_SOURCES]
        left = self.number - but - len(chosen)
        return ", ".join(map(shown, chosen)) + (f" and {left:,} more" if left else "")


class _Passed:
    """What is told of the messages that passed."""

    def __init__(self) -> None:
        self.alike = _Alike(0)
        self.advised = self.waived = self.known = 0
        self.verdict: MessageVerdict | None = None

    def add(self, one: Judged) -> None:
        waivers = [each.waiver for each in one.found if each.waiver is not None]
        self.verdict = self.verdict or one.verdict
        self.alike.add(one)
        self.advised += bool(one.standing)
        self.waived += any(not each.baseline for each in waivers)
        self.known += any(each.baseline for each in waivers)


def many_lines(view: View, writer: FindingWriter, tables: RollupTables) -> Iterator[str]:
    """The messages that passed in a line, then of each kind of denied ones the first, largest kinds first.

    They are gone through once, and nothing is kept of them but counts and a few names; ``tables`` has all.
    """
    passed = _Passed()
    kinds: dict[Kind, _Alike] = {}
    for at, one in enumerate(judged(view)):
        tables.add(one)
        if one.verdict.passed:
            passed.add(one)
        else:
            kinds.setdefault(_kind(one), _Alike(at)).add(one)
    yield from _well(passed, writer.page, offline=view.offline)
    largest = sorted(kinds.values(), key=lambda alike: alike.number, reverse=True)
    for alike in largest[:MOST_KINDS]:
        first = judged_at(view, alike.first)
        chosen = first.blocking
        yield ""
        yield from message_lines(first, chosen, writer, offline=view.offline)
        at_servers = any(host_of(first.message, each) for each in chosen)
        yield from _left_out(len(first.found) - len(chosen), writer.page)
        yield from _others(alike, writer.page, at_servers=at_servers)
    yield from _rest(view, largest[MOST_KINDS:], writer.page)
    yield ""


def _well(passed: _Passed, page: Page, *, offline: bool) -> Iterator[str]:
    if passed.verdict is None:
        return
    word, style = decision_word(passed.verdict, offline=offline)
    number = passed.alike.number
    told = [count(number, passed.alike.noun)]
    if passed.advised:
        told.append(f"{_share(passed.advised, number)} with advice (--format json has it)")
    if passed.waived:
        told.append(f"{_share(passed.waived, number)} with a finding that is waived")
    if passed.known:
        told.append(f"{_share(passed.known, number)} with a fault that the baseline knows")
    yield from page.block(", ".join(told), indent=0, label=f"{word}  ", style=style)


def _share(some: int, whole: int) -> str:
    return "all of them" if some == whole else f"{some:,} of them"


def _kind(one: Judged) -> Kind:
    named = {(_rules(each), host_of(one.message, each)) for each in one.blocking}
    return tuple(sorted(named, key=lambda pair: (pair[0], pair[1] or ""))), one.verdict.untold


def _rules(each: Finding) -> str:
    return each.lead.rule if each.lead else ", ".join(sorted({item.rule for item in each.items}))


def _left_out(advice: int, page: Page) -> Iterator[str]:
    if advice:
        text = (
            f"{count(advice, 'finding')} of this message that {'blocks' if advice == 1 else 'block'} nothing"
        )
        yield ""
        yield from page.block(f"Not told here: {text} (--format json has all).", indent=2, hang=2)


def _others(alike: _Alike, page: Page, *, at_servers: bool) -> Iterator[str]:
    """Which or how many more messages are denied by the same."""
    if alike.number > 1:
        more = count(alike.number - 1, f"more {alike.others} is", f"more {alike.others}s are")
        same = f"denied by the same rules{', at the same server' if at_servers else ''}"
        yield ""
        yield from page.block(f"{more} {same}: {alike.names(but=1)}", indent=2, hang=2)


def _rest(view: View, kinds: Sequence[_Alike], page: Page) -> Iterator[str]:
    if not kinds:
        return
    rest = _Alike(kinds[0].first)
    for alike in kinds:
        rest.add_all(alike)
    word, style = decision_word(view.pair(rest.first)[1], offline=view.offline)
    text = f"{count(rest.number, f'more {rest.noun}')} by other rules or servers (--format json has all): "
    yield ""
    yield from page.block(text + rest.names(), indent=0, label=f"{word}  ", style=style)
