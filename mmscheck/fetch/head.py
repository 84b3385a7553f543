"""The head of a response as bytes, read leniently: what a client library refuses must still be shown.

What is odd about it is judged by its bytes, and by nothing that a library made of them. The grammar is that
of RFC 9112, sections 2.2 to 5, and RFC 9110, sections 5 and 8.6.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import msgspec

from mmscheck.base.framing import Framing, FramingFault, Lines, read_framing
from mmscheck.fetch.failure import Failure
from mmscheck.model.observation import Anomaly, AnomalyKind, Reason
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
_END = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE = re.compile(r"HTTP/(\d+(?:\.\d+)?)[ \t]+(\d{3})(?:[ \t]+(.*))?$")
_SPACE = " \t"
_NO_BODY = frozenset({204, 304})
_SWITCHING = 101
_FINAL = 200
MOST_HEADERS = 100
"""Header lines beyond which programs begin to refuse (http.client of Python 3.11 and Apache 2.4: 100)."""

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_VALUE = rb"[\t\x20-\x7e\x80-\xff]*"
_PLAIN = re.compile(
    rb"HTTP/1\.[01] [1-5][0-9]{2}(?: " + _VALUE + rb")?\r\n"
    rb"(?:" + _TOKEN + rb":" + _VALUE + rb"\r\n){0,100}\r\n"
)
_STRICT_STATUS_LINE = re.compile(rb"HTTP/1\.[01] [1-5][0-9]{2}(?: .*)?", re.DOTALL)
_NAME = re.compile(_TOKEN)
_FRAMING = re.compile(
    rb"[ \t]+(?:content-length|transfer-encoding|content-encoding|content-type)[ \t]*:", re.IGNORECASE
)
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_HTTP = b"HTTP/"
_LEAD = re.compile(rb"\r?\n?")
_MOST_SHOWN = 3
_LONGEST_SHOWN = 160
SHOWN = 60
"""Bytes that are shown of what need not be lines."""

_PARTIAL, _NOT_MODIFIED, _UNSATISFIABLE = 206, 304, 416
_Found = tuple[AnomalyKind, bytes]
_LENGTH_KINDS = {
    FramingFault.BAD_LENGTH: AnomalyKind.BAD_LENGTH,
    FramingFault.TWO_LENGTHS: AnomalyKind.TWO_LENGTHS,
    FramingFault.REPEATED_LENGTH: AnomalyKind.REPEATED_LENGTH,
}


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
    def framing(self) -> Framing:
        """What the headers say of the length and the codings of the body."""
        return read_framing(self.headers)

    @property
    def chunked(self) -> bool:
        """Whether the body is to be read as chunks."""
        return self.framing.chunked and not self.framing.padded

    @property
    def length(self) -> int | None:
        """Bytes of body to expect; None when the head does not say, or not unambiguously."""
        return 0 if self.status in _NO_BODY else self.framing.body_length

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
    return _refused(head.framing)


def _refused(framing: Framing) -> Failure | None:
    lengths = ", ".join(framing.lengths)
    match framing.faults[:1]:
        case (FramingFault.LENGTH_AND_CODING,) if framing.chunked:
            return Failure(Reason.LENGTH_AND_CHUNKED, f"Content-Length: {lengths}")
        case (FramingFault.LENGTH_AND_CODING,):
            return Failure(Reason.MALFORMED_HTTP, "Content-Length beside Transfer-Encoding")
        case (FramingFault.TWO_LENGTHS,):
            return Failure(Reason.TWO_LENGTHS, lengths)
        case (FramingFault.REPEATED_LENGTH,):
            times = len(framing.lengths)
            return Failure(Reason.MALFORMED_HTTP, f"Content-Length is stated {times} times")
        case (FramingFault.BAD_LENGTH,):
            return Failure(Reason.MALFORMED_HTTP, f"Content-Length is {lengths!r}, not a number")
    return None


class HeadOddities:
    """Anomalies by kind in the order of their finding, each with the first lines that show it."""

    def __init__(self) -> None:
        """Nothing odd so far."""
        self._found: dict[AnomalyKind, list[str]] = {}

    def copy(self) -> HeadOddities:
        """A copy of what was counted so far, to be added to apart."""
        other = HeadOddities()
        other._found = {kind: list(lines) for kind, lines in self._found.items()}
        return other

    def add(self, kind: AnomalyKind, line: bytes | str) -> None:
        """Note one more line that shows ``kind``; what exceeds a report's measure is dropped."""
        lines = self._found.setdefault(kind, [])
        if len(lines) < _MOST_SHOWN:
            text = line if isinstance(line, str) else line.decode("latin-1")
            lines.append(text[:_LONGEST_SHOWN])

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """All of them."""
        return tuple(Anomaly(kind=kind, seen="\n".join(lines)) for kind, lines in self._found.items())


def begins_as_http(raw: bytes | bytearray) -> bool:
    """Whether ``raw`` may be the beginning of a response head, also when it is too short to tell.

    One empty line before it is passed over, as some clients do.
    """
    lead = _LEAD.match(raw)
    start = lead.end() if lead else 0
    begin = raw[start : start + len(_HTTP)]
    return begin == _HTTP[: len(begin)]


def judge_lines(raw: bytes, oddities: HeadOddities, *, whole: bool) -> None:
    """Note what is odd about the lines of a head; of one that is not ``whole`` the last line does not count.

    A head that does not even begin as one has no lines to speak of.
    """
    if whole and _PLAIN.fullmatch(raw):
        return
    if not begins_as_http(raw):
        oddities.add(AnomalyKind.NOT_HTTP, raw.strip(b"\r\n")[:SHOWN])
        return
    begun = raw.lstrip(b"\r\n")
    if begun != raw:
        oddities.add(AnomalyKind.STATUS_LINE, "an empty line in its place")
    for kind, line in _odd_lines(begun.split(b"\n")[:-1], whole=whole):
        oddities.add(kind, line)


def judge_fields(head: Head, oddities: HeadOddities) -> None:
    """Note what is odd about the meaning of a whole head: lengths that disagree, answers nobody asked for."""
    lengths, codings, ranges = (
        [f"{name}: {value}" for name, value in head.headers if name.strip().lower() == wanted]
        for wanted in ("content-length", "transfer-encoding", "content-range")
    )
    for fault in head.framing.faults:
        if fault is FramingFault.LENGTH_AND_CODING:
            oddities.add(AnomalyKind.LENGTH_AND_CHUNKED, "\n".join((*lengths[:2], *codings[:2])))
        else:
            oddities.add(_LENGTH_KINDS[fault], "\n".join(lengths[:_MOST_SHOWN]))
    if head.status == _PARTIAL or (ranges and head.status != _UNSATISFIABLE):
        oddities.add(AnomalyKind.RANGE_UNASKED, "\n".join((head.line, *ranges[:2])))
    if head.status == _NOT_MODIFIED:
        oddities.add(AnomalyKind.NOT_MODIFIED_UNASKED, head.line)


def _odd_lines(lines: list[bytes], *, whole: bool) -> Iterator[_Found]:
    head = lines[:-1] if whole else lines
    for line in lines:
        if not line.endswith(b"\r"):
            yield AnomalyKind.BARE_LF, line
    texts = [line.removesuffix(b"\r") for line in head]
    if texts and not _STRICT_STATUS_LINE.fullmatch(texts[0]):
        yield AnomalyKind.STATUS_LINE, texts[0]
    fields = texts[1:]
    if len(fields) > MOST_HEADERS:
        yield AnomalyKind.TOO_MANY_HEADERS, f"{len(fields)} lines".encode()
    for number, line in enumerate(texts):
        if _CONTROL.search(line):
            yield AnomalyKind.CONTROL_CHARACTER, line
        if number:
            yield from _odd_field(line, texts[number - 1], first=number == 1)


def _odd_field(line: bytes, above: bytes, *, first: bool) -> Iterator[_Found]:
    if line[:1] in {b" ", b"\t"}:
        if first:
            yield AnomalyKind.SPACED_NAME, line
        else:
            yield AnomalyKind.OBS_FOLD, above + b"\n" + line
            if _FRAMING.match(line):
                # Some clients drop the space before a name, and then this says where the file ends.
                yield AnomalyKind.SPACED_NAME, line
        return
    name, colon, _ = line.partition(b":")
    if colon and name != name.rstrip(b" \t"):
        yield AnomalyKind.SPACED_NAME, line
        name = name.rstrip(b" \t")
    if line and not (colon and _NAME.fullmatch(name)):
        yield AnomalyKind.NOT_A_HEADER, line
