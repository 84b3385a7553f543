"""A send through the ledger: claim, read the kill switch, one POST, record the answer (design section 9)."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import msgspec

from mmscheck.errors import LedgerError, PermitError, UsageError
from mmscheck.judge import gate
from mmscheck.model.ledger import (
    Claim,
    ClaimOutcome,
    ClaimRefused,
    PostbackMeaning,
    Recorded,
    SendRecord,
    SendState,
)
from mmscheck.model.request import SendResult, SendStatus
from mmscheck.model.verdict import Permit
from mmscheck.send.order import Client, Order, Retries, intent_of
from mmscheck.send.results import interrupted, recorded, stopped, turned_away, unrecorded, with_number
from mmscheck.send.shield import succeeded, to_the_end

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger

_EVERY_CALL = 1_000_000
"""Attempts that a key may have over all calls: each call bounds its own, and asking again is a decision."""


async def send_through(
    ledger: Ledger, client: Client, order: Order, retries: Retries | None = None
) -> SendResult:
    """Make this send at most once, whatever happens in between; the result says how it ended.

    Raises LedgerError and PermitError when certainly nothing was sent, UsageError for a key that is none.
    When cancelled it first records what is known: before the call "not sent", during it "unknown".
    """
    how = retries or Retries()
    sending = _Sending(ledger, client, order)
    latest = time.monotonic() + how.seconds
    permit = order.permit
    for tries in range(1, how.count + 2):
        try:
            result, again = await sending.attempt(permit)
        except PermitError:
            if tries == 1:
                raise
            # It ran out on the way to another try: the last one's answer stands.
            break
        pause = how.pause(tries)
        late = time.monotonic() + pause > latest or pause >= order.permit.left(time.time())
        if not again or late or tries > how.count:
            break
        await asyncio.sleep(pause)
        now = time.time()
        permit = gate.permit(order.report, order.request, now, life=order.permit.left(now))
    if again and tries > 1:
        return msgspec.structs.replace(result, detail=f"{result.detail} It was tried {tries} times.")
    return result


class _Sending:
    """One order on its way."""

    def __init__(self, ledger: Ledger, client: Client, order: Order) -> None:
        self._ledger = ledger
        self._client = client
        self._order = order
        self._intent = intent_of(order, client)

    async def attempt(self, permit: Permit) -> tuple[SendResult, bool]:
        """One claim and at most one POST; the flag tells whether it certainly failed and may yet succeed."""
        outcome = await self._claim(permit)
        if isinstance(outcome, Recorded):
            return recorded(outcome.send, await self._failure(outcome.send)), False
        if isinstance(outcome, ClaimRefused):
            return turned_away(outcome), False
        if held := await self._held(outcome):
            return held, False
        result = await self._post(outcome, permit)
        again = _may_succeed_later(result)
        return await self._record(outcome, result, again=again)

    async def _failure(self, send: SendRecord) -> str | None:
        """The code by which a postback said that an accepted send failed later."""
        if send.state is not SendState.FAILED:
            return None
        told = await self._ledger.postbacks(send)
        return next((one.code for one in reversed(told) if one.meaning is PostbackMeaning.FAILED), None)

    async def _claim(self, permit: Permit) -> ClaimOutcome:
        """The intent, durable; one that nobody waits for any more is withdrawn."""
        claiming = asyncio.ensure_future(self._intend(permit))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            await asyncio.wait({claiming})
            if succeeded(claiming) and isinstance(claim := claiming.result(), Claim):
                await self._ledger.not_sent(claim, "Interrupted before the call.")
            raise

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

    async def _held(self, claim: Claim) -> SendResult | None:
        try:
            holds = await self._ledger.held()
        except (LedgerError, asyncio.CancelledError):
            await self._ledger.not_sent(claim, "The call was given up before it was made.")
            raise
        if not holds:
            return None
        result = stopped(holds)
        await self._ledger.not_sent(claim, result.detail)
        return result

    async def _post(self, claim: Claim, permit: Permit) -> SendResult:
        try:
            return await gate.guarded_send(permit, self._order.request, self._client.send_saved_mms)
        except (PermitError, UsageError) as error:
            await self._ledger.not_sent(claim, str(error))
            raise
        except asyncio.CancelledError:
            await self._record(claim, interrupted(claim.send_id), again=False)
            raise
        except Exception as error:  # noqa: BLE001 - raising would invite a second try of what may have been sent
            broken = f"The client broke off with {type(error).__name__}: it may have been sent."
            return SendResult(status=SendStatus.UNKNOWN, detail=broken)

    async def _record(self, claim: Claim, result: SendResult, *, again: bool) -> tuple[SendResult, bool]:
        try:
            if again:
                await to_the_end(self._ledger.not_sent(claim, result.detail))
            else:
                await to_the_end(self._ledger.answer(claim, result))
        except Exception as error:  # noqa: BLE001 - whatever it is, the POST has been made
            return unrecorded(claim.send_id, result, error), False
        return (with_number(claim.send_id, result) if result.status is SendStatus.UNKNOWN else result), again


def _may_succeed_later(result: SendResult) -> bool:
    """Whether it certainly was not sent and the same call may succeed: never reached, or told "later"."""
    # The provider's package brings the HTTP client.
    from mmscheck.sinch.codes import CodeClass, explain  # noqa: PLC0415

    if result.status is SendStatus.NOT_ATTEMPTED:
        return True
    code = explain(result.error_code or "")
    return result.status is SendStatus.REFUSED and code is not None and code.kind is CodeClass.RETRY
