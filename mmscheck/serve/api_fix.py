"""Mending: files and messages in, mended ones out, and these judged once more."""

from __future__ import annotations

import asyncio

from aiohttp import web

from mmscheck.fix.report import FIX_FORMATS
from mmscheck.serve import shown
from mmscheck.serve.answers import Answers, Parts
from mmscheck.serve.bodies import decoded, media_type, read_form, read_json
from mmscheck.serve.mending import unpacked_files
from mmscheck.serve.problem import ProblemError
from mmscheck.serve.routes import Asked
from mmscheck.serve.words import FixAsked, Kind, MendOptions
from mmscheck.serve.work import Row, Work


class FixApi:
    """The handlers."""

    def __init__(self, parts: Parts, answers: Answers) -> None:
        """Take the parts; they are running."""
        self._parts = parts
        self._answers = answers

    async def fix(self, asked: Asked) -> web.StreamResponse:
        """Mend files and messages, each judged before it is kept."""
        return await self._answers.worked(asked, self._fix, FIX_FORMATS)

    async def _fix(self, asked: Asked) -> Work:
        if media_type(asked.request) == "application/json":
            body = await read_json(asked, FixAsked, self._parts.caps)
            documents = self._answers.document(body.document, body.source)
            return Work(kind=Kind.FIX, documents=documents, mending=body.options)
        form = await read_form(asked, self._parts.caps)
        if form.request or not (form.documents or form.files):
            raise ProblemError("malformed", "A fix takes parts document, file and options.")
        options = decoded(form.options, MendOptions) if form.options else MendOptions()
        return Work(kind=Kind.FIX, documents=form.documents, files=form.files, mending=options)

    async def report(self, asked: Asked) -> web.StreamResponse:
        """What was done, file by file, before and after."""
        return await self._answers.stored(asked, await self._own(asked))

    async def files(self, asked: Asked) -> web.StreamResponse:
        """The mended files."""
        headers = {
            **shown.SAFE,
            "Content-Type": "application/zip",
            "Content-Disposition": 'attachment; filename="mended.zip"',
        }
        return web.Response(body=await self._packed(asked), headers=headers)

    async def check(self, asked: Asked) -> web.StreamResponse:
        """Judge what was mended, as a lint; or its messages, with the files that their hosts have."""
        return await self._answers.worked(asked, self._again)

    async def _again(self, asked: Asked) -> Work:
        hosted = asked.request.query.get("hosted", "no")
        if hosted not in {"yes", "no"}:
            raise ProblemError("malformed", "hosted is yes or no.")
        packed = await self._packed(asked)
        asked.room.add(2 * len(packed))
        documents, files = await asyncio.to_thread(unpacked_files, packed)
        if not documents and not files:
            raise ProblemError("not-found", "Nothing was mended, so there is nothing to judge.")
        if hosted == "yes":
            if not documents:
                raise ProblemError("not-found", "There is no message among these files.")
            return Work(kind=Kind.CHECK, documents=documents)
        return Work(kind=Kind.LINT, documents=documents, files=files)

    async def _packed(self, asked: Asked) -> bytes:
        row = await self._own(asked)
        packed = await self._parts.store.files(row.id)
        if packed is None:
            raise ProblemError("not-found", "It is not over, or ended with no files.")
        return packed

    async def _own(self, asked: Asked) -> Row:
        row = await self._answers.own(asked)
        if row.kind is not Kind.FIX:
            raise ProblemError("not-found", "That is no fix.", instance=f"/v1/jobs/{row.id}")
        return row
