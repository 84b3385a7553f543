"""One run as flat rows: the one reading of a view that every machine format writes down.

What a row says is what the gate decided: a format that turns rows into its own words cannot disagree with
another one. All texts of a row are shown texts: redacted, on one line, with nothing hidden in them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from enum import StrEnum

import msgspec

from mmscheck.model.report import Evaluation, MessageReport, Report, TargetKey
from mmscheck.model.verdict import MessageVerdict
from mmscheck.model.waiver import Waiver
from mmscheck.model.words import Outcome, Owner, Severity, TargetKind
from mmscheck.report.codes import codes_for
from mmscheck.report.findings import Entry, entries, is_finding
from mmscheck.report.layout import shown, shown_lines, shown_url
from mmscheck.report.wording import ref_of, undecided

_CRASHED = "Send the traceback to the makers of mmscheck; the JSON report has it, as evidence."


class Effect(StrEnum):
    """What a row does to the gate: only ``blocks`` denies. What did not fail and is decided has none."""

    NONE = "none"
    BLOCKS = "blocks"
    ADVISES = "advises"
    WAIVED = "waived"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One rule on one target, or one thing that the gate says of a message or of the run.

    ``source`` is the path as given, empty for the run; ``place`` names the target in words. ``severity`` and
    ``key`` are None for what the gate says, ``owner`` where nobody in particular can fix it. ``line`` counts
    from 1. ``details`` are lines: the gate's reasons, or the traceback of a check that crashed. ``follows``
    are the findings that are told with this one, as ``rule: place``; ``follows_from`` is the rule that this
    one is told with.
    """

    rule: str
    outcome: Outcome
    effect: Effect
    message: str
    source: str = ""
    place: str = ""
    key: TargetKey | None = None
    severity: Severity | None = None
    url: str | None = None
    line: int | None = None
    reason: str = ""
    why: str = ""
    fix: tuple[str, ...] = ()
    owner: Owner | None = None
    codes: tuple[str, ...] = ()
    waiver: Waiver | None = None
    crashed: bool = False
    details: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    follows_from: str = ""


def message_rows(report: Report, message: MessageReport, verdict: MessageVerdict) -> Iterator[Row]:
    """The findings of one message of a scrubbed view, causes only, as the text report numbers them."""
    for entry in entries(message, verdict):
        yield _entry_row(report, message, entry)


def idle_rows(report: Report, message: MessageReport) -> Iterator[Row]:
    """What is no finding: the evaluations of one message that passed or did not apply."""
    for item in message.evaluations:
        if not is_finding(item):
            yield _row(report, message, item, None)


def every_row(report: Report, message: MessageReport, verdict: MessageVerdict) -> Iterator[Row]:
    """Every evaluation of one message in the report's order; what is told with another one names it."""
    told: dict[tuple[str, TargetKey], Row] = {}
    for entry in entries(message, verdict):
        first = _entry_row(report, message, entry)
        told[entry.first.rule, entry.target] = first
        for item in entry.items[1:]:
            row = _row(report, message, item, None)
            told[item.rule, item.target] = msgspec.structs.replace(row, follows_from=first.rule)
    for item in message.evaluations:
        yield told.get((item.rule, item.target)) or _row(report, message, item, None)


def _entry_row(report: Report, message: MessageReport, entry: Entry) -> Row:
    row = _row(report, message, entry.first, entry.waiver)
    below = tuple(f"{shown(item.rule)}: {place_name(item.target)}" for item in entry.items[1:])
    alone = entry.lead is not None and not entry.unfetched
    if not below and alone:
        return row
    blocks = report.strict or entry.severity is Severity.ERROR
    effect = Effect.BLOCKS if blocks else Effect.ADVISES
    changed = msgspec.structs.replace(
        row,
        effect=row.effect if entry.waiver is not None else effect,
        severity=entry.severity,
        owner=entry.owner,
        follows=below,
    )
    if alone or entry.first.crashed:
        return changed
    message_ = row.message if entry.lead is not None else undecided(entry)
    return msgspec.structs.replace(
        changed, message=message_, fix=(entry.deciding,) if entry.deciding else row.fix
    )


def _row(report: Report, message: MessageReport, item: Evaluation, waiver: Waiver | None) -> Row:
    effect = _effect(report, item, waiver)
    ref = ref_of(message, item.target)
    trace = item.evidence.get("traceback", "") if item.crashed else ""
    return Row(
        rule=shown(item.rule),
        outcome=item.outcome,
        effect=effect,
        message=shown(item.message),
        source=message.source,
        place=place_name(item.target),
        key=item.target,
        severity=item.severity,
        url=None if item.url is None else shown_url(item.url),
        line=item.line or None,
        reason=shown(item.reason),
        why=_shown_why(item.why),
        fix=(_CRASHED,) if item.crashed else _shown_fix(item.fix),
        owner=None if item.crashed else item.owner,
        codes=tuple(map(shown, codes_for(item.provider_codes, ref.kind if ref else None))),
        waiver=waiver if effect is Effect.WAIVED else None,
        crashed=item.crashed,
        details=tuple(shown_lines(str(trace))),
    )


# The words of a rule are the same for every target: a run of thousands of messages has a few hundred of them.


@functools.lru_cache(maxsize=1024)
def _shown_why(text: str) -> str:
    return shown(text)


@functools.lru_cache(maxsize=1024)
def _shown_fix(text: str) -> tuple[str, ...]:
    return tuple(shown_lines(text))


def _effect(report: Report, item: Evaluation, waiver: Waiver | None) -> Effect:
    if not is_finding(item):
        return Effect.NONE
    # Nobody can waive what could not be decided: a waiver that meets it by name lets nothing through.
    if waiver is not None and (item.outcome is Outcome.FAILED or waiver.baseline):
        return Effect.WAIVED
    return Effect.BLOCKS if report.strict or item.severity is Severity.ERROR else Effect.ADVISES


def place_name(key: TargetKey) -> str:
    """The target in words: ``message``, ``request``, ``slide 2``, ``slide 2, medium 3`` or ``file``."""
    if key.kind in (TargetKind.MESSAGE, TargetKind.REQUEST):
        return key.kind.value
    if key.kind is TargetKind.SLIDE:
        return f"slide {key.slide}"
    return f"slide {key.slide}, medium {key.media}" if key.slide else "file"
