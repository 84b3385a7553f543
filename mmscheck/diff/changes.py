"""What a comparison of two reports says: its types are also its JSON output, version 1.

Within version 1 keys may be added; none may be removed, renamed or given another type.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from mmscheck.model.words import Outcome, Owner, Severity, TargetKind
from mmscheck.report.json_types import Decision


class Kind(StrEnum):
    """What became of one finding; each belongs to exactly one of these."""

    NEW = "new"
    UNDECIDED = "undecided"
    NOT_COMPARED = "not-compared"
    REMAINS = "remains"
    ENDED = "ended"
    FIXED = "fixed"


class FindingChange(Struct, frozen=True, kw_only=True):
    """One rule on one target, of which at least one of both runs had something to say.

    ``before`` and ``after`` are outcomes, None where it was not evaluated. ``blocking``: it keeps the gate
    shut, in the new run, or in the old one where the new one did not look. ``message`` is what the new run
    said, or the old one of what is fixed or gone. Places are those of the new run where it has them. ``only``
    names the run that has the message, None where both have it.
    """

    kind: Kind
    only: Literal["old", "new"] | None
    source: str
    rule: str
    severity: Severity
    owner: Owner
    target: TargetKind
    slide: int | None
    media: int | None
    url: str | None
    line: int | None
    before: Outcome | None
    after: Outcome | None
    blocking: bool
    note: str
    message: str
    fix: str


class MessageChange(Struct, frozen=True, kw_only=True):
    """One message of either run: which it is in the other, and what became of its verdict.

    ``matched`` says by what it was found again; None where it is in one run only. ``document_changed`` and
    ``files_changed`` (media whose bytes differ or are unknown in one run) are None then, too. ``findings`` is
    how many of the changes are of this message; ``failed`` and ``undecided`` are the rules among them that
    newly keep the gate shut, one name for each evaluation.
    """

    source: str
    old_source: str | None
    matched: Literal["source", "digest", "name"] | None
    before: Decision | None
    after: Decision | None
    document_changed: bool | None
    files_changed: int | None
    findings: int
    failed: list[str]
    undecided: list[str]


class RuleChange(Struct, frozen=True, kw_only=True):
    """One rule that one of both runs did not evaluate where the other did: nothing can be said of it there.

    ``only`` says which run evaluated it; the numbers are of evaluations and of messages.
    """

    rule: str
    severity: Severity
    only: Literal["old", "new"]
    evaluations: int
    messages: int


class Run(Struct, frozen=True, kw_only=True):
    """One of both runs."""

    file: str
    started: str
    tool_version: str
    profile: str
    ruleset: str
    rules: int
    strict: bool
    verdict: Decision
    messages: int


class Comparison(Struct, frozen=True, kw_only=True):
    """Everything that differs between two reports, and what remains; in a stable order.

    ``worse`` are sentences saying what keeps the exit code from 0; ``run_changes`` what else differs between
    the runs: rules, profile, inputs that could not be read. ``counts`` is over ``changes``, by kind, and over
    the ``left_out`` ones that ``new_alone`` took from there.
    """

    version: Literal[1]
    exit_code: int
    worse: list[str]
    old: Run
    new: Run
    run_changes: list[str]
    counts: dict[str, int]
    messages: list[MessageChange]
    not_compared: list[RuleChange]
    changes: list[FindingChange]
    left_out: int = 0


def new_alone(comparison: Comparison) -> Comparison:
    """The same decision, listing no more than what is new, undecided now or not evaluated any more."""
    kept = [item for item in comparison.changes if item.kind in _NEW]
    return replace(comparison, changes=kept, left_out=len(comparison.changes) - len(kept))


_NEW = frozenset({Kind.NEW, Kind.UNDECIDED, Kind.NOT_COMPARED})
