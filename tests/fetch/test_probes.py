"""The requests after the first one: which are made, and how they ask."""

from __future__ import annotations

import asyncio
import re
from hashlib import sha256

import pytest

from mmscheck.fetch import fetch_all
from mmscheck.fetch.probes import BROWSER_AGENT, signed_by, unseen_url
from mmscheck.model.observation import Inspected, ProbeName, Reason, Sniffed
from tests.support.asked import BROWSER, COLD, FIRST, GZIP, WEBP, asked, by, probe, request_line, targets
from tests.support.rawserver import (
    fetched,
    not_fetched,
    policy,
    response,
    serve,
)

DEFAULT = (ProbeName.GZIP, ProbeName.COLD)
HIT = response(b"abc", "Content-Type: image/jpeg", "CF-Cache-Status: HIT")
PLAIN = response(b"abc", "Content-Type: image/jpeg")
CHUNKED = "Transfer-Encoding: chunked"


# What is asked for


@pytest.mark.parametrize(
    ("answer", "names", "requests"),
    [
        (PLAIN, (), [FIRST]),
        (HIT, (), [FIRST]),
        (PLAIN, DEFAULT, [FIRST, GZIP]),
        (HIT, DEFAULT, [FIRST, GZIP, COLD]),
        (HIT, (ProbeName.GZIP,), [FIRST, GZIP]),
        (response(b"abc", "CF-Cache-Status: MISS"), DEFAULT, [FIRST, GZIP]),
        (response(b"abc", "X-Cache: MISS"), DEFAULT, [FIRST, GZIP, *[COLD] * 3]),
        (response(b"abc", "Age: 7"), DEFAULT, [FIRST, GZIP, *[COLD] * 3]),
        (response(b"abc", "X-Varnish: 3", "Age: 0"), DEFAULT, [FIRST, GZIP, *[COLD] * 3]),
        (response(b"3\r\nabc\r\n0\r\n\r\n", "X-Varnish: 3", CHUNKED, length=None), DEFAULT, [FIRST, GZIP]),
        (response(b"abc", "X-Served-By: cache-fra-1"), DEFAULT, [FIRST, GZIP, *[COLD] * 3]),
        (PLAIN, (ProbeName.REPEAT,), [FIRST] * 4),
        (HIT, tuple(ProbeName), [*[FIRST] * 4, GZIP, COLD, BROWSER, WEBP]),
    ],
)
async def test_exactly_these_requests_are_made(
    answer: bytes, names: tuple[ProbeName, ...], requests: list[str]
) -> None:
    async with serve(answer) as server:
        await fetched(server.url(), policy(server, probes=names))
    assert asked(server) == sorted(requests)


async def test_the_first_request_is_answered_before_any_other_is_made() -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        if len(server.requests) == 1:
            await asyncio.sleep(0.1)
            assert len(server.requests) == 1
        writer.write(HIT)
        writer.close()

    async with serve(respond) as server:
        found = await fetched(server.url(), policy(server, probes=tuple(ProbeName)))
    assert request_line(server.requests[0]) == FIRST
    assert len(server.requests) == len(found.probes) - 2 + 1


async def test_a_browser_is_named_in_full() -> None:
    async with serve(PLAIN) as server:
        await fetched(server.url(), policy(server, probes=(ProbeName.BROWSER,)))
    assert f"\r\nUser-Agent: {BROWSER_AGENT}\r\n".encode() in server.requests[1]


async def test_only_pictures_are_asked_for_as_webp() -> None:
    async def video(url: str, body: bytes) -> Inspected:
        return Inspected(sniffed=Sniffed(type="video/mp4", witness="test"))

    async with serve(response(b"abc", "Content-Type: video/mp4")) as server:
        url = server.url()
        found = (await fetch_all([url], policy(server, probes=(ProbeName.WEBP,)), video))[url]
    assert len(server.requests) == 1
    assert probe(found, ProbeName.WEBP).skipped == "the file is said to be no picture"


async def test_repeats_are_made_as_often_as_the_policy_says() -> None:
    async with serve(PLAIN) as server:
        found = await fetched(server.url(), policy(server, probes=(ProbeName.REPEAT,), repeats=5))
        assert not (
            await fetched(server.url("/b"), policy(server, probes=(ProbeName.REPEAT,), repeats=0))
        ).probes
    assert len(server.requests) == 7
    assert [each.sha256 for each in found.probes] == [sha256(b"abc").hexdigest()] * 5
    assert {each.size for each in found.probes} == {3}


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=ab",
        "AWSAccessKeyId=a&Signature=b&Expires=1",
        "GoogleAccessId=a&Expires=1&Signature=b",
        "X-Goog-Signature=ab",
        "sv=2024-01-01&sr=b&sig=ab",
        "Policy=a&Key-Pair-Id=b",
        "hdnea=exp=1",
        "md5=ab&expires=1",
        "verify=1-ab",
        "token=a",
        "s=0123456789abcdef",
        "anything=0123456789abcdef0123456789abcdef",
    ],
)
async def test_a_signed_url_is_never_asked_for_with_a_further_parameter(query: str) -> None:
    async with serve(HIT) as server:
        found = await fetched(server.url(f"/a.jpg?{query}"), policy(server, probes=DEFAULT))
    assert targets(server) == [f"/a.jpg?{query}"] * 2
    assert "signed" in probe(found, ProbeName.COLD).skipped
    assert signed_by(found.url) is not None


async def test_a_redirect_to_a_signed_url_is_not_asked_for_with_one_either() -> None:
    async with serve(by(lambda head: to_signed if b"/a.jpg" in head else HIT)) as server:
        to_signed = response(b"", f"Location: {server.url('/b.jpg?Signature=abc')}", status="302 Found")
        found = await fetched(server.url(), policy(server, probes=(ProbeName.COLD,)))
    assert len(server.requests) == 2
    assert "signed (Signature)" in probe(found, ProbeName.COLD).skipped


@pytest.mark.parametrize(
    ("url", "asked_for"),
    [
        ("http://a.example/b.jpg", r"http://a\.example/b\.jpg\?mmscheck=[0-9a-f]{16}"),
        ("http://a.example/b.jpg?", r"http://a\.example/b\.jpg\?mmscheck=[0-9a-f]{16}"),
        ("http://a.example/b.jpg?v=1#part", r"http://a\.example/b\.jpg\?v=1&mmscheck=[0-9a-f]{16}"),
        ("http://a.example", r"http://a\.example/\?mmscheck=[0-9a-f]{16}"),
    ],
)
def test_the_mark_is_a_further_query_parameter_and_new_each_time(url: str, asked_for: str) -> None:
    assert re.fullmatch(asked_for, unseen_url(url))
    assert unseen_url(url) != unseen_url(url)


async def test_past_the_cache_the_url_that_answered_is_asked_for() -> None:
    async with serve(by(lambda head: moved if b"/a.jpg" in head else HIT)) as server:
        moved = response(b"", "Location: /b.jpg?v=1", status="301 Moved")
        found = await fetched(server.url(), policy(server, probes=(ProbeName.COLD,)))
    assert targets(server) == [
        "/a.jpg",
        "/b.jpg?v=1",
        "/b.jpg?v=1&mmscheck=*",
    ]
    assert probe(found, ProbeName.COLD).size is None


async def test_probes_follow_redirects_by_the_same_rules() -> None:
    def choose(head: bytes) -> bytes:
        if b": gzip" not in head:
            return PLAIN
        return response(b"", "Location: /a.jpg", status="302 Found")

    async with serve(by(choose)) as server:
        found = await fetched(server.url(), policy(server, probes=(ProbeName.GZIP,)))
    assert probe(found, ProbeName.GZIP).reason is Reason.REDIRECT_LOOP
    assert [hop.status for hop in probe(found, ProbeName.GZIP).hops] == [302]


async def test_the_address_guard_holds_for_probes() -> None:
    def choose(head: bytes) -> bytes:
        if b": gzip" not in head:
            return PLAIN
        return response(b"", "Location: http://169.254.169.254/latest", status="302 Found")

    async with serve(by(choose)) as server:
        found = await fetched(server.url(), policy(server, probes=(ProbeName.GZIP,)))
    assert probe(found, ProbeName.GZIP).reason is Reason.ADDRESS_REFUSED


# After a refusal


@pytest.mark.parametrize("status", ["403 Forbidden", "406 Not Acceptable", "429 Slow", "503 Busy", "401 Who"])
async def test_who_refuses_is_asked_once_more_as_a_browser(status: str) -> None:
    def choose(head: bytes) -> bytes:
        return PLAIN if b"Mozilla" in head else response(b"no", status=status)

    async with serve(by(choose)) as server:
        found = await not_fetched(server.url(), policy(server, probes=tuple(ProbeName)))
    assert asked(server) == sorted([FIRST, BROWSER])
    assert [each.name for each in found.probes] == [ProbeName.BROWSER]
    assert probe(found, ProbeName.BROWSER).sha256 == sha256(b"abc").hexdigest()
    assert found.final is not None
    assert found.final.status == int(status[:3])


@pytest.mark.parametrize(
    "answer", [response(b"", status="404 Gone"), response(b"", status="410 Gone"), b"rubbish\r\n\r\n"]
)
async def test_what_is_no_refusal_is_not_asked_for_again(answer: bytes) -> None:
    async with serve(answer) as server:
        found = await not_fetched(server.url(), policy(server, probes=tuple(ProbeName)))
    assert len(server.requests) == 1
    assert found.probes == ()


async def test_a_server_that_asks_to_be_left_alone_is() -> None:
    async with serve(response(b"", "Retry-After: 60", status="429 Slow")) as server:
        found = await not_fetched(server.url(), policy(server, probes=tuple(ProbeName)))
    assert len(server.requests) == 1
    assert "Retry-After" in probe(found, ProbeName.BROWSER).skipped


async def test_a_refusal_is_not_asked_about_unless_that_is_wanted() -> None:
    async with serve(response(b"", status="403 No")) as server:
        found = await not_fetched(server.url(), policy(server, probes=DEFAULT))
    assert len(server.requests) == 1
    assert found.probes == ()
