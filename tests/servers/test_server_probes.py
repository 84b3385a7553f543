"""Recognition from further requests, over real sockets."""

from __future__ import annotations

import asyncio

from mmscheck.fetch import FetchPolicy
from mmscheck.judge.pipeline import check, load_rules
from mmscheck.media import MediaWorkers
from mmscheck.model.mms import MediaRef, Mms, Slide, Text
from mmscheck.model.report import Evaluation, MessageReport
from mmscheck.model.words import MediaKind, Outcome
from tests.support.rawserver import RawServer, policy, response, serve
from tests.support.server_rows import GZIPPED, JPEG


def message(url: str) -> Mms:
    ref = MediaRef(url=url, kind=MediaKind.IMAGE, slide=1, index=1, line=2)
    text = Text(value="sale", line=1)
    return Mms(
        source="a.xml",
        digest="sha256:0",
        name=text,
        subject=text,
        slides=(Slide(number=1, line=1, media=(ref,)),),
    )


async def judged(server: RawServer, *, deep: bool = False) -> MessageReport:
    how: FetchPolicy = policy(server)
    async with MediaWorkers() as workers:
        report = await check(
            [message(server.url("/media/photo.jpg"))], load_rules("send"), how, workers=workers, deep=deep
        )
    return report.messages[0]


def evaluation(report: MessageReport, rule: str) -> Evaluation:
    return next(item for item in report.evaluations if item.rule == rule)


async def test_a_server_that_answers_browsers_only_is_told_over_a_real_socket() -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        if b"Mozilla" in head:
            writer.write(response(JPEG, "Content-Type: image/jpeg"))
        else:
            writer.write(response(b"no", "Content-Type: text/plain", status="403 Forbidden"))
        writer.close()

    async with serve(respond) as server:
        found = evaluation(await judged(server, deep=True), "media-reachable")
        shallow = evaluation(await judged(server), "media-reachable")
    assert found.outcome is shallow.outcome is Outcome.FAILED
    assert "answers browsers only" in found.message
    assert "For browsers only: As reported: Requests are judged by their User-Agent" in found.fix
    assert "answers browsers only" not in shallow.message
    assert "It looks like an access restriction: the file is not public" in shallow.message


async def test_compression_on_request_is_advised_on_over_a_real_socket() -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        server = "Server: nginx/1.22.1"
        if b"gzip" in head.lower():
            chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(GZIPPED), GZIPPED)
            lines = (server, 'ETag: W/"5f"', "Content-Encoding: gzip", "Transfer-Encoding: chunked")
            writer.write(response(chunk, "Content-Type: image/jpeg", *lines, length=None))
        else:
            writer.write(response(JPEG, "Content-Type: image/jpeg", server, 'ETag: "5f"'))
        writer.close()

    async with serve(respond) as server:
        report = await judged(server)
    assert evaluation(report, "content-length").outcome is Outcome.PASSED
    found = evaluation(report, "length-under-gzip")
    assert found.outcome is Outcome.FAILED
    assert "gzip off;" in found.fix
    assert "gzip off;" not in evaluation(report, "content-length").fix
