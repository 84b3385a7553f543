"""Evaluations put in the order in which a person fixes things.

What could not be decided for one and the same reason on one target becomes a single entry, together with the
rule that found the reason: a server that does not answer leaves twenty rules undecided, and that is one thing
to fix and not twenty.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import msgspec

from mmscheck.formats.verdicts import message_verdicts, waivers_of
from mmscheck.formats.view import View
from mmscheck.model.observation import NotFetched
from mmscheck.model.report import Evaluation, MessageReport, Report, TargetKey
from mmscheck.model.verdict import MessageVerdict
from mmscheck.model.waiver import Waiver
from mmscheck.model.words import Outcome, Owner, Severity, TargetKind

LEADERS = ("xml-well-formed", "media-reachable")
"""Rules about having something to look at: where one does not hold, what others cannot tell follows."""

_PLACE = {TargetKind.MESSAGE: 0, TargetKind.REQUEST: 1, TargetKind.SLIDE: 2, TargetKind.MEDIA: 2}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to fix: an evaluation and what follows from it, or all undecided ones of one reason.

    ``lead`` is the evaluation whose words speak for the entry, or None when none does. ``waiver`` is what
    let the one evaluation through: then there is nothing to fix.
    """

    items: tuple[Evaluation, ...]
    lead: Evaluation | None
    waiver: Waiver | None = None

    @property
    def first(self) -> Evaluation:
        """The lead, else the first evaluation."""
        return self.lead or self.items[0]

    @property
    def target(self) -> TargetKey:
        """The one target that every evaluation of the entry is about."""
        return self.items[0].target

    @property
    def owner(self) -> Owner | None:
        """Who can fix it; None when that is the makers of mmscheck, or when the evaluations disagree."""
        if self.first.crashed:
            return None
        owners = {item.owner for item in ((self.lead,) if self.lead else self.items)}
        return owners.pop() if len(owners) == 1 else None

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
        yield from (item for item in message.evaluations if (item.rule, item.target) not in waived)


def entries(message: MessageReport, verdict: MessageVerdict) -> tuple[Entry, ...]:
    """Every finding of a message: errors, warnings, what is waived; by place, failed before undecided."""
    waived = waivers_of(verdict)
    found = [item for item in message.evaluations if is_finding(item)]
    missing = _missing(message)
    led = {item.target for item in found if item.rule in LEADERS and not item.crashed}
    folded: dict[object, list[Evaluation]] = {}
    for at, item in enumerate(found):
        let_through = (item.rule, item.target) in waived
        key = at if let_through else _fold_key(at, item, led, missing)
        folded.setdefault(key, []).append(item)
    made = (_entry(items, waived.get((items[0].rule, items[0].target))) for items in folded.values())
    return tuple(sorted(made, key=_order))


def _missing(message: MessageReport) -> dict[int, str]:
    """Why there is no file, by the index of the medium; fetched ones and unknown ones left out."""
    seen = ((ref.index, message.observations.get(ref.url)) for ref in message.media)
    return {index: each.reason.value for index, each in seen if isinstance(each, NotFetched)}


def _fold_key(at: int, item: Evaluation, led: Container[TargetKey], missing: Mapping[int, str]) -> object:
    """Findings with one key become one entry."""
    if item.crashed or (item.outcome is Outcome.FAILED and item.rule not in LEADERS):
        return at
    if item.rule in LEADERS:
        return item.target, None
    # Checks put the reason in words of their own, but all of them quote why there is no file.
    cause = missing.get(item.target.media, "")
    follows = bool(cause) and cause in item.reason
    if item.target in led and (follows or item.target.kind is TargetKind.MESSAGE):
        return item.target, None
    reason = cause if follows else item.reason
    return (item.target, reason) if reason else at


def _entry(items: Sequence[Evaluation], waiver: Waiver | None) -> Entry:
    if len(items) == 1:
        return Entry(items=tuple(items), lead=items[0], waiver=waiver)
    lead = next((item for item in items if item.rule in LEADERS), None)
    # The lead first, then the rules that guard the gate, then advice, each in the report's order.
    ordered = sorted(items, key=lambda item: (item is not lead, item.severity is not Severity.ERROR))
    return Entry(items=tuple(ordered), lead=lead)


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
