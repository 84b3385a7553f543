"""What is made of a response does not depend on the packets it comes in."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from mmscheck.fetch.exchange import Exchange
from mmscheck.fetch.names import Route
from mmscheck.model.observation import AnomalyKind

PIECES = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 103 Early\r\n",
    b"HTTP/1.0 304\n",
    b"HTTP/2 200\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: +5\n",
    b"Transfer-Encoding: chunked\r\n",
    b"X: y\r\n z\r\n",
    b" X : y\r\n",
    b"\r\n",
    b"\n",
    b"5\r\nhello\r\n",
    b"0\r\n",
    b"3 ;x=y\r\n",
    b"hello",
    b"\r",
    b"\x00",
]
# Only as much of these is shown as was there when it was noticed.
BY_PACKET = {AnomalyKind.EXCESS, AnomalyKind.NOT_HTTP}


def receive(packets: list[bytes]) -> tuple[object, ...]:
    """What is known after ``packets``, of which none comes after a break."""
    exchange = Exchange(Route(("127.0.0.1",), 80), keep=lambda: False, elapsed=lambda: 0.0)
    passed = b""
    for packet in packets:
        passed += exchange.feed(packet)
        if exchange.broken:
            break
    hop = exchange.hop("http://a.example/")
    odd = [(one.kind, "" if one.kind in BY_PACKET else one.seen) for one in hop.anomalies]
    if exchange.not_http:
        return passed, sorted(odd), exchange.broken
    return passed, sorted(odd), exchange.broken, hop.headers, hop.status, exchange.excess


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map(b"".join),
    st.lists(st.integers(1, 200), max_size=10),
    st.booleans(),
)
def test_any_split_into_packets_gives_the_same_evidence(raw: bytes, cuts: list[int], begin: bool) -> None:  # noqa: FBT001 - drawn
    data = (b"HTTP/1.1 200 OK\r\n" if begin else b"") + raw
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    assert receive([data]) == receive([data[a:b] for a, b in pairwise(edges)])
