"""Check, permit, claim, call, record: the one way of a send and of a save (design section 9).

The command line, campaigns and the library's ``Gate`` go it, so that what keeps a phone from getting a
message twice stands here and nowhere else.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

import msgspec

from mmscheck.base.phone import e164
from mmscheck.errors import PermitError, UsageError
from mmscheck.judge import gate
from mmscheck.judge.pipeline import CheckOptions, check_messages
from mmscheck.model.check import Binding
from mmscheck.model.ledger import NumberStanding
from mmscheck.model.mms import Mms
from mmscheck.model.observation import Fetched
from mmscheck.model.report import MessageReport, Report
from mmscheck.model.request import CallKind, OneShotRequest, SaveRequest, SendRequest, SendResult, SendStatus
from mmscheck.model.rule import RuleSet
from mmscheck.model.verdict import Permit, Verdict
from mmscheck.send.order import Order, Retries

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger

T = TypeVar("T")
R = TypeVar("R", bound=SendRequest | SaveRequest)

MOST_REASONS = 20
"""Reasons of a denial that the ledger keeps; a report has them all."""

ONCE = Retries(count=0)
"""For a call that is not tried again by itself."""


# Check


class CheckedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message judged for one call, and the decision on it.

    ``began`` is when the look at its media began, in seconds since the epoch, and ``ticks`` the same of a
    clock that nobody sets. ``binding`` is what the ledger knew of the mms-id, ``standing`` of the number.
    """

    report: Report
    verdict: Verdict
    began: float
    ticks: float
    binding: Binding | None = None
    standing: NumberStanding | None = None

    @property
    def message(self) -> MessageReport:
        """The report on the one message."""
        return self.report.messages[0]

    def age(self) -> float:
        """Seconds since it began, by the clock that says more: one of them may be set back."""
        return max(time.time() - self.began, time.monotonic() - self.ticks)


async def check_message(
    ledger: Ledger | None, message: Mms, ruleset: RuleSet, options: CheckOptions, account: str = ""
) -> CheckedMessage:
    """Check a message for the send of the options' ``request``, or without one for a save.

    A ledger tells what it knows of the mms-id at this ``account`` (``order.stored_at``), and whether the
    number has had a message under the request's service id. Raises LedgerError, and UsageError for a ledger
    beside rules that lack the second gate: sends would go past what it knows.
    """
    began, ticks = time.time(), time.monotonic()
    if ledger is not None and options.request is not None:
        gate.require_second_gate(ruleset)
        binding = None
        if not isinstance(options.request, OneShotRequest):
            binding = await ledger.binding(options.request.mms_id or "", account)
        first = await _is_first(ledger, options.request)
        options = msgspec.structs.replace(options, binding=binding, first=first)
    report = await check_messages([message], ruleset, options)
    decision = gate.verdict(report)
    return CheckedMessage(
        report=report,
        verdict=decision,
        began=began,
        ticks=ticks,
        binding=options.binding,
        standing=options.standing,
    )


async def _is_first(ledger: Ledger, request: SendRequest) -> bool | None:
    """Whether the number has had nothing under this service id; None where no number is given."""
    number = e164(request.to)
    if not number:
        return None
    return number not in await ledger.texted([number], service_id=(request.service_id or "").strip())


async def note_denial(ledger: Ledger, checked: CheckedMessage, call: str) -> None:
    """Note in the ledger that nothing was permitted, and why; ``call`` is what was asked for."""
    message = checked.message
    media = {item.sha256 for item in message.observations.values() if isinstance(item, Fetched)}
    await ledger.record_check(
        "deny",
        call=call,
        message=message.digest,
        media=sorted(media),
        request=message.request_digest,
        ruleset=checked.report.ruleset_digest,
        reasons=list(checked.verdict.all_reasons[:MOST_REASONS]),
    )


# Claim, call, record


class ProviderCall(ABC, Generic[R]):
    """One call that the gate has let through: claimed, made at most once, recorded.

    ``result`` is the provider's last answer, and ``may_have_been_made`` whether one may have reached it that
    was not refused: both hold also where an exception has ended it.
    """

    kind: ClassVar[CallKind]
    in_doubt: ClassVar[str]
    """What to say of a call that may have been made, where nothing more is known of it."""

    def __init__(self, ledger: Ledger, order: Order[R]) -> None:
        """``ledger`` is open; what is done is recorded there."""
        self._ledger = ledger
        self._order: Order[R] = order
        self.result: SendResult | None = None
        self.may_have_been_made = False

    @abstractmethod
    async def _claim(self, permit: Permit) -> SendResult | None:
        """Leave a durable trace that the call is about to be made; a result means that it must not be."""

    @abstractmethod
    async def _withdraw(self, why: str) -> None:
        """Record that the call which was claimed was certainly not made."""

    @abstractmethod
    async def _post(self, permit: Permit, request: R) -> SendResult:
        """Have the client redeem the permit and make the one POST."""

    @abstractmethod
    async def _record(self, result: SendResult, *, again: bool) -> SendResult:
        """Record how the call ended; never raises. ``again``: it was not done, and may be claimed again."""

    @abstractmethod
    def _interrupted(self) -> SendResult:
        """The end of a call that was given up while it was made."""

    @property
    def unusable(self) -> bool:
        """Whether the call was made and the ledger could not take what came of it."""
        return False

    def known(self) -> SendResult:
        """What is known of it when an exception has ended it."""
        if not self.may_have_been_made:
            nothing = f"Nothing was {self.kind.done}."
            return SendResult(status=SendStatus.NOT_ATTEMPTED, detail=nothing)
        return SendResult(status=SendStatus.UNKNOWN, detail=self.in_doubt, may_repeat=self.kind.may_repeat)

    async def make(self, retries: Retries = ONCE) -> SendResult:
        """Claim, call and record; what certainly was not done is tried again as ``retries`` says.

        Raises LedgerError, PermitError and UsageError when certainly nothing was done. When cancelled it
        first records what is known: before the call "not done", during it "unknown".
        """
        order, permit = self._order, self._order.permit
        latest = time.monotonic() + retries.seconds
        for tries in range(1, retries.count + 2):
            try:
                result, again = await self._attempt(permit)
            except PermitError:
                if tries == 1:
                    raise
                # It ran out on the way to another try: the last one's answer stands.
                break
            pause = retries.pause(tries)
            late = time.monotonic() + pause > latest or pause >= order.permit.left(time.time())
            if not again or late or tries > retries.count:
                break
            await asyncio.sleep(pause)
            now = time.time()
            # A permit is used up by one POST; the next lives no longer than the check allows.
            permit = gate.permit(order.report, order.request, now, life=order.permit.left(now))
        if again and tries > 1:
            return msgspec.structs.replace(result, detail=f"{result.detail} It was tried {tries} times.")
        return result

    async def _attempt(self, permit: Permit) -> tuple[SendResult, bool]:
        """One claim and at most one POST; the flag tells whether it certainly failed and may yet succeed."""
        if (ended := await self._claimed(permit)) is not None:
            return ended, False
        before, self.may_have_been_made = self.may_have_been_made, True
        try:
            self.result = await gate.guarded_call(permit, self._order.request, self._post)
        except (PermitError, UsageError) as error:
            self.may_have_been_made = before
            await self._withdraw(str(error))
            raise
        except asyncio.CancelledError:
            await to_the_end(self._record(self._interrupted(), again=False))
            raise
        except Exception as error:  # noqa: BLE001 - raising would invite a second try of what may have been done
            broken = f"The client broke off with {type(error).__name__}: it may have been {self.kind.done}."
            self.result = SendResult(
                status=SendStatus.UNKNOWN, detail=broken, may_repeat=self.kind.may_repeat
            )
        if self.result.status in {SendStatus.REFUSED, SendStatus.NOT_ATTEMPTED}:
            self.may_have_been_made = before
        again = may_succeed_later(self.result)
        self.result = await to_the_end(self._record(self.result, again=again))
        # What could not be recorded counts as unknown, whatever the answer was.
        return self.result, again and self.result.status is not SendStatus.UNKNOWN

    async def _claimed(self, permit: Permit) -> SendResult | None:
        """``_claim``; one that nobody waits for any more is withdrawn."""
        claiming = asyncio.ensure_future(self._claim(permit))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            await asyncio.wait({claiming})
            if _succeeded(claiming) and claiming.result() is None:
                await self._withdraw("Interrupted before the call.")
            raise


def may_succeed_later(result: SendResult) -> bool:
    """Whether it certainly was not done and the same call may succeed: never reached, or told "later"."""
    # The provider's package brings the HTTP client.
    from mmscheck.sinch.codes import CodeClass, explain  # noqa: PLC0415

    if result.status is SendStatus.NOT_ATTEMPTED:
        return True
    code = explain(result.error_code or "")
    return result.status is SendStatus.REFUSED and code is not None and code.kind is CodeClass.RETRY


async def to_the_end(work: Awaitable[T]) -> T:
    """The result of work that is not given up when its caller is cancelled."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        _succeeded(task)
        raise


def _succeeded(task: asyncio.Future[T]) -> bool:
    """Whether an ended task has a result; its exception counts as seen."""
    return not task.cancelled() and task.exception() is None
