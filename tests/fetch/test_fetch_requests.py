"""What is asked for, how often, how much at once, and for how long."""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mmscheck.errors import UsageError
from mmscheck.fetch import ConnectTo, FetchPolicy, fetch_all
from mmscheck.fetch.request import SMALL
from mmscheck.fetch.slots import MEMORY
from mmscheck.model.observation import Fetched, Inspected, NotFetched, Observation, Reason, Sniffed
from tests.support.rawserver import crowd, fetched, policy, response, saying, serve, sniff, until

EMPTY = saying(b"HTTP/1.1 200 OK\r\n", b"Content-Length: 0\r\n\r\n", gap=0.03)


async def test_the_request_is_a_plain_get_with_honest_headers() -> None:
    async with serve(response()) as server:
        await fetched(server.url("/a.jpg?b=1"), policy(server))
    line, *headers = server.requests[0].decode().strip().split("\r\n")
    assert line == "GET /a.jpg?b=1 HTTP/1.1"
    fields = dict(header.split(": ", 1) for header in headers)
    agent = fields.pop("User-Agent")
    assert fields == {
        "Host": f"media.example.com:{server.port}",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
    }
    assert agent.startswith("mmscheck/")
    assert not re.search("link|bot|crawl", agent, re.IGNORECASE)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("/a//b/./../c.jpg", "/a//b/./../c.jpg"),
        ("/%7Ea/%zz/%2f%2F", "/%7Ea/%zz/%2f%2F"),
        ("/a.jpg?x=a+b&y='\"<>|{}^`", "/a.jpg?x=a+b&y='\"<>|{}^`"),
        ("/a.jpg?", "/a.jpg?"),
        ("/a.jpg?a=1&&b", "/a.jpg?a=1&&b"),
        ("/a;b=c,d.jpg", "/a;b=c,d.jpg"),
        ("/a.jpg#part", "/a.jpg"),
        ("", "/"),
        ("?q", "/?q"),
        ("/caf\u00e9/\u65e5.jpg?\u00fc", "/caf%C3%A9/%E6%97%A5.jpg?%C3%BC"),
    ],
)
async def test_the_url_is_asked_for_as_written(written: str, sent: str) -> None:
    async with serve(response()) as server:
        found = await fetched(server.url(written), policy(server))
    assert server.requests[0].split(b"\r\n")[0].decode() == f"GET {sent} HTTP/1.1"
    assert found.url == found.hops[0].url == server.url(written)


async def test_the_host_is_sent_as_written_or_as_its_ascii_form() -> None:
    async with serve(response()) as server:
        await fetched(server.url(host="Media.EXAMPLE.com"), policy(server))
        await fetched(server.url(host="b\u00fccher.example"), policy(server))
    hosts = [re.search(rb"Host: (.*?):", request) for request in server.requests]
    assert [host and host[1] for host in hosts] == [b"Media.EXAMPLE.com", b"xn--bcher-kva.example"]


async def test_each_distinct_url_is_fetched_once() -> None:
    told: list[str] = []
    looked: list[str] = []

    async def inspect(url: str, body: bytes) -> Inspected:
        looked.append(url)
        return Inspected(sniffed=Sniffed(type=None))

    async with serve(response()) as server:
        urls = [server.url(f"/{number % 3}.jpg") for number in range(12)]
        found = await fetch_all(urls, policy(server), inspect, lambda url, _: told.append(url))
    assert len(server.requests) == 3
    assert list(found) == urls[:3]
    assert sorted(told) == sorted(looked) == sorted(urls[:3])


async def test_no_urls_are_no_observations() -> None:
    assert await fetch_all([], policy(), sniff) == {}


async def test_cookies_are_not_sent_back() -> None:
    async with serve(response(b"abc", "Set-Cookie: a=b; Path=/")) as server:
        await fetch_all([server.url("/1"), server.url("/2")], policy(server, per_host=1), sniff)
    assert not any(b"Cookie" in request for request in server.requests)


async def test_a_proxy_named_in_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(response()) as server, serve(response()) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        await fetched(server.url(), policy(server))
    assert proxy.connections == 0
    assert [request.split(b"\r\n")[0] for request in server.requests] == [b"GET /a.jpg HTTP/1.1"]


async def test_at_most_so_many_requests_at_once_go_to_one_host() -> None:
    async with serve(crowd(3, EMPTY)) as server:
        urls = [server.url(f"/{number}") for number in range(12)]
        await fetch_all(urls, policy(server, per_host=3), sniff)
    assert server.most_busy == 3


async def test_at_most_so_many_requests_go_on_in_all() -> None:
    async with serve(crowd(5, EMPTY)) as server:
        urls = [server.url(host=f"host{number}.example") for number in range(12)]
        await fetch_all(urls, policy(server, max_concurrency=5), sniff)
    assert server.most_busy == 5


async def test_no_connection_is_kept_for_a_host_that_is_not_asked_again() -> None:
    async with serve(saying(response(), close=False)) as server:
        urls = [server.url(host=f"host{number}.example") for number in range(40)]
        await fetch_all(urls, policy(server, max_concurrency=3), sniff)
    assert server.connections == 40
    assert server.most_open < 10


async def test_a_host_is_asked_on_while_a_file_is_being_looked_at() -> None:
    at_once = most = 0

    async def inspect(url: str, body: bytes) -> Inspected:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await until(lambda: most >= 3)
        await asyncio.sleep(0.05)
        at_once -= 1
        return Inspected(sniffed=Sniffed(type=None))

    async with serve(response()) as server:
        urls = [server.url(f"/{number}") for number in range(6)]
        await fetch_all(urls, policy(server, per_host=1, max_concurrency=3), inspect)
    assert most == 3


async def test_large_bodies_share_a_limited_memory() -> None:
    at_once = most = 0

    async def inspect(url: str, body: bytes) -> Inspected:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.02)
        at_once -= 1
        return Inspected(sniffed=Sniffed(type=None))

    async with serve(response(b"x" * (SMALL + 1))) as server:
        urls = [server.url(f"/{number}") for number in range(4)]
        found = await fetch_all(urls, policy(server, max_bytes=MEMORY), inspect)
    assert all(isinstance(observation, Fetched) for observation in found.values())
    assert most == 1


async def test_a_slow_host_does_not_hold_up_the_others() -> None:
    done: list[str] = []

    async def late(head: bytes, writer: asyncio.StreamWriter) -> None:
        await until(lambda: len(done) >= 8)
        writer.write(response())

    async with serve(late) as tar, serve(response()) as quick:
        urls = [tar.url(f"/{n}") for n in range(8)] + [quick.url(f"/{n}") for n in range(8)]
        how = policy(tar, quick, per_host=2, max_concurrency=4)
        found = await fetch_all(urls, how, sniff, lambda url, _: done.append(url))
    assert all(isinstance(observation, Fetched) for observation in found.values())
    assert set(done[:8]) == set(urls[8:])


async def test_a_wait_for_a_turn_is_not_counted_as_time_of_the_fetch() -> None:
    late = saying(b"HTTP/1.1 200 OK\r\n", b"Content-Length: 0\r\n\r\n", gap=0.2)
    async with serve(late) as server:
        urls = [server.url(f"/{number}") for number in range(8)]
        found = await fetch_all(urls, policy(server, per_host=1, timeout=1.5), sniff)
    for observation in found.values():
        assert isinstance(observation, Fetched)
        assert 150 < observation.timing_ms.total < 1500


async def test_first_byte_and_total_are_timed() -> None:
    raw = response(b"abcdef")
    async with serve(saying(b"", raw[:-3], raw[-3:], gap=0.3)) as server:
        timing = (await fetched(server.url(), policy(server))).timing_ms
    assert timing.first_byte is not None
    assert 250 < timing.first_byte < timing.total - 50 < 10_000


async def test_what_is_done_at_the_deadline_is_kept_and_the_rest_is_named() -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        if b"/quick" in head:
            writer.write(response())
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")

    told: dict[str, Observation] = {}
    begun = time.monotonic()
    async with serve(respond) as server:
        quick, *rest = [server.url(path) for path in ("/quick", "/slow1", "/slow2", "/slow3")]
        how = policy(server, deadline=1.2, per_host=3)
        found = await fetch_all([quick, *rest], how, sniff, told.__setitem__)
        assert time.monotonic() - begun < 10.0
        await until(lambda: server.open == 0)
    assert found == told
    assert isinstance(found[quick], Fetched)
    for url in rest:
        late = found[url]
        assert isinstance(late, NotFetched)
        assert late.reason is Reason.DEADLINE
        assert late.detail == "1.2 s, while receiving the body, 3 bytes so far"
        assert late.received == 3
        assert late.hops[0].status == 200


async def test_the_deadline_names_those_that_never_had_their_turn() -> None:
    async with serve(saying(close=False)) as server:
        urls = [server.url(f"/{number}") for number in range(3)]
        found = await fetch_all(urls, policy(server, deadline=0.8, per_host=1), sniff)
    details = [observation.detail for observation in found.values() if isinstance(observation, NotFetched)]
    assert details == [
        "0.8 s, while waiting for the first byte",
        "0.8 s, while waiting for its turn",
        "0.8 s, while waiting for its turn",
    ]


async def test_the_deadline_covers_the_inspector() -> None:
    async def inspect(url: str, body: bytes) -> Inspected:
        await asyncio.sleep(60)
        raise AssertionError

    async with serve(response()) as server:
        found = (await fetch_all([server.url()], policy(server, deadline=0.8), inspect))[server.url()]
    assert isinstance(found, NotFetched)
    assert found.reason is Reason.DEADLINE
    assert "type of the bytes" in found.detail
    assert found.hops[0].status == 200


async def test_the_deadline_does_not_wait_for_a_silent_name_server() -> None:
    over = threading.Event()

    def lookup(host: str) -> list[str]:
        over.wait(30)
        return []

    begun = time.monotonic()
    url = "http://media.example.com/a.jpg"
    found = (await fetch_all([url], policy(deadline=0.3), sniff, lookup=lookup))[url]
    over.set()
    assert time.monotonic() - begun < 15.0
    assert isinstance(found, NotFetched)
    assert found.detail == "0.3 s, while looking up the host name"


async def test_a_slow_name_server_is_a_timeout() -> None:
    over = threading.Event()

    def lookup(host: str) -> list[str]:
        over.wait(30)
        return []

    url = "http://media.example.com/a.jpg"
    found = (await fetch_all([url], policy(timeout=0.3), sniff, lookup=lookup))[url]
    over.set()
    assert isinstance(found, NotFetched)
    assert found.reason is Reason.TIMED_OUT
    assert found.detail == "0.3 s while looking up the host name"


def open_sockets() -> int:
    links = Path("/proc/self/fd").iterdir()
    count = 0
    for link in links:
        with contextlib.suppress(OSError):
            count += str(link.readlink()).startswith("socket:")
    return count


async def test_cancellation_goes_through_and_leaves_nothing_open() -> None:
    before = open_sockets()
    async with serve(saying(b"HTTP/1.1 200 OK\r\n", close=False)) as server:
        urls = [server.url(f"/{number}") for number in range(20)]
        task = asyncio.create_task(fetch_all(urls, policy(server), sniff))
        await until(lambda: server.busy == 0 and len(server.requests) == 4)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: server.open == 0)
    await until(lambda: open_sockets() == before)
    assert len(asyncio.all_tasks()) == 1


async def test_an_error_of_the_listener_is_the_callers_own() -> None:
    def on_done(url: str, observation: Observation) -> None:
        raise LookupError(url)

    async with serve(response()) as server:
        with pytest.raises(LookupError):
            await fetch_all([server.url()], policy(server), sniff, on_done)


@pytest.mark.parametrize(
    "changes",
    [
        {"timeout": 0.0},
        {"deadline": float("inf")},
        {"max_concurrency": 0},
        {"per_host": 0},
        {"max_bytes": 0},
        {"retries": -1},
        {"backoff": float("nan")},
        {"user_agent": "a\r\nb: c"},
        {"allow_net": ("10.0.0.1/8",)},
        {"allow_net": ("localhost",)},
        {"ca_file": "/no/such/file.pem"},
    ],
)
async def test_a_policy_that_cannot_be_acted_on_is_refused_before_anything_is_fetched(
    changes: dict[str, object],
) -> None:
    async with serve(response()) as server:
        how = policy(server, **changes)
        with pytest.raises(UsageError, match=next(iter(changes)).replace("_", "[_-]")):
            await fetch_all([server.url()], how, sniff)
    assert server.connections == 0


async def test_a_file_that_holds_no_certificates_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "ca.pem"
    broken.write_text("not a certificate")
    with pytest.raises(UsageError, match=re.escape(str(broken))):
        await fetch_all([], policy(ca_file=str(broken)), sniff)


async def test_connect_to_changes_the_port_too_and_keeps_the_host_header() -> None:
    async with serve(response()) as server:
        how = policy(connect_to=(ConnectTo("media.example.com", 80, "localhost", server.port),))
        found = await fetched("http://media.example.com/a.jpg", how)
    assert b"\r\nHost: media.example.com\r\n" in server.requests[0]
    assert found.hops[0].address == "127.0.0.1"


async def test_connect_to_maps_numeric_hosts_too() -> None:
    async with serve(response()) as server:
        how = policy(connect_to=(ConnectTo("203.0.113.7", None, "127.0.0.1", server.port),))
        found = await fetched("http://203.0.113.7/a.jpg", how)
    assert found.hops[0].resolved == ("127.0.0.1",)
    assert b"\r\nHost: 203.0.113.7\r\n" in server.requests[0]


async def test_a_url_that_gives_up_does_not_take_the_lookup_from_its_neighbour() -> None:
    given_up = threading.Event()

    def lookup(host: str) -> list[str]:
        given_up.wait(30)
        return ["127.0.0.1"]

    def on_done(url: str, observation: Observation) -> None:
        if "/late" in url:
            given_up.set()

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        if b"/late" in head:
            await asyncio.sleep(1.0)
        to = "" if b"/end" in head else f"Location: http://other.example.com:{server.port}/end"
        writer.write(response(b"", to or "X: y", status="200 OK" if not to else "302 Found"))

    async with serve(respond) as server:
        # One after the other at the same server: the second has used up none of its time when both wait.
        urls = [server.url("/late", host="127.0.0.1"), server.url("/soon", host="127.0.0.1")]
        how = policy(timeout=2.0, per_host=1)
        late, soon = (await fetch_all(urls, how, sniff, on_done, lookup=lookup)).values()
    assert isinstance(late, NotFetched)
    assert late.detail == "2 s while looking up the host name"
    assert isinstance(soon, Fetched)


def test_the_program_ends_although_a_lookup_does_not() -> None:
    script = """
import asyncio, time
from mmscheck.fetch import FetchPolicy, fetch_all
urls = ["http://media.example.com/a.jpg"]
policy = FetchPolicy(deadline=0.2)
print(asyncio.run(fetch_all(urls, policy, None, lookup=lambda host: time.sleep(60))))
"""
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True
    )
    assert "looking up the host name" in ended.stdout


async def test_a_host_is_looked_up_once_however_many_urls_name_it() -> None:
    asked: list[str] = []

    def lookup(host: str) -> list[str]:
        asked.append(host)
        time.sleep(0.05)
        return ["127.0.0.1"]

    async with serve(response()) as server:
        urls = [
            server.url(f"/{number}", host=host) for number in range(5) for host in ("a.example", "A.example")
        ]
        await fetch_all(urls, FetchPolicy(allow_net=("127.0.0.1",)), sniff, lookup=lookup)
    assert len(asked) == 1


async def test_the_default_manners_are_those_that_were_promised() -> None:
    how = FetchPolicy()
    assert (how.timeout, how.deadline, how.per_host, how.retries, how.max_redirects) == (30, 120, 4, 2, 5)
    assert how.max_bytes == 64 * 1024 * 1024


def test_the_http_library_is_not_loaded_before_something_is_fetched() -> None:
    script = "import sys, mmscheck.fetch; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], timeout=30, check=False).returncode == 0
