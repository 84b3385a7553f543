"""Evaluations and the report they make up.

The report carries, apart from the evaluations, what was there to be evaluated (rules and targets), so
that the gate can work out by itself which pairs it must find.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import Observation
from mmscheck.model.series import heads_of, outcomes_of
from mmscheck.model.server import Detected
from mmscheck.model.waiver import Waiver
from mmscheck.model.words import Because, Document, Outcome, Owner, Severity, TargetKind

LINT = "lint"
"""The profile of the rules that can be applied offline; its reports never permit anything."""

MEDIA = "media"
"""What the profile of a run is called that looks at media without a message; its reports permit nothing."""

PERMITS_NOTHING = frozenset({LINT, MEDIA})
"""Profiles under which a good end is no leave to send anything."""

SAVE = "save"
"""The profile of saves, without any rule about the fields of a send."""


class TargetKey(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Names one target within one message: ``slide`` and ``media`` are 0 where they do not apply.

    ``media`` is the reference's index in the message, from 1.
    """

    kind: TargetKind
    slide: int = 0
    media: int = 0

    def __str__(self) -> str:
        """The target in words: ``message``, ``request``, ``slide 2``, ``slide 2, medium 3`` or ``file``."""
        if self.kind in (TargetKind.MESSAGE, TargetKind.REQUEST):
            return self.kind.value
        if self.kind is TargetKind.SLIDE:
            return f"slide {self.slide}"
        return f"slide {self.slide}, medium {self.media}" if self.slide else "file"


Pair = tuple[str, TargetKey]
"""One evaluation of a message, by the rule's id and the target."""


class ServerAdvice(msgspec.Struct, frozen=True, kw_only=True):
    """What helps on one server, by its name."""

    name: str
    words: str

    def __str__(self) -> str:
        """Name and words."""
        return f"{self.name}: {self.words}"


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """One rule on one target: outcome, words for people, and evidence for machines.

    ``url`` is redacted. ``reason`` is set for ``cant-tell`` and ``inapplicable``; ``crashed`` when the
    check itself broke (the traceback is in the evidence). ``fix`` is all that helps; where there is
    ``advice`` for the server that answered, ``general`` is the rest of it.

    ``because`` is the reason for programs. ``causes`` are the findings, by rule and target, that explain
    this one, the likeliest first; it is told with the first that stands. Both are in no report.
    """

    rule: str
    severity: Severity
    outcome: Outcome
    target: TargetKey
    message: str
    reason: str = ""
    why: str = ""
    fix: str = ""
    owner: Owner = Owner.CONTENT
    provider_codes: tuple[str, ...] = ()
    url: str | None = None
    line: int | None = None
    evidence: dict[str, Any] = {}
    crashed: bool = False
    because: Because | None = None
    causes: tuple[Pair, ...] = ()
    general: str = ""
    advice: tuple[ServerAdvice, ...] = ()

    @property
    def own_fix(self) -> str:
        """What helps wherever it is: the fix without what is advised for one server."""
        return self.general if self.advice else self.fix

    @property
    def is_finding(self) -> bool:
        """Whether there is something to look at: it neither passed nor does not apply.

        Advice that was not looked for on purpose, as files like this one were asked for, is counted alone.
        """
        if self.because is Because.SAMPLED and self.severity is Severity.WARNING:
            return False
        return not self.outcome.settled


class RuleKey(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate needs to know of a rule that was selected; ``title`` is for those who show it."""

    id: str
    severity: Severity
    target: TargetKind
    title: str = ""


class SlideReport(msgspec.Struct, frozen=True, kw_only=True):
    """One slide as it would be sent, for those who draw it: no rule and no decision reads this.

    ``text`` is after custom text and merge data; ``media`` are the references' indexes in the message, from
    1; ``duration`` is as written, in seconds, None where the document gives none.
    """

    number: int
    line: int
    text: str
    media: tuple[int, ...] = ()
    duration: str | None = None


class MessageReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one message: what it was, what was there to judge, and the judgements.

    ``targets`` comes from the parse, not from the evaluations. ``observations`` and ``servers`` (who
    answered, where that was recognised) are keyed by the URL as written. ``slides`` and ``excerpts`` (lines
    of the document by number, redacted and cut) are for those who show it. ``changed`` tells that it was
    judged with other texts or with merge data, and so not as it is stored. ``document`` is its kind, and
    ``is_list`` marks a bare list of URLs, which is nobody's message. ``links`` is what came for links in the
    texts, None where none was asked for; the gate decides on no link.
    """

    source: str
    digest: str
    name: str | None
    subject: str | None
    targets: tuple[TargetKey, ...]
    media: tuple[MediaRef, ...]
    observations: dict[str, Observation]
    evaluations: tuple[Evaluation, ...]
    request_digest: str | None = None
    servers: dict[str, Detected] = {}
    slides: tuple[SlideReport, ...] = ()
    excerpts: dict[int, str] = {}
    changed: bool = False
    document: Document = Document.SAVED_XML
    is_list: bool = False
    links: dict[str, Observation] | None = None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """One evaluation that a baseline of lint knows; ``cause`` names the failed one that it is known with."""

    source: str
    rule: str
    target: TargetKey
    cause: Pair


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One run: messages, the rules that were selected, and when and with what it was made.

    ``started`` is RFC 3339 in UTC; ``strict`` makes warnings block; ``unread`` lists inputs that could
    not be read at all, as sentences. ``waivers`` are those of the configuration; the gate applies them.
    ``allowances`` says, as sentences, what was let through to addresses that are not public, or redirected.
    ``confinement`` names what keeps in the processes that open media: ``limits``, ``landlock``, ``seccomp``.
    ``not_checked`` are the sources of messages that were given and not judged, because the run ended before;
    ``left_out`` counts XML files that were given and are no messages. ``configuration`` is the full path of
    the file that shaped the rules. ``known`` is what lint's baseline, the file ``baseline``, knows; only a
    report of lint is decided with it. ``parts`` are the reports that this one was joined of, where its
    messages lie under several configurations: each is decided by its own rules, and together they permit no
    send. ``messages`` is a tuple, or of a run of many a series that has them one at a time.
    """

    tool_version: str
    ruleset_digest: str
    profile: str
    rules: tuple[RuleKey, ...]
    overrides: tuple[dict[str, Any], ...]
    started: str
    duration_ms: int
    messages: Sequence[MessageReport]
    strict: bool = False
    unread: tuple[str, ...] = ()
    allowances: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    not_checked: tuple[str, ...] = ()
    left_out: int = 0
    configuration: str | None = None
    confinement: tuple[str, ...] = ()
    known: tuple[Known, ...] = ()
    baseline: str | None = None
    parts: tuple[Report, ...] = ()

    def __post_init__(self) -> None:
        """Messages that were decoded are a tuple as well."""
        if isinstance(self.messages, list):
            msgspec.structs.force_setattr(self, "messages", tuple(self.messages))

    def blocks(self, severity: Severity) -> bool:
        """Whether what does not hold with this severity keeps the gate shut."""
        return self.strict or severity is Severity.ERROR

    @property
    def evaluations(self) -> Iterator[Evaluation]:
        """Every evaluation of every message, in order."""
        return (item for message in self.messages for item in message.evaluations)

    @property
    def heads(self) -> Iterator[MessageReport]:
        """The messages without their evaluations, for whoever looks at the rest alone."""
        return heads_of(self.messages)

    @property
    def outcomes(self) -> Counter[Outcome]:
        """How many evaluations have each outcome."""
        return outcomes_of(self.messages)
