"""Each recipient's send judged by every rule, on media that were looked at once for all."""

from __future__ import annotations

import msgspec

from mmscheck.campaign.rows import Row
from mmscheck.judge import gate
from mmscheck.judge.engine import rejudge
from mmscheck.model.mms import Mms
from mmscheck.model.observation import Fetched
from mmscheck.model.report import Report
from mmscheck.model.request import SendRequest
from mmscheck.model.rule import RuleSet
from mmscheck.model.verdict import Permit, Verdict
from mmscheck.send.flow import CheckedMessage


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """One full check of the message, which the judgement and the permit of each row rest on.

    ``common`` is the request without a recipient; ``columns`` the names that the rows have merge data for.
    """

    ruleset: RuleSet
    message: Mms
    common: SendRequest
    checked: CheckedMessage
    columns: tuple[str, ...] = ()

    @property
    def report(self) -> Report:
        """The report on the message as the first row would be sent."""
        return self.checked.report

    def request(self, row: Row) -> SendRequest:
        """The send that a row asks for."""
        return msgspec.structs.replace(self.common, to=row.to, changes=row.changes)

    def judged(self, request: SendRequest) -> Report:
        """The report on one send: media as they were seen, everything else evaluated now."""
        message = rejudge(
            self.ruleset,
            self.message,
            self.checked.message,
            changes=request.changes,
            request=request,
            binding=self.checked.binding,
            columns=self.columns,
        )
        return msgspec.structs.replace(self.report, messages=(message,))

    def permit(self, report: Report, request: SendRequest, now: float) -> Permit:
        """The gate's permit, which lives as long after the check as any; raises PermitError."""
        return gate.permit(report, request, now, life=gate.PERMIT_LIFE - self.checked.age())

    def media(self) -> dict[str, str]:
        """The digest of each medium that was fetched whole, by URL."""
        return {
            url: seen.sha256
            for url, seen in self.checked.message.observations.items()
            if isinstance(seen, Fetched)
        }


def reasons(verdict: Verdict) -> str:
    """Why the gate denies, in one phrase."""
    return "; ".join(verdict.all_reasons)
