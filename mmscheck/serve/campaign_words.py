"""What goes over the wire for a campaign: one message to many, and how it stands."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from mmscheck.base.resolved import resolved
from mmscheck.report.json_types import Campaign
from mmscheck.serve.words import CommonFields, Moment, Name, Outcome, Problem, Progress, State

Money = Annotated[str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,4})?$")]
Positive = Annotated[float, Meta(gt=0)]
Percent = Annotated[float, Meta(gt=0, le=100)]
Together = Annotated[int, Meta(ge=1, le=1000)]
Some = Annotated[int, Meta(ge=1)]


class CampaignFields(CommonFields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all recipients get, and what bounds the campaign; the command's own defaults."""

    campaign: Annotated[
        Name | None,
        Meta(
            description="What the campaign is called; default: the mms_id. Under it each number gets it once."
        ),
    ] = None
    again: Annotated[
        bool, Meta(description="Also to numbers that have this message; the campaign needs a name then.")
    ] = False
    skip_bad: Annotated[
        bool, Meta(description="Leave rows out that the gate denies, in place of sending nothing.")
    ] = False
    send_rate: Annotated[Positive | None, Meta(description="At most so many sends a second.")] = None
    in_flight: Annotated[Together | None, Meta(description="Sends at the same time.")] = None
    canary: Annotated[
        Some | None, Meta(description="Send so many first, and the rest once those are delivered.")
    ] = None
    canary_wait: Annotated[Positive | None, Meta(description="Seconds to wait for that.")] = None
    stop_at_failure_rate: Annotated[
        Percent | None,
        Meta(description="Stop when so many percent of the last 100 sends failed."),
    ] = None
    max_failures: Annotated[Some | None, Meta(description="Stop when so many sends failed.")] = None
    recheck_every: Annotated[Positive | None, Meta(description="Seconds between two looks at the media.")] = (
        None
    )
    max_cost: Annotated[
        Money | None, Meta(description="Send nothing where it may cost more, by [prices], as a decimal.")
    ] = None


class CampaignAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message that was saved before, to be sent to every row, at most once to each number."""

    document: Annotated[str, Meta(description="The very document that was saved.")]
    rows: Annotated[
        str, Meta(description="CSV with a header: to, custom-subject, custom-text-N, and merge data.")
    ]
    request: CampaignFields
    source: Annotated[Name, Meta(description="What reports call the document.")] = "document.xml"
    file: Annotated[Name, Meta(description="What reports call the rows.")] = "rows.csv"


class CampaignForm(Struct, frozen=True, kw_only=True):
    """multipart/form-data: the parts ``document``, ``file`` (rows as CSV) and ``request``, which is JSON."""

    document: bytes
    file: bytes
    request: CampaignFields


class CampaignStop(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why nothing more is to be sent."""

    reason: Annotated[str, Meta(min_length=1, max_length=2000)]


class CampaignJob(Struct, frozen=True, kw_only=True):
    """A campaign as it stands.

    ``failed`` has a problem: what stopped it, or that not every row has its message. The same request, under
    the same key, goes on from there. ``result`` counts every row of the file once.
    """

    id: str
    name: str
    state: State
    created: Moment
    started: Moment | None
    ended: Moment | None
    expires: Annotated[Moment, Meta(description="When it and its report are forgotten.")]
    progress: Progress
    stop: Annotated[str | None, Meta(description="Why somebody asked for its end.")]
    report: Annotated[str, Meta(description="Where the report is, or will be.")]
    events: Annotated[str, Meta(description="Server-sent events of its progress.")]
    result: Campaign | None
    outcome: Outcome | None
    problem: Problem | None


@resolved
class CampaignNote(Struct, frozen=True, kw_only=True):
    """What is kept of a campaign beside its job, in the store's own form; ``seen`` is when it last ran."""

    name: str
    stop: str | None = None
    progress: Progress = Progress(done=0, total=None)
    seen: float = 0.0
