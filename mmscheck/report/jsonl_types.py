"""The types of a report as JSON lines, format ``mmscheck-lines``, version 1: a contract of its own.

The first line is ``{"run": ...}``, every other one ``{"message": ...}``, as many as the run says. Names and
types are those of the JSON report, version 1, wherever both have something. Within this version keys may be
added; none may be removed, renamed or given another type. The JSON Schema of a line is generated from here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from mmscheck.model.words import MediaKind, Owner, Severity
from mmscheck.report import json_types as v1

FORMAT = "mmscheck-lines"

Places = Annotated[
    dict[str, list[str]],
    Meta(description="By rule: message, request, slide N, or media N (its position in the media list)."),
]


class RuleWords(Struct, frozen=True, kw_only=True):
    """What evaluations that are not listed had in common, by rule."""

    severity: Severity
    owner: Owner
    fix: Annotated[str, Meta(description="What to do about a finding.")]


class Run(Struct, frozen=True, kw_only=True):
    """One run: the first line."""

    format: Literal["mmscheck-lines"]
    version: Literal[1]
    tool: v1.Tool
    ruleset: v1.RuleSet
    started: Annotated[str, Meta(description="RFC 3339, UTC.")]
    duration_ms: int
    strict: Annotated[bool, Meta(description="True when warnings block as well.")]
    verdict: v1.Decision
    exit_code: Annotated[int, Meta(description="The exit status that goes with this report.")]
    reasons: Annotated[list[str], Meta(description="Why the run as a whole is denied, beside the messages.")]
    messages: Annotated[int, Meta(description="How many lines of messages follow.")]
    permitted: Annotated[int, Meta(description="Messages that nothing blocks; a permit only by verdict.")]
    denied: Annotated[int, Meta(description="Messages that something blocks which failed.")]
    undecided: Annotated[int, Meta(description="Messages denied only because something is not known.")]
    counts: v1.Counts
    all_evaluations: Annotated[bool, Meta(description="Whether messages list what passed as well.")]
    rules: Annotated[
        dict[str, RuleWords], Meta(description="By id, each that passed or did not apply anywhere.")
    ]
    unread: Annotated[list[str], Meta(description="Inputs that could not be read, as sentences.")]
    allowances: Annotated[
        list[str], Meta(description="What was let through to addresses that are not public, or redirected.")
    ]
    confinement: Annotated[
        list[str],
        Meta(description="What keeps in the processes that open media: limits, landlock, seccomp."),
    ]
    not_looked_at: Annotated[
        list[v1.Unlooked], Meta(description="Media that lint could not look at, by host; empty for a check.")
    ]
    left_out: Annotated[int, Meta(description="Documents that were given and are no messages (lint).")]
    waivers: Annotated[list[v1.Waiver], Meta(description="Every waiver of the configuration, used or not.")]
    send: v1.Send | UnsetType = UNSET
    not_checked: Annotated[
        list[str] | UnsetType,
        Meta(description="Sources of messages that were given and not judged; only where there are some."),
    ] = UNSET


class BriefObservation(Struct, frozen=True, kw_only=True):
    """What came back for a URL, in short."""

    status: Literal["fetched", "not-fetched"]
    reason: Annotated[str | None, Meta(description="Why it was not fetched, as one word.")]
    detail: str
    size: Annotated[int | None, Meta(description="Bytes; null when it was not fetched.")]
    sha256: Annotated[str | None, Meta(description="Hex digest of the bytes.")]
    declared_type: str | None
    sniffed_type: str | None


class BriefMedia(Struct, frozen=True, kw_only=True):
    """One media reference of the message and, in short, what came back for it."""

    url: v1.Url
    kind: MediaKind
    slide: Annotated[int, Meta(description="Counts from 1; 0 for a media file given to lint by itself.")]
    line: Annotated[int, Meta(description="Line of the source, from 1; 0 for such a file.")]
    observation: BriefObservation


class BriefMessage(Struct, frozen=True, kw_only=True):
    """One message with what did not pass; the rest by name."""

    source: Annotated[str, Meta(description="The path as given, or <stdin>.")]
    digest: Annotated[str, Meta(description="sha256: and hex, over the document's bytes.")]
    request_digest: Annotated[str | None, Meta(description="Digest of the send's fields; null without one.")]
    name: str | None
    subject: Annotated[str | None, Meta(description="The subject as it would be sent.")]
    verdict: v1.Decision
    reasons: Annotated[list[str], Meta(description="Why it is denied; empty when permitted.")]
    counts: v1.Counts
    slides: Annotated[list[int], Meta(description="The line of each slide in the source.")]
    media: list[BriefMedia]
    findings: Annotated[list[v1.Finding], Meta(description="What to look at, causes only.")]
    evaluations: Annotated[list[v1.Evaluation], Meta(description="What failed or could not be decided.")]
    passed: Places
    inapplicable: Places


class WholeMessage(v1.Message, frozen=True, kw_only=True):
    """One message with everything found out about it, as in the JSON report."""

    counts: v1.Counts
    slides: Annotated[list[int], Meta(description="The line of each slide in the source.")]


class RunLine(Struct, frozen=True, kw_only=True):
    """The first line."""

    run: Run


class BriefLine(Struct, frozen=True, kw_only=True):
    """A line of a message."""

    message: BriefMessage


class WholeLine(Struct, frozen=True, kw_only=True):
    """A line of a message with ``--all-evaluations``."""

    message: WholeMessage


LINES: tuple[Any, ...] = (RunLine, BriefLine, WholeLine)
"""Every kind of line."""
