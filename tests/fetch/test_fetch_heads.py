"""Raw header lines are kept as received, and the end of a body is where it really is."""

from __future__ import annotations

import ast
import asyncio
import hashlib
import re
from pathlib import Path

import pytest

from mmscheck import checks
from mmscheck.fetch import fetch_all
from mmscheck.fetch.exchange import HEAD_LIMIT
from mmscheck.fetch.head import (
    DECIDING,
    MOST_CHARACTERS,
    MOST_DECIDING,
    MOST_LINES,
    kept,
    parse_head,
)
from mmscheck.model.observation import AnomalyKind, Fetched, Reason
from tests.support.rawserver import fetched, not_fetched, policy, response, saying, serve, sniff

BODY = bytes(range(256)) * 16


async def test_names_and_values_are_kept_as_received_and_in_order() -> None:
    lines = ("content-TYPE:image/jpeg", "X-B: \t two  words \t", "X-A:", "X-B: \xe9", 'ETag: W/"1"')
    async with serve(response(BODY, *lines)) as server:
        found = await fetched(server.url(), policy(server))
    assert found.hops[0].headers == (
        ("content-TYPE", "image/jpeg"),
        ("X-B", "two  words"),
        ("X-A", ""),
        ("X-B", "\xe9"),
        ("ETag", 'W/"1"'),
        ("Content-Length", "4096"),
    )
    assert found.hops[0].http_version == "1.1"
    assert found.hops[0].values("x-b") == ("two  words", "\xe9")


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("HTTP/1.1 200 OK", 200),
        ("HTTP/1.0 404", 404),
        ("HTTP/1.1 200 ", 200),
        ("HTTP/2 200", 200),
        ("HTTP/1.1 2000 OK", None),
        ("HTTP/1.1 20 OK", None),
        ("HTTP/1.1 200OK", None),
        ("http/1.1 200 OK", None),
        ("ICY 200 OK", None),
        ("", None),
    ],
)
def test_only_a_status_line_has_a_status(line: str, status: int | None) -> None:
    head = parse_head(f"{line}\r\nA: b\r\n\r\n".encode())
    assert head.status == status


async def test_a_folded_line_stays_folded() -> None:
    async with serve(response(b"abc", "X-Long: one\r\n\ttwo")) as server:
        found = await fetched(server.url(), policy(server))
    assert found.hops[0].values("X-Long") == ("one\r\n\ttwo",)


async def test_a_head_may_come_in_any_number_of_packets() -> None:
    raw = b"\r\n" + response(BODY, "Content-Type: image/jpeg")
    head = raw[: len(raw) - len(BODY) + 1]
    packets = [head[at : at + 1] for at in range(len(head))] + [BODY[1:]]
    async with serve(saying(*packets)) as server:
        found = await fetched(server.url(), policy(server))
    assert found.hops[0].headers == (("Content-Type", "image/jpeg"), ("Content-Length", "4096"))
    assert found.sha256 == hashlib.sha256(BODY).hexdigest()


async def test_informational_heads_are_passed_over() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    async with serve(saying(hints[:30], hints[30:] + response(BODY))) as server:
        found = await fetched(server.url(), policy(server))
    assert found.hops[0].headers == (("Content-Length", "4096"),)
    assert found.hops[0].status == 200
    assert found.size == 4096


async def test_bare_line_feeds_are_read_and_shown() -> None:
    async with serve(b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc") as server:
        found = await fetched(server.url(), policy(server))
    assert found.hops[0].headers == (("Content-Length", "3"),)


@pytest.mark.parametrize("total", [20_000, HEAD_LIMIT - 16_000])
async def test_a_large_head_is_read_whole(total: int) -> None:
    lines = [f"X-{number}: {'v' * 990}" for number in range(total // 1000)]
    async with serve(response(BODY, *lines, f"X-One: {'w' * 12_000}"[: total // 4])) as server:
        found = await fetched(server.url(), policy(server))
    assert len(found.hops[0].headers) + found.hops[0].left_out == total // 1000 + 2
    assert found.hops[0].values("Content-Length") == ("4096",)
    assert found.size == 4096


TINY = [b"a:"] * 15_000
"""As many lines as fit into a head."""


def answered(*last: bytes, first: tuple[bytes, ...] = ()) -> bytes:
    lines = (b"HTTP/1.1 200 OK", *first, *TINY[: 15_000 - 200 * len(last)], *last)
    return b"\r\n".join((*lines, b"", BODY))


async def test_of_very_many_lines_only_some_are_kept_and_the_rest_is_counted() -> None:
    async with serve(answered(b"Content-Type: image/jpeg", b"Content-Length: 4096")) as server:
        found = await fetched(server.url(), policy(server))
    hop = found.hops[0]
    assert len(hop.headers) == MOST_LINES + 2
    assert len(hop.headers) + hop.left_out == 15_000 - 400 + 2
    assert hop.values("Content-Type") == ("image/jpeg",)
    assert hop.values("Content-Length") == ("4096",)
    assert [odd.kind for odd in hop.anomalies] == [AnomalyKind.TOO_MANY_HEADERS]


@pytest.mark.parametrize(
    "line",
    [
        b"Content-Type: text/html",
        b"content-encoding: gzip",
        b"X-Cache: HIT",
        b"Age: 60",
        b"Content-Range: bytes 0-1/2",
    ],
)
async def test_what_decides_is_kept_wherever_it_stands(line: bytes) -> None:
    async with serve(answered(line, b"Content-Length: 4096", first=(b"Content-Type: image/jpeg",))) as server:
        found = await fetched(server.url(), policy(server))
    name, _, value = line.decode().partition(": ")
    assert value in found.hops[0].values(name)


@pytest.mark.parametrize("line", [b"Content-Length: 5", b"Transfer-Encoding: chunked"])
async def test_a_length_that_is_doubted_far_behind_is_doubted(line: bytes) -> None:
    async with serve(answered(line, first=(b"Content-Length: 4096",))) as server:
        await not_fetched(server.url(), policy(server))


async def test_an_answer_of_hundreds_of_lines_that_decide_is_none() -> None:
    types = [f"Content-Type: image/x{number}".encode() for number in range(MOST_DECIDING)]
    lines = (b"HTTP/1.1 200 OK", b"Content-Length: 4096", *types, b"Content-Type: text/html")
    async with serve(b"\r\n".join((*lines, b"", BODY))) as server:
        found = await not_fetched(server.url(), policy(server))
    assert found.reason is Reason.MALFORMED_HTTP
    assert found.detail == "102 header lines about length, coding, type and caches"
    assert kept((*[("Age", "1")] * 300, ("Content-Type", "text/html")))[-1] == ("Content-Type", "text/html")


def test_no_answer_keeps_more_than_its_bounds() -> None:
    for lines in ([("a", "")] * 15_000, [("X-A", "v" * 900)] * 70, [("X-A", "v" * 60_000)]):
        found = kept(tuple(lines))
        assert len(found) <= MOST_LINES
        assert sum(len(name) + len(value) for name, value in found) <= MOST_CHARACTERS


def test_every_header_that_a_check_looks_at_is_kept() -> None:
    sources = [file.read_text("utf-8") for file in (Path(checks.__path__[0])).glob("*.py")]
    constants = {
        node.value
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    names = {text.lower() for text in constants if re.fullmatch(r"(?:Content|Transfer|Retry)-[A-Z]\w+", text)}
    assert {"content-length", "transfer-encoding", "content-type", "content-encoding"} <= names
    assert names <= DECIDING


async def test_a_head_larger_than_the_limit_is_refused_and_its_beginning_shown() -> None:
    lines = [f"X-{number}: {'v' * 990}" for number in range(200)]
    async with serve(response(BODY, "Content-Type: image/jpeg", *lines)) as server:
        found = await not_fetched(server.url(), policy(server))
    assert found.reason is Reason.MALFORMED_HTTP
    assert found.detail == "the response head is larger than 65536 bytes"
    assert found.hops[0].values("content-type") == ("image/jpeg",)
    assert found.hops[0].status is None


async def test_a_head_without_end_is_left_at_the_limit() -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not writer.is_closing():
            writer.write(b"X: y\r\n" * 1000)
            await writer.drain()

    async with serve(respond) as server:
        found = await not_fetched(server.url(), policy(server))
    assert found.reason is Reason.MALFORMED_HTTP


async def test_http_1_0_without_a_length_is_a_file_for_the_rules_to_judge() -> None:
    async with serve(b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n" + BODY) as server:
        found = await fetched(server.url(), policy(server))
    assert found.size == 4096
    assert found.hops[0].http_version == "1.0"
    assert found.hops[0].values("content-length") == ()


async def test_a_chunked_body_is_a_file_for_the_rules_to_judge() -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    async with serve(raw) as server:
        found = await fetched(server.url(), policy(server))
    assert found.size == 5
    assert found.excess == 0
    assert found.hops[0].values("transfer-encoding") == ("chunked",)


async def test_an_encoded_body_is_not_decoded() -> None:
    async with serve(response(b"\x1f\x8bnot really", "Content-Encoding: gzip")) as server:
        found = await fetched(server.url(), policy(server))
    assert found.sha256 == hashlib.sha256(b"\x1f\x8bnot really").hexdigest()


@pytest.mark.parametrize("close", [True, False])
@pytest.mark.parametrize("gap", [None, 0.0])
@pytest.mark.parametrize(("length", "excess"), [(4000, 96), (0, 4096), (4095, 1)])
async def test_bytes_beyond_the_stated_length_are_counted(
    length: int, excess: int, gap: float | None, *, close: bool
) -> None:
    raw = response(BODY, length=length)
    parts = (raw,) if gap is None else (raw[:-excess], raw[-excess:])
    async with serve(saying(*parts, close=close)) as server:
        found = await fetched(server.url(), policy(server))
    assert (found.size, found.excess) == (length, excess)
    assert found.sha256 == hashlib.sha256(BODY[:length]).hexdigest()


async def test_many_bytes_beyond_the_stated_length_do_not_spoil_the_body() -> None:
    big = b"x" * 3_000_000
    async with serve(response(big, length=2_000_000)) as server:
        found = await fetched(server.url(), policy(server))
    assert found.size == 2_000_000
    assert found.excess > 0


async def test_a_connection_with_excess_bytes_is_never_used_again() -> None:
    # What follows the stated end would pass for the answer to the next request.
    forged = response(b"forged", "Content-Type: text/html")
    raw = response(b"abc", "Content-Type: image/jpeg") + forged
    async with serve(saying(raw, close=False)) as server:
        urls = [server.url(f"/{number}.jpg") for number in range(6)]
        found = await fetch_all(urls, policy(server, per_host=1), sniff)
    assert server.connections == 6
    for observation in found.values():
        assert isinstance(observation, Fetched)
        assert observation.excess == len(forged)
        assert observation.hops[0].values("content-type") == ("image/jpeg",)


async def test_a_chunked_body_is_the_last_thing_read_from_its_connection() -> None:
    # Only the library knows where the chunks end, so what follows them could pass for the next answer.
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    async with serve(saying(chunked, close=False)) as server:
        urls = [server.url(f"/{number}.jpg") for number in range(4)]
        found = await fetch_all(urls, policy(server, per_host=1), sniff)
    assert all(isinstance(observation, Fetched) for observation in found.values())
    assert server.connections == 4


async def test_bytes_that_come_late_spoil_no_neighbour() -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"abc", "Content-Type: image/jpeg"))
        await writer.drain()
        if b"/0.jpg" in head:
            await asyncio.sleep(0.02)
            writer.write(b"late bytes")

    async with serve(respond) as server:
        urls = [server.url(f"/{number}.jpg") for number in range(20)]
        found = await fetch_all(urls, policy(server, per_host=1), sniff)
    assert all(isinstance(observation, Fetched) for observation in found.values())


async def test_connections_are_used_again_and_each_keeps_its_own_headers() -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        path = head.split()[1].decode()
        writer.write(response(path.encode(), f"X-Path: {path}"))

    async with serve(respond) as server:
        urls = [server.url(f"/{number}.jpg") for number in range(40)]
        found = await fetch_all(urls, policy(server, per_host=2), sniff)
    assert server.connections == 2
    assert len(server.requests) == 40
    for number, url in enumerate(urls):
        observation = found[url]
        assert isinstance(observation, Fetched)
        assert observation.hops[0].values("x-path") == (f"/{number}.jpg",)
        assert observation.hops[0].address == "127.0.0.1"
        assert observation.sha256 == hashlib.sha256(f"/{number}.jpg".encode()).hexdigest()
        assert observation.attempts == 1


async def test_a_connection_that_the_server_gave_up_is_no_evidence() -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(response())
        if len(server.requests) % 3 == 0:
            writer.transport.abort()
        elif len(server.requests) % 3 == 2:
            writer.close()

    async with serve(respond) as server:
        urls = [server.url(f"/{number}.jpg") for number in range(30)]
        found = await fetch_all(urls, policy(server, per_host=1), sniff)
    assert sum(isinstance(observation, Fetched) for observation in found.values()) >= 20
    assert all(observation.attempts == 1 for observation in found.values())
