"""A server that is slow or never ends is left in time, with what happened, and in bounded memory."""

from __future__ import annotations

import asyncio
import re
import socket
import time
import tracemalloc

import pytest

from mmscheck.fetch import patience
from mmscheck.fetch.slots import Lease
from mmscheck.model.observation import NotFetched, Reason
from tests.support.rawserver import Respond, fetched, not_fetched, observe, policy, response, saying, serve

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def short_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Throughput averaged over a time that a test can wait for."""
    monkeypatch.setattr(patience, "WINDOW", 0.4)


def endless(head: bytes, block: bytes, gap: float = 0.0) -> Respond:
    """``head``, and then ``block`` for ever."""

    async def respond(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(block)
            await writer.drain()
            await asyncio.sleep(gap)

    return respond


async def test_a_server_without_a_first_byte_is_left_at_its_limit() -> None:
    async with serve(saying(close=False)) as server:
        found = await not_fetched(server.url(), policy(server, first_byte=0.2))
    assert found.reason is Reason.TIMED_OUT
    assert found.detail == "0.2 s without a first byte"
    assert found.timing_ms is not None
    assert found.timing_ms.first_byte is None
    assert 150 < found.timing_ms.total < 10_000


async def test_the_first_byte_is_waited_for_while_connecting_too() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.settimeout(0)
            filler.connect_ex(deaf.getsockname())
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/a.jpg"
        found = await not_fetched(url, policy(first_byte=0.2))
        for filler in fillers:
            filler.close()
    assert found.reason is Reason.TIMED_OUT
    assert found.detail == "0.2 s without a first byte, while connecting"


async def test_the_limit_of_the_first_byte_ends_with_it() -> None:
    slow = saying(HEAD[:5], HEAD[5:] + b"Content-Length: 3\r\n\r\nabc", gap=1.2)
    async with serve(slow) as server:
        assert (await fetched(server.url(), policy(server, first_byte=1.0))).size == 3


async def test_each_hop_has_its_own_first_byte() -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.25)
        moved = response(b"", f"Location: /{len(server.requests)}", status="302 Found")
        writer.write(response() if len(server.requests) == 5 else moved)

    async with serve(respond) as server:
        assert (await fetched(server.url("/0"), policy(server, first_byte=1.2))).size == 3


@pytest.mark.usefixtures("short_window")
@pytest.mark.parametrize(
    "answer",
    [
        endless(HEAD + b"Content-Length: 9000\r\n\r\n", b"x", 0.02),
        endless(HEAD + b"\r\n", b"x", 0.02),
        endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", 0.02),
        saying(response(b"x" * 5000, length=9000), close=False),
        saying(response(b"", length=200_000), b"x" * 100_000, close=False, gap=0.1),
    ],
)
async def test_a_drip_or_a_stall_is_left_early(answer: Respond) -> None:
    async with serve(answer) as server:
        found = await not_fetched(server.url(), policy(server, retries=2))
    assert found.reason is Reason.TOO_SLOW
    said = re.fullmatch(r"(\d+) bytes in (\d\.\d+) s", found.detail)
    assert said is not None, found.detail
    assert int(said[1]) < 60
    assert 0.4 <= float(said[2]) < 5
    assert found.attempts == 1
    assert found.hops[0].status == 200
    assert found.received is not None


async def test_a_body_above_the_minimum_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "WINDOW", 0.8)
    steady = saying(HEAD + b"Content-Length: 20000\r\n\r\n", *[b"x" * 1000] * 20, gap=0.05)
    async with serve(steady) as server:
        assert (await fetched(server.url(), policy(server))).size == 20_000


async def test_a_pause_shorter_than_the_window_is_no_offence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "WINDOW", 2.0)
    pausing = saying(HEAD + b"Content-Length: 2000\r\n\r\n", b"x" * 1000, b"x" * 1000, gap=0.25)
    async with serve(pausing) as server:
        assert (await fetched(server.url(), policy(server))).size == 2000


@pytest.mark.usefixtures("short_window")
async def test_without_a_minimum_only_the_clock_counts() -> None:
    drip = endless(HEAD + b"Content-Length: 9000\r\n\r\n", b"x", 0.02)
    async with serve(drip) as server:
        found = await not_fetched(server.url(), policy(server, min_throughput=0, timeout=1.0))
    assert found.reason is Reason.TIMED_OUT


@pytest.mark.usefixtures("short_window")
async def test_waiting_for_our_own_memory_is_not_held_against_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def wait(self: Lease) -> None:
        await asyncio.sleep(0.8)

    monkeypatch.setattr(Lease, "hold_large", wait)
    big = b"x" * 9_000_000
    async with serve(response(big)) as server:
        assert (await fetched(server.url(), policy(server))).size == len(big)


async def test_a_declared_length_beyond_the_cap_ends_at_once() -> None:
    async with serve(endless(HEAD + b"Content-Length: 10737418240\r\n\r\n", b"x" * 65536)) as server:
        began = time.monotonic()
        found = await not_fetched(server.url(), policy(server))
    assert found.reason is Reason.TOO_LARGE
    assert time.monotonic() - began < 10
    assert found.received is not None
    assert found.received < 1 << 20


ENDLESS = {
    "body": (HEAD + b"\r\n", b"x" * 65536),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    "tiny chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 10_000),
    "chunk extension": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3;", b"x" * 65536),
    "trailers": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 10_000),
    "header": (HEAD + b"X: ", b"y" * 65536),
    "headers": (HEAD, b"X: y\r\n" * 10_000),
    "status line": (b"HTTP/1.1 200 ", b"y" * 65536),
    "interim answers": (b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 10_000),
    "empty lines": (b"", b"\r\n" * 10_000),
    "rubbish": (b"", b"x" * 65536),
    "error page": (b"HTTP/1.1 404 Not Found\r\n\r\n", b"x" * 65536),
    "data behind the end": (HEAD + b"Content-Length: 3\r\n\r\nabc", b"x" * 65536),
}

# Chunks of one byte are so much work that the clock may come first.
ENDED = {Reason.TOO_LARGE, Reason.MALFORMED_HTTP, Reason.BAD_STATUS}


@pytest.mark.parametrize("name", ENDLESS)
async def test_whatever_never_ends_takes_bounded_time_and_memory(name: str) -> None:
    head, block = ENDLESS[name]
    async with serve(response()) as sound, serve(endless(head, block)) as server:
        how = policy(sound, server, max_bytes=1 << 20, timeout=2.0 if name == "tiny chunks" else 20.0)
        await fetched(sound.url(), how)
        tracemalloc.start()
        try:
            found = await observe(server.url(), how)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 12 << 20
    assert len(found.excerpt) <= 2048
    if isinstance(found, NotFetched):
        assert found.reason in ENDED or (found.reason is Reason.TIMED_OUT and name == "tiny chunks")
    else:
        assert name == "data behind the end"
        assert found.excess > 0
