"""Judged messages in a file of this run's own: a check of many holds one of them in memory, and not all.

The file has no name, is its owner's alone and is gone with the process, however that ends. A medium has some
eighty evaluations, most of whose words are the rules' own: those are kept once. What came for URLs stays in
memory, where it is once for all messages that refer to it.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from mmscheck.errors import ReportError
from mmscheck.model.observation import Observation
from mmscheck.model.report import Evaluation, MessageReport, Pair, ServerAdvice, TargetKey
from mmscheck.model.series import MessageSeries, count_outcomes
from mmscheck.model.words import Because, Outcome, Owner, Severity

MOST_WORDS = 20_000
"""Different texts that are kept once; each after them stands wherever it is said. All rules have 2,000."""

_PARTS = 4_000_000
"""Bytes that wait to be written together."""

Word = int | str
"""A text, or its number among those that are kept once."""


class _Line(msgspec.Struct, frozen=True, array_like=True):
    """One evaluation as it lies in the file."""

    rule: Word
    severity: Severity
    outcome: Outcome
    target: TargetKey
    message: Word
    reason: Word
    why: Word
    fix: Word
    owner: Owner
    provider_codes: tuple[str, ...]
    url: Word | None
    line: int | None
    evidence: dict[str, Any]
    crashed: bool
    because: Because | None
    causes: tuple[Pair, ...]
    general: Word
    advice: tuple[ServerAdvice, ...]


class _Head(msgspec.Struct, frozen=True, array_like=True):
    """A message without its evaluations, and which links were asked for."""

    message: MessageReport
    links: tuple[str, ...] | None


class _Words:
    """Texts by number."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> Word:
        """The number of a text; the text itself where there is no room for more."""
        found = self._numbers.get(text)
        if found is not None:
            return found
        if len(self.texts) >= MOST_WORDS:
            return text
        self._numbers[text] = len(self.texts)
        self.texts.append(text)
        return self._numbers[text]


class JudgedMessages:
    """Reports on messages as they were judged, in memory: what a few are kept in."""

    def __init__(self) -> None:
        """None yet."""
        self._reports: list[MessageReport] = []

    def append(self, report: MessageReport) -> None:
        """Keep the next one."""
        self._reports.append(report)

    def __len__(self) -> int:
        """How many were kept."""
        return len(self._reports)

    @property
    def messages(self) -> tuple[MessageReport, ...]:
        """What a report has of them."""
        return tuple(self._reports)


class KeptMessages(MessageSeries):
    """Reports on messages as they were judged, in order; what is read again equals what was put in."""

    def __init__(self, observations: Mapping[str, Observation]) -> None:
        """``observations`` is the run's, by URL: no message's own are kept. Raises ReportError."""
        self._observations = observations
        self._words = _Words()
        self._starts = array("Q", (0,))
        self._waiting = bytearray()
        self._written = 0
        self._outcomes: Counter[Outcome] = Counter()
        self._odd: dict[int, MessageReport] = {}
        self._encode = msgspec.msgpack.Encoder().encode
        self._heads = msgspec.msgpack.Decoder(_Head)
        self._lines = msgspec.msgpack.Decoder(tuple[_Line, ...])
        try:
            file = tempfile.TemporaryFile(prefix="mmscheck-", buffering=0)  # noqa: SIM115 - see the next line
        except OSError as error:
            raise _unusable(error) from error
        self._file = file.fileno()
        weakref.finalize(self, file.close)

    def append(self, report: MessageReport) -> None:
        """Keep the next one. Raises ReportError where there is no room for it."""
        self._outcomes += count_outcomes(report.evaluations)
        links = None if report.links is None else tuple(report.links)
        head = _Head(message=replace(report, evaluations=(), observations={}, links=None), links=links)
        try:
            parts = [self._encode(head), self._encode(tuple(map(self._line, report.evaluations)))]
        except (UnicodeEncodeError, OverflowError):
            # A path that is no UTF-8, or a number of more than 64 bits: no encoding of msgspec holds them.
            self._odd[len(self)] = report
            parts = [b"", b""]
        for part in parts:
            self._waiting += part
            self._starts.append(self._starts[-1] + len(part))
        if len(self._waiting) >= _PARTS:
            self._write()

    def __len__(self) -> int:
        """How many were kept."""
        return len(self._starts) // 2

    def one(self, at: int) -> MessageReport:
        """The report at a place, from 0. Raises ReportError where the file cannot be read."""
        if at in self._odd:
            return self._odd[at]
        try:
            lines = self._lines.decode(self._read(2 * at + 1))
        except msgspec.DecodeError as error:
            raise _unusable(None) from error
        return replace(self._head(at), evaluations=tuple(map(self._evaluation, lines)))

    @property
    def messages(self) -> KeptMessages:
        """What a report has of them."""
        return self

    def heads(self) -> Iterator[MessageReport]:
        """Each without its evaluations."""
        return map(self._head, range(len(self)))

    @property
    def outcomes(self) -> Counter[Outcome]:
        """How many evaluations of all messages have each outcome."""
        return Counter(self._outcomes)

    def _head(self, at: int) -> MessageReport:
        if at in self._odd:
            return replace(self._odd[at], evaluations=())
        try:
            head = self._heads.decode(self._read(2 * at))
        except msgspec.DecodeError as error:
            raise _unusable(None) from error
        message, links, seen = head.message, head.links, self._observations
        return replace(
            message,
            observations={ref.url: seen[ref.url] for ref in message.media if ref.url in seen},
            links=None if links is None else {url: seen[url] for url in links},
        )

    def _read(self, part: int) -> bytes:
        self._write()
        start, size = self._starts[part], self._starts[part + 1] - self._starts[part]
        found = b""
        try:
            while len(found) < size and (more := os.pread(self._file, size - len(found), start + len(found))):
                found += more
        except OSError as error:
            raise _unusable(error) from error
        return found

    def _write(self) -> None:
        try:
            with memoryview(bytes(self._waiting)) as left:
                done = 0
                while done < len(left):
                    done += os.pwrite(self._file, left[done:], self._written + done)
        except OSError as error:
            raise _unusable(error) from error
        self._written += len(self._waiting)
        self._waiting.clear()

    def _line(self, item: Evaluation) -> _Line:
        number = self._words.number
        return _Line(
            number(item.rule),
            item.severity,
            item.outcome,
            item.target,
            number(item.message),
            number(item.reason),
            number(item.why),
            number(item.fix),
            item.owner,
            item.provider_codes,
            None if item.url is None else number(item.url),
            item.line,
            item.evidence,
            item.crashed,
            item.because,
            item.causes,
            number(item.general),
            item.advice,
        )

    def _evaluation(self, line: _Line) -> Evaluation:
        text = self._text
        return Evaluation(
            rule=text(line.rule),
            severity=line.severity,
            outcome=line.outcome,
            target=line.target,
            message=text(line.message),
            reason=text(line.reason),
            why=text(line.why),
            fix=text(line.fix),
            owner=line.owner,
            provider_codes=line.provider_codes,
            url=None if line.url is None else text(line.url),
            line=line.line,
            evidence=line.evidence,
            crashed=line.crashed,
            because=line.because,
            causes=line.causes,
            general=text(line.general),
            advice=line.advice,
        )

    def _text(self, word: Word) -> str:
        return self._words.texts[word] if isinstance(word, int) else word


def _unusable(error: OSError | None) -> ReportError:
    why = "it does not hold what was written" if error is None else error.strerror
    return ReportError(f"what was judged is kept in a temporary file in {tempfile.gettempdir()}: {why}")
