"""A send on its way through the ledger, and the words for what the ledger says of it (design section 9)."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from typing import TYPE_CHECKING

import msgspec

from mmscheck.base.phone import e164
from mmscheck.base.reference import client_reference
from mmscheck.errors import LedgerError, UsageError
from mmscheck.judge import gate
from mmscheck.model.effective import effective
from mmscheck.model.ledger import (
    ABOUT_THE_NUMBER,
    PASSING,
    Claim,
    ClaimOutcome,
    ClaimRefused,
    Hold,
    NumberStanding,
    PostbackMeaning,
    Recorded,
    RefusalReason,
    SendRecord,
    SendState,
    suppressed,
)
from mmscheck.model.mms import Mms
from mmscheck.model.request import SEND_CALL, OneShotRequest, SendRequest, SendResult, SendStatus
from mmscheck.model.suppression import Suppression
from mmscheck.model.verdict import Permit
from mmscheck.model.words import Dialect
from mmscheck.send.flow import ProviderCall
from mmscheck.send.order import (
    Client,
    OneShotClient,
    Order,
    ReferringClient,
    Retries,
    demand_api,
    intent_of,
    number_intent,
)
from mmscheck.send.recipient import RecipientTerms

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger

_EVERY_CALL = 1_000_000
"""Attempts that a key may have over all calls: each call bounds its own, and asking again is a decision."""

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
    RefusalReason.DELETED: SendStatus.NOT_ATTEMPTED,
    RefusalReason.HAS_IT: SendStatus.NOT_ATTEMPTED,
    RefusalReason.NOT_AS_CHECKED: SendStatus.NOT_ATTEMPTED,
    RefusalReason.NOT_APPROVED: SendStatus.NOT_ATTEMPTED,
    **dict.fromkeys(ABOUT_THE_NUMBER, SendStatus.NOT_ATTEMPTED),
    RefusalReason.IN_FLIGHT: SendStatus.UNKNOWN,
    RefusalReason.UNKNOWN: SendStatus.UNKNOWN,
}


_ADVICE = {
    RefusalReason.OTHER_PAYLOAD: ": give another key, or send exactly what this key stands for",
    RefusalReason.OTHER_CONTENT: ": a campaign sends each number one message",
    RefusalReason.CORRUPT: ": mend the message and save it anew",
    RefusalReason.DELETED: ": save the message anew, and send the id that it gets",
    RefusalReason.HAS_IT: f". To send it once more, {ONCE_MORE}",
    RefusalReason.NOT_AS_CHECKED: ": check it again, as mmscheck send does",
    RefusalReason.NOT_APPROVED: ": prove it again with --proof, and then --approve it",
    RefusalReason.SUPPRESSED: ": see mmscheck suppress list --to NUMBER",
    **dict.fromkeys(PASSING, ": later it may be"),
}
"""What follows "Nothing was sent" where a claim was refused and nothing can have gone out."""


class SendCall(ProviderCall[SendRequest]):
    """One ``sendSavedMMS`` or ``sendMMS`` call: the claim holds its key, and the kill switch stops it."""

    kind = SEND_CALL
    in_doubt = "It may have been sent. The ledger tells: mmscheck ledger list"
    _mine: Claim
    """Set by ``_claim``, before which nothing is made, withdrawn or recorded."""

    def __init__(self, ledger: Ledger, client: Client, order: Order[SendRequest]) -> None:
        """Raises UsageError for rules without the second gate, and for a client of another API."""
        gate.require_second_gate(order.report)
        demand_api(order.report.messages[0].document, client)
        if isinstance(order.request, OneShotRequest):
            demand_one_shot_client(client)
        super().__init__(ledger, order)
        self._client = client
        self._intent = intent_of(order, client)
        self._terms = order.terms

    async def _claim(self, permit: Permit) -> SendResult | None:
        terms, to, now = self._terms, self._intent.to, time.time()
        if refusal := terms.lasting(to, now) or terms.quiet(to, now):
            return turned_away(refusal)
        self._intent = msgspec.structs.replace(self._intent, terms=terms.held_to(to, now))
        outcome = await self._intend(permit)
        if isinstance(outcome, Recorded):
            return recorded(outcome.send, await self._later_failure(outcome))
        if isinstance(outcome, ClaimRefused):
            return turned_away(outcome)
        self._mine = outcome
        try:
            # Read after the claim: whoever pulls the switch sees every send that it comes too late for.
            # So it is with a STOP: one that is durable now may have come after the claim's transaction.
            holds, entry = await asyncio.gather(
                self._ledger.held(), self._ledger.suppressed_since(outcome, self._intent)
            )
        except LedgerError:
            await self._withdraw("The call was given up before it was made.")
            raise
        late = self._too_late(holds, entry)
        if late is not None:
            await self._withdraw(late.detail)
        return late

    def _too_late(self, holds: tuple[Hold, ...], entry: Suppression | None) -> SendResult | None:
        """What stops a send that was claimed; the claim may have waited long for other processes."""
        if entry is not None:
            return turned_away(suppressed(entry.reason, entry.who))
        if holds:
            return stopped(holds)
        refusal = self._terms.quiet(self._intent.to, time.time())
        return None if refusal is None else turned_away(refusal)

    async def _intend(self, permit: Permit) -> ClaimOutcome:
        """Both in one transaction: what the gate let through, and that it is about to be sent."""
        outcome, _ = await asyncio.gather(
            self._ledger.claim(self._intent, max_attempts=_EVERY_CALL),
            self._ledger.record_check(
                "permit",
                message=permit.message_digest,
                media=[digest for _, digest in permit.media_digests],
                request=permit.request_digest,
                ruleset=permit.ruleset_digest,
                expires=permit.expires,
            ),
        )
        return outcome

    async def _later_failure(self, outcome: Recorded) -> str | None:
        """The code by which a postback said that an accepted send failed later."""
        if outcome.send.state is not SendState.FAILED:
            return None
        postbacks = await self._ledger.postbacks(outcome.send)
        return next((one.code for one in reversed(postbacks) if one.meaning is PostbackMeaning.FAILED), None)

    async def _withdraw(self, why: str) -> None:
        await self._ledger.not_sent(self._mine, why)

    async def _post(self, permit: Permit, request: SendRequest) -> SendResult:
        client = self._client
        if isinstance(request, OneShotRequest):
            reference = client_reference(self._intent.key)
            return await demand_one_shot_client(client).send_mms(permit, request, reference=reference)
        if isinstance(client, ReferringClient) and client.api is Dialect.JSON:
            return await client.send_saved_mms(permit, request, reference=client_reference(self._intent.key))
        return await client.send_saved_mms(permit, request)

    def _interrupted(self) -> SendResult:
        return interrupted(self._mine.send_id)

    async def _record(self, result: SendResult, *, again: bool) -> SendResult:
        try:
            if again:
                await self._ledger.not_sent(self._mine, result.detail)
            else:
                await self._ledger.answer(self._mine, result)
        except Exception as error:  # noqa: BLE001 - whatever it is, the POST has been made
            return unrecorded(self._mine.send_id, result, error)
        return with_number(self._mine.send_id, result) if result.status is SendStatus.UNKNOWN else result


def demand_one_shot_client(client: object) -> OneShotClient:
    """The client as one that sends what is stored nowhere; raises UsageError for any other."""
    if not isinstance(client, OneShotClient):
        raise UsageError("this client sends only what is stored: it has no send_mms")
    return client


async def send_through(
    ledger: Ledger, client: Client, order: Order[SendRequest], retries: Retries | None = None
) -> SendResult:
    """Make this send at most once, whatever happens in between; as ``ProviderCall.make``."""
    return await SendCall(ledger, client, order).make(retries or Retries())


async def standing(
    ledger: Ledger,
    message: Mms,
    request: SendRequest,
    terms: RecipientTerms,
    *,
    client: object,
    key: str | None = None,
) -> NumberStanding | None:
    """Why the number of a send would not be texted now; None where it is no number. Raises LedgerError."""
    to, now = e164(request.to), time.time()
    if not to:
        return None
    subject = effective(message, request.changes).subject
    intent = number_intent(request, subject, client, terms.held_to(to, now), key)
    return NumberStanding(
        asked=terms.asked, refusals=(*terms.refusals(to, now), *await ledger.refusals(intent))
    )


def recorded(send: SendRecord, failure: str | None = None) -> SendResult:
    """The answer that this very send got earlier; nothing was posted now.

    One that was accepted and failed later counts as refused, with ``failure``, the code of the postback.
    """
    return SendResult(
        status=_status(send),
        detail=f"{_earlier(send, failure)} Nothing was sent now. {_again(send)}",
        tracking_id=send.tracking_id,
        mms_id=send.intent.mms_id or None,
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
        case RefusalReason.IN_FLIGHT:
            look = f"See mmscheck ledger show {number}; if it ends as unknown"
            advice = f"Nothing was sent by this call. {look}: {_resolve(number)}"
        case RefusalReason.UNKNOWN:
            sentence = f"Send {number}: an earlier attempt ended unknown, so it may have been sent"
            advice = f"Nothing was sent by this call. Find out, then: {_resolve(number)}"
        case reason:
            advice = f"Nothing was sent{_ADVICE.get(reason, '')}."
    return SendResult(
        status=_STATUS[refusal.reason],
        detail=f"{sentence}. {advice}",
        refusal=refusal.reason.value,
        campaign=refusal.send.intent.campaign if refusal.send else None,
    )


def stopped(holds: tuple[Hold, ...]) -> SendResult:
    """The kill switch is pulled."""
    reasons = "; ".join(f"{hold.who} since {_time(hold.held_at)}: {hold.reason}" for hold in holds)
    return SendResult(
        status=SendStatus.NOT_ATTEMPTED,
        detail=f"Every send is held ({reasons}). Nothing was sent. To let sends go again: mmscheck release",
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
