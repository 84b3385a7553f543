"""Judging, reading what came of it, and the service itself."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import TYPE_CHECKING

from aiohttp import web

from mmscheck.errors import LedgerError
from mmscheck.report.escape import visible
from mmscheck.serve import shown
from mmscheck.serve.answers import Answers, Parts
from mmscheck.serve.bodies import media_type, options_of, read_form, read_json
from mmscheck.serve.metrics import MEDIA_TYPE as METRICS_TYPE
from mmscheck.serve.problem import ProblemError
from mmscheck.serve.routes import Asked
from mmscheck.serve.stream import stream
from mmscheck.serve.times import rfc3339
from mmscheck.serve.tokens import Right
from mmscheck.serve.words import (
    CheckAsked,
    Health,
    Kind,
    LintAsked,
    Me,
    Share,
    ShareAsked,
)
from mmscheck.serve.work import Row, Work

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger


class Api:
    """The handlers."""

    def __init__(self, parts: Parts, answers: Answers) -> None:
        """Take the parts; they are running."""
        self._parts = parts
        self._answers = answers
        self._streams = 0

    # Judging

    async def check(self, asked: Asked) -> web.StreamResponse:
        """Judge messages, or media by their URLs, with the network."""
        return await self._answers.worked(asked, self._check)

    async def _check(self, asked: Asked) -> Work:
        if media_type(asked.request) == "application/json":
            body = await read_json(asked, CheckAsked, self._parts.caps)
            if (body.document is None) == (not body.urls):
                raise ProblemError("malformed", "Give either a document or urls.")
            _demand_urls(body.urls)
            documents = (
                self._answers.document(body.document, body.source) if body.document is not None else ()
            )
            return Work(kind=Kind.CHECK, documents=documents, urls=body.urls, options=body.options)
        form = await read_form(asked, self._parts.caps)
        if form.files or form.request or not form.documents:
            raise ProblemError("malformed", "A check takes parts document and options; files go to /v1/lint.")
        return Work(kind=Kind.CHECK, documents=form.documents, options=options_of(form))

    async def lint(self, asked: Asked) -> web.StreamResponse:
        """Judge messages and files without a network."""
        return await self._answers.worked(asked, self._lint)

    async def _lint(self, asked: Asked) -> Work:
        if media_type(asked.request) == "application/json":
            body = await read_json(asked, LintAsked, self._parts.caps)
            documents = self._answers.document(body.document, body.source)
            return Work(kind=Kind.LINT, documents=documents, options=body.options)
        form = await read_form(asked, self._parts.caps)
        if form.request or not (form.documents or form.files):
            raise ProblemError("malformed", "A lint takes parts document, file and options.")
        return Work(kind=Kind.LINT, documents=form.documents, files=form.files, options=options_of(form))

    # Reading

    async def report(self, asked: Asked) -> web.StreamResponse:
        """A job's report."""
        row = await self._answers.own(asked)
        if row.kind is Kind.FIX:
            raise ProblemError("not-found", "That is a fix.", instance=shown.report_of(row))
        return await self._answers.stored(asked, row)

    async def job(self, asked: Asked) -> web.StreamResponse:
        """A job as it stands."""
        row = await self._answers.own(asked)
        return shown.value(shown.job_of(row), headers=shown.told(row))

    async def events(self, asked: Asked) -> web.StreamResponse:
        """A job's progress, as server-sent events."""
        return await self.follow(asked, await self._answers.own(asked))

    async def follow(self, asked: Asked, row: Row) -> web.StreamResponse:
        """A job's progress, as one of the streams that may be open at a time."""
        if self._streams >= self._parts.caps.streams:
            raise ProblemError("too-many", f"{self._streams} streams are open already.", after=5)
        self._streams += 1
        try:
            return await stream(asked.request, self._parts.jobs.follow(row.id))
        finally:
            self._streams -= 1

    async def share(self, asked: Asked) -> web.StreamResponse:
        """A link to a report, for whoever has it, until it expires."""
        row = await self._answers.own(asked)
        body = await read_json(asked, ShareAsked, self._parts.caps)
        if not row.is_over or row.outcome is None:
            raise ProblemError("not-found", "It has no report to share.")
        secret, expires = await self._parts.store.share(row.id, body.seconds)
        return shown.value(Share(path=f"/s/{secret}", expires=rfc3339(expires)), status=201)

    async def shared(self, asked: Asked) -> web.StreamResponse:
        """A shared report."""
        job = await self._parts.store.shared(asked.names["id"])
        row = None if job is None else await self._parts.store.job(job)
        packed = None if row is None else await self._parts.store.report(row.id)
        if row is None or packed is None:
            raise ProblemError(
                "gone", "There is no such link, or its time is over. Ask who gave it for another."
            )
        request = asked.request
        if "format" not in request.query and "text/html" not in request.headers.get("Accept", "text/html"):
            return await self._answers.report(asked, row, packed, status=200, headers={})
        named = request.query.get("format", "html")
        return await asyncio.to_thread(shown.in_format, row, packed, named)

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


def _demand_urls(urls: tuple[str, ...]) -> None:
    if wrong := [url for url in urls if not url.lower().startswith(("http://", "https://"))]:
        raise ProblemError("malformed", f"urls: {visible(wrong[0][:100])} is no http:// or https:// URL.")
