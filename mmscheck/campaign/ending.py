"""How a campaign ended, in the words that a single send has: an exit code, a status, a sentence."""

from __future__ import annotations

from mmscheck.campaign.run import CampaignOutcome
from mmscheck.model.campaign import CampaignResult
from mmscheck.model.exits import Exit
from mmscheck.model.request import SendResult, SendStatus
from mmscheck.report.run_words import campaign_sentence


def exit_code(outcome: CampaignOutcome, *, dry: bool = False) -> int:
    """The worst that happened: 6, 4, the gate's 1 or 3, 5, and 0 when every row has its message.

    One that broke off after its first call ends with 6: 4 says that nothing was sent.
    """
    result = outcome.result
    proved = result.proof is not None and result.proof.unknown > 0
    if result.unknown or proved or (outcome.broken and result.sent):
        return int(Exit.UNKNOWN)
    if outcome.broken:
        return int(Exit.INTERNAL)
    if outcome.denied is not None:
        return outcome.denied
    missed = result.refused + result.not_sent + result.left + result.denied + result.not_now
    return int(Exit.NOT_SENT if dry or missed or result.stopped else Exit.PERMITTED)


def as_send(result: CampaignResult, code: int, *, before: str = "") -> SendResult:
    """The campaign as one call that ended; its sentence comes behind ``before``."""
    status = SendStatus.UNKNOWN if code == Exit.UNKNOWN else _status(result)
    return SendResult(status=status, detail=f"{before}{campaign_sentence(result)}")


def _status(result: CampaignResult) -> SendStatus:
    if result.refused:
        return SendStatus.REFUSED
    missed = result.not_sent + result.left + result.denied + result.not_now
    return SendStatus.NOT_ATTEMPTED if missed or not result.rows else SendStatus.ACCEPTED
