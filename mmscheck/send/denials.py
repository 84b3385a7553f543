"""What the ledger keeps of a check that denied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmscheck.model.observation import Fetched
from mmscheck.model.report import Report
from mmscheck.model.verdict import Verdict

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger

MOST_REASONS = 20
"""Reasons that are kept of one check; a report has them all."""


async def note_denial(ledger: Ledger, report: Report, verdict: Verdict, *, call: str) -> None:
    """Note that nothing was permitted, and why; ``call`` is what was asked for. Raises LedgerError."""
    reasons = [*verdict.reasons, *(reason for item in verdict.messages for reason in item.reasons)]
    for message in report.messages:
        seen = message.observations.values()
        await ledger.record_check(
            "deny",
            call=call,
            message=message.digest,
            media=sorted({item.sha256 for item in seen if isinstance(item, Fetched)}),
            request=message.request_digest,
            ruleset=report.ruleset_digest,
            reasons=reasons[:MOST_REASONS],
        )
