"""Saves and sends, the kill switch, and approvals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from mmscheck.errors import UsageError
from mmscheck.report.escape import visible
from mmscheck.serve import shown
from mmscheck.serve.answers import KEY, Answers, Parts
from mmscheck.serve.bodies import Form, Named, decoded, media_type, read_form, read_json
from mmscheck.serve.calls import request_of
from mmscheck.serve.problem import ProblemError
from mmscheck.serve.routes import Asked
from mmscheck.serve.times import rfc3339
from mmscheck.serve.words import (
    Approval,
    ApprovalAsked,
    Approvals,
    Held,
    HoldAsked,
    Holds,
    Kind,
    SaveAsked,
    SendAsked,
    SendFields,
)
from mmscheck.serve.work import Work

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger
    from mmscheck.model.ledger import Hold
    from mmscheck.model.proof import Approval as KeptApproval


class CallApi:
    """The handlers."""

    def __init__(self, parts: Parts, answers: Answers) -> None:
        """Take the parts; they are running."""
        self._parts = parts
        self._answers = answers

    async def save(self, asked: Asked) -> web.StreamResponse:
        """Check a message, save it with the provider, bind its id."""
        return await self._answers.worked(asked, self._save)

    async def _save(self, asked: Asked) -> Work:
        self._demand_calls()
        if media_type(asked.request) == "application/json":
            body = await read_json(asked, SaveAsked, self._parts.caps)
            return Work(kind=Kind.SAVE, documents=self._answers.document(body.document, body.source))
        return Work(kind=Kind.SAVE, documents=_one(await read_form(asked, self._parts.caps), request=False))

    async def send(self, asked: Asked) -> web.StreamResponse:
        """Check a message again and send it, at most once."""
        return await self._answers.worked(asked, self._send)

    async def _send(self, asked: Asked) -> Work:
        self._demand_calls()
        again = False
        if media_type(asked.request) == "application/json":
            body = await read_json(asked, SendAsked, self._parts.caps)
            documents, fields, again = (
                self._answers.document(body.document, body.source),
                body.request,
                body.again,
            )
        else:
            form = await read_form(asked, self._parts.caps)
            documents, fields = _one(form, request=True), decoded(form.request, SendFields)
        if again and not asked.request.headers.get(KEY):
            raise ProblemError(
                "malformed", f"again needs an {KEY} of its own: under it the send is made once."
            )
        request = request_of(fields, fields.to, self._parts.config.send)
        return Work(kind=Kind.SEND, documents=documents, request=request, again=again)

    def _demand_calls(self) -> None:
        if self._parts.calls is None:
            raise ProblemError(
                "no-sends", "It was started without an API key, or no token has the right to send."
            )

    # The kill switch, and approvals

    async def hold(self, asked: Asked) -> web.StreamResponse:
        """Stop every send through the ledger."""
        body = await read_json(asked, HoldAsked, self._parts.caps)
        held = await self._ledger().hold(reason=body.reason, who=asked.caller.name)
        return shown.value(Holds(holds=[_held(held)]), status=201)

    async def release(self, asked: Asked) -> web.StreamResponse:
        """Let sends go again; tells what was held."""
        released = await self._ledger().release(who=asked.caller.name)
        return shown.value(Holds(holds=[_held(one) for one in released]))

    async def holds(self, _asked: Asked) -> web.StreamResponse:
        """What is held."""
        return shown.value(Holds(holds=[_held(one) for one in await self._ledger().held()]))

    def _ledger(self) -> Ledger:
        if self._parts.ledger is None:
            raise ProblemError("no-sends", "This service has no ledger, because nobody may send through it.")
        return self._parts.ledger

    async def approve(self, asked: Asked) -> web.StreamResponse:
        """Keep a named person's word for a content."""
        body = await read_json(asked, ApprovalAsked, self._parts.caps)
        name, note = visible(body.name.strip()), visible(body.note.strip())
        if not name:
            raise ProblemError("malformed", "name: expected who approves.")
        try:
            kept = await self._ledger().approve(body.content, name=name, via=asked.caller.name, note=note)
        except UsageError as error:
            raise ProblemError("not-approved", f"{error}.") from error
        return shown.value(_approval(kept), status=201)

    async def approvals(self, asked: Asked) -> web.StreamResponse:
        """What was approved of a content."""
        found = await self._ledger().approvals(asked.request.query.get("content", ""))
        return shown.value(Approvals(approvals=[_approval(one) for one in found]))


def _approval(kept: KeptApproval) -> Approval:
    return Approval(
        content=kept.content,
        name=kept.name,
        token=kept.via,
        note=kept.note,
        at=rfc3339(kept.approved_at / 1_000_000),
    )


def _one(form: Form, *, request: bool) -> tuple[Named, ...]:
    if len(form.documents) != 1 or form.files or form.options or bool(form.request) is not request:
        parts = "document and request" if request else "document"
        raise ProblemError("malformed", f"Expected exactly: {parts}.")
    return form.documents


def _held(hold: Hold) -> Held:
    return Held(reason=hold.reason, who=hold.who, since=rfc3339(hold.held_at / 1_000_000))
