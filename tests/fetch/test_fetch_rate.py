"""Requests to one host are paced, and one that asks to be left alone is, while that fits into the run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from mmscheck.fetch import FetchPolicy, fetch_all
from mmscheck.fetch.failure import Failure
from mmscheck.fetch.slots import SPACE, Pace, Slots
from mmscheck.model.observation import Fetched, NotFetched, Observation, ProbeName, Reason
from tests.support.rawserver import RawServer, Respond, policy, response, serve, sniff, until


def timed(answer: Callable[[bytes], bytes]) -> tuple[list[float], Respond]:
    """A responder and the moments at which it was asked."""
    moments: list[float] = []

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        moments.append(time.monotonic())
        writer.write(answer(head))

    return moments, respond


def is_paced(since: float, moments: list[float], gap: float) -> bool:
    """Whether the requests took as long as their number wants.

    ``since`` is a moment before the first could begin: the first may come late on a busy machine, and then
    the distance to the next is less than ``gap``.
    """
    return moments[-1] - since >= gap * (len(moments) - 1)


async def fetch(urls: list[str], how: FetchPolicy) -> dict[str, Observation]:
    return await fetch_all(urls, how, sniff)


def urls_of(server: RawServer, count: int, host: str = "media.example.com") -> list[str]:
    return [server.url(f"/{number}", host=host) for number in range(count)]


async def test_requests_to_one_host_begin_at_the_rate_that_was_asked_for() -> None:
    moments, respond = timed(lambda _: response())
    begun = time.monotonic()
    async with serve(respond) as server:
        found = await fetch(urls_of(server, 6), policy(server, rate=20.0))
    assert all(isinstance(observation, Fetched) for observation in found.values())
    assert is_paced(begun, moments, 0.05)


async def test_without_a_rate_nothing_is_held_back() -> None:
    moments, respond = timed(lambda _: response())
    async with serve(respond) as server:
        await fetch(urls_of(server, 20), policy(server))
    assert moments[-1] - moments[0] < 4.0


async def test_redirects_count_as_requests() -> None:
    def answer(head: bytes) -> bytes:
        number = int(head.split()[1][1:])
        to = response(b"", f"Location: /{number + 1}", status="302 Found")
        return to if number < 3 else response()

    moments, respond = timed(answer)
    begun = time.monotonic()
    async with serve(respond) as server:
        await fetch([server.url("/0")], policy(server, rate=20.0))
    assert len(moments) == 4
    assert is_paced(begun, moments, 0.05)


async def test_repeats_count_as_requests() -> None:
    moments, respond = timed(lambda _: response(status="502 Bad"))
    begun = time.monotonic()
    async with serve(respond) as server:
        await fetch([server.url()], policy(server, rate=10.0, retries=2))
    assert len(moments) == 3
    assert is_paced(begun, moments, 0.1)


async def test_each_host_has_a_pace_of_its_own() -> None:
    moments, respond = timed(lambda _: response())
    async with serve(respond) as server:
        hosts = [server.url(host=f"h{number}.example.com") for number in range(10)]
        await fetch(hosts, policy(server, rate=1.0))
    assert len(moments) == 10
    assert moments[-1] - moments[0] < 6.0


async def test_requests_that_wait_for_a_place_together_do_not_begin_together_when_it_comes() -> None:
    moments: list[float] = []
    freed = 0.0

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal freed
        if b"Host: slow" in head:
            await asyncio.sleep(0.5)
            freed = time.monotonic()
        else:
            moments.append(time.monotonic())
        writer.write(response())

    async with serve(respond) as server:
        urls = [server.url(host="slow.example.com"), *urls_of(server, 5)]
        await fetch(urls, policy(server, rate=20.0, max_concurrency=1, per_host=5))
    assert len(moments) == 5
    assert is_paced(freed, moments, 0.05)


async def test_many_urls_on_a_paced_host_do_not_starve_the_others() -> None:
    begun = time.monotonic()
    done: dict[str, float] = {}

    async with serve(response()) as server:
        paced = urls_of(server, 40)
        others = [server.url(host=f"h{number}.example.com") for number in range(8)]
        how = policy(server, rate=0.5, max_concurrency=2, per_host=4, deadline=3.0)

        def note(url: str, observation: Observation) -> None:
            if isinstance(observation, Fetched):
                done[url] = time.monotonic() - begun

        found = await fetch_all([*paced, *others], how, sniff, note)
    assert all(done[url] < 1.8 for url in others)
    assert 1 <= sum(url in done for url in paced) <= 3
    waiting = [item for item in found.values() if isinstance(item, NotFetched)]
    assert {item.reason for item in waiting} == {Reason.DEADLINE}


async def test_many_urls_on_a_slow_host_do_not_starve_the_others() -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        if b"Host: slow" in head:
            await until(lambda: len(done) >= 12)
        writer.write(response())

    done: list[str] = []
    async with serve(respond) as server:
        urls = [*urls_of(server, 12, host="slow.example.com"), *urls_of(server, 12, host="fast.example.com")]
        how = policy(server, per_host=4, max_concurrency=8)
        found = await fetch_all(urls, how, sniff, lambda url, _: done.append(url))
    assert all(isinstance(observation, Fetched) for observation in found.values())
    assert all("fast" in url for url in done[:12])


def busy(wait: str) -> bytes:
    return response(b"", f"Retry-After: {wait}", status="429 Too Many Requests")


async def test_one_urls_retry_after_holds_back_the_others_of_its_host() -> None:
    moments, respond = timed(lambda _: busy("1") if len(moments) == 1 else response())
    async with serve(respond) as server:
        urls = urls_of(server, 4)
        found = await fetch(urls, policy(server, per_host=1, retries=1))
    assert all(isinstance(observation, Fetched) for observation in found.values())
    assert len(moments) == 5
    assert moments[1] - moments[0] >= 0.99


async def test_another_host_is_not_held_back_by_it() -> None:
    moments, respond = timed(lambda head: busy("60") if b"Host: media." in head else response())
    async with serve(respond) as server:
        urls = [server.url(), *urls_of(server, 4, host="other.example.com")]
        found = await fetch(urls, policy(server, retries=1))
    assert sum(isinstance(observation, Fetched) for observation in found.values()) == 4
    assert len(moments) == 5


@pytest.mark.parametrize("wait", ["600", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_a_retry_after_beyond_the_deadline_holds_back_no_other_url_of_the_host(wait: str) -> None:
    moments, respond = timed(lambda head: busy(wait) if b"GET /0 " in head else response())
    begun = time.monotonic()
    async with serve(respond) as server:
        urls = urls_of(server, 5)
        found = await fetch(urls, policy(server, per_host=1, retries=2, deadline=40.0))
    assert time.monotonic() - begun < 20.0
    assert len(moments) == 5
    assert is_paced(moments[0], moments, SPACE)
    refused = found.pop(urls[0])
    assert isinstance(refused, NotFetched)
    assert refused.reason is Reason.BUSY
    assert all(isinstance(observation, Fetched) for observation in found.values())


async def test_a_host_that_is_busy_for_longer_than_the_run_is_asked_once_for_each_url() -> None:
    moments, respond = timed(lambda _: busy("3600"))
    async with serve(respond) as server:
        urls = urls_of(server, 6)
        found = await fetch(urls, policy(server, per_host=2, retries=2))
    assert len(moments) == 6
    assert is_paced(moments[0], moments[1:], SPACE)
    assert {item.reason for item in found.values() if isinstance(item, NotFetched)} == {Reason.BUSY}
    assert all(len(item.hops) == 1 for item in found.values())


async def test_a_slower_rate_is_kept_where_the_host_is_busy_for_longer_than_the_run() -> None:
    pace = Pace(rate=2.0, ends=time.monotonic() + 60)
    pace.heed("a:80", Failure(Reason.BUSY, wait=600.0))
    begun = time.monotonic()
    for _ in range(2):
        await pace.calm("a:80")
        assert pace.take("a:80")
    assert time.monotonic() - begun >= 0.99


async def test_a_wait_that_is_too_long_does_not_cut_short_one_that_fits() -> None:
    pace = Pace(ends=time.monotonic() + 60)
    pace.heed("a:80", Failure(Reason.BUSY, wait=0.5))
    pace.heed("a:80", Failure(Reason.BUSY, wait=600.0))
    begun = time.monotonic()
    await pace.calm("a:80")
    assert time.monotonic() - begun >= 0.49


async def test_a_retry_after_within_the_deadline_is_not_cut_short_by_a_shorter_one() -> None:
    pace = Pace()
    pace.heed("a:80", Failure(Reason.BUSY, wait=0.3))
    pace.heed("a:80", Failure(Reason.BUSY, wait=0.05))
    begun = time.monotonic()
    await pace.calm("a:80")
    assert time.monotonic() - begun >= 0.3


@pytest.mark.parametrize(
    "failure",
    [Failure(Reason.BUSY), Failure(Reason.BUSY, wait=0.0), Failure(Reason.BAD_STATUS, wait=30.0)],
)
async def test_only_a_busy_server_is_left_alone(failure: Failure) -> None:
    pace = Pace()
    pace.heed("a:80", failure)
    async with asyncio.timeout(5):
        await pace.calm("a:80")
    assert pace.take("a:80")


async def test_a_place_is_given_back_by_who_no_longer_waits_for_the_server() -> None:
    slots = Slots(1, 1, 1, Pace(ends=time.monotonic() + 60))
    slots.heed("a:80", Failure(Reason.BUSY, "HTTP 503", wait=9.0))
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), slots.lease("a:80"):
                raise AssertionError
    assert not slots.lease("a:80").is_awaited()
    async with asyncio.timeout(5), slots.lease("b:80"):
        assert slots.hosts["a:80"].locked() is False


@pytest.mark.parametrize(
    ("status", "lines"),
    [("429 Slow", ("Retry-After: 0",)), ("503 Busy", ()), ("503 Busy", ("Retry-After: 1",))],
)
async def test_a_server_that_stays_busy_is_never_a_file(status: str, lines: tuple[str, ...]) -> None:
    how: dict[str, Any] = {"retries": 1, "deadline": 20.0}
    async with serve(response(b"", *lines, status=status)) as server:
        found = await fetch([server.url()], policy(server, **how))
        assert len(server.requests) == 2
    seen = found[server.url()]
    assert isinstance(seen, NotFetched)
    assert seen.reason is Reason.BUSY


async def test_probes_count_as_requests() -> None:
    moments, respond = timed(lambda _: response())
    begun = time.monotonic()
    async with serve(respond) as server:
        probes = (ProbeName.GZIP, ProbeName.BROWSER, ProbeName.REPEAT)
        found = await fetch([server.url()], policy(server, rate=20.0, probes=probes, repeats=1))
    assert len(found[server.url()].probes) == 3
    assert len(moments) == 4
    assert is_paced(begun, moments, 0.05)
