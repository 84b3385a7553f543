"""What is odd about a response head, judged by its bytes and by nothing that a library made of them.

The grammar is that of RFC 9112, sections 2.2 to 5, and RFC 9110, sections 5 and 8.6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mmscheck.fetch.head import Head, is_number
from mmscheck.model.observation import Anomaly, AnomalyKind

MOST_HEADERS = 100
"""Header lines beyond which programs begin to refuse (http.client of Python 3.11 and Apache 2.4: 100)."""

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_VALUE = rb"[\t\x20-\x7e\x80-\xff]*"
_PLAIN = re.compile(
    rb"HTTP/1\.[01] [1-5][0-9]{2}(?: " + _VALUE + rb")?\r\n"
    rb"(?:" + _TOKEN + rb":" + _VALUE + rb"\r\n){0,100}\r\n"
)
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] [1-5][0-9]{2}(?: .*)?", re.DOTALL)
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


class Oddities:
    """Anomalies by kind in the order of their finding, each with the first lines that show it."""

    def __init__(self) -> None:
        """Nothing odd so far."""
        self._found: dict[AnomalyKind, list[str]] = {}

    def copy(self) -> Oddities:
        """The same so far, to be added to apart."""
        other = Oddities()
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


def judge_lines(raw: bytes, oddities: Oddities, *, whole: bool) -> None:
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


def judge_fields(head: Head, oddities: Oddities) -> None:
    """Note what is odd about the meaning of a whole head: lengths that disagree, answers nobody asked for."""
    fields = [(name.strip().lower(), name, value) for name, value in head.headers]
    lengths = [f"{name}: {value}" for key, name, value in fields if key == "content-length"]
    codings = [f"{name}: {value}" for key, name, value in fields if key == "transfer-encoding"]
    ranges = [f"{name}: {value}" for key, name, value in fields if key == "content-range"]
    if lengths and codings:
        oddities.add(AnomalyKind.LENGTH_AND_CHUNKED, "\n".join((*lengths[:2], *codings[:2])))
    members = [part.strip(" \t") for line in lengths for part in line.partition(":")[2].split(",")]
    kind = _length_kind(members)
    if kind is not None:
        oddities.add(kind, "\n".join(lengths[:_MOST_SHOWN]))
    if head.status == _PARTIAL or (ranges and head.status != _UNSATISFIABLE):
        oddities.add(AnomalyKind.RANGE_UNASKED, "\n".join((head.line, *ranges[:2])))
    if head.status == _NOT_MODIFIED:
        oddities.add(AnomalyKind.NOT_MODIFIED_UNASKED, head.line)


def _length_kind(members: list[str]) -> AnomalyKind | None:
    if not all(is_number(member) for member in members):
        return AnomalyKind.BAD_LENGTH
    if len({int(member) for member in members}) > 1:
        return AnomalyKind.TWO_LENGTHS
    return AnomalyKind.REPEATED_LENGTH if len(members) > 1 else None


def _odd_lines(lines: list[bytes], *, whole: bool) -> Iterator[_Found]:
    head = lines[:-1] if whole else lines
    for line in lines:
        if not line.endswith(b"\r"):
            yield AnomalyKind.BARE_LF, line
    texts = [line.removesuffix(b"\r") for line in head]
    if texts and not _STATUS_LINE.fullmatch(texts[0]):
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
