"""Reads JSON reports of version 1, and reports in lines, strictly: what is read is there, of the right type.

Only what a comparison needs is read, as types of their own: keys that a later release adds, or that nobody
compares (headers, evidence), cost neither memory nor a refusal. A test holds these types to the contract in
``json_types``. Reports are not trusted: nothing in them is more than text to be shown.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from mmscheck.errors import InputError
from mmscheck.model.words import MediaKind, Outcome, Owner, Severity, TargetKind
from mmscheck.report.escape import visible
from mmscheck.report.json_types import Counts, Decision, Tool

LARGEST = 4 << 30
"""Bytes: some 30,000 messages with all their evaluations; a larger file is no report anybody compares."""

_LINES = b'{"run":'
"""How the first line of a report in lines begins."""

_CHANGED = "changed while it was read; give a report that is complete"


# ``gc=False``: of these there are hundreds of thousands, and nothing in them can form a cycle.


class ReadRuleSet(Struct, frozen=True, kw_only=True):
    """The rules that were selected."""

    digest: str
    profile: str
    rules: int
    overrides: list[dict[str, Any]]


class ReadObservation(Struct, frozen=True, kw_only=True, gc=False):
    """What tells one file from another: the hex digest of its bytes, None when it was not fetched."""

    sha256: str | None


class ReadMedia(Struct, frozen=True, kw_only=True, gc=False):
    """One media reference."""

    url: str
    kind: MediaKind
    slide: int
    line: int
    observation: ReadObservation


class ReadLeave(Struct, frozen=True, kw_only=True, gc=False):
    """Who let a failed evaluation through, and until when."""

    who: str
    expires: date


class ReadEvaluation(Struct, frozen=True, kw_only=True, gc=False):
    """One rule on one target."""

    rule: str
    severity: Severity
    outcome: Outcome
    target: TargetKind
    slide: int | None
    media: int | None
    line: int | None
    message: str
    fix: str
    owner: Owner
    waived: ReadLeave | None


class ReadMessage(Struct, frozen=True, kw_only=True):
    """One message."""

    source: str
    digest: str
    request_digest: str | None
    name: str | None
    verdict: Decision
    reasons: list[str]
    media: list[ReadMedia]
    evaluations: list[ReadEvaluation]


class ReadReport(Struct, frozen=True, kw_only=True):
    """One report as far as it is compared."""

    version: Literal[1]
    tool: Tool
    ruleset: ReadRuleSet
    started: str
    strict: bool
    verdict: Decision
    exit_code: int
    reasons: list[str]
    counts: Counts
    unread: list[str]
    allowances: list[str]
    messages: list[ReadMessage]


class _Head(Struct, frozen=True, kw_only=True):
    version: Any = field(default=None)


def read_report(file: Path) -> ReadReport:
    """Read the report in a file; raises InputError naming file, fault and, inside of the JSON, its path."""
    try:
        return _consistent(_decoded(file), file)
    except OSError as error:
        raise InputError(f"{_name(file)}: could not be read: {error.strerror or error}") from error


def _decoded(file: Path) -> ReadReport:
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        known = os.fstat(descriptor)
        _refuse(known, file)
        # Read and not mapped: a mapped file that somebody truncates meanwhile ends the process (SIGBUS).
        with open(descriptor, "rb", closefd=False) as source:
            content = source.readline(known.st_size + 1)
            if content.startswith(_LINES):
                return _read_lines(content, source, known.st_size, file)
            content += source.read(known.st_size + 1 - len(content))
    finally:
        os.close(descriptor)
    if len(content) != known.st_size:
        raise InputError(f"{_name(file)}: {_CHANGED}")
    return _decode(content, file)


def _read_lines(first: bytes, source: Iterable[bytes], size: int, file: Path) -> ReadReport:
    """A report in lines, of which one is in memory at a time as text."""
    from mmscheck.report.jsonl_read import read_lines  # noqa: PLC0415 - it fills the types of this module

    read = len(first)

    def counted() -> Iterator[bytes]:
        nonlocal read
        for line in source:
            read += len(line)
            if read > size:
                raise InputError(_CHANGED)
            yield line

    try:
        report = read_lines(first, counted())
    except InputError as error:
        raise InputError(f"{_name(file)}: {error}") from error
    if read != size:
        raise InputError(f"{_name(file)}: {_CHANGED}")
    return report


def _refuse(known: os.stat_result, file: Path) -> None:
    """Raise InputError for what is not a file of a size that a report can have."""
    if not stat.S_ISREG(known.st_mode):
        raise InputError(f"{_name(file)}: is no regular file; give the JSON report as a file")
    if not known.st_size:
        raise InputError(f"{_name(file)}: is empty; a JSON report was expected (--format json=FILE)")
    if known.st_size > LARGEST:
        raise InputError(f"{_name(file)}: {known.st_size:,} bytes are more than the {LARGEST:,} taken")


def _decode(content: bytes, file: Path) -> ReadReport:
    try:
        return msgspec.json.decode(content, type=ReadReport)
    except msgspec.ValidationError as error:
        raise InputError(f"{_name(file)}: {_told(content, error)}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{_name(file)}: is not JSON, or not all of it: {visible(str(error))}") from error
    except RecursionError as error:
        raise InputError(f"{_name(file)}: is nested deeper than any report") from error


def _told(content: bytes, error: msgspec.ValidationError) -> str:
    """What is wrong with the document: first whether it is of a version that can be read."""
    try:
        version = msgspec.json.decode(content, type=_Head).version
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        version = None
    if type(version) is int and version != 1:
        return f"is a report of version {version}; this mmscheck reads version 1"
    return f"is no mmscheck report of version 1: {visible(str(error))}"


def _consistent(report: ReadReport, file: Path) -> ReadReport:
    """The report, if it does not contradict itself: one that was cut or edited is worth nothing."""
    seen = Counter(item.outcome for message in report.messages for item in message.evaluations)
    counts = report.counts
    told = {
        Outcome.PASSED: counts.passed,
        Outcome.FAILED: counts.failed,
        Outcome.CANT_TELL: counts.cant_tell,
        Outcome.INAPPLICABLE: counts.inapplicable,
    }
    for outcome, number in told.items():
        if seen[outcome] != number:
            raise InputError(
                f"{_name(file)}: contradicts itself: counts.{outcome} is {number:,}, "
                f"but {seen[outcome]:,} evaluations are {outcome}"
            )
    for at, message in enumerate(report.messages):
        if report.verdict != "deny" and message.verdict == "deny":
            raise InputError(
                f"{_name(file)}: contradicts itself: the verdict is {report.verdict}, "
                f"but $.messages[{at}] is denied"
            )
    return report


def _name(file: Path) -> str:
    return visible(str(file).encode("utf-8", "backslashreplace").decode("utf-8"))
