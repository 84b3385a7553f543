"""The gate for a publishing pipeline: check a message, then send it with the permit, at most once."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Self

import msgspec

from mmscheck.errors import DeniedError, PermitError, UsageError
from mmscheck.fetch import FetchPolicy
from mmscheck.judge import gate
from mmscheck.judge.pipeline import CheckOptions, load_rules
from mmscheck.media import MediaWorkers, demand_confinement
from mmscheck.model.recipient import Consent, RecipientRules
from mmscheck.model.report import Report
from mmscheck.model.request import OneShotRequest, SaveRequest, SendRequest, SendResult
from mmscheck.model.rule import BOUND, RuleSet
from mmscheck.model.verdict import Permit, Verdict
from mmscheck.model.words import Dialect, Outcome
from mmscheck.send.flow import check_message, note_denial
from mmscheck.send.one_shot import completed
from mmscheck.send.order import Client, Order, Retries, Saver, demand_api, demand_stored, stored_at
from mmscheck.send.recipient import terms_of
from mmscheck.send.save import SaveCall, Saved, saveable
from mmscheck.send.send import demand_one_shot_client, send_through
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

    A LedgerError means that nothing was sent, so such a job may come again. With a ledger only ids are let
    through that it knows: what ``save``, ``mmscheck save`` or ``mmscheck bind`` bound to this very document.
    """

    def __init__(
        self,
        *,
        client: Client,
        policy: FetchPolicy | None = None,
        ruleset: RuleSet | None = None,
        save_ruleset: RuleSet | None = None,
        strict: bool = False,
        ledger: Ledger | None = None,
        retries: Retries | None = None,
        require_confinement: bool = False,
        recipients: RecipientRules | None = None,
    ) -> None:
        """Take the provider's client, how to fetch, and the rules (default: profiles ``send`` and ``save``).

        ``ledger`` is one that is open, and stays open. ``retries`` needs one; without it nothing is retried.
        ``require_confinement``: only where the kernel isolates what opens media. Raises UsageError where it
        does not, for retries without a ledger, and with a ledger for rules that lack the second gate.
        ``recipients`` is what numbers are held to beside the suppression list; it needs a ledger as well.
        """
        if recipients is not None and ledger is None:
            raise UsageError("rules for recipients need a ledger: without one nobody knows what was sent")
        if retries is not None and ledger is None:
            raise UsageError("retries need a ledger: without one nobody knows what was sent")
        if require_confinement:
            demand_confinement("require_confinement")
        if ruleset is not None and ledger is not None:
            gate.require_second_gate(ruleset)
        self._client = client
        self._policy = policy or FetchPolicy()
        self._ruleset = ruleset or load_rules()
        self._save_ruleset = save_ruleset
        self._strict = strict
        self._ledger = ledger
        self._retries = retries
        self._terms = terms_of(recipients or RecipientRules())
        self._workers = MediaWorkers()
        self._issued: dict[int, _Issued] = {}
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

        A ``OneShotRequest`` sends the document itself, at once: its fields are completed from the document.

        Raises UsageError for arguments that are none: text instead of bytes, or fields that XML cannot carry.
        """
        return await self._permit(_Asked(document=document, request=request, source=source))

    async def _permit(self, asked: _Asked) -> Permit:
        self._demand_usable(asked.document, asked.request)
        if isinstance(asked.request, OneShotRequest):
            asked = msgspec.structs.replace(asked, request=self._one_shot(asked, asked.request))
        report = await self._permitted(self._ruleset, asked.document, asked.source, asked.request)
        permit = gate.permit(report, asked.request, time.time())
        # Whoever lets go of a permit cannot use it any more, so nothing is kept for it.
        gone = weakref.ref(permit, partial(self._forget, id(permit)))
        self._issued[id(permit)] = _Issued(permit=gone, asked=asked, report=report)
        return permit

    def _one_shot(self, asked: _Asked, request: OneShotRequest) -> OneShotRequest:
        """The request with what its document says; raises UsageError for one that cannot be posted."""
        from mmscheck.sinch import shown_request  # noqa: PLC0415 - the provider's package brings the HTTP client

        if asked.document != request.document:
            raise UsageError("the document to check is another than that of the request")
        demand_one_shot_client(self._client)
        message = parse(asked.document, asked.source)
        request = completed(message, request)
        if message.problem is None:
            demand_api(message.document, self._client)
            shown_request(request, message.dialect)
        return request

    def report(self, permit: Permit) -> Report:
        """The report that a permit of this gate came from; PermitError when it was used, or is another's."""
        issued = self._issued.get(id(permit))
        if issued is None or issued.permit() is not permit:
            raise PermitError("this permit was used, or came from another gate")
        return issued.report

    def _forget(self, number: int, gone: weakref.ref[Permit]) -> None:
        issued = self._issued.get(number)
        if issued is not None and issued.permit is gone:
            del self._issued[number]

    async def _permitted(
        self, ruleset: RuleSet, document: bytes, source: str, request: SendRequest | None = None
    ) -> Report:
        """A report that permits; DeniedError carries one that denies, which the ledger notes."""
        options = CheckOptions(
            policy=self._policy, request=request, strict=self._strict, workers=self._workers
        )
        message, account = parse(document, source), stored_at(self._client)
        if message.problem is None:
            demand_api(message.document, self._client)
        if request is not None and not isinstance(request, OneShotRequest):
            demand_stored(message)
        checked = await check_message(self._ledger, message, ruleset, options, account)
        if checked.verdict.permitted:
            return checked.report
        if self._ledger is not None:
            await note_denial(self._ledger, checked, "send" if request else "save")
        raise _denied(checked.report, checked.verdict, "" if self._ledger is None else self._ledger.shown)

    def _demand_usable(self, document: object, request: object) -> None:
        from mmscheck.sinch import shown_request  # noqa: PLC0415 - the provider's package brings the HTTP client

        if not self._running:
            raise UsageError("a gate works inside `async with Gate(...) as gate:`")
        if not isinstance(document, bytes) or not isinstance(request, SendRequest):
            raise UsageError("Gate.check takes the document as bytes and a SendRequest")
        _demand_types(request)
        if not isinstance(request, OneShotRequest):
            shown_request(request, getattr(self._client, "api", Dialect.XML))

    async def send(
        self,
        permit: Permit,
        *,
        idempotency_key: str | None = None,
        again: bool = False,
        consent: Consent | None = None,
    ) -> SendResult:
        """Make the one ``sendSavedMMS`` or ``sendMMS`` call this permit is for.

        With a ledger, a send that was made before under the same key is not made again: its recorded answer
        comes back. Without a key, who gets what makes one (``mmscheck.ledger.idempotency_key``). A number
        that has this stored message gets it ``again`` only when that is said, and once for each key. One that
        must not be texted, or not now, gets nothing: ``refusal`` of the result says why. ``consent`` is kept
        with the send.

        A permit that has outlived its ten minutes means a fresh check first: what is sent is what is
        permitted now, and DeniedError says why nothing is.

        Raises PermitError when the permit was used or came from another gate, LedgerError when the ledger
        cannot be read or written, and UsageError for a key without a ledger or one that is none, and for
        ``again`` without a key; nothing was sent then. Whatever the provider or the network does is a
        SendResult.
        """
        if idempotency_key is not None and self._ledger is None:
            raise UsageError("an idempotency key needs a ledger: Gate(client=..., ledger=...)")
        if again and idempotency_key is None:
            raise UsageError("again needs an idempotency key of its own: under it the send is made once")
        self.report(permit)
        issued = self._issued.pop(id(permit))
        if permit.left(time.time()) <= 0:
            permit = await self._permit(issued.asked)
            issued = self._issued.pop(id(permit))
        request = issued.asked.request
        if self._ledger is None and isinstance(request, OneShotRequest):
            return await gate.guarded_call(permit, request, demand_one_shot_client(self._client).send_mms)
        if self._ledger is None:
            return await gate.guarded_call(permit, request, self._client.send_saved_mms)
        order = Order(
            report=issued.report,
            request=request,
            permit=permit,
            key=idempotency_key,
            again=again,
            terms=msgspec.structs.replace(self._terms, consent=consent),
        )
        return await send_through(self._ledger, self._client, order, self._retries)

    async def save(self, document: bytes, *, source: str = "<document>") -> Saved:
        """Check slide XML by profile ``save``, make the one ``saveMMS`` call, bind its id in the ledger.

        ``bound`` of the result is None for an accepted save whose id the ledger could not take: the result's
        ``detail`` says how to bind it. ``mmscheck hold`` stops no save, and one of unknown outcome may be
        made again: it reaches no phone.

        Raises DeniedError, LedgerError, and UsageError for arguments that are none, without a ledger, or
        with a client that cannot save; nothing was saved then.
        """
        self._demand_usable(document, SendRequest())
        if self._ledger is None:
            raise UsageError("a save needs a ledger that binds its id: Gate(client=..., ledger=...)")
        if not isinstance(self._client, Saver):
            raise UsageError("this client cannot save: it has no save_mms")
        saveable(parse(document, source), document)
        self._save_ruleset = self._save_ruleset or load_rules("save")
        report = await self._permitted(self._save_ruleset, document, source)
        save = SaveRequest(document=document)
        order = Order(report=report, request=save, permit=gate.permit(report, save, time.time()))
        call = SaveCall(self._ledger, self._client, order)
        result = await call.make()
        return Saved(result=result, bound=call.bound, report=report)


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, so that it can be asked for again."""

    document: bytes
    request: SendRequest
    source: str


class _Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A permit that somebody still holds, and what it came from."""

    permit: weakref.ref[Permit]
    asked: _Asked
    report: Report


def _demand_types(request: SendRequest) -> None:
    for name in SendRequest.__struct_fields__[:-1]:
        if not isinstance(value := getattr(request, name), str | None):
            raise UsageError(f"SendRequest.{name} must be text, not {type(value).__name__}")
    if any(type(text.slide) is not int for text in request.changes.custom_texts):
        raise UsageError("CustomText.slide must be a whole number")
    for pair in request.changes.data:
        if [type(each) for each in pair] != [str, str]:
            raise UsageError("Changes.data must be pairs of texts: a name and its value")


def _sentences(report: Report, verdict: Verdict) -> Iterator[str]:
    """What denies: of a message what failed before what could not be decided, because that often follows."""
    yield from verdict.reasons
    blocking = {rule.id for rule in report.rules if report.blocks(rule.severity)}
    for message, judged in zip(report.messages, verdict.messages, strict=True):
        through = {(item.rule, item.target) for item in judged.waived}
        for outcome in (Outcome.FAILED, Outcome.CANT_TELL):
            yield from (
                f"{item.rule}: {item.message}"
                for item in message.evaluations
                if item.outcome is outcome
                and item.rule in blocking
                and (item.rule, item.target) not in through
            )


def _denied(report: Report, verdict: Verdict, ledger: str) -> DeniedError:
    reasons = list(_sentences(report, verdict)) or list(verdict.all_reasons)
    more = f" and {len(reasons) - MOST_REASONS} more" if len(reasons) > MOST_REASONS else ""
    asked = f" (the ledger {ledger} was asked)" if ledger and any(BOUND in one for one in reasons) else ""
    return DeniedError("; ".join(reasons[:MOST_REASONS]) + more + asked, report=report, verdict=verdict)
