"""The types of the JSON report, version 1: a contract, and no dump of internals.

Within version 1 keys may be added; none may be removed, renamed or given another type. Every key is always
there (null or empty where it has nothing to say), except ``send``, which only a send or a save has, and
``campaign`` in it, which only a send to many has. The JSON Schema is generated from here.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from mmscheck.model.campaign import RowFate
from mmscheck.model.request import SendStatus
from mmscheck.model.waiver import WaiverState
from mmscheck.model.words import MediaKind, Outcome, Owner, Severity, TargetKind

Decision = Literal["permit", "pass-offline", "pass-media", "deny"]
FindingEffect = Literal["blocks", "advises", "waived", "known"]
Url = Annotated[str, Meta(description="A URL; a query that may hold a secret is replaced by a digest.")]


class Unlooked(Struct, frozen=True, kw_only=True):
    """Media that lint could not look at, because no local folder is mapped to their URLs ([assets])."""

    prefix: Annotated[str, Meta(description="The web folder that they share; empty for what is no URL.")]
    media: Annotated[int, Meta(ge=1, description="How many distinct URLs.")]


class Tool(Struct, frozen=True, kw_only=True):
    """The program that made the report."""

    name: str
    version: str


class RuleSet(Struct, frozen=True, kw_only=True):
    """The rules that were selected."""

    digest: Annotated[str, Meta(description="sha256: and hex, over all that can change an outcome.")]
    profile: str
    rules: Annotated[int, Meta(description="Number of rules selected.")]
    overrides: Annotated[
        list[dict[str, Any]], Meta(description="Values that profile or configuration changed, old and new.")
    ]
    configuration: Annotated[
        str | None, Meta(description="Full path of the file that shaped the rules; null without one.")
    ]


class Counts(Struct, frozen=True, kw_only=True):
    """Evaluations of all messages by outcome."""

    passed: int
    failed: int
    cant_tell: int = field(name="cant-tell")
    inapplicable: int


class Hop(Struct, frozen=True, kw_only=True):
    """One request and the head of its response."""

    url: Url
    status: Annotated[int | None, Meta(description="Null when no response head came.")]
    headers: Annotated[
        list[tuple[str, str]], Meta(description="Names and values as received, in order; secrets removed.")
    ]
    address: Annotated[str | None, Meta(description="The network address that was dialled.")]
    headers_left_out: Annotated[
        int | UnsetType,
        Meta(description="Lines of a very long head that are not listed, as no rule looks at them."),
    ] = UNSET


class Timing(Struct, frozen=True, kw_only=True):
    """Milliseconds from the start of the decisive attempt; null when never reached."""

    first_byte: int | None
    total: int | None


class Probe(Struct, frozen=True, kw_only=True):
    """One further request for the same file, asked in another way; the first answer stands."""

    name: Annotated[str, Meta(description="What was different: accepting gzip, past the cache, ...")]
    status: Literal["answered", "failed", "skipped"]
    reason: Annotated[str | None, Meta(description="Why there is no answer, or why it was not asked.")]
    detail: Annotated[str, Meta(description="What exactly happened, for people; may be empty.")]
    hops: Annotated[list[Hop], Meta(description="Every request made, redirects first.")]
    size: Annotated[int | None, Meta(description="Bytes of body; null when only the head was read.")]
    sha256: Annotated[str | None, Meta(description="Hex digest of the body; null likewise.")]
    timing_ms: Timing


class Observation(Struct, frozen=True, kw_only=True):
    """What came back for one URL."""

    status: Literal["fetched", "not-fetched"]
    reason: Annotated[str | None, Meta(description="Why there is no whole file; null when fetched.")]
    detail: Annotated[str, Meta(description="What exactly happened, for people; may be empty.")]
    hops: Annotated[list[Hop], Meta(description="Every request made, redirects first.")]
    size: Annotated[int | None, Meta(description="Bytes of body; null when not fetched.")]
    sha256: Annotated[str | None, Meta(description="Hex digest of the body; null when not fetched.")]
    declared_type: Annotated[str | None, Meta(description="Content-Type of the last response, as received.")]
    sniffed_type: Annotated[str | None, Meta(description="Media type found by looking at the bytes.")]
    attempts: Annotated[
        int, Meta(ge=1, description="How often it was asked for before it came or was given up.")
    ]
    timing_ms: Timing
    facts: Annotated[dict[str, Any], Meta(description="What decoders found: width, height, ...")]
    probes: Annotated[list[Probe], Meta(description="Further requests, in the order of their making.")]
    server: Annotated[
        list[str],
        Meta(description="Servers, CDNs, walls and pages recognised, outermost first; may be empty."),
    ]
    cached_at: Annotated[
        str | None,
        Meta(description="When an earlier check made this kept result (RFC 3339, UTC); null if fetched now."),
    ]


class Media(Struct, frozen=True, kw_only=True):
    """One media reference of the message and what came back for it."""

    url: Url
    kind: MediaKind
    slide: Annotated[int, Meta(description="Counts from 1; 0 for a media file given to lint by itself.")]
    line: Annotated[int, Meta(description="Line of the source, from 1; 0 for such a file.")]
    observation: Observation


class Leave(Struct, frozen=True, kw_only=True):
    """Who let a failed evaluation through."""

    who: str
    reason: str
    expires: Annotated[
        date, Meta(description="The last day it holds, in UTC; 9999-12-31 for what lint's baseline knows.")
    ]


class Waiver(Struct, frozen=True, kw_only=True):
    """One waiver of the configuration and what became of it; null where it is not narrowed."""

    rule: str
    reason: str
    who: str
    expires: Annotated[date, Meta(description="The last day it holds, in UTC.")]
    source: str | None
    url: Url | None
    slide: int | None
    state: Annotated[
        WaiverState, Meta(description="Only a used one let anything through; refused: nobody can waive that.")
    ]
    matches: Annotated[int, Meta(description="Failed evaluations it is about, in all messages.")]


class Evaluation(Struct, frozen=True, kw_only=True):
    """One rule on one target."""

    rule: str
    severity: Severity
    outcome: Outcome
    target: TargetKind
    slide: Annotated[int | None, Meta(description="For slide and media targets, from 1; else null.")]
    media: Annotated[
        int | None, Meta(description="For media targets: position in the message's media list, from 1.")
    ]
    url: Url | None
    line: int | None
    message: Annotated[str, Meta(description="What was found, as a sentence.")]
    reason: Annotated[str, Meta(description="Why it could not tell or does not apply; else empty.")]
    why: Annotated[str, Meta(description="Why the rule matters.")]
    fix: Annotated[str, Meta(description="What to do about a finding.")]
    owner: Annotated[Owner, Meta(description="Who can fix it.")]
    provider_codes: Annotated[list[str], Meta(description="Error codes it would have become.")]
    crashed: Annotated[bool, Meta(description="The check itself broke; the evidence holds the traceback.")]
    evidence: Annotated[dict[str, Any], Meta(description="What was seen; keys differ by rule.")]
    waived: Annotated[Leave | None, Meta(description="Set when it failed and a waiver let it through.")]


class Follower(Struct, frozen=True, kw_only=True):
    """An evaluation that failed or could not be decided because of another one."""

    rule: str
    outcome: Outcome
    target: TargetKind
    slide: Annotated[int | None, Meta(description="As in the evaluation.")]
    media: Annotated[int | None, Meta(description="As in the evaluation.")]


class Finding(Struct, frozen=True, kw_only=True):
    """One thing to look at, as the text report numbers them: a cause, with all that follows from it."""

    number: Annotated[int, Meta(ge=1, description="Counts through all messages of the report.")]
    rule: str
    severity: Annotated[Severity, Meta(description="The worst of it and of what follows.")]
    outcome: Outcome
    effect: Annotated[FindingEffect, Meta(description="Only what blocks denies.")]
    target: TargetKind
    slide: Annotated[int | None, Meta(description="As in the evaluation.")]
    media: Annotated[int | None, Meta(description="As in the evaluation.")]
    url: Url | None
    line: int | None
    message: Annotated[str, Meta(description="What was found, as a sentence on one line.")]
    fix: Annotated[str, Meta(description="What to do about it; lines that are to be copied stand alone.")]
    owner: Annotated[Owner | None, Meta(description="Who can fix it; null where that is not clear.")]
    provider_codes: Annotated[list[str], Meta(description="Error codes it would have become.")]
    follows: Annotated[list[Follower], Meta(description="What is mended with it.")]


class Message(Struct, frozen=True, kw_only=True):
    """One message with everything found out about it."""

    source: Annotated[str, Meta(description="The path as given, or <stdin>.")]
    digest: Annotated[str, Meta(description="sha256: and hex, over the document's bytes.")]
    request_digest: Annotated[str | None, Meta(description="Digest of the send's fields; null without one.")]
    name: str | None
    subject: Annotated[str | None, Meta(description="The subject as it would be sent.")]
    verdict: Decision
    reasons: Annotated[list[str], Meta(description="Why it is denied; empty when permitted.")]
    media: list[Media]
    findings: Annotated[
        list[Finding], Meta(description="What to look at: causes only, in the text report's order.")
    ]
    evaluations: Annotated[
        list[Evaluation], Meta(description="Every rule on every target, in a fixed order.")
    ]


class CampaignRow(Struct, frozen=True, kw_only=True):
    """One row of a campaign's file that somebody has to look at."""

    line: Annotated[int, Meta(description="Where the row begins in the file, from 1; the header is line 1.")]
    to: str
    fate: RowFate
    columns: Annotated[list[str], Meta(description="Those at fault, where it is known which.")]
    detail: str


class HadFrom(Struct, frozen=True, kw_only=True):
    """From where numbers of a campaign's file have the stored message already."""

    campaign: Annotated[str | None, Meta(description="Its name; null for sends of their own.")]
    rows: int


class CostLine(Struct, frozen=True, kw_only=True):
    """Messages to one country whose fallback text takes as many SMS."""

    country: str
    messages: int
    segments: Annotated[int, Meta(description="SMS that the fallback text takes; 0 without one.")]
    each: Annotated[str, Meta(description="The most that one of them costs, as a decimal.")]
    amount: str


class Cost(Struct, frozen=True, kw_only=True):
    """What the rows that were let through cost at most, by the prices of the configuration."""

    currency: str
    amount: Annotated[str, Meta(description="Of all whose price is known, as a decimal.")]
    messages: int
    unpriced: Annotated[int, Meta(description="Messages whose price is not known.")]
    lines: list[CostLine]


class ProofVariant(Struct, frozen=True, kw_only=True):
    """The row that stands for rows whose merge data are of these kinds."""

    line: int
    kinds: list[str]


class Proof(Struct, frozen=True, kw_only=True):
    """The messages to named phones before a campaign, and whose word it has to go to everybody."""

    digest: Annotated[str, Meta(description="What an approval is bound to: content, rules, rows, request.")]
    variants: list[ProofVariant]
    phones: Annotated[list[str], Meta(description="Whose phones they went to.")]
    accepted: Annotated[int, Meta(description="Messages that the provider took.")]
    unknown: Annotated[int, Meta(description="Of this run: these may have been sent.")]
    faults: Annotated[list[str], Meta(description="What became of others.")]
    approved_by: Annotated[str | None, Meta(description="Null where nobody has approved it.")] = field(
        name="approved-by", default=None
    )


class Campaign(Struct, frozen=True, kw_only=True):
    """How one message went to many; every row of the file is counted once."""

    name: str
    file: str
    rows: int
    accepted: Annotated[int, Meta(description="By the provider, in this run.")]
    recorded: Annotated[int, Meta(description="Sent by an earlier run; nothing was sent now.")]
    refused: int
    not_sent: int = field(name="not-sent")
    unknown: Annotated[int, Meta(description="These may have been sent, and are never repeated.")]
    denied: Annotated[int, Meta(description="Not let through by the gate.")]
    duplicates: Annotated[int, Meta(description="The same send as an earlier row of the file.")]
    left: Annotated[int, Meta(description="Let through and not reached; the same command goes on with them.")]
    stopped: Annotated[str | None, Meta(description="What ended it before its end; else null.")]
    seconds: Annotated[float, Meta(description="How long the sending took, without the check before it.")]
    listed: Annotated[list[CampaignRow], Meta(description="The first rows to look at.")]
    more: Annotated[int, Meta(description="Further such rows that are not listed here.")]
    had: Annotated[int, Meta(description="Their numbers have this stored message from elsewhere.")] = 0
    had_from: Annotated[list[HadFrom], Meta(description="From where, most first.")] = field(
        name="had-from", default_factory=list
    )
    withheld: Annotated[int, Meta(description="Their numbers must not be texted.")] = 0
    not_now: Annotated[int, Meta(description="Their numbers may be texted, later.")] = field(
        name="not-now", default=0
    )
    cost: Annotated[Cost | None, Meta(description="Null where no prices are configured.")] = None
    proof: Annotated[Proof | None, Meta(description="Null where none is asked for.")] = None


class Send(Struct, frozen=True, kw_only=True):
    """How a send or save ended; ``unknown`` means that the provider may have acted on it."""

    status: SendStatus
    tracking_id: str | None
    mms_id: str | None
    error_code: Annotated[str | None, Meta(description="The provider's code, as given.")]
    error_info: Annotated[str | None, Meta(description="The provider's words, as given.")]
    http_status: Annotated[int | None, Meta(description="Null when no response head arrived.")]
    detail: Annotated[str, Meta(description="What happened, as a sentence.")]
    recorded: Annotated[
        bool,
        Meta(description="True for an earlier answer, out of the ledger: nothing was sent now."),
    ]
    campaign: Campaign | UnsetType = UNSET


class Document(Struct, frozen=True, kw_only=True):
    """A mmscheck report, version 1. Within this version keys may be added, never removed or retyped."""

    version: Literal[1]
    tool: Tool
    ruleset: RuleSet
    started: Annotated[str, Meta(description="RFC 3339, UTC.")]
    duration_ms: int
    strict: Annotated[bool, Meta(description="True when warnings block as well.")]
    verdict: Decision
    exit_code: Annotated[int, Meta(description="The exit status that goes with this report.")]
    reasons: Annotated[list[str], Meta(description="Why the run as a whole is denied, beside the messages.")]
    counts: Counts
    unread: Annotated[list[str], Meta(description="Inputs that could not be read, as sentences.")]
    allowances: Annotated[
        list[str], Meta(description="What was let through to addresses that are not public, or redirected.")
    ]
    confinement: Annotated[
        list[str],
        Meta(description="What keeps in the processes that open media: limits, landlock, seccomp."),
    ]
    messages: list[Message]
    not_looked_at: Annotated[
        list[Unlooked], Meta(description="Media that lint could not look at, by host; empty for a check.")
    ]
    left_out: Annotated[int, Meta(description="Documents that were given and are no messages (lint).")]
    waivers: Annotated[list[Waiver], Meta(description="Every waiver of the configuration, used or not.")]
    send: Send | UnsetType = UNSET
    not_checked: Annotated[
        list[str] | UnsetType,
        Meta(description="Sources of messages that were given and not judged; only where there are some."),
    ] = UNSET
