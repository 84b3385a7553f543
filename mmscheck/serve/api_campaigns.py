"""Campaigns over HTTP: taken, followed, stopped; the same request goes on with one that ended too soon."""

from __future__ import annotations

from aiohttp import web

from mmscheck.report.escape import visible
from mmscheck.report.json_v1 import json_campaign
from mmscheck.serve import shown
from mmscheck.serve.answers import SOON, Answers, Parts
from mmscheck.serve.api import Api
from mmscheck.serve.bodies import Named, decoded, media_type, read_form, read_json
from mmscheck.serve.calls import request_of
from mmscheck.serve.campaign_words import (
    CampaignAsked,
    CampaignFields,
    CampaignJob,
    CampaignNote,
    CampaignStop,
)
from mmscheck.serve.checker import campaign_of
from mmscheck.serve.problem import ProblemError
from mmscheck.serve.routes import Asked
from mmscheck.serve.words import Kind
from mmscheck.serve.work import Row, Work


class CampaignApi:
    """The handlers."""

    def __init__(self, parts: Parts, answers: Answers, api: Api) -> None:
        """Take the parts; they are running. ``api`` counts the streams of progress."""
        self._parts = parts
        self._answers = answers
        self._api = api

    async def begin(self, asked: Asked) -> web.StreamResponse:
        """Take a campaign; what its key stands for already comes back as it stands."""
        row = await self._answers.taken(asked, self._read)
        headers = {"Location": f"/v1/campaigns/{row.id}", "Retry-After": SOON}
        job = await self._job(row)
        return shown.value(job) if row.is_over else shown.value(job, status=202, headers=headers)

    async def _read(self, asked: Asked) -> Work:
        if self._parts.campaigns is None:
            raise ProblemError(
                "no-sends", "It was started without an API key, or no token has the right to send."
            )
        if media_type(asked.request) == "application/json":
            body = await read_json(asked, CampaignAsked, self._parts.caps)
            documents, fields = self._answers.document(body.document, body.source), body.request
            rows: tuple[Named, ...] = (
                Named(name=body.file, data=body.rows.encode("utf-8", "surrogatepass")),
            )
        else:
            form = await read_form(asked, self._parts.caps)
            documents, rows = form.documents, form.files
            if len(documents) != 1 or len(rows) != 1 or form.options or not form.request:
                raise ProblemError("malformed", "Expected exactly: document, file (the rows) and request.")
            fields = decoded(form.request, CampaignFields)
        request = request_of(fields, None, self._parts.config.send)
        return Work(kind=Kind.CAMPAIGN, documents=documents, files=rows, request=request, campaign=fields)

    async def look(self, asked: Asked) -> web.StreamResponse:
        """A campaign as it stands."""
        row = await self._own(asked)
        return shown.value(await self._job(row), headers=shown.told(row))

    async def events(self, asked: Asked) -> web.StreamResponse:
        """Its progress, as server-sent events."""
        return await self._api.follow(asked, await self._own(asked))

    async def stop(self, asked: Asked) -> web.StreamResponse:
        """Have nothing more sent; what is in flight is finished. One that is over stays as it is."""
        row = await self._own(asked)
        body = await read_json(asked, CampaignStop, self._parts.caps)
        if not row.is_over:
            why = f"stopped by {asked.caller.name}: {visible(body.reason.strip())}"
            await self._parts.jobs.stop(row, why)
        return shown.value(await self._job(row))

    async def _own(self, asked: Asked) -> Row:
        row = await self._answers.own(asked)
        if row.kind is not Kind.CAMPAIGN:
            raise ProblemError("not-found", "That is no campaign.", instance=f"/v1/jobs/{row.id}")
        return row

    async def _job(self, row: Row) -> CampaignJob:
        note = await self._parts.store.campaigns.note(row.id) or CampaignNote(name="")
        packed = await self._parts.store.report(row.id) if row.is_over else None
        job = shown.job_of(row)
        return CampaignJob(
            id=job.id,
            name=visible(note.name),
            state=job.state,
            created=job.created,
            started=job.started,
            ended=job.ended,
            expires=job.expires,
            progress=self._parts.jobs.progress(row.id) or note.progress,
            stop=note.stop,
            report=job.report,
            events=f"/v1/campaigns/{row.id}/events",
            result=None if packed is None else json_campaign(campaign_of(packed)),
            outcome=job.outcome,
            problem=job.problem,
        )
