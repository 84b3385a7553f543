"""What a moment may mend is asked for again, politely and not for ever."""

from __future__ import annotations

import asyncio
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from mmscheck.fetch import fetch_all
from mmscheck.fetch.failure import Failure
from mmscheck.fetch.head import parse_head
from mmscheck.fetch.status import pause_before_repeat, retry_after
from mmscheck.model.observation import Fetched, NotFetched, Reason
from tests.support.rawserver import Respond, fetched, not_fetched, policy, reset, response, serve, sniff


def first_then_ok(first: bytes, times: int = 1) -> Respond:
    asked = 0

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.write(first if asked <= times else response())
        writer.close()

    return respond


@pytest.mark.parametrize(
    "status", ["429 Too Many Requests", "503 Unavailable", "502 Bad", "504 Timeout", "408 Timeout"]
)
async def test_a_passing_status_is_asked_again(status: str) -> None:
    async with serve(first_then_ok(response(status=status), times=2)) as server:
        found = await fetched(server.url(), policy(server, retries=2))
    assert found.attempts == 3
    assert [hop.status for hop in found.hops] == [200]
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "reason"),
    [("429 Slow", Reason.BUSY), ("503 Busy", Reason.BUSY), ("502 Bad Gateway", Reason.BAD_STATUS)],
)
async def test_a_passing_status_that_stays_is_named(status: str, reason: Reason) -> None:
    async with serve(response(status=status)) as server:
        found = await not_fetched(server.url(), policy(server, retries=2))
    assert (found.reason, found.attempts, len(server.requests)) == (reason, 3, 3)
    assert found.detail == f"HTTP {status}"


@pytest.mark.parametrize(
    "raw",
    [
        response(status="404 Not Found"),
        response(status="403 Forbidden"),
        response(status="500 Oops"),
        response(b"abc", length=9),
        b"HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc",
        response(b"", "Location: ftp://x/", status="302 Found"),
    ],
)
async def test_what_will_not_change_is_asked_once(raw: bytes) -> None:
    async with serve(raw) as server:
        found = await not_fetched(server.url(), policy(server, retries=2))
    assert found.attempts == 1
    assert len(server.requests) == 1


async def test_a_dropped_connection_is_asked_again_and_every_request_counted() -> None:
    async with serve(first_then_ok(b"", times=2)) as server:
        found = await fetched(server.url(), policy(server, retries=2))
    assert found.attempts == 3
    assert server.connections == 3


BROKEN_OFF = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc"


async def test_a_repeat_takes_nothing_back_that_an_answer_which_broke_off_had_shown() -> None:
    async with serve(first_then_ok(BROKEN_OFF)) as server:
        found = await not_fetched(server.url(), policy(server, retries=2))
    assert (found.reason, len(server.requests)) == (Reason.RESET, 2)
    assert found.hops[-1].values("Transfer-Encoding") == ("chunked",)
    assert "answered with other headers" in found.detail


async def test_a_repeat_that_is_answered_alike_counts() -> None:
    asked = 0

    async def reset_once(head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.write(response()[:-1] if asked == 1 else response())
        await writer.drain()
        if asked == 1:
            reset(writer)
        else:
            writer.close()

    async with serve(reset_once) as server:
        found = await fetched(server.url(), policy(server, retries=2))
    assert found.attempts == 2


async def test_without_retries_a_dropped_connection_is_one_request() -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        reset(writer)

    async with serve(respond) as server:
        found = await not_fetched(server.url(), policy(server, retries=0))
    assert found.reason is Reason.RESET
    assert server.connections == 1


async def test_a_refused_connection_is_tried_again() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        found = await not_fetched(url, policy(retries=2))
    assert (found.reason, found.attempts) == (Reason.REFUSED, 3)


async def test_a_timeout_is_tried_again_with_time_of_its_own() -> None:
    asked = 0

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        if asked > 1:
            writer.write(response())

    async with serve(respond) as server:
        found = await fetched(server.url(), policy(server, retries=1, timeout=0.8))
    assert found.attempts == 2


@pytest.mark.parametrize(("number", "asked_for"), [(socket.EAI_AGAIN, 3), (socket.EAI_NONAME, 1)])
async def test_a_lookup_is_repeated_only_when_the_failure_may_pass(number: int, asked_for: int) -> None:
    asked: list[str] = []

    def lookup(host: str) -> list[str]:
        asked.append(host)
        raise socket.gaierror(number, "no")

    url = "http://media.example.com/a.jpg"
    found = (await fetch_all([url], policy(retries=2), sniff, lookup=lookup))[url]
    assert len(asked) == asked_for
    assert found.attempts == asked_for


async def test_a_lookup_that_failed_for_a_moment_may_succeed() -> None:
    asked: list[str] = []

    def lookup(host: str) -> list[str]:
        asked.append(host)
        if len(asked) == 1:
            raise socket.gaierror(socket.EAI_AGAIN, "later")
        return ["127.0.0.1"]

    async with serve(response()) as server:
        found = (await fetch_all([server.url()], policy(retries=1), sniff, lookup=lookup))[server.url()]
    assert isinstance(found, Fetched)
    assert found.attempts == 2


async def test_the_server_is_left_alone_for_as_long_as_it_asked() -> None:
    busy = response(b"", "Retry-After: 1", status="503 Busy")
    begun = time.monotonic()
    async with serve(first_then_ok(busy)) as server:
        found = await fetched(server.url(), policy(server, retries=1))
    assert time.monotonic() - begun >= 1.0
    assert found.attempts == 2
    assert found.timing_ms.total < 900


@pytest.mark.parametrize("late", [False, True])
async def test_a_wait_beyond_the_deadline_is_not_begun(*, late: bool) -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True) if late else "3600"
    busy = response(b"", f"Retry-After: {when}", status="429 Too Many Requests")
    begun = time.monotonic()
    async with serve(busy) as server:
        found = await not_fetched(server.url(), policy(server, retries=2, deadline=20.0))
    assert time.monotonic() - begun < 10
    assert (found.reason, found.attempts) == (Reason.BUSY, 1)
    assert when in found.detail


async def test_a_pause_holds_no_slot() -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        busy = b"GET /0 " in head and len(server.requests) < 4
        writer.write(response(b"", "Retry-After: 1", status="503 Busy") if busy else response())

    async with serve(respond) as server:
        urls = [server.url(f"/{number}") for number in range(4)]
        found = await fetch_all(urls, policy(server, retries=1, per_host=1), sniff)
    assert [request.split()[1] for request in server.requests] == [b"/0", b"/1", b"/2", b"/3", b"/0"]
    assert all(isinstance(observation, Fetched) for observation in found.values())


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("0", 0, 0),
        ("120", 120, 120),
        (" 5 ", 5, 5),
        ("86401", 86_400, 86_400),
        ("9" * 5000, 86_400, 86_400),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400, 86_400),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0, 0),
        ("Friday, 31-Dec-99 23:59:59 GMT", 0, 0),
    ],
)
def test_both_forms_of_retry_after_are_read(value: str, low: float, high: float) -> None:
    wait = retry_after(parse_head(response(b"", f"Retry-After: {value}", status="503 Busy")))
    assert wait is not None
    assert low <= wait <= high


def test_a_retry_after_in_the_future_is_counted_from_now() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=600), usegmt=True)
    wait = retry_after(parse_head(response(b"", f"Retry-After: {later}", status="503 Busy")))
    assert wait is not None
    assert 500 <= wait <= 601


@pytest.mark.parametrize("value", ["", "soon", "-1", "1.5", "\xb2", "Fri, 99 Foo 9999 99:99:99 GMT"])
def test_a_retry_after_that_means_nothing_is_passed_over(value: str) -> None:
    assert retry_after(parse_head(response(b"", f"Retry-After: {value}", status="503 Busy"))) is None


def test_pauses_double_and_spread() -> None:
    failure = Failure(Reason.RESET)
    for attempts, middle in ((1, 0.25), (2, 0.5), (3, 1.0)):
        pauses = {pause_before_repeat(failure, attempts, 0.25) for _ in range(50)}
        assert middle * 0.5 <= min(pauses) < max(pauses) <= middle * 1.5


async def test_the_outcome_of_the_last_attempt_counts() -> None:
    asked = 0

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.write(response(status="503 Busy" if asked == 1 else "404 Not Found"))

    async with serve(respond) as server:
        found = await not_fetched(server.url(), policy(server, retries=2))
    assert isinstance(found, NotFetched)
    assert (found.reason, found.attempts, len(found.hops)) == (Reason.BAD_STATUS, 2, 1)
