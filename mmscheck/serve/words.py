"""What goes over the wire: every body that a client sends or gets, but the reports themselves.

The OpenAPI document is generated from these types, so a field's description is written here and nowhere else.
Unknown fields of what a client sends are refused: a misspelled ``strict`` must not be taken for leave.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field

from mmscheck.base.resolved import resolved
from mmscheck.fix.values import Shape
from mmscheck.model.request import SendStatus
from mmscheck.model.words import SenderType
from mmscheck.report.json_types import Decision

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=20_000)]
Moment = Annotated[str, Meta(description="RFC 3339, UTC.")]


class Kind(StrEnum):
    """What a job does."""

    CHECK = "check"
    LINT = "lint"
    FIX = "fix"
    SAVE = "save"
    SEND = "send"
    CAMPAIGN = "campaign"


class State(StrEnum):
    """Where a job is: ``done`` has a report, ``failed`` has a problem instead."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class CustomText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The text that takes the place of a slide's own."""

    slide: Annotated[int, Meta(ge=1, le=1000, description="Counts from 1.")]
    value: Text


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to judge, beside what the service's configuration says; nothing here reaches another network."""

    sender: Annotated[
        SenderType | None,
        Meta(description="What the message is sent from; without it the tightest numbers count."),
    ] = None
    carriers: Annotated[
        tuple[Name, ...], Meta(max_length=20, description="Recipients' carriers, such as att.")
    ] = ()
    providers: Annotated[
        tuple[Name, ...], Meta(max_length=20, description="Other providers whose limits are warned of.")
    ] = ()
    strict: Annotated[bool, Meta(description="Warnings block too.")] = False
    deep: Annotated[bool, Meta(description="Ask for media in every way that a rule looks at.")] = False
    custom_subject: Text | None = None
    custom_texts: Annotated[tuple[CustomText, ...], Meta(max_length=100)] = ()
    data: Annotated[
        dict[Name, Text], Meta(max_length=1000, description="Merge data for {$name|default}.")
    ] = {}


class CheckAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message as text, or media on web servers by their URLs: one of the two."""

    document: Annotated[
        str | None, Meta(description="The message: slide XML, or JSON as the JSON API takes it.")
    ] = None
    source: Annotated[Name, Meta(description="What reports call the document.")] = "document.xml"
    urls: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=4096)], ...],
        Meta(max_length=50, description="Media, each judged as a medium of a message would be."),
    ] = ()
    options: Options = Options()


class LintAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message as text, judged without a network; files come as multipart/form-data."""

    document: Annotated[str, Meta(description="The message: slide XML, or JSON as the JSON API takes it.")]
    source: Annotated[Name, Meta(description="What reports call the document.")] = "document.xml"
    options: Options = Options()


class CheckForm(Struct, frozen=True, kw_only=True):
    """multipart/form-data: parts ``document`` (XML or JSON, repeatable), and ``options`` as JSON."""

    document: list[bytes]
    options: Options = Options()


class LintForm(Struct, frozen=True, kw_only=True):
    """multipart/form-data: parts ``document`` (XML or JSON), ``file`` (media, by name), ``options``."""

    document: list[bytes] = []
    file: list[bytes] = []
    options: Options = Options()


class MendOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to mend, and by whose limits; the command's own defaults."""

    sender: SenderType | None = None
    carriers: Annotated[tuple[Name, ...], Meta(max_length=20)] = ()
    providers: Annotated[tuple[Name, ...], Meta(max_length=20)] = ()
    strict: Annotated[bool, Meta(description="What warnings are about is mended too, or told.")] = False
    shape: Annotated[
        Shape | None,
        Meta(description="Pictures that are not 9:16: keep, extend with the background, or crop."),
    ] = None
    background: Annotated[
        str, Meta(pattern="^[0-9a-fA-F]{6}$", description="Behind what is transparent.")
    ] = "ffffff"
    still: Annotated[bool, Meta(description="Make the first frame of an animation a picture.")] = False
    trim: Annotated[bool, Meta(description="Cut films and sounds to the advised length.")] = False


class FixAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message as text, to be mended; files come as multipart/form-data."""

    document: Annotated[str, Meta(description="Slide XML.")]
    source: Annotated[Name, Meta(description="What reports call the document.")] = "document.xml"
    options: MendOptions = MendOptions()


class FixForm(Struct, frozen=True, kw_only=True):
    """multipart/form-data: parts ``document`` (slide XML), ``file`` (media, by their names), ``options``."""

    document: list[bytes] = []
    file: list[bytes] = []
    options: MendOptions = MendOptions()


class SaveAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message to be checked by profile ``save``, saved with the provider, and bound in the ledger."""

    document: Annotated[str, Meta(description="The message: slide XML, or JSON as the JSON API takes it.")]
    source: Annotated[Name, Meta(description="What reports call the document.")] = "document.xml"


class CommonFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields of sendSavedMMS that recipients have in common; what is left out may be in ``[send]``."""

    mms_id: Name
    from_: Annotated[Name | None, Meta(description="Default: of the configuration.")] = field(
        name="from", default=None
    )
    service_id: Name | None = None
    fallback_sms_text: Text | None = None
    operator_id: Name | None = None
    ddm_force: Name | None = None
    ddm_message_text: Text | None = None
    ddm_message_subject: Text | None = None
    ddm_message_timeout: Name | None = None
    custom_subject: Text | None = None
    custom_texts: Annotated[tuple[CustomText, ...], Meta(max_length=100)] = ()
    data: Annotated[dict[Name, Text], Meta(max_length=1000)] = {}


class SendFields(CommonFields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields of one sendSavedMMS call; what is left out stays out, or comes from ``[send]``."""

    to: Name


class SendAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message that was saved before, to be checked again and sent at most once."""

    document: Annotated[str, Meta(description="The very document that was saved.")]
    request: SendFields
    source: Annotated[Name, Meta(description="What reports call the document.")] = "document.xml"
    again: Annotated[
        bool, Meta(description="Also to a number that has this message; needs an Idempotency-Key.")
    ] = False


class SaveForm(Struct, frozen=True, kw_only=True):
    """multipart/form-data: the part ``document``."""

    document: bytes


class SendForm(Struct, frozen=True, kw_only=True):
    """multipart/form-data: the parts ``document`` and ``request``, which is JSON."""

    document: bytes
    request: SendFields


class Progress(Struct, frozen=True, kw_only=True):
    """How far a job is, in media looked at; ``total`` is null while nobody knows.

    A campaign counts rows: those that were judged while ``total`` is null, and then those whose send ended.
    """

    done: int
    total: int | None
    failed: Annotated[int, Meta(description="Of a campaign: sends that were not accepted.")] = 0
    waiting: Annotated[str, Meta(description="Of a campaign: why nothing goes out for now.")] = ""


@resolved
class Outcome(Struct, frozen=True, kw_only=True):
    """How a job ended that has a report."""

    verdict: Decision
    exit_code: Annotated[int, Meta(description="What the command would have ended with.")]
    content: Annotated[
        str | None, Meta(description="Digest of the message and its media, which an approval is bound to.")
    ] = None
    status: Annotated[SendStatus | None, Meta(description="How the call to the provider ended.")] = None
    detail: str | None = None
    tracking_id: str | None = None
    mms_id: str | None = None
    error_code: str | None = None
    recorded: Annotated[bool, Meta(description="An earlier answer, out of the ledger.")] = False


@resolved
class Problem(Struct, frozen=True, kw_only=True):
    """What went wrong, after RFC 9457; ``type`` is stable, the words are for people."""

    type: Annotated[str, Meta(description="urn:mmscheck:problem: and a name.")]
    title: str
    status: int
    detail: str = ""
    instance: Annotated[str | UnsetType, Meta(description="Which job it is about.")] = UNSET
    errors: Annotated[list[str] | UnsetType, Meta(description="Each fault of what was sent.")] = UNSET
    outcome: Outcome | UnsetType = UNSET


class Job(Struct, frozen=True, kw_only=True):
    """One piece of work, from being taken to its report."""

    id: str
    kind: Kind
    state: State
    created: Moment
    started: Moment | None
    ended: Moment | None
    expires: Annotated[Moment, Meta(description="When it and its report are forgotten.")]
    progress: Progress
    report: Annotated[str, Meta(description="Where the report is, or will be.")]
    events: Annotated[str, Meta(description="Server-sent events of its progress.")]
    outcome: Outcome | None
    problem: Annotated[Problem | None, Meta(description="What kept it from its end, or from success.")]


class ShareAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a link to a report is to live."""

    seconds: Annotated[int, Meta(ge=60, le=30 * 86400)] = 86400


class Share(Struct, frozen=True, kw_only=True):
    """A link that shows a report to whoever has it, until it expires; it is told once."""

    path: str
    expires: Moment


class ApprovalAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named person's word that the content of a report may go out."""

    content: Annotated[
        str, Meta(pattern="^sha256:[0-9a-f]{64}$", description="As the report's job tells it.")
    ]
    name: Annotated[str, Meta(min_length=1, max_length=200, description="Who approves.")]
    note: Annotated[str, Meta(max_length=2000)] = ""


class Approval(Struct, frozen=True, kw_only=True):
    """What was approved, by whom, and under which token."""

    content: str
    name: str
    token: Annotated[str, Meta(description="Whose token it came by.")]
    note: str
    at: Moment


class Approvals(Struct, frozen=True, kw_only=True):
    """Everything that was approved about one content."""

    approvals: list[Approval]


class HoldAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why every send through this ledger is to stop."""

    reason: Annotated[str, Meta(min_length=1, max_length=2000)]


class Held(Struct, frozen=True, kw_only=True):
    """One open hold."""

    reason: str
    who: str
    since: Moment


class Holds(Struct, frozen=True, kw_only=True):
    """The open holds; none: sends may go."""

    holds: list[Held]


class Me(Struct, frozen=True, kw_only=True):
    """Who asks, and what the service lets him do."""

    name: str
    rights: list[str]
    version: str
    sends: Annotated[bool, Meta(description="Whether this service can call the provider.")]
    require_approval: bool


class Health(Struct, frozen=True, kw_only=True):
    """Whether the service lives, or can work."""

    status: str
    detail: str = ""
