"""The chunks of a body as they stand on the wire, which an HTTP library reads and forgets.

Written from RFC 9112, section 7.1, stricter than it where a recipient may be lenient: every leniency is a
place where two programs can disagree about where the body ends.
"""

from __future__ import annotations

import re
from enum import Enum, auto

LINE_LIMIT = 4096
"""Bytes of one line with a chunk size and its extensions; more is refused."""

TRAILER_LIMIT = 16 * 1024
"""Bytes of trailer fields; more is refused."""

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;.*)?\Z", re.DOTALL)
_PADDED_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?\Z", re.DOTALL)
_PLAIN = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")
_SHOWN = 60


class _At(Enum):
    """What comes next on the wire."""

    SIZE = auto()
    DATA = auto()
    DATA_END = auto()
    TRAILERS = auto()
    END = auto()
    BROKEN = auto()


class ChunkScanner:
    """Follows a chunked body packet by packet, in bounded memory.

    ``fault`` is the first thing that is not as it should be, as words and the bytes; ``broken`` says that
    nothing after it can be made sense of. ``trailers`` are the lines after the last chunk.
    """

    def __init__(self, excerpt: bytearray, most: int) -> None:
        """Begin before the first size; the first ``most`` bytes of the body are added to ``excerpt``."""
        self.fault = ""
        self.trailers: list[bytes] = []
        self._excerpt = excerpt
        self._most = most
        self._at = _At.SIZE
        self._line = bytearray()
        self._left = 0
        self._trailer_bytes = 0

    @property
    def broken(self) -> bool:
        """Whether the rest of the body cannot be read."""
        return self._at is _At.BROKEN

    @property
    def ended(self) -> bool:
        """Whether the body is over."""
        return self._at is _At.END

    @property
    def unfinished(self) -> int:
        """How many of the bytes taken so far belong to a line that is not whole, or that broke the body."""
        return len(self._line)

    def feed(self, data: bytes) -> int:
        """Follow ``data``; returns how many of its bytes belong to the body, all up to a break."""
        at = 0
        while at < len(data) and self._at not in {_At.END, _At.BROKEN}:
            if self._at is _At.SIZE and not self._line:
                at = self._plain_chunks(data, at)
            at = self._data(data, at) if self._at is _At.DATA else self._one_line(data, at)
        return at

    def _plain_chunks(self, data: bytes, at: int) -> int:
        """Pass over the chunks that are whole and have nothing to look at: there may be very many."""
        while (shape := _PLAIN.match(data, at)) is not None:
            begin = shape.end()
            end = begin + int(shape[1], 16)
            if end == begin or data[end : end + 2] != b"\r\n":
                break
            missing = self._most - len(self._excerpt)
            if missing > 0:
                self._excerpt += data[begin : min(end, begin + missing)]
            at = end + 2
        return at

    def _data(self, data: bytes, at: int) -> int:
        taken = min(self._left, len(data) - at)
        wanted = min(taken, self._most - len(self._excerpt))
        if wanted > 0:
            self._excerpt += data[at : at + wanted]
        self._left -= taken
        if not self._left:
            self._at = _At.DATA_END
        return at + taken

    def _one_line(self, data: bytes, at: int) -> int:
        # Behind a chunk every byte is looked at, so that no more is shown than the one that is wrong.
        most = 1 if self._at is _At.DATA_END else LINE_LIMIT
        end = data.find(b"\n", at, at + most)
        stop = min(len(data), at + most) if end < 0 else end + 1
        self._line += data[at:stop]
        if self._at is _At.DATA_END and not b"\r\n".startswith(self._line):
            self._break("no line end after a chunk")
        elif end >= 0:
            self._take(bytes(self._line))
        elif len(self._line) >= LINE_LIMIT:
            self._break(f"a line of more than {LINE_LIMIT} bytes")
        return stop

    def _take(self, line: bytes) -> None:
        if not line.endswith(b"\r\n"):
            self._note("a line that ends in LF alone")
        text = line.removesuffix(b"\n").removesuffix(b"\r")
        if self._at is _At.SIZE:
            self._take_size(text)
        elif self._at is _At.DATA_END:
            self._at = _At.SIZE
        else:
            self._take_trailer(text)
        if not self.broken:
            self._line.clear()

    def _take_size(self, text: bytes) -> None:
        shape = _SIZE.match(text) or _PADDED_SIZE.match(text)
        if shape is None:
            self._break("no chunk size")
            return
        if _SIZE.match(text) is None or b"\r" in text:
            self._note("white space around a chunk size")
        self._left = int(shape[1], 16)
        self._at = _At.DATA if self._left else _At.TRAILERS

    def _take_trailer(self, text: bytes) -> None:
        if not text:
            self._at = _At.END
            return
        self._trailer_bytes += len(text)
        if self._trailer_bytes > TRAILER_LIMIT:
            self._break(f"more than {TRAILER_LIMIT} bytes of trailers")
        else:
            self.trailers.append(text)

    def _break(self, what: str) -> None:
        self._note(what)
        self._at = _At.BROKEN

    def _note(self, what: str) -> None:
        shown = self._line[:_SHOWN].decode("latin-1").removesuffix("\r\n")
        self.fault = self.fault or f"{what}: {shown!r}"
