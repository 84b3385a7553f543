"""Links in texts are asked for as a phone would: once in a run, by the head, and never one person's own."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from mmscheck.judge.engine import rejudge
from mmscheck.judge.pipeline import CheckOptions, check_messages, load_rules
from mmscheck.model.mms import Mms
from mmscheck.model.observation import Fetched, NotFetched, Reason
from mmscheck.model.report import MessageReport, Report
from mmscheck.model.request import Changes, SendRequest
from mmscheck.model.words import Outcome
from mmscheck.slidexml import parse
from tests.support.rawserver import RawServer, policy, serve

PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000000000\r\n\r\n<html>"
GONE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def message(text: str, name: str = "sale.xml", media: str = "") -> Mms:
    image = f"<image><url>{media}</url></image>" if media else ""
    return parse(
        f"<request><name>sale</name><message-subject>Sale</message-subject>"
        f"<slide><message-text>{text}</message-text>{image}</slide></request>".encode(),
        name,
    )


def outcome(report: MessageReport, rule: str) -> Outcome:
    (found,) = (item.outcome for item in report.evaluations if item.rule == rule)
    return found


def paths(raw: RawServer) -> list[str]:
    return [head.split(b" ")[1].decode() for head in raw.requests]


async def run(raw: RawServer, *messages: Mms, profile: str = "send", **options: Any) -> Report:
    how = CheckOptions(policy=policy(raw, retries=0), **options)
    return await check_messages(messages, load_rules(profile), how)


async def test_one_link_of_many_messages_is_asked_for_once_by_its_head() -> None:
    async with serve(PAGE) as raw:
        link = raw.url("/sale", host="shop.example.com")
        report = await run(raw, *(message(f"See {link} or {link}", f"{n}.xml") for n in range(3)))
    assert paths(raw) == ["/sale"]
    assert b"Accept: text/html" in raw.requests[0]
    assert b"Range" not in raw.requests[0]
    assert {outcome(one, "text-links-answered") for one in report.messages} == {Outcome.PASSED}
    assert all(one.observations == {} for one in report.messages)


async def test_a_link_that_is_a_medium_too_is_fetched_as_the_medium_alone() -> None:
    async with serve(GONE) as raw:
        both = raw.url("/a.jpg")
        report = await run(raw, message(f"See {both}", media=both))
    assert len(raw.requests) == 1
    assert outcome(report.messages[0], "text-links-answered") is Outcome.FAILED
    assert outcome(report.messages[0], "media-reachable") is Outcome.FAILED


async def test_what_merge_data_makes_is_one_persons_and_never_asked_for() -> None:
    async with serve(PAGE) as raw:
        host = raw.url("", host="shop.example.com")
        text = f"Stop: {host}/stop/{{$code}} {{$link|{host}/default}} {{$own}}"
        changes = Changes(data=(("code", "b7"), ("own", f"{host}/own")))
        report = await run(raw, message(text), changes=changes)
    assert raw.requests == []
    assert outcome(report.messages[0], "text-links-answered") is Outcome.INAPPLICABLE


async def test_custom_texts_of_rows_are_not_asked_for_either() -> None:
    async with serve(PAGE) as raw:
        link = raw.url("/row", host="shop.example.com")
        changes = msgspec.convert({"custom_texts": [{"slide": 1, "value": link}]}, Changes)
        await run(raw, message("Hi"), changes=changes, columns=("text",))
        assert raw.requests == []
        await run(raw, message("Hi"), changes=changes)
    assert paths(raw) == ["/row"]


async def test_no_more_than_eight_links_of_a_message_are_asked_for() -> None:
    async with serve(PAGE) as raw:
        links = [raw.url(f"/{n}", host="shop.example.com") for n in range(12)]
        await run(raw, message(" ".join(links)))
    assert sorted(paths(raw)) == [f"/{n}" for n in range(8)]


async def test_rows_are_judged_on_what_came_for_the_first() -> None:
    async with serve(GONE) as raw:
        stored = message(f"Hi {{$name|you}}: {raw.url('/sale', host='shop.example.com')}")
        report = await run(raw, stored)
    (base,) = report.messages
    changes = Changes(data=(("name", "Bo"),))
    again = rejudge(
        load_rules("send"),
        stored,
        base,
        changes=changes,
        request=SendRequest(to="15145550100", changes=changes),
    )
    assert outcome(again, "text-links-answered") is Outcome.FAILED


async def test_addresses_that_are_not_public_are_refused_for_links_too() -> None:
    async with serve(PAGE) as raw:
        link = f"http://127.0.0.1:{raw.port}/sale"
        how = msgspec.structs.replace(policy(raw, retries=0), allow_net=())
        report = await check_messages(
            [message(f"See {link}")],
            load_rules("send"),
            CheckOptions(policy=how),
        )
    seen = (report.messages[0].links or {})[link]
    assert isinstance(seen, NotFetched)
    assert seen.reason is Reason.ADDRESS_REFUSED
    assert raw.requests == []


async def test_a_link_delays_nothing_beyond_the_deadline() -> None:
    ended = asyncio.Event()

    async def silent(_: bytes, __: asyncio.StreamWriter) -> None:
        await ended.wait()

    async with serve(silent) as raw:
        link = raw.url("/sale", host="shop.example.com")
        how = msgspec.structs.replace(policy(raw, retries=0), deadline=1.0)
        report = await check_messages(
            [message(f"See {link}")],
            load_rules("send"),
            CheckOptions(policy=how),
        )
        ended.set()
    assert outcome(report.messages[0], "text-links-answered") is Outcome.CANT_TELL


async def test_progress_counts_files_and_not_links() -> None:
    told: list[str] = []
    async with serve(PAGE) as raw:
        link = raw.url("/sale", host="shop.example.com")
        report = await run(raw, message(f"See {link}"), on_done=lambda url, _: told.append(url))
    assert told == []
    assert isinstance((report.messages[0].links or {})[link], Fetched)


async def test_profile_lint_asks_for_nothing() -> None:
    async with serve(PAGE) as raw:
        await run(raw, message(f"See {raw.url('/sale', host='shop.example.com')}"), profile="lint")
    assert raw.requests == []
