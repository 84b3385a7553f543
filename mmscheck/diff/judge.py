"""What became of one rule on one target: the whole judgement, in one pure function."""

from __future__ import annotations

from msgspec import Struct

from mmscheck.diff.changes import Kind
from mmscheck.model.words import Outcome, Severity
from mmscheck.report.json_read import ReadEvaluation

_WELL = frozenset({Outcome.PASSED, Outcome.INAPPLICABLE})


class Side(Struct, frozen=True, kw_only=True):
    """One run's view of one rule on one target.

    ``evaluation`` is None where it was not evaluated; ``target`` says whether the target is there at all.
    """

    evaluation: ReadEvaluation | None
    target: bool
    strict: bool


class Judgement(Struct, frozen=True, kw_only=True):
    """The kind, whether it blocks, and what else is to be said of it, as half a sentence or empty."""

    kind: Kind
    blocking: bool
    note: str = ""


def judge(old: Side, new: Side) -> Judgement | None:
    """What became of it; None where neither run found fault and both looked, or there is nothing to lose.

    Never ``fixed`` unless the new run evaluated it, and it passed.
    """
    if new.evaluation is None:
        return _without_new(old, new)
    match new.evaluation.outcome:
        case Outcome.FAILED:
            return _failed(old, new, new.evaluation)
        case Outcome.CANT_TELL:
            return _open(old, new, new.evaluation)
        case Outcome.PASSED:
            return _well(old, Kind.FIXED, "")
        case Outcome.INAPPLICABLE:
            return _well(old, Kind.ENDED, "the rule does not apply there any more")


def _without_new(old: Side, new: Side) -> Judgement | None:
    if old.evaluation is None or old.evaluation.outcome in _WELL:
        return None
    if new.target:
        return Judgement(
            kind=Kind.NOT_COMPARED,
            blocking=_guards(old.evaluation, old),
            note="the new run did not evaluate this rule here",
        )
    return Judgement(kind=Kind.ENDED, blocking=False, note="it is not there any more")


def _failed(old: Side, new: Side, found: ReadEvaluation) -> Judgement:
    blocking = _blocks(found, new)
    if found.waived:
        waived = f"let through until {found.waived.expires} by {found.waived.who}"
        same = old.evaluation is not None and old.evaluation.outcome is Outcome.FAILED
        return Judgement(kind=Kind.REMAINS if same else Kind.NEW, blocking=False, note=waived)
    if old.evaluation is None or old.evaluation.outcome is not Outcome.FAILED:
        return Judgement(kind=Kind.NEW, blocking=blocking, note=_unseen(old))
    if blocking and not _blocks(old.evaluation, old):
        note = "was waived before" if old.evaluation.waived else "was advice before, and blocks now"
        return Judgement(kind=Kind.NEW, blocking=True, note=note)
    return Judgement(
        kind=Kind.REMAINS, blocking=blocking, note=_softened(old.evaluation, old, blocking=blocking)
    )


def _open(old: Side, new: Side, found: ReadEvaluation) -> Judgement:
    blocking = _blocks(found, new)
    if old.evaluation is None or old.evaluation.outcome is not Outcome.CANT_TELL:
        return Judgement(kind=Kind.UNDECIDED, blocking=blocking, note=_unseen(old))
    if blocking and not _blocks(old.evaluation, old):
        return Judgement(kind=Kind.UNDECIDED, blocking=True, note="was advice before, and blocks now")
    return Judgement(
        kind=Kind.REMAINS, blocking=blocking, note=_softened(old.evaluation, old, blocking=blocking)
    )


def _well(old: Side, kind: Kind, note: str) -> Judgement | None:
    if old.evaluation is None or old.evaluation.outcome in _WELL:
        return None
    return Judgement(kind=kind, blocking=False, note=note)


def _unseen(old: Side) -> str:
    if old.evaluation is not None:
        return ""
    return "the old run did not evaluate this rule here" if old.target else "was not there before"


def _softened(before: ReadEvaluation, old: Side, *, blocking: bool) -> str:
    return "blocked before, and is advice now" if _blocks(before, old) and not blocking else ""


def _blocks(item: ReadEvaluation, side: Side) -> bool:
    return item.waived is None and _guards(item, side)


def _guards(item: ReadEvaluation, side: Side) -> bool:
    return side.strict or item.severity is Severity.ERROR
