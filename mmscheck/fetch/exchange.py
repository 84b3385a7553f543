"""One request and its response as seen on the wire, whatever the HTTP library makes of it."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from mmscheck.fetch.head import Head, head_end, parse_head
from mmscheck.fetch.names import Route
from mmscheck.model.observation import Hop

HEAD_LIMIT = 64 * 1024
"""Bytes of response head that are kept and read; more is refused."""

CURRENT: ContextVar[Exchange] = ContextVar("CURRENT")
"""The exchange that the running task has under way; sockets and connections report to it."""


class Exchange:
    """What is known so far; grows while the response comes in.

    ``length`` is the bytes of body that the head announces, when it does so without doubt; ``received`` are
    bytes on the wire after the head, ``decoded`` bytes of body handed on, ``excess`` bytes beyond the stated
    length. ``ended`` when the server closed its side in good order, ``lost`` how the
    connection broke otherwise. ``first_byte`` is in seconds of the clock given.
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
        self.ended = False
        self.received = 0
        self.decoded = 0
        self.excess = 0
        self.lost: Exception | None = None
        self.tls_error: str | None = None
        self._raw = bytearray()
        self._elapsed = elapsed

    @property
    def body_so_far(self) -> int:
        """Bytes of body that have arrived, without chunk framing."""
        return self.decoded if self.length is None else self.received

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
        """Take note of bytes received; returns those that belong to the response.

        Bytes beyond the stated length are counted and held back: the library would take them for the
        beginning of the next response and throw away this one.
        """
        if self.first_byte is None:
            self.first_byte = self._elapsed()
        rest = len(data) if self.head is not None else self._feed_head(data)
        room = self.length
        beyond = 0 if room is None else max(0, self.received + rest - room)
        self.received += rest - beyond
        self.excess += beyond
        return data[: len(data) - beyond] if beyond else data

    def hop(self, url: str) -> Hop:
        """The exchange as evidence.

        A head that never became whole keeps its lines but has no status: what it lacks proves nothing.
        """
        shown = self.head or parse_head(bytes(self._raw))
        return Hop(
            url=url,
            status=None if self.head is None else self.head.status,
            http_version=shown.version,
            headers=shown.headers,
            address=self.dialled,
            resolved=self.route.addresses,
            tls_error=self.tls_error,
        )

    def _feed_head(self, data: bytes) -> int:
        """Collect the head; returns how many bytes of ``data`` come after it."""
        start = max(0, len(self._raw) - 3)
        self._raw += data
        while (end := head_end(self._raw, start)) is not None:
            head = parse_head(bytes(self._raw[:end]))
            del self._raw[:end]
            if not head.informational:
                self.head, self.length = head, head.length
                return len(self._raw)
            start = 0
        self.overflow = len(self._raw) > HEAD_LIMIT
        return 0
