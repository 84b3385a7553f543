"""What each route does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from mmscheck.base.names import LONGEST_KEY, usable_name
from mmscheck.errors import LedgerError, MmscheckError
from mmscheck.model.request import SendStatus
from mmscheck.report.escape import visible
from mmscheck.ruleset import Config
from mmscheck.serve import shown
from mmscheck.serve.bodies import Form, Named, decoded, media_type, options_of, read_form, read_json
from mmscheck.serve.calls import Caller as Calls
from mmscheck.serve.calls import request_of
from mmscheck.serve.checker import Checker
from mmscheck.serve.formats import chosen
from mmscheck.serve.jobs import Jobs
from mmscheck.serve.metrics import MEDIA_TYPE as METRICS_TYPE
from mmscheck.serve.metrics import Metrics
from mmscheck.serve.problem import ProblemError
from mmscheck.serve.routes import Asked
from mmscheck.serve.settings import Caps
from mmscheck.serve.store import Store
from mmscheck.serve.stream import stream
from mmscheck.serve.times import rfc3339
from mmscheck.serve.tokens import Right
from mmscheck.serve.words import (
    ApprovalAsked,
    Approvals,
    CheckAsked,
    Health,
    Held,
    HoldAsked,
    Holds,
    Kind,
    LintAsked,
    Me,
    SaveAsked,
    SendAsked,
    SendFields,
    Share,
    ShareAsked,
)
from mmscheck.serve.work import Row, Work

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger
    from mmscheck.model.ledger import Hold

_WAIT = re.compile(r"\bwait\s*=\s*\"?([0-9]{1,4})")
_ASYNC = re.compile(r"\brespond-async\b")
_KEY = "Idempotency-Key"
_SOON = "1"


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What the service is made of; ``ledger`` and ``calls`` are None where nothing is ever sent."""

    store: Store
    checker: Checker
    jobs: Jobs
    caps: Caps
    config: Config
    metrics: Metrics
    ledger: Ledger | None
    calls: Calls | None
    require_approval: bool


class Api:
    """The handlers."""

    def __init__(self, parts: Parts) -> None:
        """Take the parts; they are running."""
        self._parts = parts
        self._streams = 0

    # Judging

    async def check(self, asked: Asked) -> web.StreamResponse:
        """Judge messages, or media by their URLs, with the network."""
        return await self._worked(asked, self._check)

    async def _check(self, asked: Asked) -> Work:
        if media_type(asked.request) == "application/json":
            body = await read_json(asked, CheckAsked, self._parts.caps)
            if (body.document is None) == (not body.urls):
                raise ProblemError("malformed", "Give either a document or urls.")
            _demand_urls(body.urls)
            documents = self._text(body.document, body.source) if body.document is not None else ()
            return Work(kind=Kind.CHECK, documents=documents, urls=body.urls, options=body.options)
        form = await read_form(asked, self._parts.caps)
        if form.files or form.request or not form.documents:
            raise ProblemError("malformed", "A check takes parts document and options; files go to /v1/lint.")
        return Work(kind=Kind.CHECK, documents=form.documents, options=options_of(form))

    async def lint(self, asked: Asked) -> web.StreamResponse:
        """Judge messages and files without a network."""
        return await self._worked(asked, self._lint)

    async def _lint(self, asked: Asked) -> Work:
        if media_type(asked.request) == "application/json":
            body = await read_json(asked, LintAsked, self._parts.caps)
            documents = self._text(body.document, body.source)
            return Work(kind=Kind.LINT, documents=documents, options=body.options)
        form = await read_form(asked, self._parts.caps)
        if form.request or not (form.documents or form.files):
            raise ProblemError("malformed", "A lint takes parts document, file and options.")
        return Work(kind=Kind.LINT, documents=form.documents, files=form.files, options=options_of(form))

    def _text(self, document: str, source: str) -> tuple[Named, ...]:
        data = document.encode("utf-8", "surrogatepass")
        if len(data) > self._parts.caps.document:
            raise ProblemError(
                "too-large", f"At most {self._parts.caps.document:,} bytes are taken for a document."
            )
        return (Named(name=source, data=data),)

    async def _worked(self, asked: Asked, read: Callable[[Asked], Awaitable[Work]]) -> web.StreamResponse:
        # Before anything is done: whoever is told 406 must not have sent something.
        chosen(asked.request.headers.get("Accept"), asked.request.query.get("format"))
        job = await self._taken(asked, read)
        found = await self._parts.jobs.wait(job, self._patience(asked.request))
        if found is None:
            raise ProblemError("not-found", "The job was forgotten meanwhile.")
        return await self._answer(asked, found)

    async def _taken(self, asked: Asked, read: Callable[[Asked], Awaitable[Work]]) -> str:
        """The id of the job that the body asks for; the body is let go of as soon as the job is on disk."""
        work = _keyed(asked, await read(asked))
        try:
            await asyncio.to_thread(self._parts.checker.demand, work)
        except MmscheckError as error:
            raise ProblemError(
                "malformed", "These options cannot be used.", errors=str(error).splitlines()
            ) from None
        row = await self._parts.jobs.take(work, asked.caller.name)
        asked.room.leave()
        return row.id

    def _patience(self, request: web.BaseRequest) -> float:
        """Seconds to wait for the end of a job, as ``Prefer`` says (RFC 7240)."""
        wishes = ", ".join(request.headers.getall("Prefer", []))[:1000].lower()
        if _ASYNC.search(wishes):
            return 0.0
        if found := _WAIT.search(wishes):
            return min(float(found[1]), self._parts.caps.longest_wait)
        return self._parts.caps.wait

    async def _answer(self, asked: Asked, row: Row) -> web.StreamResponse:
        """How a job ended, or where to ask for it: 200 only when nothing stood in the way."""
        if not row.is_over:
            headers = {"Location": f"/v1/jobs/{row.id}", "Retry-After": _SOON}
            return shown.value(shown.job_of(row), status=202, headers=headers)
        headers = {"Content-Location": f"/v1/checks/{row.id}", **shown.told(row)}
        if row.problem is not None:
            return shown.problem(row.problem, headers)
        packed = await self._parts.store.report(row.id)
        if packed is None or row.outcome is None:
            raise ProblemError("ended", "Its report is lost.", instance=f"/v1/jobs/{row.id}")
        # What was accepted in a try that was cut short stays accepted, whatever the message has become since.
        accepted = row.outcome.status is SendStatus.ACCEPTED
        status = 200 if accepted or row.outcome.exit_code == 0 else 422
        return await self._report(asked, packed, status=status, headers=headers)

    async def _report(
        self, asked: Asked, packed: bytes, *, status: int, headers: dict[str, str]
    ) -> web.StreamResponse:
        # A report of many messages takes a second to write; others must not wait for it.
        return await asyncio.to_thread(shown.report, packed, asked.request, status=status, headers=headers)

    # Reading

    async def report(self, asked: Asked) -> web.StreamResponse:
        """A job's report."""
        row = await self._own(asked)
        if not row.is_over:
            headers = {"Location": f"/v1/jobs/{row.id}", "Retry-After": _SOON}
            return shown.value(shown.job_of(row), status=202, headers=headers)
        packed = await self._parts.store.report(row.id)
        if packed is None:
            if row.problem is not None:
                return shown.problem(row.problem, {})
            raise ProblemError("ended", "Its report is lost.", instance=f"/v1/jobs/{row.id}")
        return await self._report(asked, packed, status=200, headers=shown.told(row))

    async def job(self, asked: Asked) -> web.StreamResponse:
        """A job as it stands."""
        row = await self._own(asked)
        return shown.value(shown.job_of(row), headers=shown.told(row))

    async def events(self, asked: Asked) -> web.StreamResponse:
        """A job's progress, as server-sent events."""
        row = await self._own(asked)
        if self._streams >= self._parts.caps.streams:
            raise ProblemError("too-many", f"{self._streams} streams are open already.", after=5)
        self._streams += 1
        try:
            return await stream(asked.request, self._parts.jobs.follow(row.id))
        finally:
            self._streams -= 1

    async def _own(self, asked: Asked) -> Row:
        """The caller's job; one of another's is not there, for all that he is told."""
        row = await self._parts.store.job(asked.names["id"])
        if row is None or row.owner != asked.caller.name:
            raise ProblemError("not-found", "There is no such job; reports are kept for a day.")
        return row

    async def share(self, asked: Asked) -> web.StreamResponse:
        """A link to a report, for whoever has it, until it expires."""
        row = await self._own(asked)
        body = await read_json(asked, ShareAsked, self._parts.caps)
        if not row.is_over or row.outcome is None:
            raise ProblemError("not-found", "It has no report to share.")
        secret, expires = await self._parts.store.share(row.id, body.seconds)
        return shown.value(Share(path=f"/s/{secret}", expires=rfc3339(expires)), status=201)

    async def shared(self, asked: Asked) -> web.StreamResponse:
        """A shared report."""
        job = await self._parts.store.shared(asked.names["id"])
        packed = None if job is None else await self._parts.store.report(job)
        if packed is None:
            raise ProblemError(
                "gone", "There is no such link, or its time is over. Ask who gave it for another."
            )
        request = asked.request
        if "format" not in request.query and "text/html" not in request.headers.get("Accept", "text/html"):
            return await self._report(asked, packed, status=200, headers={})
        named = request.query.get("format", "html")
        return await asyncio.to_thread(shown.in_format, packed, named)

    # Calls

    async def save(self, asked: Asked) -> web.StreamResponse:
        """Check a message, save it with the provider, bind its id."""
        return await self._worked(asked, self._save)

    async def _save(self, asked: Asked) -> Work:
        self._demand_calls()
        if media_type(asked.request) == "application/json":
            body = await read_json(asked, SaveAsked, self._parts.caps)
            return Work(kind=Kind.SAVE, documents=self._text(body.document, body.source))
        return Work(kind=Kind.SAVE, documents=_one(await read_form(asked, self._parts.caps), request=False))

    async def send(self, asked: Asked) -> web.StreamResponse:
        """Check a message again and send it, at most once."""
        return await self._worked(asked, self._send)

    async def _send(self, asked: Asked) -> Work:
        self._demand_calls()
        again = False
        if media_type(asked.request) == "application/json":
            body = await read_json(asked, SendAsked, self._parts.caps)
            documents, fields, again = self._text(body.document, body.source), body.request, body.again
        else:
            form = await read_form(asked, self._parts.caps)
            documents, fields = _one(form, request=True), decoded(form.request, SendFields)
        if again and not asked.request.headers.get(_KEY):
            raise ProblemError(
                "malformed", f"again needs an {_KEY} of its own: under it the send is made once."
            )
        request = request_of(fields, self._parts.config.send)
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
        if self._parts.ledger is not None:
            await self._parts.ledger.record_check(
                "approved", content=body.content, name=name, token=asked.caller.name, note=note
            )
        approval = await self._parts.store.approve(body.content, name, asked.caller.name, note)
        return shown.value(approval, status=201)

    async def approvals(self, asked: Asked) -> web.StreamResponse:
        """What was approved of a content."""
        found = await self._parts.store.approvals(asked.request.query.get("content", ""))
        return shown.value(Approvals(approvals=found))

    # The service itself

    async def me(self, asked: Asked) -> web.StreamResponse:
        """Who asks, and what he may do here."""
        return shown.value(
            Me(
                name=asked.caller.name,
                rights=sorted(right.value for right in asked.caller.rights),
                version=version("mmscheck"),
                sends=self._parts.calls is not None and Right.SEND in asked.caller.rights,
                require_approval=self._parts.require_approval,
            )
        )

    async def alive(self, _asked: Asked) -> web.StreamResponse:
        """That the process answers at all."""
        return shown.value(Health(status="ok"))

    async def ready(self, _asked: Asked) -> web.StreamResponse:
        """Whether it can work: the database answers, and it is not ending."""
        if self._parts.jobs.draining:
            return shown.value(Health(status="draining"), status=503)
        try:
            await self._parts.store.counts()
            if self._parts.ledger is not None:
                await self._parts.ledger.held()
        except LedgerError:
            return shown.value(Health(status="no-database"), status=503)
        return shown.value(Health(status="ok"))

    async def metrics(self, _asked: Asked) -> web.StreamResponse:
        """Numbers for Prometheus."""
        jobs = self._parts.jobs
        gauges = {
            "mmscheck_jobs_waiting": ("Jobs of this process that wait.", float(jobs.waiting)),
            "mmscheck_jobs_running": ("Jobs of this process that run.", float(jobs.running)),
            "mmscheck_event_streams": ("Streams of progress that are open.", float(self._streams)),
        }
        if self._parts.ledger is not None:
            gauges |= await _sent(self._parts.ledger)
        text = self._parts.metrics.text(gauges)
        return web.Response(text=text, headers={**shown.SAFE, "Content-Type": METRICS_TYPE})


async def _sent(ledger: Ledger) -> dict[str, tuple[str, float]]:
    from mmscheck.ledger import Filter  # noqa: PLC0415 - SQLAlchemy is heavy, and a service without sends needs none

    wrong = sum((await ledger.counts(Filter(false_permits=True))).values())
    return {
        "mmscheck_false_permits": ("Sends that the gate let pass and that failed later.", float(wrong)),
        "mmscheck_holds": ("Open holds.", float(len(await ledger.held()))),
    }


def _keyed(asked: Asked, work: Work) -> Work:
    """The work under the key that the client gave it."""
    given = asked.request.headers.getall(_KEY, [])
    if not given:
        return work
    text = given[0].strip()
    # A structured string (draft-ietf-httpapi-idempotency-key-header); most clients send it bare.
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    try:
        if len(given) > 1:
            raise ProblemError("malformed", f"{_KEY} was given twice.")
        return msgspec.structs.replace(work, key=usable_name(_KEY, text, LONGEST_KEY))
    except MmscheckError as error:
        raise ProblemError("malformed", f"{error}.") from None


def _one(form: Form, *, request: bool) -> tuple[Named, ...]:
    if len(form.documents) != 1 or form.files or form.options or bool(form.request) is not request:
        parts = "document and request" if request else "document"
        raise ProblemError("malformed", f"Expected exactly: {parts}.")
    return form.documents


def _demand_urls(urls: tuple[str, ...]) -> None:
    if wrong := [url for url in urls if not url.lower().startswith(("http://", "https://"))]:
        raise ProblemError("malformed", f"urls: {visible(wrong[0][:100])} is no http:// or https:// URL.")


def _held(hold: Hold) -> Held:
    return Held(reason=hold.reason, who=hold.who, since=rfc3339(hold.held_at / 1_000_000))
