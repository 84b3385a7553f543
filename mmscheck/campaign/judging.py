"""Each recipient's send judged by every rule, on media that were looked at once for all."""

from __future__ import annotations

import time

import msgspec

from mmscheck.campaign.rows import Row
from mmscheck.judge import gate
from mmscheck.judge.engine import rejudge
from mmscheck.model.check import Binding
from mmscheck.model.mms import Mms
from mmscheck.model.observation import Fetched
from mmscheck.model.report import Report
from mmscheck.model.request import SendRequest
from mmscheck.model.rule import RuleSet
from mmscheck.model.verdict import Permit, Verdict


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """One full check of the message, and when it began: what permits rest on.

    ``began`` is seconds since the epoch, ``ticks`` those of a clock that nobody sets.
    ``common`` is the request without a recipient; ``binding`` what the ledger knows of the stored message;
    ``columns`` the names that the rows have merge data for.
    """

    ruleset: RuleSet
    message: Mms
    common: SendRequest
    report: Report
    began: float
    ticks: float = msgspec.field(default_factory=time.monotonic)
    binding: Binding | None = None
    columns: tuple[str, ...] = ()

    def request(self, row: Row) -> SendRequest:
        """The send that a row asks for."""
        return msgspec.structs.replace(self.common, to=row.to, changes=row.changes)

    def judged(self, request: SendRequest) -> Report:
        """The report on one send: media as they were seen, everything else evaluated now."""
        (base,) = self.report.messages
        message = rejudge(
            self.ruleset,
            self.message,
            base,
            changes=request.changes,
            request=request,
            binding=self.binding,
            columns=self.columns,
        )
        return msgspec.structs.replace(self.report, messages=(message,))

    def age(self) -> float:
        """Seconds since it began, by the clock that says more: one of them may be set back."""
        return max(time.time() - self.began, time.monotonic() - self.ticks)

    def permit(self, report: Report, request: SendRequest, now: float) -> Permit:
        """The gate's permit, which lives as long after the check as any; raises PermitError."""
        return gate.permit(report, request, now, life=gate.PERMIT_LIFE - self.age())

    def media(self) -> dict[str, str]:
        """The digest of each medium that was fetched whole, by URL."""
        (message,) = self.report.messages
        return {url: seen.sha256 for url, seen in message.observations.items() if isinstance(seen, Fetched)}


def reasons(verdict: Verdict) -> str:
    """Why the gate denies, in one phrase."""
    told = [*verdict.reasons, *(reason for item in verdict.messages for reason in item.reasons)]
    return "; ".join(told)
