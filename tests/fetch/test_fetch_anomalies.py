"""What is odd on the wire is recorded with its raw lines, whatever the HTTP library makes of it."""

from __future__ import annotations

import asyncio

import pytest

from mmscheck.fetch.exchange import HEAD_LIMIT, Exchange
from mmscheck.fetch.names import Route
from mmscheck.model.observation import Anomaly, AnomalyKind, Fetched, NotFetched, Reason
from tests.support.rawserver import fetched, not_fetched, observe, policy, response, saying, serve

OK = "HTTP/1.1 200 OK\r\n"
LENGTH = "Content-Length: 3\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
WHOLE = "3\r\nabc\r\n0\r\n\r\n"
KIND = AnomalyKind
BY_CHANCE = {AnomalyKind.EXCESS, AnomalyKind.NOT_HTTP}

CASES = [
    ("HTTP/1.1 200 OK\nA: b\r\n" + LENGTH + "\r\nabc", [(KIND.BARE_LF, "HTTP/1.1 200 OK")]),
    (OK + LENGTH + "\nabc", [(KIND.BARE_LF, "")]),
    (OK + LENGTH + "X: a\r\n\tb\r\n\r\nabc", [(KIND.OBS_FOLD, "X: a\n\tb")]),
    (
        OK + LENGTH + "X: a\r\n Transfer-Encoding: chunked\r\n\r\nabc",
        [
            (KIND.OBS_FOLD, "X: a\n Transfer-Encoding: chunked"),
            (KIND.SPACED_NAME, " Transfer-Encoding: chunked"),
        ],
    ),
    (OK + "X : a\r\n" + LENGTH + "\r\nabc", [(KIND.SPACED_NAME, "X : a")]),
    (OK + " X: a\r\n" + LENGTH + "\r\nabc", [(KIND.SPACED_NAME, " X: a")]),
    (OK + LENGTH + "X Y: a\r\n\r\nabc", [(KIND.NOT_A_HEADER, "X Y: a")]),
    (OK + LENGTH + ": a\r\n\r\nabc", [(KIND.NOT_A_HEADER, ": a")]),
    (OK + LENGTH + "no colon\r\n\r\nabc", [(KIND.NOT_A_HEADER, "no colon")]),
    (OK + LENGTH + "X: a\x00b\r\n\r\nabc", [(KIND.CONTROL_CHARACTER, "X: a\x00b")]),
    (OK + LENGTH + "X: a\rb\r\n\r\nabc", [(KIND.CONTROL_CHARACTER, "X: a\rb")]),
    (OK + LENGTH + "X: a\x7f\r\n\r\nabc", [(KIND.CONTROL_CHARACTER, "X: a\x7f")]),
    ("HTTP/2.0 200 OK\r\n" + LENGTH + "\r\nabc", [(KIND.STATUS_LINE, "HTTP/2.0 200 OK")]),
    ("HTTP/1.1  200 OK\r\n" + LENGTH + "\r\nabc", [(KIND.STATUS_LINE, "HTTP/1.1  200 OK")]),
    ("HTTP/1.1 200OK\r\n" + LENGTH + "\r\nabc", [(KIND.STATUS_LINE, "HTTP/1.1 200OK")]),
    ("\r\n" + OK + LENGTH + "\r\nabc", [(KIND.STATUS_LINE, "an empty line in its place")]),
    ("<html>\r\nHello\r\n", [(KIND.NOT_HTTP, "<html>\r\nHello")]),
    ("SSH-2.0-x\r\n\r\n", [(KIND.NOT_HTTP, "SSH-2.0-x")]),
    (OK + LENGTH + "X: y\r\n" * 100 + "\r\nabc", [(KIND.TOO_MANY_HEADERS, "101 lines")]),
    (
        OK + LENGTH + CHUNKED + "\r\n" + WHOLE,
        [(KIND.LENGTH_AND_CHUNKED, (LENGTH + CHUNKED).replace("\r", "").strip())],
    ),
    (
        OK + LENGTH + "Content-Length: 4\r\n\r\nabcd",
        [(KIND.TWO_LENGTHS, "Content-Length: 3\nContent-Length: 4")],
    ),
    (OK + "Content-Length: 3, 4\r\n\r\nabcd", [(KIND.TWO_LENGTHS, "Content-Length: 3, 4")]),
    (OK + "Content-Length: 3, 3\r\n\r\nabc", [(KIND.REPEATED_LENGTH, "Content-Length: 3, 3")]),
    (
        OK + "Content-Length: 3\r\ncontent-length: 03\r\n\r\nabc",
        [(KIND.REPEATED_LENGTH, "Content-Length: 3\ncontent-length: 03")],
    ),
    (OK + "Content-Length: +3\r\n\r\nabc", [(KIND.BAD_LENGTH, "Content-Length: +3")]),
    (OK + "Content-Length:\r\n\r\nabc", [(KIND.BAD_LENGTH, "Content-Length: ")]),
    (OK + "Content-Length: 3,\r\n\r\nabc", [(KIND.BAD_LENGTH, "Content-Length: 3,")]),
    (OK + CHUNKED + "\r\nzz\r\nabc", [(KIND.BAD_CHUNK, "no chunk size: 'zz'")]),
    (
        OK + CHUNKED + "\r\n3 \r\nabc\r\n0\r\n\r\n",
        [(KIND.BAD_CHUNK, "white space around a chunk size: '3 '")],
    ),
    (OK + CHUNKED + "\r\n3\r\nabcd\r\n0\r\n\r\n", [(KIND.BAD_CHUNK, "no line end after a chunk: 'd'")]),
    (OK + CHUNKED + "\r\n3\nabc\r\n0\r\n\r\n", [(KIND.BAD_CHUNK, "a line that ends in LF alone: '3\\n'")]),
    (OK + CHUNKED + "\r\n3\r\nabc\r\n0\r\nX: y\r\nZ: z\r\n\r\n", [(KIND.TRAILERS, "X: y\nZ: z")]),
    (OK + LENGTH + "\r\nabcdef", [(KIND.EXCESS, "def")]),
    (OK + CHUNKED + "\r\n" + WHOLE + "more", [(KIND.EXCESS, "more")]),
    (
        "HTTP/1.1 100 Continue\r\n\r\n" + OK + LENGTH + "\r\nabc",
        [(KIND.INFORMATIONAL, "HTTP/1.1 100 Continue")],
    ),
    (
        OK + LENGTH + "Content-Range: bytes 0-2/9\r\n\r\nabc",
        [(KIND.RANGE_UNASKED, "HTTP/1.1 200 OK\nContent-Range: bytes 0-2/9")],
    ),
    ("HTTP/1.1 206 Part\r\n" + LENGTH + "\r\nabc", [(KIND.RANGE_UNASKED, "HTTP/1.1 206 Part")]),
    ("HTTP/1.1 304 Not Modified\r\n\r\n", [(KIND.NOT_MODIFIED_UNASKED, "HTTP/1.1 304 Not Modified")]),
    ("HTTP/1.1 204 Nothing\r\n\r\nabc", [(KIND.EXCESS, "abc")]),
    (
        OK + "X Y: a\nX: b\r\n c\r\n" + LENGTH + "\r\nabc",
        [(KIND.BARE_LF, "X Y: a"), (KIND.NOT_A_HEADER, "X Y: a"), (KIND.OBS_FOLD, "X: b\n c")],
    ),
    (OK + LENGTH + "\r\nabc", []),
    ("HTTP/1.0 200\r\nX:\tb \xe9\r\n" + LENGTH + "\r\nabc", []),
    (OK + "Transfer-Encoding: Chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n", []),
    ("HTTP/1.1 416 No\r\nContent-Range: bytes */3\r\nContent-Length: 0\r\n\r\n", []),
    (OK + LENGTH + "X: y\r\n" * 99 + "\r\nabc", []),
]


@pytest.mark.parametrize("packets", ["one packet", "a packet for each byte"])
@pytest.mark.parametrize(("raw", "found"), CASES)
async def test_what_is_odd_is_recorded_with_the_lines_that_show_it(
    raw: str, found: list[tuple[AnomalyKind, str]], packets: str
) -> None:
    data = raw.encode("latin-1")
    parts = [data] if packets == "one packet" else [data[at : at + 1] for at in range(len(data))]
    async with serve(saying(*parts)) as server:
        seen = await observe(server.url(), policy(server))
    odd = [(anomaly.kind, anomaly.seen) for anomaly in _anomalies(seen)]
    if packets == "one packet":
        assert odd == found
    else:
        # How much comes of these two before the connection is closed is a matter of chance.
        assert [one for one in odd if one[0] not in BY_CHANCE] == [
            one for one in found if one[0] not in BY_CHANCE
        ]


def _anomalies(seen: Fetched | NotFetched) -> tuple[Anomaly, ...]:
    assert seen.final is not None
    return seen.final.anomalies


def _kinds(seen: Fetched | NotFetched) -> set[AnomalyKind]:
    return {odd.kind for odd in _anomalies(seen)}


async def test_a_hop_keeps_its_status_line_as_received() -> None:
    async with serve(response(b"abc", status="200 Fine \xe9")) as server:
        found = await fetched(server.url(), policy(server))
    assert found.hops[0].line == "HTTP/1.1 200 Fine \xe9"


async def test_each_hop_of_a_redirect_has_its_own_anomalies() -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        odd = "Location: /b.jpg\nContent-Length: 0"
        writer.write(response() if b"/b.jpg" in head else f"HTTP/1.1 302 Found\r\n{odd}\r\n\r\n".encode())

    async with serve(respond) as server:
        found = await fetched(server.url(), policy(server))
    assert [len(hop.anomalies) for hop in found.hops] == [1, 0]
    assert found.hops[0].anomalies[0].kind is AnomalyKind.BARE_LF


@pytest.mark.parametrize("rest", ["", "Content-Le", "Content-Length: 3"])
async def test_a_head_cut_short_is_odd_only_by_its_whole_lines(rest: str) -> None:
    async with serve(f"HTTP/1.1 200 OK\r\nX Y: z\r\n{rest}".encode()) as server:
        found = await not_fetched(server.url(), policy(server))
    assert _anomalies(found) == (Anomaly(kind=AnomalyKind.NOT_A_HEADER, seen="X Y: z"),)


async def test_a_head_of_which_hardly_anything_came_is_not_called_something_else() -> None:
    async with serve(b"HTT") as server:
        found = await not_fetched(server.url(), policy(server))
    assert _anomalies(found) == ()
    assert found.reason is Reason.RESET


async def test_a_broken_chunk_ends_the_download_whatever_the_library_thinks_of_it() -> None:
    flood = b"3;" + b"x" * 5000 + b"\r\nabc\r\n"
    async with serve(saying(OK.encode() + CHUNKED.encode() + b"\r\n" + flood, close=False)) as server:
        found = await not_fetched(server.url(), policy(server))
    assert found.reason is Reason.MALFORMED_HTTP
    assert "a line of more than 4096 bytes" in _anomalies(found)[0].seen


async def test_a_huge_line_is_cut_for_the_report() -> None:
    async with serve(response(b"abc", "X Y: " + "z" * 5000)) as server:
        found = await not_fetched(server.url(), policy(server))
    assert len(_anomalies(found)[0].seen) == 160


async def test_of_many_odd_lines_the_first_three_are_kept() -> None:
    async with serve(response(b"abc", *[f"X{number} : y" for number in range(50)])) as server:
        found = await not_fetched(server.url(), policy(server))
    assert _anomalies(found)[0].seen == "X0 : y\nX1 : y\nX2 : y"


@pytest.mark.parametrize(
    ("extra", "kinds"),
    [
        ("X: y\r\n" * 100_000, {KIND.HEAD_TOO_LARGE, KIND.TOO_MANY_HEADERS}),
        ("X: " + "y" * (1 << 20) + "\r\n", {KIND.HEAD_TOO_LARGE}),
    ],
)
async def test_a_head_beyond_all_measure_is_named(extra: str, kinds: set[AnomalyKind]) -> None:
    async with serve((OK + extra + LENGTH + "\r\nabc").encode()) as server:
        found = await not_fetched(server.url(), policy(server))
    assert found.reason is Reason.MALFORMED_HTTP
    assert _kinds(found) == kinds
    assert found.final is not None
    assert found.final.status is None


async def test_interim_answers_count_towards_the_size_of_the_head() -> None:
    interim = b"HTTP/1.1 102 Processing\r\n\r\n"
    many = interim * (HEAD_LIMIT // len(interim) + 1)
    async with serve(many + response()) as server:
        found = await not_fetched(server.url(), policy(server))
    assert _kinds(found) == {KIND.INFORMATIONAL, KIND.HEAD_TOO_LARGE}
    async with serve(many[: len(many) // 2 // len(interim) * len(interim)] + response()) as server:
        assert _kinds(await fetched(server.url(), policy(server))) == {KIND.INFORMATIONAL}


def test_asking_for_the_evidence_twice_changes_nothing() -> None:
    exchange = Exchange(Route(("127.0.0.1",), 80), keep=lambda: False, elapsed=lambda: 0.0)
    exchange.feed(f"{OK}X Y: z\r\n{CHUNKED}\r\n0\r\nA: b\r\nzz".encode())
    first, second = exchange.hop("http://a.example/"), exchange.hop("http://a.example/")
    assert first == second
    assert [odd.kind for odd in first.anomalies] == [KIND.NOT_A_HEADER, KIND.TRAILERS]
