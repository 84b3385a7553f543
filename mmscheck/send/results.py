"""What the ledger says about a send, in the words in which every send ends."""

from __future__ import annotations

import datetime as dt

import msgspec

from mmscheck.model.ledger import ClaimRefused, Hold, RefusalReason, SendRecord, SendState
from mmscheck.model.request import SendResult, SendStatus

_TAKEN = frozenset({SendState.ACCEPTED, SendState.SENT, SendState.DELIVERED, SendState.RESOLVED_SENT})
"""States that only a send reaches which the provider took, and which has not failed since."""

ONCE_MORE = "give --again and an --idempotency-key of its own (a campaign: a --campaign name of its own)"
"""How a number gets again what it has."""

_NOT_TAKEN = frozenset({SendState.REFUSED, SendState.FAILED})

_STATUS = {
    RefusalReason.OTHER_PAYLOAD: SendStatus.NOT_ATTEMPTED,
    RefusalReason.ATTEMPTS_USED_UP: SendStatus.NOT_ATTEMPTED,
    RefusalReason.OTHER_CONTENT: SendStatus.NOT_ATTEMPTED,
    RefusalReason.CORRUPT: SendStatus.NOT_ATTEMPTED,
    RefusalReason.HAS_IT: SendStatus.NOT_ATTEMPTED,
    RefusalReason.NOT_AS_CHECKED: SendStatus.NOT_ATTEMPTED,
    RefusalReason.IN_FLIGHT: SendStatus.UNKNOWN,
    RefusalReason.UNKNOWN: SendStatus.UNKNOWN,
}


def recorded(send: SendRecord, failure: str | None = None) -> SendResult:
    """The answer that this very send got earlier; nothing was posted now.

    One that was accepted and failed later counts as refused, with ``failure``, the code of the postback.
    """
    return SendResult(
        status=_status(send),
        detail=f"{_earlier(send, failure)} Nothing was sent now. {_again(send)}",
        tracking_id=send.tracking_id,
        mms_id=send.intent.mms_id,
        error_code=failure or send.error_code,
        error_info=send.error_info,
        http_status=send.http_status,
        recorded=True,
    )


def _status(send: SendRecord) -> SendStatus:
    if send.state in _TAKEN:
        return SendStatus.ACCEPTED
    return SendStatus.REFUSED if send.state in _NOT_TAKEN else SendStatus.UNKNOWN


def _earlier(send: SendRecord, failure: str | None) -> str:
    since = f"send {send.id} in the ledger, {_time(send.changed_at)}"
    if send.state is SendState.RESOLVED_SENT:
        return f"This very send was found to have gone out ({since}): {send.resolved_by} recorded why."
    if send.state is SendState.FAILED:
        code = f" with {failure}" if failure else ""
        return (
            f"This very send was accepted before and failed later{code} ({since}): a notification says that "
            "it was not delivered."
        )
    word = "refused" if send.state is SendState.REFUSED else "accepted"
    later = "" if send.state.value == word else f"; it is {send.state.value} since"
    return f"This very send was {word} before ({since}{later}). Its recorded answer: {send.detail}"


def _again(send: SendRecord) -> str:
    if send.state is SendState.FAILED:
        return "When its cause is mended, give the next try another idempotency key."
    if send.state is SendState.REFUSED:
        return f"When its cause is mended: mmscheck ledger resolve {send.id} --as not-sent --reason ..."
    how = "give it another idempotency key" if send.intent.campaign is None else ONCE_MORE
    return f"To send the same to the same number once more, {how}."


def turned_away(refusal: ClaimRefused) -> SendResult:
    """Why no POST was made for this send; ``unknown`` where an earlier one may have gone out."""
    number = refusal.send.id if refusal.send else 0
    sentence = refusal.text[0].upper() + refusal.text[1:].rstrip(".")
    match refusal.reason:
        case RefusalReason.OTHER_PAYLOAD:
            advice = "Nothing was sent: give another key, or send exactly what this key stands for."
        case RefusalReason.IN_FLIGHT:
            look = f"See mmscheck ledger show {number}; if it ends as unknown"
            advice = f"Nothing was sent by this call. {look}: {_resolve(number)}"
        case RefusalReason.UNKNOWN:
            sentence = f"Send {number}: an earlier attempt ended unknown, so it may have been sent"
            advice = f"Nothing was sent by this call. Find out, then: {_resolve(number)}"
        case RefusalReason.OTHER_CONTENT:
            advice = "Nothing was sent: a campaign sends each number one message."
        case RefusalReason.ATTEMPTS_USED_UP:
            advice = "Nothing was sent."
        case RefusalReason.CORRUPT:
            advice = "Nothing was sent: mend the message and save it anew."
        case RefusalReason.HAS_IT:
            advice = f"Nothing was sent. To send it once more, {ONCE_MORE}."
        case RefusalReason.NOT_AS_CHECKED:
            advice = "Nothing was sent: check it again, as mmscheck send does."
    return SendResult(
        status=_STATUS[refusal.reason],
        detail=f"{sentence}. {advice}",
        refusal=refusal.reason.value,
        campaign=refusal.send.intent.campaign if refusal.send else None,
    )


def stopped(holds: tuple[Hold, ...]) -> SendResult:
    """The kill switch is pulled."""
    told = "; ".join(f"{hold.who} since {_time(hold.held_at)}: {hold.reason}" for hold in holds)
    return SendResult(
        status=SendStatus.NOT_ATTEMPTED,
        detail=f"Every send is held ({told}). Nothing was sent. To let sends go again: mmscheck release",
    )


def interrupted(send_id: int) -> SendResult:
    """The caller gave up while the POST was on its way."""
    return SendResult(
        status=SendStatus.UNKNOWN,
        detail=f"Interrupted during the call: it may have been sent. Find out, then: {_resolve(send_id)}",
    )


def with_number(send_id: int, result: SendResult) -> SendResult:
    """An unknown outcome, with what to do when somebody has found out."""
    settle = f"When it is clear how it ended: {_resolve(send_id)}"
    return msgspec.structs.replace(result, detail=f"{result.detail} {settle}")


def unrecorded(send_id: int, result: SendResult, error: Exception) -> SendResult:
    """How a POST ended that the ledger does not know the end of, and holds for unknown."""
    tracking = f" Its tracking id is {result.tracking_id}." if result.tracking_id else ""
    return SendResult(
        status=SendStatus.UNKNOWN,
        detail=(
            f"The call ended ({result.status.value}: {result.detail}{tracking}) "
            f"but the ledger could not record it ({error}), so it counts as unknown: do not repeat it before "
            f"{_resolve(send_id)}"
        ),
        tracking_id=result.tracking_id,
        mms_id=result.mms_id,
        error_code=result.error_code,
        error_info=result.error_info,
        http_status=result.http_status,
    )


def _resolve(send_id: int) -> str:
    return f"mmscheck ledger resolve {send_id} --as sent|not-sent --reason ..."


def _time(microseconds: int) -> str:
    return f"{dt.datetime.fromtimestamp(microseconds / 1_000_000, dt.UTC):%Y-%m-%d %H:%M:%SZ}"
