"""Saves and sends of a service: through the library's gate, whose ledger holds each key to one send."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Self

import msgspec

from mmscheck.errors import DeniedError
from mmscheck.fetch import FetchPolicy
from mmscheck.judge.content import content_digest
from mmscheck.judge.pipeline import load_rules
from mmscheck.ledger import Ledger
from mmscheck.model.ledger import NEVER_ARRIVED, SendRecord, SendState
from mmscheck.model.report import Report
from mmscheck.model.request import Changes, CustomText, SendRequest, SendResult, SendStatus
from mmscheck.model.words import Dialect, SenderType, sender_type
from mmscheck.ruleset import Config
from mmscheck.ruleset.config import SendTable
from mmscheck.send.api import Gate
from mmscheck.send.order import Retries, own_key
from mmscheck.send.send import recorded
from mmscheck.serve.bodies import Named
from mmscheck.serve.checker import Done, outcome_of
from mmscheck.serve.clients import Clients, demand_client, speaks
from mmscheck.serve.problem import ProblemError
from mmscheck.serve.words import CommonFields, Kind
from mmscheck.serve.work import Work

_DENIED = SendResult(
    status=SendStatus.NOT_ATTEMPTED, detail="The gate denied, so the provider was not called."
)


class Caller:
    """``async with Caller(...) as calls``: one gate for each API and kind of sender, made when needed."""

    def __init__(
        self,
        *,
        clients: Clients,
        ledger: Ledger,
        config: Config,
        policy: FetchPolicy,
        require_approval: bool,
    ) -> None:
        """Take by what calls go out, and whether each needs somebody's approval of its content."""
        self._clients = clients
        self._ledger = ledger
        self._config = config
        self._policy = policy
        self._require_approval = require_approval
        self._gates: dict[tuple[Dialect, SenderType | None], Gate] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start nothing yet."""
        await self._stack.__aenter__()
        return self

    async def __aexit__(self, *failure: object) -> None:
        """End every gate's workers."""
        await self._stack.aclose()

    def demand(self, work: Work) -> None:
        """Raise the problem of a document for an API that this service does not call."""
        for document in work.documents:
            demand_client(self._clients, document.data)

    def speaks(self, work: Work) -> bool:
        """Whether this service calls the API that the work is for."""
        return all(speaks(self._clients, document.data) for document in work.documents)

    async def do(self, work: Work, *, begun: bool = False) -> Done:
        """Save or send; raises LedgerError when nothing was called, UsageError for fields that are none.

        ``begun``: an earlier process may have made this very send, and then the ledger's word for it counts,
        whatever the message has become since.
        """
        (document,) = work.documents
        if work.kind is Kind.SAVE:
            return await self._save(document)
        assert work.request is not None  # noqa: S101 - a send is never kept without one
        return await self._send(work, work.request, begun=begun)

    async def _save(self, document: Named) -> Done:
        gate = await self._gate(document, None)
        try:
            saved = await gate.save(document.data, source=document.name)
        except DeniedError as denied:
            return _denied(denied, Changes())
        report = saved.report
        assert report is not None  # noqa: S101 - the gate's own save has one
        return Done(
            report=report,
            outcome=outcome_of(report, content_digest(report, Changes()), saved.result),
            send=saved.result,
        )

    async def _send(self, work: Work, request: SendRequest, *, begun: bool) -> Done:
        (document,) = work.documents
        gate = await self._gate(document, sender_type(request.from_))
        try:
            permit = await gate.check(document.data, request, source=document.name)
        except DeniedError as denied:
            made = await self._made(work, _report_of(denied)) if begun else None
            return _denied(denied, request.changes, made)
        report = gate.report(permit)
        content = content_digest(report, request.changes)
        approved = not self._require_approval or bool(content and await self._ledger.approvals(content))
        if not approved and not (begun and await self._made(work, report)):
            raise ProblemError(
                "not-approved",
                f"Permitted, and not sent: somebody has to approve {content} first (POST /v1/approvals).",
            )
        result = await gate.send(permit, idempotency_key=work.key, again=work.again)
        return Done(report=report, outcome=outcome_of(report, content, result), send=result)

    async def _made(self, work: Work, report: Report) -> SendResult | None:
        """What the ledger knows of this very send, which an earlier process may have made."""
        assert work.request is not None  # noqa: S101 - only sends come here
        subject = report.messages[0].subject
        (document,) = work.documents
        key = work.key or own_key(work.request, subject, demand_client(self._clients, document.data))
        return _known(await self._ledger.earlier((), (key,), campaign="", mms_id=""))

    async def found(self, work: Work) -> SendResult | None:
        """What the ledger knows of a send that this job may have made before; None: certainly nothing."""
        if work.request is None:
            return None
        # Without a key the ledger's own is made of the final subject, which only a check knows: whether the
        # number has this message is then as near as it can be told.
        numbers, keys = ((), (work.key,)) if work.key else ((work.request.to or "",), ())
        sends = await self._ledger.earlier(numbers, keys, campaign="", mms_id=work.request.mms_id or "")
        return _known(sends)

    async def _gate(self, document: Named, sender: SenderType | None) -> Gate:
        client = demand_client(self._clients, document.data)
        sender = self._config.sender or sender
        if (client.api, sender) not in self._gates:
            gate = Gate(
                client=client,
                policy=self._policy,
                ruleset=load_rules("send", sender=sender, config=self._config),
                save_ruleset=load_rules("save", sender=sender, config=self._config),
                strict=self._config.strict,
                ledger=self._ledger,
                retries=Retries(),
                require_confinement=self._config.require_confinement,
                recipients=self._config.recipients.rules(),
            )
            self._gates[client.api, sender] = await self._stack.enter_async_context(gate)
        return self._gates[client.api, sender]


def request_of(fields: CommonFields, to: str | None, usual: SendTable) -> SendRequest:
    """The request that these fields make, with the configuration's ``[send]`` for those left out."""
    changes = Changes(
        custom_subject=fields.custom_subject,
        custom_texts=tuple(CustomText(slide=text.slide, value=text.value) for text in fields.custom_texts),
        data=tuple(fields.data.items()),
    )
    return SendRequest(
        mms_id=fields.mms_id,
        to=to,
        from_=fields.from_ or usual.from_,
        service_id=fields.service_id or usual.service_id,
        fallback_sms_text=fields.fallback_sms_text or usual.fallback_sms_text,
        operator_id=fields.operator_id or usual.operator_id,
        ddm_force=fields.ddm_force,
        ddm_message_text=fields.ddm_message_text,
        ddm_message_subject=fields.ddm_message_subject,
        ddm_message_timeout=fields.ddm_message_timeout,
        changes=changes,
    )


def _known(sends: Sequence[SendRecord]) -> SendResult | None:
    made = [one for one in sends if one.state not in NEVER_ARRIVED - {SendState.REFUSED}]
    return recorded(made[-1]) if made else None


def _report_of(denied: DeniedError) -> Report:
    assert isinstance(denied.report, Report)  # noqa: S101 - what the gate's own DeniedError carries
    return denied.report


def _denied(denied: DeniedError, changes: Changes, made: SendResult | None = None) -> Done:
    report = _report_of(denied)
    result = made or msgspec.structs.replace(_DENIED, detail=f"{_DENIED.detail} {denied}")
    return Done(
        report=report, outcome=outcome_of(report, content_digest(report, changes), result), send=result
    )
