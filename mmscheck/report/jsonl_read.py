"""Reads reports that are JSON lines, version 1, into what a comparison of JSON reports reads, line by line.

Of what passed or did not apply a line has names; its words are the rule's, which the first line has. A report
that was cut is told by the number of messages that its first line promises.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from mmscheck.errors import InputError
from mmscheck.model.words import Outcome, Owner, Severity, TargetKind
from mmscheck.report.escape import visible
from mmscheck.report.json_read import (
    ReadEvaluation,
    ReadMedia,
    ReadMessage,
    ReadReport,
    ReadRuleSet,
)
from mmscheck.report.json_types import Counts, Decision, Tool

T = TypeVar("T")

_PLACE = re.compile(r"(slide|media) ([1-9][0-9]{0,8})|message|request")


class ReadRuleWords(Struct, frozen=True, kw_only=True):
    """What evaluations that are not listed had in common."""

    severity: Severity
    owner: Owner
    fix: str


class ReadRun(Struct, frozen=True, kw_only=True):
    """The run, as far as it is compared."""

    format: Literal["mmscheck-lines"]
    version: Literal[1]
    tool: Tool
    ruleset: ReadRuleSet
    started: str
    strict: bool
    verdict: Decision
    exit_code: int
    reasons: list[str]
    messages: int
    counts: Counts
    all_evaluations: bool
    rules: dict[str, ReadRuleWords]
    unread: list[str]
    allowances: list[str]


class ReadBriefMessage(Struct, frozen=True, kw_only=True):
    """One message; ``passed`` and ``inapplicable`` are there where not all evaluations are listed."""

    source: str
    digest: str
    request_digest: str | None
    name: str | None
    verdict: Decision
    reasons: list[str]
    slides: list[int]
    media: list[ReadMedia]
    evaluations: list[ReadEvaluation]
    passed: dict[str, list[str]] = {}
    inapplicable: dict[str, list[str]] = {}


class ReadRunLine(Struct, frozen=True, kw_only=True):
    """The first line."""

    run: ReadRun


class ReadMessageLine(Struct, frozen=True, kw_only=True):
    """Every other line."""

    message: ReadBriefMessage


class _RunHead(Struct, frozen=True, kw_only=True):
    run: Any = None


def read_lines(first: bytes, rest: Iterable[bytes]) -> ReadReport:
    """The report; raises InputError naming line, fault and, inside of the JSON, its path."""
    run = _run(first)
    names: dict[tuple[object, ...], ReadEvaluation] = {}
    messages = [
        _message(run, _decoded(line, ReadMessageLine, number).message, names, number)
        for number, line in enumerate(rest, 2)
    ]
    if len(messages) != run.messages:
        raise InputError(
            f"contradicts itself: the first line promises {run.messages:,} messages, and "
            f"{len(messages):,} lines follow; give a report that is complete"
        )
    return ReadReport(
        version=1,
        tool=run.tool,
        ruleset=run.ruleset,
        started=run.started,
        strict=run.strict,
        verdict=run.verdict,
        exit_code=run.exit_code,
        reasons=run.reasons,
        counts=run.counts,
        unread=run.unread,
        allowances=run.allowances,
        messages=messages,
    )


def _run(line: bytes) -> ReadRun:
    try:
        version = msgspec.json.decode(line, type=_RunHead).run["version"]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError):
        version = None
    if type(version) is int and version != 1:
        raise InputError(f"is a report in lines of version {version}; this mmscheck reads version 1")
    return _decoded(line, ReadRunLine, 1).run


def _decoded(line: bytes, kind: type[T], number: int) -> T:
    try:
        return msgspec.json.decode(line, type=kind)
    except msgspec.ValidationError as error:
        raise InputError(
            f"line {number:,} is not of a mmscheck report in lines, version 1: {visible(str(error))}"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"line {number:,} is not JSON, or not all of it: {visible(str(error))}") from error
    except RecursionError as error:
        raise InputError(f"line {number:,} is nested deeper than any report") from error


def _message(
    run: ReadRun, message: ReadBriefMessage, names: dict[tuple[object, ...], ReadEvaluation], number: int
) -> ReadMessage:
    try:
        named = [
            *_named(run.rules, message, Outcome.PASSED, message.passed, names),
            *_named(run.rules, message, Outcome.INAPPLICABLE, message.inapplicable, names),
        ]
    except LookupError as error:
        raise InputError(
            f"line {number:,} names {visible(str(error.args[0]))}, which is not known"
        ) from error
    return ReadMessage(
        source=message.source,
        digest=message.digest,
        request_digest=message.request_digest,
        name=message.name,
        verdict=message.verdict,
        reasons=message.reasons,
        media=message.media,
        evaluations=message.evaluations + named,
    )


def _named(
    rules: Mapping[str, ReadRuleWords],
    message: ReadBriefMessage,
    outcome: Outcome,
    places: Mapping[str, list[str]],
    names: dict[tuple[object, ...], ReadEvaluation],
) -> Iterator[ReadEvaluation]:
    """What a line has only names of. There are hundreds of each message and few that differ: each is one."""
    for rule, where in places.items():
        words = rules[rule]
        for place in where:
            target, slide, media, line = _target(message, place)
            key = (rule, outcome.value, place, slide, line)
            if key not in names:
                names[key] = ReadEvaluation(
                    rule=rule,
                    severity=words.severity,
                    outcome=outcome,
                    target=target,
                    slide=slide,
                    media=media,
                    line=line,
                    message="",
                    fix=words.fix,
                    owner=words.owner,
                    waived=None,
                )
            yield names[key]


def _target(message: ReadBriefMessage, place: str) -> tuple[TargetKind, int | None, int | None, int | None]:
    """Kind, slide, medium and line of a place; raises KeyError for what is none, or is not there."""
    shape = _PLACE.fullmatch(place)
    if shape is None:
        raise KeyError(place)
    if shape[1] is None:
        return TargetKind(place), None, None, None
    number = int(shape[2])
    if shape[1] == "slide":
        line = message.slides[number - 1] if number <= len(message.slides) else None
        return TargetKind.SLIDE, number, None, line
    if number > len(message.media):
        raise KeyError(place)
    ref = message.media[number - 1]
    return TargetKind.MEDIA, ref.slide or None, number, ref.line or None
