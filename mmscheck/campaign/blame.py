"""Which columns of a row are at fault when the gate denies it, found by putting others in their place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from mmscheck.campaign.columns import Columns
from mmscheck.campaign.judging import Basis, reasons
from mmscheck.campaign.rows import Row
from mmscheck.judge import gate
from mmscheck.judge.engine import rejudge
from mmscheck.model.report import Evaluation, Report
from mmscheck.model.request import Changes
from mmscheck.model.rule import SECOND_GATE, RuleSet
from mmscheck.model.verdict import Verdict
from mmscheck.model.words import Outcome, Severity, TargetKind

_HARMLESS = frozenset({Outcome.PASSED, Outcome.INAPPLICABLE})

_ABOUT_TO = frozenset({"request-to", "request-country"})

MERGE_DATA_USED = "merge-data-used"
"""The rule about names, and not about values: it fails for all rows whose texts are the same."""

_PLAIN = "x"
"""A value that no rule on texts objects to."""

_TOLD = 3
"""Findings that are told of one row."""


def explain(report: Report, verdict: Verdict) -> str:
    """What the blocking findings say, as sentences; the gate's own reasons where there are none."""
    found = [item.message for item in blocking(report, verdict)]
    more = f" And {len(found) - _TOLD} more." if len(found) > _TOLD else ""
    return " ".join(dict.fromkeys(found[:_TOLD])) + more if found else reasons(verdict)


def blamed(basis: Basis, columns: Columns, common: Changes, row: Row, report: Report) -> tuple[str, ...]:
    """The columns whose values make a rule fail on this row; empty where no value of the file does."""
    found = blocking(report, gate.verdict(report))
    names = [columns.names[columns.to]] if any(item.rule in _ABOUT_TO for item in found) else []
    unused = {
        name for item in found if item.rule == MERGE_DATA_USED for name in item.evidence.get("unused", ())
    }
    names += [name for name in columns.names if name in unused]
    on_texts = {item.rule for item in found if item.target.kind is not TargetKind.REQUEST}
    on_texts.discard(MERGE_DATA_USED)
    if on_texts:
        chosen = tuple(rule for rule in basis.ruleset.rules if rule.id in on_texts)
        trial = _Trial(basis, msgspec.structs.replace(basis.ruleset, rules=chosen), columns, common, row)
        names += trial.culprits()
    return tuple(names)


def blocking(report: Report, verdict: Verdict) -> list[Evaluation]:
    """The evaluations by which the gate denies."""
    waived = {(one.rule, one.target) for item in verdict.messages for one in item.waived}
    return [
        item
        for message in report.messages
        for item in message.evaluations
        if item.outcome not in _HARMLESS
        and (report.strict or item.severity is Severity.ERROR)
        and (item.rule, item.target) not in waived
    ]


def may_be_the_row(report: Report, verdict: Verdict) -> bool:
    """Whether what denies may be one row's own: neither the media, nor the message id, nor the run itself."""
    found = blocking(report, verdict)
    shared = any(item.target.kind is TargetKind.MEDIA or item.rule in SECOND_GATE for item in found)
    return bool(found) and not shared and not verdict.reasons


class _Trial:
    """The rules that denied a row, tried on the row with other values in some columns."""

    def __init__(self, basis: Basis, ruleset: RuleSet, columns: Columns, common: Changes, row: Row) -> None:
        self._basis = basis
        self._ruleset = ruleset
        self._columns = columns
        self._common = common
        self._row = row

    def culprits(self) -> list[str]:
        """Each column that is enough by itself; where none is, all that together are."""
        every = [at for at in range(len(self._columns.names)) if at != self._columns.to]
        if self._fails(every):
            return []
        alone = [at for at in every if self._fails([other for other in every if other != at])]
        return [self._columns.names[at] for at in alone or self._needed(every)]

    def _needed(self, every: Sequence[int]) -> list[int]:
        """The columns without which it would not have failed."""
        return [at for at in every if not self._fails([at])]

    def _fails(self, plain: Iterable[int]) -> bool:
        values = list(self._row.values)
        for at in plain:
            values[at] = _PLAIN
        changes = self._columns.changes(values, self._common)
        request = msgspec.structs.replace(self._basis.common, to=self._row.to, changes=changes)
        base = self._basis.checked.message
        told = rejudge(
            self._ruleset,
            self._basis.message,
            base,
            changes=changes,
            request=request,
            binding=self._basis.checked.binding,
            columns=self._basis.columns,
        )
        return any(
            item.outcome not in _HARMLESS
            for item in told.evaluations
            if item.target.kind is not TargetKind.MEDIA
        )
