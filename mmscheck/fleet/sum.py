"""What a run comes to: the sums of its parts, held against the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from mmscheck.fleet.run import Run
from mmscheck.model.exits import Exit
from mmscheck.model.waiver import WaiverState, WaiverUse

TOTAL = "results/total.json"
"""The file that a run ends with."""


class PartSum(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of one part: messages in all, those that nothing blocks, those that only could not be decided.

    ``outcomes`` counts evaluations by rule and outcome; ``waivers`` says of each waiver what it met here.
    """

    part: int
    messages: int
    permitted: int
    undecided: int
    reasons: tuple[str, ...] = ()
    allowances: tuple[str, ...] = ()
    outcomes: dict[str, dict[str, int]] = {}
    waivers: tuple[WaiverUse, ...] = ()


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """The sum of a run: a good end permits no send, which has its own fresh check.

    ``denied`` counts messages with a blocking rule that failed, ``undecided`` those where only something
    could not be decided; ``reasons`` are about the whole run.
    """

    exit_code: int
    messages: int
    permitted: int
    denied: int
    undecided: int
    reasons: tuple[str, ...] = ()
    allowances: tuple[str, ...] = ()
    outcomes: dict[str, dict[str, int]] = {}
    waivers: tuple[WaiverUse, ...] = ()


def merge(run: Run, parts: Sequence[PartSum], *, rows: int) -> Total:
    """Add the parts up; ``rows`` counts the messages in the files. What is missing denies."""
    messages = sum(part.messages for part in parts)
    permitted = sum(part.permitted for part in parts)
    undecided = sum(part.undecided for part in parts)
    reasons = [*_missing(run, parts, rows), *(f"not read: {sentence}" for sentence in run.unread)]
    reasons += [reason for part in parts for reason in part.reasons]
    denied = messages - permitted - undecided
    return Total(
        exit_code=_exit_code(run, denied=denied, open_=bool(reasons or undecided)),
        messages=messages,
        permitted=permitted,
        denied=denied,
        undecided=undecided,
        reasons=tuple(dict.fromkeys(reasons)),
        allowances=tuple(dict.fromkeys(text for part in parts for text in part.allowances)),
        outcomes=_outcomes(parts),
        waivers=_waivers(parts),
    )


def _missing(run: Run, parts: Sequence[PartSum], rows: int) -> Iterable[str]:
    if absent := sorted(set(range(run.parts)) - {part.part for part in parts}):
        yield f"{len(absent)} of {run.parts} parts were not judged"
    if (counted := sum(part.messages for part in parts)) != run.messages:
        yield f"{counted:,} messages were judged, and {run.messages:,} were planned"
    if rows != run.messages:
        yield f"the files have {rows:,} messages, and {run.messages:,} were planned"


def _exit_code(run: Run, *, denied: int, open_: bool) -> int:
    """The worst of all, in the order that the gate has for one report."""
    if run.unread:
        return Exit.NOTHING_CHECKED
    if denied:
        return Exit.DENIED
    return Exit.UNDECIDED if open_ else Exit.PERMITTED


def _outcomes(parts: Sequence[PartSum]) -> dict[str, dict[str, int]]:
    totals: dict[str, Counter[str]] = {}
    for part in parts:
        for rule, counts in part.outcomes.items():
            totals.setdefault(rule, Counter()).update(counts)
    return {rule: dict(sorted(counts.items())) for rule, counts in totals.items()}


def _waivers(parts: Sequence[PartSum]) -> tuple[WaiverUse, ...]:
    """Each waiver once: used when a part used it. Every part has the same waivers, in the same order."""
    merged: list[WaiverUse] = []
    for uses in zip(*(part.waivers for part in parts), strict=True):
        matches = sum(use.matches for use in uses)
        state = next((use.state for use in uses if use.state is WaiverState.USED), uses[0].state)
        merged.append(WaiverUse(waiver=uses[0].waiver, state=state, matches=matches))
    return tuple(merged)
