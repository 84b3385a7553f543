"""What the handlers share: a body becomes a job, the job is waited for, and its end becomes an answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from mmscheck.base.names import LONGEST_KEY, usable_name
from mmscheck.base.spans import Tracing
from mmscheck.errors import MmscheckError
from mmscheck.model.request import SendStatus
from mmscheck.report import FORMATS
from mmscheck.ruleset import Config
from mmscheck.serve import shown
from mmscheck.serve.bodies import Named
from mmscheck.serve.calls import Caller
from mmscheck.serve.campaigns import Campaigns
from mmscheck.serve.checker import Checker
from mmscheck.serve.formats import chosen
from mmscheck.serve.jobs import Jobs
from mmscheck.serve.metrics import Metrics
from mmscheck.serve.problem import ProblemError
from mmscheck.serve.routes import Asked
from mmscheck.serve.settings import Caps
from mmscheck.serve.store import Store
from mmscheck.serve.words import Kind
from mmscheck.serve.work import Row, Work

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger

KEY = "Idempotency-Key"

_WAIT = re.compile(r"\bwait\s*=\s*\"?([0-9]{1,4})")
_ASYNC = re.compile(r"\brespond-async\b")
SOON = "1"

Read = Callable[[Asked], Awaitable[Work]]
"""Reads a body as what is to be done."""


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What the service is made of; ``ledger`` and ``calls`` are None where nothing is ever sent."""

    store: Store
    checker: Checker
    jobs: Jobs
    caps: Caps
    config: Config
    metrics: Metrics
    ledger: Ledger | None
    calls: Caller | None
    campaigns: Campaigns | None
    require_approval: bool
    tracing: Tracing | None = None


class Answers:
    """Jobs for requests, and answers for jobs."""

    def __init__(self, parts: Parts) -> None:
        """Take the parts; they are running."""
        self._parts = parts

    def document(self, document: str, source: str) -> tuple[Named, ...]:
        """A document that came as text; raises the problem of one that is too large."""
        data = document.encode("utf-8", "surrogatepass")
        if len(data) > self._parts.caps.document:
            raise ProblemError(
                "too-large", f"At most {self._parts.caps.document:,} bytes are taken for a document."
            )
        return (Named(name=source, data=data),)

    async def worked(
        self, asked: Asked, read: Read, formats: Collection[str] = FORMATS
    ) -> web.StreamResponse:
        """Have it done, and wait for its end as long as the client does."""
        # Before anything is done: whoever is told 406 must not have sent something.
        chosen(asked.request.headers.get("Accept"), asked.request.query.get("format"), formats)
        job = (await self.taken(asked, read)).id
        found = await self._parts.jobs.wait(job, self._patience(asked.request))
        if found is None:
            raise ProblemError("not-found", "The job was forgotten meanwhile.")
        return await self._answer(asked, found)

    async def taken(self, asked: Asked, read: Read) -> Row:
        """The job that the body asks for; the body is let go of as soon as the job is on disk."""
        work = _keyed(asked, await read(asked))
        try:
            await asyncio.to_thread(self._demand, work)
        except MmscheckError as error:
            raise ProblemError(
                "malformed", "These options cannot be used.", errors=str(error).splitlines()
            ) from None
        row = await self._parts.jobs.take(work, asked.caller.name)
        asked.room.leave()
        return row

    def _demand(self, work: Work) -> None:
        self._parts.checker.demand(work)
        if work.kind in {Kind.SAVE, Kind.SEND} and self._parts.calls is not None:
            self._parts.calls.demand(work)
        if work.campaign is not None and self._parts.campaigns is not None:
            self._parts.campaigns.demand(work)

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
            headers = {"Location": f"/v1/jobs/{row.id}", "Retry-After": SOON}
            return shown.value(shown.job_of(row), status=202, headers=headers)
        headers = {"Content-Location": shown.report_of(row), **shown.told(row)}
        if row.problem is not None:
            return shown.problem(row.problem, headers)
        packed = await self._parts.store.report(row.id)
        if packed is None or row.outcome is None:
            raise ProblemError("ended", "Its report is lost.", instance=f"/v1/jobs/{row.id}")
        # What was accepted in a try that was cut short stays accepted, whatever the message has become since.
        accepted = row.outcome.status is SendStatus.ACCEPTED
        status = 200 if accepted or row.outcome.exit_code == 0 else 422
        return await self.report(asked, row, packed, status=status, headers=headers)

    async def report(
        self, asked: Asked, row: Row, packed: bytes, *, status: int, headers: dict[str, str]
    ) -> web.StreamResponse:
        """A stored report in the format that is asked for."""
        # A report of many messages takes a second to write; others must not wait for it.
        return await asyncio.to_thread(
            shown.report, row, packed, asked.request, status=status, headers=headers
        )

    async def stored(self, asked: Asked, row: Row) -> web.StreamResponse:
        """The report of a job of the caller's own, or where to ask for it."""
        if not row.is_over:
            headers = {"Location": f"/v1/jobs/{row.id}", "Retry-After": SOON}
            return shown.value(shown.job_of(row), status=202, headers=headers)
        packed = await self._parts.store.report(row.id)
        if packed is None:
            if row.problem is not None:
                return shown.problem(row.problem, {})
            raise ProblemError("ended", "Its report is lost.", instance=f"/v1/jobs/{row.id}")
        return await self.report(asked, row, packed, status=200, headers=shown.told(row))

    async def own(self, asked: Asked) -> Row:
        """The caller's job; one of another's is not there, for all that he is told."""
        row = await self._parts.store.job(asked.names["id"])
        if row is None or row.owner != asked.caller.name:
            raise ProblemError("not-found", "There is no such job; reports are kept for a day.")
        return row


def _keyed(asked: Asked, work: Work) -> Work:
    """The work under the key that the client gave it."""
    given = asked.request.headers.getall(KEY, [])
    if not given:
        return work
    text = given[0].strip()
    # A structured string (draft-ietf-httpapi-idempotency-key-header); most clients send it bare.
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    try:
        if len(given) > 1:
            raise ProblemError("malformed", f"{KEY} was given twice.")
        return msgspec.structs.replace(work, key=usable_name(KEY, text, LONGEST_KEY))
    except MmscheckError as error:
        raise ProblemError("malformed", f"{error}.") from None
