"""One request and its response as seen on the wire, whatever the HTTP library makes of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar

from mmscheck.fetch.chunks import ChunkScanner
from mmscheck.fetch.head import (
    SHOWN,
    Head,
    HeadOddities,
    begins_as_http,
    head_end,
    judge_fields,
    judge_lines,
    kept,
    parse_head,
)
from mmscheck.fetch.names import Route
from mmscheck.model.observation import Anomaly, AnomalyKind, Certificate, Hop

HEAD_LIMIT = 64 * 1024
"""Bytes of response head, interim ones included, that are kept and read; more is refused."""

EXCERPT_LENGTH = 2048
"""Bytes of body that are kept."""

_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
"""The "binary data bytes" of the WHATWG MIME Sniffing standard, section 3 (November 2026)."""

_CONTINUATION = bytes(range(0x80, 0xC0))


def excerpt_text(begin: bytes | bytearray) -> str:
    """``begin`` as ISO-8859-1 when it may be text, else nothing."""
    return "" if _BINARY.search(begin) else begin.decode("latin-1")


def continuing(data: bytes) -> int:
    """How many bytes continue a character of UTF-8 (RFC 3629, section 3)."""
    return len(data) - len(data.translate(None, _CONTINUATION))


CURRENT: ContextVar[Exchange] = ContextVar("CURRENT")
"""The exchange that the running task has under way; sockets and connections report to it."""


class Exchange:
    """What is known so far; grows while the response comes in.

    ``length`` is the bytes of body that the head announces, when it does so without doubt; ``received`` are
    bytes on the wire after the head, ``decoded`` bytes of body handed on, ``excess`` bytes beyond the end of
    the body, ``excess_continuing`` those of them that continue a character. ``ended`` when the server closed
    its side in good order, ``lost`` how the connection broke otherwise. ``first_byte`` is in seconds of the
    clock given. ``certificate`` is what the server showed.
    """

    def __init__(self, route: Route, *, keep: Callable[[], bool], elapsed: Callable[[], float]) -> None:
        """Start with the addresses to dial; ``keep`` tells whether others wait for a connection."""
        self.route = route
        self.keep = keep
        self.dialled: str | None = None
        self.connected = False
        self.reused = False
        self.first_byte: float | None = None
        self.head: Head | None = None
        self.length: int | None = None
        self.overflow = False
        self.not_http = False
        self.ended = False
        self.received = 0
        self.decoded = 0
        self.excess = 0
        self.lost: Exception | None = None
        self.tls_error: str | None = None
        self.certificate: Certificate | None = None
        self.excess_continuing = 0
        self._chunks: ChunkScanner | None = None
        self._raw = bytearray()
        self._held = bytearray()
        self._begin = bytearray()
        self._oddities = HeadOddities()
        self._elapsed = elapsed

    @property
    def body_so_far(self) -> int:
        """Bytes of body that have arrived, without chunk framing."""
        return self.decoded if self.length is None else self.received

    @property
    def excerpt(self) -> str:
        """The beginning of the body where it may be text, else nothing."""
        return excerpt_text(self._raw[:EXCERPT_LENGTH] if self.not_http else self._begin)

    @property
    def wants_excerpt(self) -> bool:
        """Whether more of the body would make the excerpt longer."""
        return len(self._begin) < EXCERPT_LENGTH

    @property
    def broken(self) -> bool:
        """Whether what comes next cannot be made sense of, or is more than anybody should read."""
        return self.overflow or self.not_http or (self._chunks is not None and self._chunks.broken)

    @property
    def chunked(self) -> bool:
        """Whether the body says itself where it ends."""
        return self._chunks is not None

    @property
    def fault(self) -> str:
        """What makes the response `broken`, in words; empty while it is not."""
        if self.overflow:
            return f"the response head is larger than {HEAD_LIMIT} bytes"
        if self.not_http:
            return f"the status line is {parse_head(bytes(self._raw)).line!r}"
        if self._chunks is not None and self._chunks.broken:
            return f"the chunked body is not well formed: {self._chunks.fault}"
        return ""

    @property
    def spoiled(self) -> bool:
        """Whether the connection is unfit for another request, or its end cannot be told for sure."""
        return self.excess > 0 or self.overflow or (self.head is not None and self.length is None)

    @property
    def stale(self) -> bool:
        """Whether a connection used before gave no response of its own: no evidence about the file."""
        return self.reused and (self.head is None or self.head.status is None)

    @property
    def phase(self) -> str:
        """What is being waited for."""
        if not self.connected:
            return "connecting"
        if self.first_byte is None:
            return "waiting for the first byte"
        if self.head is None:
            return "receiving the response head"
        return f"receiving the body, {self.body_so_far} bytes so far"

    def feed(self, data: bytes) -> bytes:
        """Take note of bytes received; returns those that the library may have.

        A head or a line between chunks is held back until it is whole: the library hangs up in the middle of
        what it refuses, and what is wrong would depend on the packets it came in. Bytes beyond the end of the
        body are counted and never handed on: they would pass for the beginning of the next response.
        """
        if self.first_byte is None:
            self.first_byte = self._elapsed()
        return self._feed_head(data) if self.head is None else self._feed_body(data)

    def hop(self, url: str) -> Hop:
        """The exchange as evidence.

        A head that never became whole keeps its lines but has no status: what it lacks proves nothing.
        """
        shown = self.head or parse_head(bytes(self._raw))
        headers = kept(shown.headers)
        return Hop(
            url=url,
            status=None if self.head is None else self.head.status,
            http_version=shown.version,
            headers=headers,
            left_out=len(shown.headers) - len(headers),
            address=self.dialled,
            resolved=self.route.resolved,
            proxy=self.route.proxy.text if self.route.proxy else None,
            tls_error=self.tls_error,
            certificate=self.certificate,
            line=shown.line,
            anomalies=self._anomalies(),
        )

    def _feed_head(self, data: bytes) -> bytes:
        """Collect heads; returns nothing before that of the answer is whole, and then everything."""
        if not self._raw and not self._held and (passed := self._feed_whole_head(data)):
            return passed
        # The end of a head may lie across two packets: 3 of the 4 bytes of CR LF CR LF were there before.
        # Searched from its beginning, a head that comes byte by byte would cost quadratic time.
        start = max(0, len(self._raw) - 3)
        self._raw += data
        while begins_as_http(self._raw) and (end := head_end(self._raw, start)) is not None:
            if self._exceeds(end):
                # What comes after it is not a part of it.
                del self._raw[end:]
                break
            head = self._take_head(end)
            if not head.informational:
                return self._begin_collected(head)
            self._oddities.add(AnomalyKind.INFORMATIONAL, head.line)
            start = 0
        self.not_http = not begins_as_http(self._raw)
        self.overflow = self._exceeds(len(self._raw)) and not self.not_http
        if self.overflow:
            self._oddities.add(AnomalyKind.HEAD_TOO_LARGE, f"more than {HEAD_LIMIT} bytes")
        return b""

    def _feed_whole_head(self, data: bytes) -> bytes:
        """Take a packet that begins with the whole head of the answer, as most do, without copying it.

        Returns what the library may have; nothing, and has done nothing, for any other packet.
        """
        end = head_end(data) if begins_as_http(data) else None
        if end is None or end > HEAD_LIMIT:
            return b""
        raw = data[:end]
        head = parse_head(raw)
        if head.informational:
            return b""
        judge_lines(raw, self._oddities, whole=True)
        self._begin_body(head)
        passed = self._feed_body(data[end:])
        return data if end + len(passed) == len(data) else raw + passed

    def _exceeds(self, size: int) -> bool:
        return len(self._held) + size > HEAD_LIMIT

    def _take_head(self, end: int) -> Head:
        raw = bytes(self._raw[:end])
        del self._raw[:end]
        self._held += raw
        judge_lines(raw, self._oddities, whole=True)
        return parse_head(raw)

    def _begin_body(self, head: Head) -> None:
        """Take ``head`` for the answer's."""
        self.head, self.length = head, head.length
        judge_fields(head, self._oddities)
        if self.length is None and head.chunked:
            self._chunks = ChunkScanner(self._begin, EXCERPT_LENGTH)

    def _begin_collected(self, head: Head) -> bytes:
        """Begin the body once heads are collected; returns these and what there is of the body."""
        self._begin_body(head)
        heads, rest = bytes(self._held), bytes(self._raw)
        self._held.clear()
        self._raw.clear()
        return heads + self._feed_body(rest)

    def _feed_body(self, data: bytes) -> bytes:
        if self._chunks is not None:
            return self._feed_chunks(self._chunks, data)
        taken = len(data) if self.length is None else min(len(data), self.length - self.received)
        if self.wants_excerpt:
            self._begin += data[: min(taken, EXCERPT_LENGTH - len(self._begin))]
        self.received += taken
        if taken == len(data):
            return data
        self._note_excess(data[taken:])
        return data[:taken]

    def _feed_chunks(self, chunks: ChunkScanner, data: bytes) -> bytes:
        taken = chunks.feed(data)
        self.received += taken
        if taken < len(data) and not chunks.broken:
            self._note_excess(data[taken:])
        self._held += data[:taken]
        passed = bytes(self._held[: len(self._held) - chunks.unfinished])
        del self._held[: len(passed)]
        return passed

    def _note_excess(self, data: bytes) -> None:
        self.excess += len(data)
        self.excess_continuing += continuing(data)
        self._oddities.add(AnomalyKind.EXCESS, data[:SHOWN])

    def _anomalies(self) -> tuple[Anomaly, ...]:
        """Everything odd so far, with what only shows when the exchange is over."""
        found = self._oddities.copy()
        if self.head is None and self._raw:
            judge_lines(bytes(self._raw), found, whole=False)
        if self._chunks is not None and self._chunks.fault:
            found.add(AnomalyKind.BAD_CHUNK, self._chunks.fault)
        for line in self._chunks.trailers if self._chunks is not None else ():
            found.add(AnomalyKind.TRAILERS, line)
        return found.anomalies
