"""The findings of a message, as every format and summary tells them: causes, each with what it explains.

A server that does not answer leaves thirty rules undecided, and that is one thing to fix and not thirty. So
what follows from another finding, and what could not be decided for want of one and the same thing, is told
with the finding that is to blame. What follows from what is on the evaluations: no text is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import groupby
from types import MappingProxyType

import msgspec

from mmscheck.model.mms import MediaRef
from mmscheck.model.report import Evaluation, MessageReport, Pair, TargetKey
from mmscheck.model.rule import LEADERS
from mmscheck.model.verdict import MessageVerdict
from mmscheck.model.waiver import Waiver
from mmscheck.model.words import Because, Outcome, Owner, Severity, TargetKind
from mmscheck.report.clean import scrub_findings
from mmscheck.report.view import View

_ORDER = {TargetKind.MESSAGE: 0, TargetKind.REQUEST: 1, TargetKind.SLIDE: 2, TargetKind.MEDIA: 2}

UNFETCHED = (
    "Let the file be fetched: try its URL with curl from a machine outside your network, and mend what it"
    " shows. Then check again."
)
"""What helps where a file did not come, and no finding of the report tells why."""

NAMED = "Mend what the reason names, then check again."
"""What helps with a rule without a fix of its own."""

_AGAIN = "Check again. If it stays so, export the file anew in another program: "

_DECIDING: Mapping[Because | None, tuple[Owner, str]] = MappingProxyType(
    {
        Because.FILE: (Owner.HOSTING, UNFETCHED),
        Because.UNPROVEN_TYPE: (
            Owner.CONTENT,
            (
                "Open the file in a program for what its name says. If it opens, export it anew from"
                " there in a format that the provider lists; if it does not, its beginning is damaged: upload"
                " it again."
            ),
        ),
        Because.TIME: (
            Owner.CONTENT,
            (
                "Check again while this machine is less busy: the file took longer to decode than it may. "
                "If it stops again, export it smaller or shorter."
            ),
        ),
        Because.CPU_TIME: (
            Owner.CONTENT,
            (
                "Export the file smaller or shorter, or in another program: decoding it takes more time than "
                "it may."
            ),
        ),
        Because.MEMORY: (
            Owner.CONTENT,
            "Export the file smaller: opening it takes more memory than a medium for a handset can need.",
        ),
        Because.NOT_LOOKED_AT: (
            Owner.CONTENT,
            f"{_AGAIN}the one that looked at it broke off, and it may do so elsewhere.",
        ),
        Because.WORKER_DIED: (
            Owner.CONTENT,
            f"{_AGAIN}the decoder broke off on it, and a handset's may too.",
        ),
        Because.NO_WORKER: (
            Owner.SENDER,
            (
                "Run mmscheck where it may start processes, with memory for them: it opens media only in"
                " processes with limits, and none could be started here. Nothing is known to be wrong with"
                " the file."
            ),
        ),
        Because.NOT_DECODABLE: (
            Owner.CONTENT,
            "Open the file in the program that made it and export it again as a plain JPEG, PNG, MP3 or MP4.",
        ),
        Because.NOT_ASKED: (
            Owner.SENDER,
            "Check again with the further requests switched on, so that the server is asked in that way too.",
        ),
    }
)
"""Who can have decided what no finding leads, and how: their rules have fixes for what they look for, and
not for its being hidden."""


class Effect(StrEnum):
    """What something does to the gate: only ``blocks`` denies. What did not fail and is decided has none."""

    NONE = "none"
    BLOCKS = "blocks"
    ADVISES = "advises"
    WAIVED = "waived"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to fix: a finding with what is told below it, or all undecided ones of one reason.

    ``lead`` is the evaluation whose words speak for it, or None when none does. ``follows`` are the
    findings that the lead explains, ``undecided`` those that had nothing to look at because of it. ``waiver``
    is what let the one evaluation through, or all that a baseline knows: then there is nothing to fix.
    ``strict`` says that advice blocks.
    """

    lead: Evaluation | None
    follows: tuple[Evaluation, ...] = ()
    undecided: tuple[Evaluation, ...] = ()
    waiver: Waiver | None = None
    strict: bool = False

    @property
    def items(self) -> tuple[Evaluation, ...]:
        """Every evaluation of the finding, the lead first."""
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
    def failed(self) -> bool:
        """Whether it is certain, and not just undecided."""
        return self.first.outcome is Outcome.FAILED

    @property
    def unfetched(self) -> bool:
        """True when a file is missing, and no finding of the report tells why."""
        item = self.first
        return not self.failed and item.because is Because.FILE and item.rule not in LEADERS.values()

    @property
    def explained(self) -> bool:
        """Whether the lead's own words say what to do."""
        return self.lead is not None and not self.unfetched

    @property
    def rules(self) -> str:
        """The rule that speaks for it; of several none does."""
        return self.lead.rule if self.lead else "several rules"

    @property
    def owner(self) -> Owner | None:
        """Who can fix it, or have it decided; None when that is the makers of mmscheck."""
        if self.first.crashed:
            return None
        return self.first.owner if self.explained else self._decision[0]

    @property
    def deciding(self) -> str:
        """What would decide what nothing in the report leads; empty where a lead has a fix of its own."""
        return "" if self.explained else self._decision[1]

    @property
    def _decision(self) -> tuple[Owner, str]:
        item = self.first
        return _DECIDING.get(item.because) or (item.owner, item.own_fix.split("\n")[0] or NAMED)

    @property
    def severity(self) -> Severity:
        """The worst severity among the evaluations."""
        guards = any(item.severity is Severity.ERROR for item in self.items)
        return Severity.ERROR if guards else Severity.WARNING

    @property
    def effect(self) -> Effect:
        """What it does to the gate.

        Nobody can waive what could not be decided: a waiver that meets it by name lets nothing through.
        """
        if self.waiver is not None and (self.failed or self.waiver.baseline):
            return Effect.WAIVED
        return Effect.BLOCKS if self.strict or self.severity is Severity.ERROR else Effect.ADVISES

    @property
    def blocks(self) -> bool:
        """Whether it keeps its message from going out."""
        return self.effect is Effect.BLOCKS

    @property
    def guards(self) -> tuple[Evaluation, ...]:
        """The evaluations that keep the gate shut, were they not waived."""
        return tuple(item for item in self.items if self.strict or item.severity is Severity.ERROR)


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One message, what the gate decided on it, and its findings."""

    message: MessageReport
    verdict: MessageVerdict
    found: tuple[Finding, ...]

    @property
    def standing(self) -> tuple[Finding, ...]:
        """The findings that nothing let through."""
        return tuple(each for each in self.found if each.effect is not Effect.WAIVED)

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that keep the message from going out."""
        return tuple(each for each in self.found if each.blocks)


def judged(view: View) -> Iterator[Judged]:
    """Every message of a scrubbed view with its findings."""
    for message, verdict in view.pairs:
        yield Judged(
            message=message, verdict=verdict, found=findings(message, verdict, strict=view.report.strict)
        )


def judged_one_by_one(view: View) -> Iterator[Judged]:
    """Every message of a view that is not scrubbed, with its findings, each when it is asked for."""
    for raw, verdict in view.pairs:
        message = scrub_findings(raw)
        yield Judged(
            message=message, verdict=verdict, found=findings(message, verdict, strict=view.report.strict)
        )


def findings(message: MessageReport, verdict: MessageVerdict, *, strict: bool) -> tuple[Finding, ...]:
    """Every finding of a message: errors, warnings, what is waived; by place, failed before undecided."""
    waivers = verdict.waivers
    alone: list[Finding] = []
    known: list[Evaluation] = []
    standing: list[Evaluation] = []
    for item in message.evaluations:
        if not item.is_finding:
            continue
        waiver = waivers.get((item.rule, item.target))
        if waiver is None:
            standing.append(item)
        elif waiver.baseline:
            known.append(item)
        else:
            alone.append(Finding(lead=item, waiver=waiver, strict=strict))
    before = (
        msgspec.structs.replace(each, waiver=waivers[each.first.rule, each.target])
        for each in _grouped(known, strict=strict)
    )
    return tuple(sorted((*alone, *before, *_grouped(standing, strict=strict)), key=_in_order))


def _grouped(items: Sequence[Evaluation], *, strict: bool) -> Iterator[Finding]:
    """The evaluations under their causes; those without one by what they are undecided for want of."""
    known = {(item.rule, item.target): at for at, item in enumerate(items) if not item.crashed}
    above = [_cause(item, known) for item in items]
    trees: dict[int, list[int]] = {}
    for at in range(len(items)):
        trees.setdefault(_root(at, above), []).append(at)
    groups: dict[object, list[int]] = {}
    for root, tree in trees.items():
        key = root if len(tree) > 1 else _shared(items[root]) or root
        groups.setdefault(key, []).extend(tree)
    for shared, tree in groups.items():
        if isinstance(shared, int) or len(tree) == 1:
            yield _led(items, tree, above, strict=strict)
        else:
            together = _guards_first(items[at] for at in sorted(tree))
            yield Finding(lead=None, undecided=together, strict=strict)


def _cause(item: Evaluation, known: Mapping[Pair, int]) -> int | None:
    """The place of the finding that this one is told with: the first of its causes that is told here."""
    if item.crashed:
        return None
    return next((known[pair] for pair in item.causes if pair in known), None)


def _root(at: int, above: Sequence[int | None]) -> int:
    """The finding at the end of the causes; what leads in a circle, which no rule set does, ends there."""
    passed = {at}
    while (cause := above[at]) is not None and cause not in passed:
        passed.add(cause)
        at = cause
    return at


def _led(
    items: Sequence[Evaluation], tree: Sequence[int], above: Sequence[int | None], *, strict: bool
) -> Finding:
    root = _root(tree[0], above)
    follows: list[Evaluation] = []
    undecided: list[Evaluation] = []
    for at in sorted(tree):
        if at == root:
            continue
        item, cause = items[at], above[at]
        led = cause is not None and not _failed(item) and _leads(items[cause], item)
        (undecided if led else follows).append(item)
    return Finding(
        lead=items[root],
        follows=_guards_first(follows),
        undecided=_guards_first(undecided),
        strict=strict,
    )


def _leads(cause: Evaluation, item: Evaluation) -> bool:
    """Whether the cause says that there was nothing to look at."""
    return item.because is not None and cause.rule == LEADERS.get(item.because)


def _failed(item: Evaluation) -> bool:
    return item.outcome is Outcome.FAILED


def _shared(item: Evaluation) -> object:
    """What is undecided with one key is so for one reason, which no other finding tells; None for a failure.

    Several rules may have asked for what broke once: they have its traceback in common.
    """
    if item.crashed:
        trace = item.evidence.get("traceback")
        return (item.target, trace) if trace else None
    return (item.target, item.because) if item.because and not _failed(item) else None


def _guards_first(items: Iterable[Evaluation]) -> tuple[Evaluation, ...]:
    """The rules that guard the gate, then advice, each in the report's order."""
    return tuple(sorted(items, key=lambda item: item.severity is not Severity.ERROR))


def _in_order(each: Finding) -> tuple[bool, bool, tuple[int, int, int], bool]:
    advises = each.waiver is None and each.severity is not Severity.ERROR
    return each.waiver is not None, advises, place(each.target), not each.failed


def place(key: TargetKey) -> tuple[int, int, int]:
    """Sorts targets as a reader meets them: message, request, then each slide and its media."""
    return _ORDER[key.kind], key.slide, key.media


def by_place(found: Iterable[Finding]) -> Iterator[tuple[TargetKey, tuple[Finding, ...]]]:
    """Neighbouring findings about one target, together."""
    for _, group in groupby(found, key=lambda each: place(each.target)):
        together = tuple(group)
        yield together[0].target, together


def ref_of(message: MessageReport, key: TargetKey) -> MediaRef | None:
    """The medium that a target is about, if it is about one."""
    return next((ref for ref in message.media if ref.index == key.media), None)
