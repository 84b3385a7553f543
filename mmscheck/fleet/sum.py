"""What a run comes to: the sums of its parts, held against the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

import msgspec
from msgspec.structs import replace

from mmscheck.fleet.run import FleetRun
from mmscheck.model.exits import Exit
from mmscheck.model.waiver import WaiverState, WaiverUse

TOTAL = "results/total.json"
"""The file that a run ends with."""


class PartSum(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of one part: messages in all, those that nothing blocks, those that only could not be decided.

    ``facts`` names the run and what it was judged by; ``findings`` and ``media`` count rows. ``outcomes``
    counts evaluations by rule and outcome; ``waivers`` says of each waiver what it met here.
    """

    part: int
    facts: str
    findings: int
    media: int
    messages: int
    permitted: int
    undecided: int
    reasons: tuple[str, ...] = ()
    allowances: tuple[str, ...] = ()
    outcomes: dict[str, dict[str, int]] = {}
    waivers: tuple[WaiverUse, ...] = ()


class RunTotal(msgspec.Struct, frozen=True, kw_only=True):
    """The sum of a run: a good end permits no send, which has its own fresh check.

    ``run`` is the digest of the plan; ``denied`` counts messages with a blocking rule that failed,
    ``undecided`` those where only something could not be decided; ``reasons`` are about the whole run.
    """

    run: str
    exit_code: int
    messages: int
    permitted: int
    denied: int
    undecided: int
    reasons: tuple[str, ...] = ()
    allowances: tuple[str, ...] = ()
    outcomes: dict[str, dict[str, int]] = {}
    waivers: tuple[WaiverUse, ...] = ()


class RowCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What the files of results say themselves: rows, distinct messages, and how these were decided."""

    messages: int = 0
    distinct: int = 0
    permitted: int = 0
    undecided: int = 0


def added(sums: Sequence[PartSum]) -> PartSum:
    """One sum for at least one of the same part, by the same facts."""
    return replace(
        sums[0],
        **{
            name: sum(getattr(each, name) for each in sums)
            for name in ("findings", "media", "messages", "permitted", "undecided")
        },
        reasons=_each_once(each.reasons for each in sums),
        allowances=_each_once(each.allowances for each in sums),
        outcomes=_outcomes(sums),
        waivers=_waivers(sums),
    )


def merge(run: FleetRun, parts: Sequence[PartSum], *, rows: RowCounts) -> RunTotal:
    """Add the parts up, and hold them against the plan and the files' rows. What is missing denies."""
    messages = sum(part.messages for part in parts)
    permitted = sum(part.permitted for part in parts)
    undecided = sum(part.undecided for part in parts)
    reasons = [*_missing(run, parts, rows), *(f"not read: {sentence}" for sentence in run.unread)]
    reasons += [reason for part in parts for reason in part.reasons]
    denied = messages - permitted - undecided
    return RunTotal(
        run=run.digest,
        exit_code=_exit_code(run, denied=denied, open_=bool(reasons or undecided)),
        messages=messages,
        permitted=permitted,
        denied=denied,
        undecided=undecided,
        reasons=tuple(dict.fromkeys(reasons)),
        allowances=_each_once(part.allowances for part in parts),
        outcomes=_outcomes(parts),
        waivers=_waivers(parts),
    )


def _missing(run: FleetRun, parts: Sequence[PartSum], rows: RowCounts) -> Iterable[str]:
    if absent := sorted(set(range(run.parts)) - {part.part for part in parts}):
        yield f"{len(absent)} of {run.parts} parts were not judged"
    if (counted := sum(part.messages for part in parts)) != run.messages:
        yield f"{counted:,} messages were judged, and {run.messages:,} were planned"
    if rows.messages != run.messages or rows.distinct != run.messages:
        yield f"the files have {rows.messages:,} messages, and {run.messages:,} were planned"
    decided = sum(part.permitted for part in parts), sum(part.undecided for part in parts)
    if decided != (rows.permitted, rows.undecided):
        yield "the files decide otherwise than the sums of their parts"


def _exit_code(run: FleetRun, *, denied: int, open_: bool) -> int:
    """The worst of all, in the order that the gate has for one report."""
    if run.unread:
        return Exit.NOTHING_CHECKED
    if denied:
        return Exit.DENIED
    return Exit.UNDECIDED if open_ else Exit.PERMITTED


def _each_once(texts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(texts)))


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
