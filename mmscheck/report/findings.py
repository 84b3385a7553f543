"""Evaluations put in the order in which a person fixes things.

What follows from another finding on the same target, and what could not be decided for want of one and the
same thing, becomes a single entry together with the finding that is to blame: a server that does not answer
leaves thirty rules undecided, and that is one thing to fix and not thirty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import msgspec

from mmscheck.model.report import Evaluation, MessageReport, Report, TargetKey
from mmscheck.model.verdict import MessageVerdict
from mmscheck.model.waiver import Waiver
from mmscheck.model.words import Outcome, Owner, Severity, TargetKind
from mmscheck.report.deciding import UNFETCHED, decision
from mmscheck.report.folding import Folding
from mmscheck.report.verdicts import message_verdicts, waivers_of
from mmscheck.report.view import View

_PLACE = {TargetKind.MESSAGE: 0, TargetKind.REQUEST: 1, TargetKind.SLIDE: 2, TargetKind.MEDIA: 2}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to fix: a finding with what is told below it, or all undecided ones of one reason.

    ``lead`` is the evaluation whose words speak for the entry, or None when none does. ``follows`` are the
    findings that the lead explains, ``undecided`` those that had nothing to look at because of it. ``waiver``
    is what let the one evaluation through, or all that a baseline knows: then there is nothing to fix.
    ``unfetched`` says that a file was missing and that no finding of the report tells why.
    """

    lead: Evaluation | None
    follows: tuple[Evaluation, ...] = ()
    undecided: tuple[Evaluation, ...] = ()
    waiver: Waiver | None = None
    unfetched: bool = False

    @property
    def items(self) -> tuple[Evaluation, ...]:
        """Every evaluation of the entry, the lead first."""
        return (*((self.lead,) if self.lead else ()), *self.follows, *self.undecided)

    @property
    def first(self) -> Evaluation:
        """The lead, else the first evaluation."""
        return self.items[0]

    @property
    def target(self) -> TargetKey:
        """The target that has to be mended."""
        return self.first.target

    @property
    def owner(self) -> Owner | None:
        """Who can fix it, or have it decided; None when that is the makers of mmscheck."""
        if self.first.crashed:
            return None
        return self.first.owner if self.lead and not self.unfetched else self._decision[1]

    @property
    def deciding(self) -> str:
        """What would decide what nothing in the report leads; empty where a lead has a fix of its own."""
        return "" if self.lead and not self.unfetched else self._decision[0]

    @property
    def _decision(self) -> tuple[str, Owner]:
        return (UNFETCHED, Owner.HOSTING) if self.unfetched else decision(self.first)

    @property
    def severity(self) -> Severity:
        """The worst severity among the evaluations."""
        guards = any(item.severity is Severity.ERROR for item in self.items)
        return Severity.ERROR if guards else Severity.WARNING


def is_finding(item: Evaluation) -> bool:
    """True for everything that is neither passed nor inapplicable."""
    return item.outcome not in (Outcome.PASSED, Outcome.INAPPLICABLE)


def all_evaluations(report: Report) -> Iterator[Evaluation]:
    """Every evaluation of every message, in the report's order."""
    for message in report.messages:
        yield from message.evaluations


def standing(view: View) -> Iterator[Evaluation]:
    """Every evaluation that no waiver let through, of all messages, in the report's order."""
    for message, verdict in zip(view.report.messages, message_verdicts(view), strict=True):
        waived = waivers_of(verdict)
        if not waived:
            yield from message.evaluations
            continue
        yield from (item for item in message.evaluations if (item.rule, item.target) not in waived)


def entries(message: MessageReport, verdict: MessageVerdict) -> tuple[Entry, ...]:
    """Every finding of a message: errors, warnings, what is waived; by place, failed before undecided."""
    waived = waivers_of(verdict)
    every = [item for item in message.evaluations if is_finding(item)]
    let_through = [item for item in every if (item.rule, item.target) in waived]
    found = [item for item in every if (item.rule, item.target) not in waived]
    before = [item for item in let_through if waived[item.rule, item.target].baseline]
    made = [
        *(
            Entry(lead=item, waiver=waived[item.rule, item.target])
            for item in let_through
            if not waived[item.rule, item.target].baseline
        ),
        *(
            msgspec.structs.replace(entry, waiver=waived[entry.first.rule, entry.target])
            for entry in _folded(message, before)
        ),
    ]
    return tuple(sorted((*made, *_folded(message, found)), key=_order))


def _folded(message: MessageReport, found: Sequence[Evaluation]) -> Iterator[Entry]:
    folding = Folding(message, found)
    roots = [folding.root(at) for at in range(len(found))]
    sizes = Counter(roots)
    grouped: dict[object, list[int]] = {}
    for at, root in enumerate(roots):
        key = root if sizes[root] > 1 else _reason(at, found[at], folding)
        grouped.setdefault(key, []).append(at)
    for parts in grouped.values():
        root = roots[parts[0]]
        if sizes[root] > 1 or len(parts) == 1:
            yield _led(found, root, parts, folding)
        else:
            items = [found[at] for at in parts]
            yield Entry(lead=None, undecided=_guards_first(items), unfetched=folding.is_unfetched(items[0]))


def _reason(at: int, item: Evaluation, folding: Folding) -> object:
    """Findings with one key are undecided for one reason, which no other finding tells."""
    if item.outcome is Outcome.FAILED:
        return at
    if item.crashed:  # several rules may have asked for what broke once
        trace = item.evidence.get("traceback")
        return (item.target, item.reason, trace) if trace else at
    reason = folding.missing(item) or item.reason
    return (item.target, reason) if reason else at


def _led(found: Sequence[Evaluation], root: int, parts: Sequence[int], folding: Folding) -> Entry:
    below = [at for at in parts if at != root]
    return Entry(
        lead=found[root],
        follows=_guards_first(found[at] for at in below if not folding.is_undecided(at)),
        undecided=_guards_first(found[at] for at in below if folding.is_undecided(at)),
        unfetched=folding.is_unfetched(found[root]),
    )


def _guards_first(items: Iterable[Evaluation]) -> tuple[Evaluation, ...]:
    """The rules that guard the gate, then advice, each in the report's order."""
    return tuple(sorted(items, key=lambda item: item.severity is not Severity.ERROR))


def _order(entry: Entry) -> tuple[bool, bool, tuple[int, int, int], bool]:
    undecided = entry.first.outcome is not Outcome.FAILED
    advises = entry.waiver is None and entry.severity is not Severity.ERROR
    return entry.waiver is not None, advises, place(entry.target), undecided


def place(key: TargetKey) -> tuple[int, int, int]:
    """Sorts targets as a reader meets them: message, request, then each slide and its media."""
    return _PLACE[key.kind], key.slide, key.media


def by_place(found: Iterable[Entry]) -> Iterator[tuple[TargetKey, tuple[Entry, ...]]]:
    """Neighbouring entries about one target, together."""
    for _, group in groupby(found, key=lambda entry: place(entry.target)):
        together = tuple(group)
        yield together[0].target, together
