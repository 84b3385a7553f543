"""The head of a response as bytes, read leniently: what a client library refuses must still be shown."""

from __future__ import annotations

import re
from collections import Counter

import msgspec

from mmscheck.fetch.failure import Failure
from mmscheck.model.observation import Reason
from mmscheck.servers import caches

MOST_LINES = 200
"""Header lines of one answer that are kept; what decides is kept beyond."""

MOST_CHARACTERS = 16 * 1024
"""Characters of header names and values, likewise."""

MOST_DECIDING = 100
"""Header lines that decide; an answer with more of them has none that could be trusted."""

DECIDING = caches.HEADERS | {
    *("content-length", "transfer-encoding", "content-encoding", "content-type", "content-range"),
    *("location", "retry-after"),
}
"""Names in lower case of all headers that the outcome of a rule depends on."""

_A_PAIR = 2

Lines = tuple[tuple[str, str], ...]

_END = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE = re.compile(r"HTTP/(\d+(?:\.\d+)?)[ \t]+(\d{3})(?:[ \t]+(.*))?$")
_SPACE = " \t"
_NO_BODY = frozenset({204, 304})
_SWITCHING = 101
_FINAL = 200
_MOST_DIGITS = 18  # what a signed 64-bit number always holds


class Head(msgspec.Struct, frozen=True):
    """Status line and raw header lines of one response (ISO-8859-1), in order of arrival."""

    line: str
    version: str | None
    status: int | None
    phrase: str
    headers: Lines

    def values(self, name: str) -> tuple[str, ...]:
        """Every value of the header ``name`` in order."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)

    @property
    def informational(self) -> bool:
        """Whether the real answer is still to come (1xx other than a switch of protocol)."""
        return self.status is not None and self.status < _FINAL and self.status != _SWITCHING

    @property
    def chunked(self) -> bool:
        """Whether chunked is among the transfer codings."""
        return "chunked" in _listed(self.values("Transfer-Encoding"))

    @property
    def length(self) -> int | None:
        """Bytes of body to expect; None when the head does not say, or not unambiguously."""
        if self.status in _NO_BODY:
            return 0
        stated = self.values("Content-Length")
        if len(stated) != 1 or self.values("Transfer-Encoding") or not is_number(stated[0]):
            return None
        return int(stated[0])

    @property
    def summary(self) -> str:
        """For people: ``HTTP 404 Not Found``."""
        return f"HTTP {self.status} {self.phrase}".rstrip()


def head_end(raw: bytes | bytearray, start: int = 0) -> int | None:
    """Offset just behind the empty line that ends the head, or None when it is not there yet."""
    found = _END.search(raw, start)
    return None if found is None else found.end()


def parse_head(raw: bytes) -> Head:
    """Take a head apart, complete or not; a line without a colon becomes a name with an empty value."""
    line, *rest = raw.lstrip(b"\r\n").decode("latin-1").split("\n")
    headers: list[tuple[str, str]] = []
    for entry in rest:
        if entry[:1] in {" ", "\t"} and headers:
            name, value = headers.pop()
            headers.append((name, f"{value}\r\n{entry.rstrip()}"))
        elif entry.strip():
            name, _, value = entry.removesuffix("\r").partition(":")
            headers.append((name, value.strip(_SPACE)))
    shape = _STATUS_LINE.match(line.rstrip("\r"))
    version, status, phrase = shape.groups("") if shape else (None, None, "")
    return Head(line.rstrip("\r"), version, int(status) if status else None, phrase, tuple(headers))


def kept(headers: Lines) -> Lines:
    """The lines worth keeping: all that decide, and of the others as many as the bounds allow, in order.

    An answer may have 15,000 lines of two characters, and a run thousands of answers.
    """
    if (
        len(headers) <= MOST_LINES
        and sum(len(name) + len(value) for name, value in headers) <= MOST_CHARACTERS
    ):
        return headers
    lines, seen = list[tuple[str, str]](), Counter[str]()
    room, left = MOST_CHARACTERS, MOST_LINES
    for name, value in headers:
        size = len(name) + len(value)
        if decides(name):
            seen[name.strip().lower()] += 1
            # Of each name two, so that no flood of another hides it.
            if seen.total() <= MOST_DECIDING or seen[name.strip().lower()] <= _A_PAIR:
                lines.append((name, value))
        elif size <= room and left:
            room, left = room - size, left - 1
            lines.append((name, value))
    return tuple(lines)


def decides(name: str) -> bool:
    """Whether the outcome of a rule depends on a header of this name, however it is padded."""
    return name.strip().lower() in DECIDING


def framing_fault(head: Head) -> Failure | None:
    """What makes the end of this response ambiguous, or None."""
    deciding = sum(decides(name) for name, _ in head.headers)
    if deciding > MOST_DECIDING:
        return Failure(
            Reason.MALFORMED_HTTP, f"{deciding} header lines about length, coding, type and caches"
        )
    for name, _ in head.headers:
        if name != name.strip():
            return Failure(Reason.MALFORMED_HTTP, f"white space around the header name {name!r}")
    if any("\n" in value for value in head.values("Content-Length")):
        return Failure(Reason.MALFORMED_HTTP, "Content-Length is folded over several lines")
    stated = _listed(head.values("Content-Length"))
    if stated and head.chunked:
        return Failure(Reason.LENGTH_AND_CHUNKED, f"Content-Length: {', '.join(stated)}")
    if stated and head.values("Transfer-Encoding"):
        return Failure(Reason.MALFORMED_HTTP, "Content-Length beside Transfer-Encoding")
    return _length_fault(stated) if head.values("Content-Length") else None


def _length_fault(stated: list[str]) -> Failure | None:
    if len(set(stated)) > 1:
        return Failure(Reason.TWO_LENGTHS, ", ".join(stated))
    if len(stated) > 1:
        return Failure(Reason.MALFORMED_HTTP, f"Content-Length is stated {len(stated)} times")
    if not (stated and is_number(stated[0])):
        return Failure(Reason.MALFORMED_HTTP, f"Content-Length is {''.join(stated)!r}, not a number")
    return None


def is_number(text: str) -> bool:
    """Whether ``text`` is a number of bytes and nothing else: digits, few enough for every recipient."""
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def _listed(values: tuple[str, ...]) -> list[str]:
    return [part.strip().lower() for value in values for part in value.split(",") if part.strip()]
