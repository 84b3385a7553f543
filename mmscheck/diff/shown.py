"""What the formats of a comparison for people share: the words for runs, messages and findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from types import MappingProxyType

from mmscheck.base.text import count
from mmscheck.diff.changes import Change, Comparison, Kind, MessageChange, RuleChange, Run
from mmscheck.model.words import Severity, TargetKind
from mmscheck.report.layout import Page

Renderer = Callable[[Comparison, Page], str]
"""Turns a comparison into the whole output, which ends with a line feed; the page matters to text only."""

MOST_NAMED = 6
"""Rules that one row names; of more it says how many."""

MOST_RULES = 100
"""Rules of which one run knows nothing and that are named: every one that mmscheck has, and a few own."""

_VERDICTS = MappingProxyType({0: "NOT WORSE", 1: "WORSE", 3: "NOT KNOWN"})


def verdict(comparison: Comparison) -> tuple[str, str]:
    """A word and the reasons for it, as one line; its numbers are of messages that both runs have."""
    seen = Counter(change.kind for change in comparison.changes if change.only is None)
    told = f"{seen[Kind.FIXED]:,} fixed, {seen[Kind.NEW]:,} new, {seen[Kind.REMAINS]:,} remain."
    if comparison.left_out:
        told = f"{seen[Kind.NEW]:,} new; {count(comparison.left_out, 'other')} not listed (--only-new)."
    parts = [*comparison.worse, told, _apart(comparison)]
    return _VERDICTS.get(comparison.exit_code, "NOT KNOWN"), " ".join(part for part in parts if part)


def _apart(comparison: Comparison) -> str:
    """What is in one run only, in numbers, as a sentence or nothing."""
    parts = []
    for name, items in (("added", added(comparison)), ("removed", removed(comparison))):
        if items:
            findings = sum(item.findings for item in items)
            parts.append(f"{count(len(items), 'message')} {name} with {count(findings, 'finding')}")
    return f"{'; '.join(parts)}." if parts else ""


def run_line(run: Run) -> str:
    """One run as a sentence."""
    return (
        f"{run.file}: {count(run.messages, 'message')}, {run.verdict}, profile {run.profile}, "
        f"{run.started}, mmscheck {run.tool_version}"
    )


def added(comparison: Comparison) -> list[MessageChange]:
    """The messages that only the new run has."""
    return [item for item in comparison.messages if item.before is None]


def removed(comparison: Comparison) -> list[MessageChange]:
    """The messages that only the old run has."""
    return [item for item in comparison.messages if item.after is None]


def messages_title(comparison: Comparison) -> str:
    """The heading above the messages, with their numbers."""
    new, gone = len(added(comparison)), len(removed(comparison))
    both = len(comparison.messages) - new - gone
    return f"Messages ({both:,} in both runs, {new:,} added, {gone:,} removed)"


def message_lines(comparison: Comparison, limit: int) -> list[str]:
    """What happened to messages as such, denied ones first: another verdict, added, removed, moved.

    Of each of these at most ``limit``. One line holds all that is told of a message of one run only.
    """
    found: dict[str, list[str]] = {"Verdict": [], "Added": [], "Removed": [], "Moved": []}
    for item in sorted(comparison.messages, key=lambda item: item.after != "deny"):
        if line := _message_line(item):
            found[line.partition(":")[0]].append(line)
    lines = [] if _common(comparison) else [_APART]
    for kind, told in found.items():
        left = len(told) - limit
        more = [f"{kind}: and {left:,} more; --format json holds all of them"] if left > 0 else []
        lines += [*told[:limit], *more]
    return lines


_APART = (
    "No message is in both runs: messages are found again by file, content or name. "
    "Were both reports made of the same files?"
)


def _common(comparison: Comparison) -> bool:
    """Whether there is anything to compare, or nothing to expect it of."""
    return not (added(comparison) and removed(comparison)) or any(
        item.before is not None and item.after is not None for item in comparison.messages
    )


def _message_line(item: MessageChange) -> str:
    if item.before is None:
        return f"Added: {item.source} ({item.after}){_findings(item)}"
    if item.after is None:
        gone = f"; {count(item.findings, 'finding')} gone with it, none fixed" if item.findings else ""
        return f"Removed: {item.source} (was {item.before}){gone}"
    moved = "" if item.source == item.old_source else f", was {item.old_source} (found by its {item.matched})"
    if item.before != item.after:
        return f"Verdict: {item.source}: {item.before} -> {item.after}{moved}{_changed(item)}"
    return f"Moved: {item.source}{moved}" if moved else ""


def _findings(item: MessageChange) -> str:
    """What an added message is denied for, and how much else was found in it."""
    failed, undecided = len(item.failed), len(item.undecided)
    advice = item.findings - failed - undecided
    parts = []
    if failed:
        parts.append(f"{count(failed, 'blocking failure')} ({named(item.failed, 3)})")
    if undecided:
        names = "" if failed else f" ({named(item.undecided, 3)})"
        parts.append(f"{count(undecided, 'blocking check')} undecided{names}")
    if advice:
        parts.append(
            f"{count(advice, 'finding')} that blocks nothing"
            if advice == 1
            else f"{advice:,} findings that block nothing"
        )
    return f": {', '.join(parts)}" if parts else ""


def named(rules: Iterable[str], most: int = MOST_NAMED) -> str:
    """The rules' names, each once; of more than ``most`` the first, and how many there are beside."""
    names = list(dict.fromkeys(rules))
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _changed(item: MessageChange) -> str:
    document = "changed" if item.document_changed else "same"
    files = count(item.files_changed or 0, "file") + " changed or not known"
    return f"; {document} document, {files if item.files_changed else 'same files'}"


def missed_lines(comparison: Comparison) -> list[str]:
    """The rules that only one run evaluated: a line for each run and severity."""
    found: dict[tuple[str, Severity], list[RuleChange]] = {}
    for item in comparison.not_compared:
        found.setdefault((item.only, item.severity), []).append(item)
    # "old" comes first; "error" sorts before "warning".
    order = sorted(found, key=lambda key: (key[0] != "old", key[1]))
    return [_missed_line(*key, found[key]) for key in order]


def _missed_line(only: str, severity: Severity, items: Sequence[RuleChange]) -> str:
    when = "before, and not now" if only == "old" else "now, and not before"
    number = count(sum(item.evaluations for item in items), "evaluation")
    where = count(max(item.messages for item in items), "message")
    up_to = "" if len(items) == 1 else "up to "
    names = named((item.rule for item in items), MOST_RULES)
    return f"Only {when}: {count(len(items), 'rule')} ({severity}; {number} in {up_to}{where}): {names}"


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


def outcomes(change: Change) -> str:
    """What was found before and now."""
    before, after = (
        "not evaluated" if outcome is None else str(outcome) for outcome in (change.before, change.after)
    )
    return before if before == after else f"{before} -> {after}"


def effect(change: Change) -> str:
    """Whether it blocks, and what else is to be said, in brackets; or nothing."""
    note = "" if change.kind is Kind.NOT_COMPARED else change.note
    parts = ["blocks"] * change.blocking + [note] * bool(note)
    return f" ({'; '.join(parts)})" if parts else ""
