"""What the formats of a comparison for people share: words, order, and how much of a long list is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec import Struct

from mmscheck.comparing.changes import Change, Comparison, Kind, MessageChange, RuleChange, Run
from mmscheck.formats.layout import Page
from mmscheck.formats.wording import count
from mmscheck.model.words import TargetKind

Renderer = Callable[[Comparison, Page], str]
"""Turns a comparison into the whole output, which ends with a line feed; the page matters to text only."""

TITLES: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.NEW: "New",
        Kind.UNDECIDED: "Undecided now",
        Kind.NOT_COMPARED: "Not evaluated any more",
        Kind.REMAINS: "Remains",
        Kind.ENDED: "Without its target (not fixed)",
        Kind.FIXED: "Fixed",
    }
)
"""The headings, in the order in which they are shown."""

_VERDICTS = MappingProxyType({0: "NOT WORSE", 1: "WORSE", 3: "NOT KNOWN"})


class Section(Struct, frozen=True, kw_only=True):
    """One kind of change: the first of them, and how many are not shown."""

    title: str
    changes: tuple[Change, ...]
    total: int
    blocking: int

    @property
    def more(self) -> str:
        """A sentence about what is not shown, or nothing."""
        left = self.total - len(self.changes)
        return f"and {left:,} more; --format json holds all of them" if left else ""

    @property
    def heading(self) -> str:
        """The title with its numbers."""
        blocks = f", {self.blocking:,} blocking" if self.blocking else ""
        return f"{self.title} ({self.total:,}{blocks})"


def sections(comparison: Comparison, limit: int) -> list[Section]:
    """The kinds that occur, each with at most ``limit`` changes, blocking ones first."""
    found: list[Section] = []
    for kind, title in TITLES.items():
        items = [item for item in comparison.changes if item.kind is kind]
        items.sort(key=lambda item: not item.blocking)
        if items:
            blocking = sum(1 for item in items if item.blocking)
            found.append(
                Section(title=title, changes=tuple(items[:limit]), total=len(items), blocking=blocking)
            )
    return found


def verdict(comparison: Comparison) -> tuple[str, str]:
    """A word and the reasons for it, as one line."""
    numbers = comparison.counts
    told = f"{numbers[Kind.FIXED]:,} fixed, {numbers[Kind.NEW]:,} new, {numbers[Kind.REMAINS]:,} remain."
    return _VERDICTS.get(comparison.exit_code, "NOT KNOWN"), " ".join([*comparison.worse, told])


def run_line(run: Run) -> str:
    """One run as a sentence."""
    return (
        f"{run.file}: {count(run.messages, 'message')}, {run.verdict}, profile {run.profile}, "
        f"{run.started}, mmscheck {run.tool_version}"
    )


def message_lines(comparison: Comparison, limit: int) -> list[str]:
    """What happened to messages as such: added, removed, moved, another verdict."""
    lines = [line for item in comparison.messages if (line := _message_line(item))]
    left = len(lines) - limit
    return lines[:limit] + ([f"and {left:,} more; --format json holds all of them"] if left > 0 else [])


def _message_line(item: MessageChange) -> str:
    if item.before is None:
        return f"Added: {item.source} ({item.after})"
    if item.after is None:
        return f"Removed: {item.source} (was {item.before})"
    moved = "" if item.source == item.old_source else f", was {item.old_source} (found by its {item.matched})"
    if item.before != item.after:
        return f"Verdict: {item.source}: {item.before} -> {item.after}{moved}{_changed(item)}"
    return f"Moved: {item.source}{moved}" if moved else ""


def _changed(item: MessageChange) -> str:
    document = "changed" if item.document_changed else "same"
    files = count(item.files_changed or 0, "file") + " changed or not known"
    return f"; {document} document, {files if item.files_changed else 'same files'}"


def missed_line(item: RuleChange) -> str:
    """A rule that only one run evaluated, as a sentence."""
    only = "before, and not now" if item.only == "old" else "now, and not before"
    where = f"{count(item.evaluations, 'evaluation')} in {count(item.messages, 'message')}"
    return f"Rule {item.rule} ({item.severity}): evaluated only {only}: {where}"


def place(change: Change) -> str:
    """Where it is, within its message."""
    match change.target:
        case TargetKind.MEDIA:
            return f"slide {change.slide}, medium {change.media}" if change.slide else "file"
        case TargetKind.SLIDE:
            return f"slide {change.slide}"
        case TargetKind.REQUEST:
            return "send request"
        case TargetKind.MESSAGE:
            return "message"


def source(change: Change) -> str:
    """The file, with the line where there is one."""
    return f"{change.source}:{change.line}" if change.line else change.source


def outcomes(change: Change) -> str:
    """What was found before and now."""
    before, after = (
        "not evaluated" if outcome is None else str(outcome) for outcome in (change.before, change.after)
    )
    return before if before == after else f"{before} -> {after}"


def effect(change: Change) -> str:
    """Whether it blocks, and what else is to be said, in brackets; or nothing."""
    parts = ["blocks"] * change.blocking + [change.note] * bool(change.note)
    return f" ({'; '.join(parts)})" if parts else ""


def helps(change: Change) -> bool:
    """Whether the fix is worth showing: not for what is gone."""
    return change.kind in {Kind.NEW, Kind.UNDECIDED, Kind.REMAINS} and bool(change.fix)
