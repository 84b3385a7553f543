"""Each row judged by every rule, on media that were looked at once for all; and what denies it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from mmscheck.campaign.recipients import Recipient, Recipients
from mmscheck.judge import gate
from mmscheck.judge.engine import rejudge
from mmscheck.model.mms import Mms
from mmscheck.model.observation import Fetched
from mmscheck.model.report import Evaluation, MessageReport, Report
from mmscheck.model.request import SendRequest, SendWindow
from mmscheck.model.rule import SECOND_GATE, RuleSet
from mmscheck.model.verdict import Permit
from mmscheck.model.words import TargetKind
from mmscheck.send.flow import CheckedMessage

_ABOUT_TO = frozenset({"request-to", "request-country", "request-same-country"})

MERGE_DATA_USED = "merge-data-used"
"""The rule about names, and not about values: it fails for all rows whose texts are the same."""

_PLAIN = "x"
"""A value that no rule on texts objects to."""

_SENTENCES = 3
"""Findings that are told of one row."""


class RowJudge(msgspec.Struct, frozen=True, kw_only=True):
    """One full check of the message, which the judgement and the permit of each row rest on.

    ``common`` is the request without a recipient; ``columns`` the names that the rows have merge data for;
    ``window`` is when they are to go out.
    """

    ruleset: RuleSet
    message: Mms
    common: SendRequest
    checked: CheckedMessage
    columns: tuple[str, ...] = ()
    window: SendWindow | None = None

    def request(self, row: Recipient) -> SendRequest:
        """The send that a row asks for."""
        return msgspec.structs.replace(self.common, to=row.to, changes=row.changes)

    def report(self, request: SendRequest, *, first: bool | None = None) -> Report:
        """The report on one send: media as they were seen, everything else evaluated now.

        ``first`` is whether its number has had no message before; None where that was not asked.
        """
        message = self.evaluated(self.ruleset, request, first=first)
        return msgspec.structs.replace(self.checked.report, messages=(message,))

    def evaluated(
        self, ruleset: RuleSet, request: SendRequest, *, first: bool | None = None
    ) -> MessageReport:
        """What these rules find in one send."""
        return rejudge(
            ruleset,
            self.message,
            self.checked.message,
            changes=request.changes,
            request=request,
            binding=self.checked.binding,
            window=self.window,
            columns=self.columns,
            first=first,
        )

    def judged(self, request: SendRequest, *, first: bool | None = None) -> CheckedMessage:
        """The report on one send, with the gate's verdict; it is as old as the look at the media."""
        report = self.report(request, first=first)
        return msgspec.structs.replace(self.checked, report=report, verdict=gate.verdict(report))

    def permit(self, report: Report, request: SendRequest, now: float) -> Permit:
        """The gate's permit, which lives as long after the check as any; raises PermitError."""
        return gate.permit(report, request, now, life=gate.PERMIT_LIFE - self.checked.age())

    def media(self) -> dict[str, str]:
        """The digest of each medium that was fetched whole, by URL."""
        observations = self.checked.message.observations.items()
        return {url: item.sha256 for url, item in observations if isinstance(item, Fetched)}


def blocking(checked: CheckedMessage) -> list[Evaluation]:
    """The evaluations by which the gate denies."""
    waived = {(one.rule, one.target) for item in checked.verdict.messages for one in item.waived}
    return [
        item
        for item in checked.message.evaluations
        if item.is_finding and checked.report.blocks(item.severity) and (item.rule, item.target) not in waived
    ]


def may_be_the_row(checked: CheckedMessage) -> bool:
    """Whether what denies may be one row's own: neither the media, nor the message id, nor the run itself."""
    items = blocking(checked)
    shared = any(item.target.kind is TargetKind.MEDIA or item.rule in SECOND_GATE for item in items)
    return bool(items) and not shared and not checked.verdict.reasons


def reasons(checked: CheckedMessage) -> str:
    """Why the gate denies, in one phrase."""
    return "; ".join(checked.verdict.all_reasons)


def explain(checked: CheckedMessage) -> str:
    """What the blocking findings say, as sentences; the gate's own reasons where there are none."""
    sentences = [item.message for item in blocking(checked)]
    if not sentences:
        return reasons(checked)
    more = f" And {len(sentences) - _SENTENCES} more." if len(sentences) > _SENTENCES else ""
    return " ".join(dict.fromkeys(sentences[:_SENTENCES])) + more


def blamed(
    judge: RowJudge, recipients: Recipients, row: Recipient, checked: CheckedMessage
) -> tuple[str, ...]:
    """The columns whose values make a rule fail on this row; empty where no value of the file does."""
    columns, items = recipients.columns, blocking(checked)
    names = [columns.names[columns.to]] if any(item.rule in _ABOUT_TO for item in items) else []
    unused = {
        name for item in items if item.rule == MERGE_DATA_USED for name in item.evidence.get("unused", ())
    }
    names += [name for name in columns.names if name in unused]
    on_texts = {item.rule for item in items if item.target.kind is not TargetKind.REQUEST}
    on_texts.discard(MERGE_DATA_USED)
    if on_texts:
        rules = tuple(rule for rule in judge.ruleset.rules if rule.id in on_texts)
        trial = _Trial(judge, msgspec.structs.replace(judge.ruleset, rules=rules), recipients, row)
        names += trial.culprits()
    return tuple(names)


class _Trial:
    """The rules that denied a row, tried on the row with other values in some columns."""

    def __init__(self, judge: RowJudge, ruleset: RuleSet, recipients: Recipients, row: Recipient) -> None:
        self._judge = judge
        self._ruleset = ruleset
        self._columns = recipients.columns
        self._common = recipients.common
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
        request = msgspec.structs.replace(self._judge.common, to=self._row.to, changes=changes)
        return any(
            item.is_finding
            for item in self._judge.evaluated(self._ruleset, request).evaluations
            if item.target.kind is not TargetKind.MEDIA
        )
