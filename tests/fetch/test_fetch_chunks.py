"""The chunks of a body are followed by our own eyes, in whatever packets they come."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmscheck.fetch.chunks import LINE_LIMIT, TRAILER_LIMIT, ChunkScanner


def scan(*packets: bytes, most: int = 100) -> tuple[ChunkScanner, int, bytes]:
    """The scanner after ``packets``, how many bytes it took, and the excerpt."""
    excerpt = bytearray()
    scanner = ChunkScanner(excerpt, most)
    return scanner, sum(scanner.feed(packet) for packet in packets), bytes(excerpt)


def encoded(parts: list[bytes], trailers: list[bytes]) -> bytes:
    """``parts`` as chunks, those of odd length with an extension."""
    sizes = [b"%X%s" % (len(part), b";n=1" if len(part) % 2 else b"") for part in parts]
    chunks = b"".join(b"%s\r\n%s\r\n" % pair for pair in zip(sizes, parts, strict=True))
    return chunks + b"0\r\n" + b"".join(line + b"\r\n" for line in trailers) + b"\r\n"


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=5),
    st.lists(st.sampled_from([b"A: b", b"X-Sum: 1"]), max_size=3),
    st.binary(max_size=5),
    st.lists(st.integers(0, 300), max_size=8),
)
def test_any_split_into_packets_gives_the_same(
    parts: list[bytes], trailers: list[bytes], beyond: bytes, cuts: list[int]
) -> None:
    raw = encoded(parts, trailers)
    data = raw + beyond
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    packets = [data[a:b] for a, b in pairwise(edges)]
    scanner, taken, excerpt = scan(*packets)
    assert scanner.ended
    assert (taken, excerpt) == (len(raw), b"".join(parts)[:100])
    assert (scanner.trailers, scanner.fault, scanner.unfinished) == (trailers, "", 0)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.integers(1, 200))
def test_rubbish_ends_somewhere_and_raises_nothing(data: bytes, size: int) -> None:
    whole, taken, excerpt = scan(data)
    split, _, again = scan(*[data[at : at + size] for at in range(0, len(data), size)])
    assert (whole.fault, whole.ended, whole.broken) == (split.fault, split.ended, split.broken)
    assert excerpt == again
    assert 0 <= taken <= len(data)


@pytest.mark.parametrize(
    ("raw", "fault", "broken"),
    [
        (b"zz\r\n", "no chunk size: 'zz'", True),
        (b"\r\n", "no chunk size: ''", True),
        (b"-3\r\n", "no chunk size: '-3'", True),
        (b"+3\r\n", "no chunk size: '+3'", True),
        (b"0x3\r\n", "no chunk size: '0x3'", True),
        (b"3_0\r\n", "no chunk size: '3_0'", True),
        (b"f" * 16 + b"\r\n", "no chunk size: 'ffffffffffffffff'", True),
        (b" 3\r\nabc\r\n", "white space around a chunk size: ' 3'", False),
        (b"3\t\r\nabc\r\n", "white space around a chunk size: '3\\t'", False),
        (b"3\nabc\r\n", "a line that ends in LF alone: '3\\n'", False),
        (b"3\r\nabc\n", "no line end after a chunk: '\\n'", True),
        (b"3\r\nabcd\r\n", "no line end after a chunk: 'd'", True),
        (b"3\r\nabc\rx", "no line end after a chunk: '\\rx'", True),
        (b"3;" + b"x" * LINE_LIMIT, f"a line of more than {LINE_LIMIT} bytes: '3;xxx", True),
        (b"0\r\n" + b"A: b\r\n" * 5000, f"more than {TRAILER_LIMIT} bytes of trailers: 'A: b'", True),
        (b"3 ;x\r\nabc\r\n", "", False),
        (b"03\r\nabc\r\n0\r\n\r\n", "", False),
    ],
)
def test_what_is_no_chunk_is_named(raw: bytes, fault: str, broken: bool) -> None:  # noqa: FBT001 - a column
    scanner, _, _ = scan(raw)
    assert scanner.fault.startswith(fault)
    assert (scanner.fault == "") == (fault == "")
    assert scanner.broken is broken


def test_only_the_first_fault_is_told() -> None:
    scanner, _, _ = scan(b"3 \r\nabc\r\nzz\r\n")
    assert scanner.fault == "white space around a chunk size: '3 '"


def test_a_broken_line_is_kept_from_whoever_reads_on() -> None:
    scanner, taken, _ = scan(b"3\r\nabc\r\nzz\r\nmore")
    assert taken - scanner.unfinished == len(b"3\r\nabc\r\n")


def test_an_endless_chunked_body_takes_no_memory() -> None:
    block = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    scanner = ChunkScanner(bytearray(), 2048)
    tracemalloc.start()
    try:
        for _ in range(200):
            assert scanner.feed(block) == len(block)
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()
