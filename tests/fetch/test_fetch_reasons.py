"""Every reason for which a URL gives no file, over real sockets."""

from __future__ import annotations

import asyncio
import errno
import os
import socket

import pytest

from mmscheck.fetch import ConnectTo, fetch_all
from mmscheck.model.observation import Inspected, NotFetched, Reason, Sniffed
from tests.support.rawserver import (
    fetched,
    not_fetched,
    policy,
    reset,
    response,
    saying,
    serve,
    sniff,
)

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("raw", "reason", "detail"),
    [
        (
            HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            Reason.LENGTH_AND_CHUNKED,
            "Content-Length: 3",
        ),
        (
            HEAD + b"Transfer-Encoding: gzip, Chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            Reason.LENGTH_AND_CHUNKED,
            "Content-Length: 3",
        ),
        (HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", Reason.TWO_LENGTHS, "3, 4"),
        (
            HEAD + b"Content-Length: 3\r\nTransfer-Encoding: identity\r\n\r\nabc",
            Reason.MALFORMED_HTTP,
            "Content-Length beside Transfer-Encoding",
        ),
        (HEAD + b"Content-Length: 3, 4\r\n\r\nabcd", Reason.TWO_LENGTHS, "3, 4"),
        (
            HEAD + b"Content-Length: 3, 3\r\n\r\nabc",
            Reason.MALFORMED_HTTP,
            "Content-Length is stated 2 times",
        ),
        (HEAD + b"Content-Length: +3\r\n\r\nabc", Reason.MALFORMED_HTTP, "'+3', not a number"),
        (HEAD + b"Content-Length: -3\r\n\r\nabc", Reason.MALFORMED_HTTP, "'-3', not a number"),
        (HEAD + b"Content-Length: 99999999999999999999\r\n\r\nabc", Reason.MALFORMED_HTTP, "not a number"),
        (
            HEAD + b"no colon here\r\nContent-Length: 3\r\n\r\nabc",
            Reason.MALFORMED_HTTP,
            "Invalid header token",
        ),
        (HEAD + b"Name : x\r\nContent-Length: 3\r\n\r\nabc", Reason.MALFORMED_HTTP, "header name 'Name '"),
        (HEAD + b"Content-Length : 3\r\n\r\nabc", Reason.MALFORMED_HTTP, "header name 'Content-Length '"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", Reason.MALFORMED_HTTP, "the status line is 'SSH-2.0-OpenSSH_9.6'"),
        (b"HTTP/1.1 2000 OK\r\nContent-Length: 3\r\n\r\nabc", Reason.MALFORMED_HTTP, "HTTP/1.1 2000 OK"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", Reason.MALFORMED_HTTP, "SSH"),
        (HEAD + b"Content-Length: 9\r\n\r\nabc", Reason.SHORT_BODY, "received 3 of 9 bytes"),
        (
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            Reason.RESET,
            "before the last chunk, after 3 bytes",
        ),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nab", Reason.RESET, "before the last chunk"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc", Reason.MALFORMED_HTTP, "chunk"),
        (
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n\r\n",
            Reason.MALFORMED_HTTP,
            "chunk",
        ),
        (b"", Reason.RESET, "waiting for the first byte"),
        (HEAD + b"Content-Le", Reason.RESET, "receiving the response head"),
        (response(status="404 Not Found"), Reason.BAD_STATUS, "HTTP 404 Not Found"),
        (response(status="500 Oops"), Reason.BAD_STATUS, "HTTP 500 Oops"),
        (response(status="206 Partial Content"), Reason.BAD_STATUS, "HTTP 206 Partial Content"),
        (response(b"", status="204 No Content", length=None), Reason.BAD_STATUS, "HTTP 204 No Content"),
        (response(b"", status="304 Not Modified"), Reason.BAD_STATUS, "HTTP 304 Not Modified"),
        (response(b"", status="300 Multiple Choices"), Reason.BAD_STATUS, "HTTP 300"),
        (
            response(b"", "Upgrade: x", "Connection: upgrade", status="101 Switching Protocols", length=None),
            Reason.BAD_STATUS,
            "HTTP 101 Switching Protocols",
        ),
        (
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            Reason.BAD_STATUS,
            "HTTP 404 Not Found",
        ),
        (response(status="429 Too Many Requests"), Reason.BUSY, "HTTP 429 Too Many Requests"),
        (
            response(b"", "Retry-After: 7", status="503 Service Unavailable"),
            Reason.BUSY,
            "HTTP 503 Service Unavailable, Retry-After: 7",
        ),
    ],
)
async def test_a_response_that_is_no_file_becomes_a_named_reason(
    raw: bytes, reason: Reason, detail: str
) -> None:
    async with serve(raw) as server:
        found = await not_fetched(server.url(), policy(server))
    assert found.reason is reason
    assert detail in found.detail
    assert len(found.hops) == 1
    assert found.hops[0].address == "127.0.0.1"
    assert len(server.requests) == 1
    assert "\n" not in found.detail


async def test_what_a_server_says_cannot_reach_a_terminal_or_fill_a_report() -> None:
    async with serve(response(status="404 \x1b[31mred\x07" + "x" * 5000)) as server:
        found = await not_fetched(server.url(), policy(server))
    assert found.detail.startswith("HTTP 404 \\x1b[31mred\\x07xxx")
    assert len(found.detail) < 400


async def test_a_head_cut_short_has_no_status_to_be_judged_by() -> None:
    async with serve(HEAD + b"Content-Type: image/jpeg\r\nContent-Le") as server:
        found = await not_fetched(server.url(), policy(server))
    assert found.hops[0].status is None
    assert found.hops[0].values("content-type") == ("image/jpeg",)
    assert found.received is None


async def test_a_refused_connection_is_named() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        found = await not_fetched(f"http://127.0.0.1:{port}/a.jpg", policy())
    assert found.reason is Reason.REFUSED
    assert found.hops[0].address == "127.0.0.1"


async def test_a_refusal_by_every_address_of_a_host_is_named() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        url = f"http://two.example.com:{port}/a.jpg"
        found = (await fetch_all([url], policy(), sniff, lookup=lambda _: ["127.0.0.1", "127.0.0.2"]))[url]
    assert isinstance(found, NotFetched)
    assert found.reason is Reason.REFUSED
    assert found.hops[0].resolved == ("127.0.0.1", "127.0.0.2")


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENETUNREACH, Reason.UNREACHABLE),
        (errno.EHOSTUNREACH, Reason.UNREACHABLE),
        (errno.EADDRNOTAVAIL, Reason.UNREACHABLE),
        (errno.EPERM, Reason.UNREACHABLE),
        (errno.ECONNREFUSED, Reason.REFUSED),
        (errno.ECONNRESET, Reason.RESET),
        (errno.ETIMEDOUT, Reason.TIMED_OUT),
        (errno.EMFILE, Reason.INTERNAL),
    ],
)
@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["127.0.0.1", "127.0.0.2"], ["127.0.0.1", "::1"]])
async def test_what_the_system_says_about_a_connection_is_named(
    number: int, reason: Reason, addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(host: str, allowed: object) -> None:
        raise OSError(number, f"{os.strerror(number)} ({host})")

    # A loopback interface never says these, so the one place that makes sockets says them instead.
    monkeypatch.setattr("mmscheck.fetch.wire.classify", fail)
    url = "http://media.example.com/a.jpg"
    found = (await fetch_all([url], policy(), sniff, lookup=lambda _: addresses))[url]
    assert isinstance(found, NotFetched)
    assert found.reason is reason


async def test_addresses_that_fail_in_different_ways_are_named_by_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(host: str, allowed: object) -> None:
        number = errno.EHOSTUNREACH if host == "127.0.0.1" else errno.ECONNREFUSED
        raise OSError(number, f"{os.strerror(number)} ({host})")

    monkeypatch.setattr("mmscheck.fetch.wire.classify", fail)
    url = "http://media.example.com/a.jpg"
    found = (await fetch_all([url], policy(), sniff, lookup=lambda _: ["127.0.0.1", "::1"]))[url]
    assert isinstance(found, NotFetched)
    assert found.reason is Reason.UNREACHABLE
    assert "::1" in found.detail


async def test_chunks_that_go_wrong_later_are_malformed_and_not_cut_short() -> None:
    begun = HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    async with serve(saying(begun, b"zz\r\n\r\n", gap=0.05, close=False)) as server:
        found = await not_fetched(server.url(), policy(server))
    assert found.reason is Reason.MALFORMED_HTTP
    assert found.detail == "the chunked body is not well formed: no chunk size: 'zz'"


async def test_the_next_address_is_tried_when_the_first_refuses() -> None:
    async with serve(response()) as server:
        url = server.url()
        how = policy()
        found = (await fetch_all([url], how, sniff, lookup=lambda _: ["127.0.0.9", "127.0.0.1"]))[url]
    assert found.hops[0].address == "127.0.0.1"
    assert found.hops[0].status == 200


async def test_a_reset_before_the_answer_is_named() -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        reset(writer)

    async with serve(respond) as server:
        found = await not_fetched(server.url(), policy(server))
    assert found.reason is Reason.RESET


@pytest.mark.parametrize(
    ("head", "detail"),
    [
        (HEAD + b"Content-Length: 9\r\n\r\n", "after 3 of 9 bytes"),
        (HEAD + b"\r\n", "after 3 bytes"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", "bytes of the body"),
    ],
)
async def test_a_reset_in_the_body_is_never_a_file(head: bytes, detail: str) -> None:
    async def respond(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(head + b"3\r\nabc\r\n" if b"chunked" in head else head + b"abc")
        await writer.drain()
        await asyncio.sleep(0.05)
        reset(writer)

    async with serve(respond) as server:
        found = await not_fetched(server.url(), policy(server))
    assert found.reason is Reason.RESET
    assert detail in found.detail
    assert found.received == 3


@pytest.mark.parametrize(
    ("parts", "phase"),
    [
        ((), "waiting for the first byte"),
        ((b"HTTP/1.1 200 OK\r\nConte",), "receiving the response head"),
        ((response(b"abc", length=9),), "receiving the body, 3 bytes so far"),
    ],
)
async def test_a_timeout_says_what_was_waited_for(parts: tuple[bytes, ...], phase: str) -> None:
    async with serve(saying(*parts, close=False)) as server:
        found = await not_fetched(server.url(), policy(server, timeout=0.6))
    assert found.reason is Reason.TIMED_OUT
    assert found.detail == f"0.6 s while {phase}"
    assert found.timing_ms is not None
    assert 550 < found.timing_ms.total < 10_000


async def test_a_drip_that_never_pauses_for_long_times_out_too() -> None:
    drip = saying(HEAD + b"Content-Length: 1000\r\n\r\n", *[b"x"] * 100, gap=0.02)
    async with serve(drip) as server:
        found = await not_fetched(server.url(), policy(server, timeout=0.3))
    assert found.reason is Reason.TIMED_OUT


async def test_a_timeout_while_connecting_is_named() -> None:
    # A listener whose queue is full takes no more connections and refuses none.
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.settimeout(0)
            filler.connect_ex(deaf.getsockname())
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/a.jpg"
        found = await not_fetched(url, policy(timeout=0.6))
        for filler in fillers:
            filler.close()
    assert found.reason is Reason.TIMED_OUT
    assert found.detail == "0.6 s while connecting"
    assert found.hops[0].address == "127.0.0.1"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (socket.EAI_NONAME, Reason.DNS_NOT_FOUND),
        (getattr(socket, "EAI_NODATA", socket.EAI_NONAME), Reason.DNS_NOT_FOUND),
        (socket.EAI_AGAIN, Reason.DNS_FAILED),
        (socket.EAI_FAIL, Reason.DNS_FAILED),
    ],
)
async def test_a_failed_lookup_is_named(number: int, reason: Reason) -> None:
    def lookup(host: str) -> list[str]:
        raise socket.gaierror(number, "as the system says it")

    url = "http://media.example.com/a.jpg"
    found = (await fetch_all([url], policy(), sniff, lookup=lookup))[url]
    assert isinstance(found, NotFetched)
    assert found.reason is reason
    assert "media.example.com" in found.detail
    assert [hop.url for hop in found.hops] == [url]


async def test_a_name_without_addresses_does_not_exist() -> None:
    url = "http://media.example.com/a.jpg"
    found = (await fetch_all([url], policy(), sniff, lookup=lambda _: []))[url]
    assert isinstance(found, NotFetched)
    assert found.reason is Reason.DNS_NOT_FOUND


@pytest.mark.parametrize("length", [11, None])
async def test_a_body_over_the_cap_is_not_read_whole(length: int | None) -> None:
    async with serve(saying(response(b"x" * 11, length=length))) as server:
        found = await not_fetched(server.url(), policy(server, max_bytes=10))
    assert found.reason is Reason.TOO_LARGE
    expected = "more than 10 bytes" if length is None else "declared 11 bytes, the cap is 10"
    assert found.detail == expected


async def test_a_body_of_exactly_the_cap_is_a_file() -> None:
    async with serve(response(b"x" * 10)) as server:
        assert (await fetched(server.url(), policy(server, max_bytes=10))).size == 10


async def test_an_endless_body_is_left_at_the_cap() -> None:
    sent = 0

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(HEAD + b"\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 65536)
            sent += 65536
            await writer.drain()

    async with serve(respond) as server:
        found = await not_fetched(server.url(), policy(server, max_bytes=1 << 20))
    assert found.reason is Reason.TOO_LARGE
    assert found.received is not None
    assert found.received > 1 << 20
    assert sent < 32 << 20


async def test_a_crash_of_the_inspector_harms_one_url_only() -> None:
    async def inspect(url: str, body: bytes) -> Inspected:
        if url.endswith("bad.jpg"):
            raise RuntimeError("the worker is gone")
        return Inspected(sniffed=Sniffed(type="image/jpeg"))

    async with serve(response()) as server:
        good, bad = server.url("/good.jpg"), server.url("/bad.jpg")
        found = await fetch_all([good, bad], policy(server), inspect)
    assert found[good].hops[0].status == 200
    broken = found[bad]
    assert isinstance(broken, NotFetched)
    assert broken.reason is Reason.INTERNAL
    assert broken.detail == "RuntimeError: the worker is gone"
    assert broken.hops[0].status == 200


async def test_a_crash_of_the_lookup_is_internal_and_not_an_answer() -> None:
    def lookup(host: str) -> list[str]:
        raise KeyError(host)

    url = "http://media.example.com/a.jpg"
    found = (await fetch_all([url], policy(), sniff, lookup=lookup))[url]
    assert isinstance(found, NotFetched)
    assert found.reason is Reason.INTERNAL
    assert "KeyError" in found.detail


async def test_a_url_nobody_can_ask_for_opens_no_socket() -> None:
    async with serve(response()) as server:
        found = await not_fetched(server.url("/a b.jpg"), policy(server))
    assert found.reason is Reason.INVALID_URL
    assert "white space U+0020" in found.detail
    assert found.hops == ()
    assert found.timing_ms is None
    assert server.connections == 0


async def test_a_connect_to_host_that_does_not_resolve_is_named() -> None:
    asked: list[str] = []

    def lookup(host: str) -> list[str]:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "no")

    how = policy(connect_to=(ConnectTo("media.example.com", None, "inner.example.com", 80),))
    url = "http://media.example.com/a.jpg"
    found = (await fetch_all([url], how, sniff, lookup=lookup))[url]
    assert isinstance(found, NotFetched)
    assert found.reason is Reason.DNS_NOT_FOUND
    assert asked == ["inner.example.com"]


async def test_a_mapped_host_that_the_system_cannot_even_ask_for_is_named() -> None:
    how = policy(connect_to=(ConnectTo("media.example.com", None, "a" * 64 + ".example", 80),))
    found = await not_fetched("http://media.example.com/a.jpg", how)
    assert found.reason is Reason.INVALID_URL
