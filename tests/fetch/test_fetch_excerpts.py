"""The beginning of a body that may be text is kept, also of answers that are no file."""

from __future__ import annotations

import asyncio
import time

import pytest

from mmscheck.fetch import request
from mmscheck.model.observation import Reason
from tests.support.rawserver import fetched, not_fetched, policy, reset, response, saying, serve

PAGE = b"<html>\r\n\t<title>Sign in \xe9</title>" + b"x" * 5000
SHOWN = PAGE[:2048].decode("latin-1")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_a_page_that_came_as_a_file_shows_its_beginning() -> None:
    async with serve(response(PAGE)) as server:
        assert (await fetched(server.url(), policy(server))).excerpt == SHOWN


async def test_chunks_are_taken_apart_for_it() -> None:
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (PAGE[:700], PAGE[700:])) + b"0\r\n\r\n"
    async with serve(CHUNKED + body) as server:
        assert (await fetched(server.url(), policy(server))).excerpt == SHOWN


@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "204 No Content", "300 Choices"])
async def test_an_answer_that_is_no_file_shows_its_beginning_too(status: str) -> None:
    async with serve(saying(response(b"", status=status, length=len(PAGE)), PAGE, gap=0.05)) as server:
        found = await not_fetched(server.url(), policy(server))
    assert found.reason is Reason.BAD_STATUS
    assert found.excerpt == ("" if status.startswith("204") else SHOWN)


async def test_an_answer_that_was_refused_shows_what_came_of_it() -> None:
    async with serve(b"HTTP/1.1 200 OK\r\nContent-Length: 3, 4\r\n\r\n" + PAGE) as server:
        found = await not_fetched(server.url(), policy(server))
    assert found.reason is Reason.TWO_LENGTHS
    assert found.excerpt == SHOWN


async def test_a_page_without_a_head_is_shown() -> None:
    async with serve(PAGE) as server:
        found = await not_fetched(server.url(), policy(server))
    assert found.excerpt == SHOWN


@pytest.mark.parametrize("body", [b"\xff\xd8\xff\xe0\x00\x10JFIF", b"a\x1ab", b"\x08"])
async def test_what_is_no_text_shows_nothing(body: bytes) -> None:
    async with serve(response(body)) as server:
        assert (await fetched(server.url(), policy(server))).excerpt == ""
    async with serve(response(body, status="404 Not Found")) as server:
        assert (await not_fetched(server.url(), policy(server))).excerpt == ""


async def test_a_redirect_leaves_no_excerpt_of_its_own() -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        moved = response(b"moved", "Location: /b.jpg", status="302 Found")
        writer.write(response(b"{}") if b"/b.jpg" in head else moved)

    async with serve(respond) as server:
        assert (await fetched(server.url(), policy(server))).excerpt == "{}"


async def test_an_error_body_that_stalls_changes_no_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request, "GLANCE", 0.3)
    stalled = saying(response(b"<html>", status="404 Not Found", length=500), close=False)
    async with serve(stalled) as server:
        began = time.monotonic()
        found = await not_fetched(server.url(), policy(server))
    assert (found.reason, found.detail) == (Reason.BAD_STATUS, "HTTP 404 Not Found")
    assert found.excerpt == "<html>"
    assert time.monotonic() - began < 10


async def test_the_clock_that_runs_out_over_an_error_body_changes_no_outcome() -> None:
    stalled = saying(response(b"<html>", status="404 Not Found", length=500), close=False)
    async with serve(stalled) as server:
        found = await not_fetched(server.url(), policy(server, timeout=0.8))
    assert (found.reason, found.excerpt) == (Reason.BAD_STATUS, "<html>")


@pytest.mark.parametrize("status", ["404 Not Found", "206 Partial Content", "300 Multiple Choices"])
async def test_an_error_body_that_breaks_changes_no_outcome(status: str) -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"<html>", status=status, length=500))
        await writer.drain()
        await asyncio.sleep(0.05)
        reset(writer)

    async with serve(respond) as server:
        found = await not_fetched(server.url(), policy(server))
    assert (found.reason, found.excerpt) == (Reason.BAD_STATUS, "<html>")


async def test_the_body_of_a_redirect_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request, "GLANCE", 15.0)

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        moved = response(b"<html>", "Location: /b.jpg", status="302 Found", length=500)
        writer.write(response() if b"/b.jpg" in head else moved)

    async with serve(respond) as server:
        began = time.monotonic()
        await fetched(server.url(), policy(server))
    assert time.monotonic() - began < request.GLANCE


async def test_of_an_endless_error_body_only_the_beginning_is_read() -> None:
    sent = 0

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 404 Not Found\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 65536)
            sent += 65536
            await writer.drain()

    async with serve(respond) as server:
        found = await not_fetched(server.url(), policy(server))
    assert found.excerpt == "x" * 2048
    assert sent < 16 << 20
