"""What becomes of the requests after the first one, and that the first answer stands all the same."""

from __future__ import annotations

import asyncio
import time

import msgspec
import pytest

from mmscheck.fetch import ConnectTo, fetch_all
from mmscheck.model.observation import (
    Fetched,
    Inspected,
    NotFetched,
    Observation,
    Probe,
    ProbeName,
    Reason,
    Sniffed,
)
from tests.support.asked import probe
from tests.support.rawserver import (
    RawServer,
    Respond,
    crowd,
    fetched,
    observe,
    policy,
    reset,
    response,
    saying,
    serve,
    sniff,
    until,
)

DEFAULT = (ProbeName.GZIP, ProbeName.COLD)
HIT = response(b"abc", "Content-Type: image/jpeg", "CF-Cache-Status: HIT")
PLAIN = response(b"abc", "Content-Type: image/jpeg")


# Families of addresses


async def test_each_family_is_asked_over_a_connection_of_its_own() -> None:
    keeping = saying(PLAIN, close=False)
    async with serve(keeping) as four, serve_on(keeping, "::1", four.port) as six:
        url = f"http://media.example.com:{four.port}/a.jpg"
        names = (ProbeName.IPV4, ProbeName.IPV6, ProbeName.REPEAT)
        how = policy(probes=names, per_host=1)
        found = (await fetch_all([url], how, sniff, lookup=lambda _: ["127.0.0.1", "::1"]))[url]
        assert probe(found, ProbeName.IPV4).hops[0].address == "127.0.0.1"
        assert probe(found, ProbeName.IPV6).hops[0].address == "::1"
        assert len(six.requests) == 1
        assert len(four.requests) == 5


async def test_a_family_that_cannot_be_reached_is_a_reason_and_no_more() -> None:
    async with serve(PLAIN) as server:
        url = server.url()
        how = policy(probes=(ProbeName.IPV4, ProbeName.IPV6))
        found = (await fetch_all([url], how, sniff, lookup=lambda _: ["127.0.0.1", "::1"]))[url]
    assert isinstance(found, Fetched)
    assert probe(found, ProbeName.IPV4).reason is None
    assert probe(found, ProbeName.IPV6).reason is Reason.REFUSED


async def test_families_are_left_out_where_there_is_one() -> None:
    async with serve(PLAIN) as server:
        found = await fetched(server.url(), policy(server, probes=(ProbeName.IPV4, ProbeName.IPV6)))
    assert len(server.requests) == 1
    for each in found.probes:
        assert each.skipped == "the host has addresses of one family alone (IPv4)"


def serve_on(respond: Respond, host: str, port: int) -> ServeOn:
    return ServeOn(respond, host, port)


class ServeOn:
    """A second server on the same port of another address."""

    def __init__(self, respond: Respond, host: str, port: int) -> None:
        self._raw, self._host, self._port = RawServer(respond), host, port

    async def __aenter__(self) -> RawServer:
        self._server = await asyncio.start_server(self._raw.handle, self._host, self._port)
        return self._raw

    async def __aexit__(self, *failure: object) -> None:
        self._server.close()
        await until(lambda: self._raw.open == 0)


# The first answer stands


def without_probes(found: Observation) -> Observation:
    clean = msgspec.structs.replace(found, probes=())
    assert clean.timing_ms is not None
    return msgspec.structs.replace(
        clean, timing_ms=msgspec.structs.replace(clean.timing_ms, first_byte=0, total=0)
    )


@pytest.mark.parametrize("trouble", ["reset", "stall", "rubbish", "refusal", "other", "short", "endless"])
async def test_whatever_becomes_of_a_probe_the_first_answer_stands(trouble: str) -> None:
    over = asyncio.Event()

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        if len(server.requests) == 1:
            writer.write(PLAIN)
        elif trouble == "reset":
            reset(writer)
            return
        elif trouble == "stall":
            await over.wait()
        elif trouble == "endless":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while not writer.is_closing():
                writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
                await writer.drain()
        else:
            writer.write(
                {
                    "rubbish": b"\0\1\2\r\n\r\n",
                    "refusal": response(b"no", status="403 Forbidden"),
                    "other": response(b"other", "Content-Type: text/html"),
                    "short": response(b"abc", length=100),
                }[trouble]
            )
        writer.close()

    async with serve(respond) as server:
        names = (ProbeName.GZIP, ProbeName.BROWSER, ProbeName.REPEAT)
        limit = 1.0 if trouble == "stall" else 20.0
        how = policy(server, probes=names, timeout=limit, repeats=1, max_bytes=1 << 16)
        found = await fetched(server.url(), how)
        over.set()
    async with serve(PLAIN) as calm:
        alone = await fetched(server.url(), policy(calm, connect_to=mapped(server, calm)))
    assert without_probes(found) == without_probes(alone)
    browser = probe(found, ProbeName.BROWSER)
    reasons = {
        "reset": Reason.RESET,
        "stall": Reason.TIMED_OUT,
        "rubbish": Reason.MALFORMED_HTTP,
        "refusal": Reason.BAD_STATUS,
        "other": None,
        "short": Reason.SHORT_BODY,
        "endless": Reason.TOO_LARGE,
    }
    assert browser.reason is reasons[trouble], browser
    assert len(server.requests) == 4


def mapped(written: RawServer, dialled: RawServer) -> tuple[ConnectTo, ...]:
    return (ConnectTo("", written.port, "127.0.0.1", dialled.port),)


async def test_a_probe_of_the_head_waits_for_no_body() -> None:
    sent = 0

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        if b": gzip" not in head:
            writer.write(PLAIN)
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 65536)
            sent += 65536
            await writer.drain()

    async with serve(respond) as server:
        start = time.monotonic()
        found = await fetched(server.url(), policy(server, probes=(ProbeName.GZIP,)))
        assert time.monotonic() - start < 10
    answer = probe(found, ProbeName.GZIP)
    assert answer.reason is None
    assert (answer.size, answer.sha256) == (None, None)
    assert answer.hops[0].values("Content-Length") == ("999999999",)
    assert sent < 16 * 1024 * 1024


async def test_the_deadline_keeps_the_first_answer_and_every_probe_that_is_done() -> None:
    over = asyncio.Event()

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        if b": gzip" in head:
            await over.wait()
        writer.write(HIT)
        writer.close()

    async with serve(respond) as server:
        found = await fetched(server.url(), policy(server, probes=DEFAULT, deadline=1.2))
        over.set()
    assert probe(found, ProbeName.COLD).reason is None
    late = probe(found, ProbeName.GZIP)
    assert late.reason is Reason.DEADLINE
    assert late.detail == "1.2 s, while waiting for the first byte"


async def test_a_probe_that_never_got_its_turn_is_named_too() -> None:
    over = asyncio.Event()

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        if len(server.requests) > 1:
            await over.wait()
        writer.write(PLAIN)
        writer.close()

    async with serve(respond) as server:
        how = policy(server, probes=(ProbeName.REPEAT,), deadline=1.0, per_host=1)
        found = await fetched(server.url(), how)
        over.set()
    assert len(server.requests) == 2
    assert [each.reason for each in found.probes] == [Reason.DEADLINE] * 3
    assert sum("waiting for its turn" in each.detail for each in found.probes) == 2


# Manners


async def test_probes_take_the_slots_of_their_host() -> None:
    late = saying(b"HTTP/1.1 200 OK\r\nCF-Cache-Status: HIT\r\n", b"Content-Length: 0\r\n\r\n", gap=0.03)
    async with serve(crowd(2, late)) as server:
        urls = [server.url(f"/{number}") for number in range(3)]
        await fetch_all(urls, policy(server, per_host=2, probes=tuple(ProbeName)), sniff)
    assert server.most_busy == 2
    assert len(server.requests) == 3 * 8


async def test_probes_go_on_side_by_side() -> None:
    together = crowd(3, saying(HIT))

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        await (saying(HIT) if len(server.requests) == 1 else together)(head, writer)

    async with serve(respond) as server:
        await fetched(server.url(), policy(server, probes=(*DEFAULT, ProbeName.BROWSER)))
    assert len(server.requests) == 4
    assert server.most_busy == 3


async def test_nothing_is_left_open_when_the_caller_gives_up() -> None:
    over = asyncio.Event()

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        if len(server.requests) > 1:
            await over.wait()
        writer.write(HIT)
        writer.close()

    async with serve(respond) as server:
        task = asyncio.create_task(observe(server.url(), policy(server, probes=tuple(ProbeName))))
        await until(lambda: len(server.requests) == 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        over.set()
        await asyncio.sleep(0.2)
    assert len(server.requests) == 5


def test_a_refused_observation_keeps_its_probes_over_json() -> None:
    tried = NotFetched(
        url="http://a.example/", reason=Reason.BUSY, probes=(Probe(name=ProbeName.BROWSER, skipped="x"),)
    )
    assert msgspec.json.decode(msgspec.json.encode(tried), type=Fetched | NotFetched) == tried


def errands() -> list[str]:
    """The probes still under way."""
    names = (getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks())
    return [name for name in names if "Errand" in name]


async def test_no_probe_outlives_a_file_that_is_looked_at_for_too_long() -> None:
    async def inspect(url: str, body: bytes) -> Inspected:
        await until(lambda: len(server.requests) > 1)
        await asyncio.sleep(60)
        return Inspected(sniffed=Sniffed(type=None))

    over = asyncio.Event()

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        if len(server.requests) > 1:
            await over.wait()
        writer.write(PLAIN)
        writer.close()

    async with serve(respond) as server:
        url, how = server.url(), policy(probes=(ProbeName.IPV4,), deadline=0.8)
        found = (await fetch_all([url], how, inspect, lookup=lambda _: ["127.0.0.1", "::1"]))[url]
        assert errands() == []
        over.set()
    assert isinstance(found, NotFetched)
    assert found.reason is Reason.DEADLINE


async def test_a_fault_in_looking_at_the_bytes_leaves_the_probes_as_they_are() -> None:
    async def inspect(url: str, body: bytes) -> Inspected:
        raise RuntimeError("no workers")

    async with serve(PLAIN) as server:
        url = server.url()
        found = (await fetch_all([url], policy(server, probes=tuple(ProbeName)), inspect))[url]
    assert isinstance(found, NotFetched)
    assert found.reason is Reason.INTERNAL
    assert probe(found, ProbeName.GZIP).reason is None
    assert len(server.requests) == 7
