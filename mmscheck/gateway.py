"""The gate for a publishing pipeline: check a message, then send it with the permit, at most once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

import msgspec

from mmscheck import gate
from mmscheck.dispatch import send_through
from mmscheck.errors import DeniedError, PermitError, UsageError
from mmscheck.fetch import FetchPolicy
from mmscheck.media import MediaWorkers
from mmscheck.model.report import Report
from mmscheck.model.request import SendRequest
from mmscheck.model.rule import RuleSet
from mmscheck.model.send import SendResult
from mmscheck.model.verdict import Permit, Verdict
from mmscheck.orders import Client, Order, Retries
from mmscheck.pipeline import check, load_rules
from mmscheck.slidexml import parse

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger

MOST_REASONS = 5
"""Reasons in the text of a DeniedError; the verdict it carries has them all."""


class Gate:
    """The gate: ``async with Gate(...) as gate``, then check, then send.

    One gate serves many messages; its worker processes start once. It may be used by several tasks at a time.
    With a ledger, which ``mmscheck send`` may share, each send happens at most once, whoever asks for it and
    however often, and ``mmscheck hold`` stops it. The worker of a task queue, whose jobs may come twice::

        async def work(jobs: AsyncIterator[Job], client: SinchClient) -> None:
            async with await open_ledger() as ledger, Gate(client=client, ledger=ledger) as gate:
                async for job in jobs:
                    try:
                        permit = await gate.check(job.document, job.request)
                    except DeniedError as denied:
                        await job.fail(str(denied))  # somebody has to mend the message
                        continue
                    result = await gate.send(permit, idempotency_key=job.id)
                    match result.status:
                        case SendStatus.ACCEPTED:
                            await job.done(result.tracking_id)
                        case SendStatus.UNKNOWN:  # `mmscheck ledger resolve`, and until then no second try
                            await job.park(result.detail)
                        case SendStatus.REFUSED | SendStatus.NOT_ATTEMPTED:
                            await job.fail(result.detail)

    A LedgerError from ``send`` means that nothing was sent, so such a job may come again.
    """

    def __init__(
        self,
        *,
        client: Client,
        policy: FetchPolicy | None = None,
        ruleset: RuleSet | None = None,
        strict: bool = False,
        ledger: Ledger | None = None,
        retries: Retries | None = None,
    ) -> None:
        """Take the provider's client, how to fetch, and the rules (default: profile ``send``).

        ``ledger`` is one that is open, and stays open. ``retries`` needs one; without it nothing is retried.
        Raises UsageError for retries without a ledger.
        """
        if retries is not None and ledger is None:
            raise UsageError("retries need a ledger: without one nobody knows what was sent")
        self._client = client
        self._policy = policy or FetchPolicy()
        self._ruleset = ruleset or load_rules()
        self._strict = strict
        self._ledger = ledger
        self._retries = retries
        self._workers = MediaWorkers()
        self._issued: dict[int, Order] = {}
        self._running = False

    async def __aenter__(self) -> Self:
        """Start the worker processes."""
        await self._workers.__aenter__()
        self._running = True
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Stop them."""
        self._running = False
        await self._workers.__aexit__(*failure)

    async def check(self, document: bytes, request: SendRequest, *, source: str = "<document>") -> Permit:
        """Check slide XML as this request would send it; DeniedError carries the report that denies.

        Raises UsageError for arguments that are none: text instead of bytes, or fields that XML cannot carry.
        """
        self._usable(document, request)
        message = parse(document, source)
        report = await check(
            [message],
            self._ruleset,
            self._policy,
            request=request,
            strict=self._strict,
            workers=self._workers,
        )
        verdict = gate.verdict(report)
        if not verdict.permitted:
            raise _denied(report, verdict)
        now = time.time()
        permit = gate.permit(report, request, now)
        self._forget_expired(now)
        self._issued[id(permit)] = Order(report=report, request=request, permit=permit)
        return permit

    def _forget_expired(self, now: float) -> None:
        """The reports of permits that nobody used; all live equally long, so the oldest come first."""
        while self._issued and next(iter(self._issued.values())).permit.expires <= now:
            del self._issued[next(iter(self._issued))]

    def _usable(self, document: object, request: object) -> None:
        from mmscheck.sinch import redacted_xml  # noqa: PLC0415 - the provider's package brings the HTTP client

        if not self._running:
            raise UsageError("a gate works inside `async with Gate(...) as gate:`")
        if not isinstance(document, bytes) or not isinstance(request, SendRequest):
            raise UsageError("Gate.check takes the document as bytes and a SendRequest")
        if any(type(text.slide) is not int for text in request.changes.custom_texts):
            raise UsageError("CustomText.slide must be a whole number")
        redacted_xml(request)

    async def send(self, permit: Permit, *, idempotency_key: str | None = None) -> SendResult:
        """Make the one ``sendSavedMMS`` call this permit is for.

        With a ledger, a send that was made before under the same key is not made again: its recorded answer
        comes back. Without a key, who gets what makes one (``mmscheck.ledger.idempotency_key``).

        Raises PermitError when the permit was used, has expired or came from another gate, LedgerError when
        the ledger cannot be read or written, and UsageError for a key without a ledger or one that is none;
        nothing was sent then. Whatever the provider or the network does is a SendResult.
        """
        if idempotency_key is not None and self._ledger is None:
            raise UsageError("an idempotency key needs a ledger: Gate(client=..., ledger=...)")
        order = self._issued.pop(id(permit), None)
        if order is None or order.permit is not permit:
            raise PermitError("this permit was used, has expired, or came from another gate")
        if self._ledger is None:
            return await gate.guarded_send(permit, order.request, self._client.send_saved_mms)
        keyed = msgspec.structs.replace(order, key=idempotency_key)
        return await send_through(self._ledger, self._client, keyed, self._retries)


def _denied(report: Report, verdict: Verdict) -> DeniedError:
    reasons = [*verdict.reasons, *(reason for item in verdict.messages for reason in item.reasons)]
    more = f" and {len(reasons) - MOST_REASONS} more" if len(reasons) > MOST_REASONS else ""
    return DeniedError("; ".join(reasons[:MOST_REASONS]) + more, report=report, verdict=verdict)
