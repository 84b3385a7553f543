"""What the formats of a comparison for people share: the words for runs and messages, rows of findings.

Findings that say one thing of one place stand in one row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from mmscheck.base.text import count
from mmscheck.diff.changes import Comparison, FindingChange, Kind, MessageChange, RuleChange, Run
from mmscheck.model.report import TargetKey
from mmscheck.model.words import Outcome, Severity
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
        kind, line = _message_line(item)
        if line:
            found[kind].append(f"{kind}: {line}")
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


def _message_line(item: MessageChange) -> tuple[str, str]:
    if item.before is None:
        return "Added", f"{item.source} ({item.after}){_findings(item)}"
    if item.after is None:
        gone = f"; {count(item.findings, 'finding')} gone with it, none fixed" if item.findings else ""
        return "Removed", f"{item.source} (was {item.before}){gone}"
    moved = "" if item.source == item.old_source else f", was {item.old_source} (found by its {item.matched})"
    if item.before != item.after:
        return "Verdict", f"{item.source}: {item.before} -> {item.after}{moved}{_changed(item)}"
    return "Moved", f"{item.source}{moved}" if moved else ""


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


def place(change: FindingChange) -> str:
    """Where it is, within its message."""
    return str(TargetKey(kind=change.target, slide=change.slide or 0, media=change.media or 0))


def outcomes(change: FindingChange) -> str:
    """What was found before and now."""
    before, after = (
        "not evaluated" if outcome is None else str(outcome) for outcome in (change.before, change.after)
    )
    return before if before == after else f"{before} -> {after}"


def effect(change: FindingChange) -> str:
    """Whether it blocks, and what else is to be said, in brackets; or nothing."""
    note = "" if change.kind is Kind.NOT_COMPARED else change.note
    parts = ["blocks"] * change.blocking + [note] * bool(note)
    return f" ({'; '.join(parts)})" if parts else ""


TITLES: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.NEW: "New",
        Kind.UNDECIDED: "Undecided now",
        Kind.NOT_COMPARED: "Not evaluated any more (not fixed)",
        Kind.REMAINS: "Remains",
        Kind.ENDED: "Gone with its file, slide or message (not fixed)",
        Kind.FIXED: "Fixed",
    }
)
"""The headings, in the order in which they are shown."""

_LOST = frozenset({Kind.NOT_COMPARED, Kind.ENDED})
"""Kinds of which there are many at once and for one reason: what was looked at before is not, now."""

_HELPED = frozenset({Kind.NEW, Kind.UNDECIDED, Kind.REMAINS})
"""Kinds whose fix is worth showing: not those of what is gone, fixed, or not looked at."""


class ChangeRow(Struct, frozen=True, kw_only=True):
    """One place, what became of one or more rules there, and for one rule alone the fix.

    ``findings`` is how many changes it stands for. ``where`` is file, line (if it is one) and place.
    """

    source: str
    place: str
    rules: str
    outcome: str
    what: str
    fix: str
    blocking: bool
    findings: int

    @property
    def where(self) -> str:
        """File, line and place."""
        return f"{self.source} {self.place}"


class Section(Struct, frozen=True, kw_only=True):
    """One kind of change: the first rows, and how many findings are not shown."""

    kind: Kind
    rows: tuple[ChangeRow, ...]
    total: int
    blocking: int

    @property
    def more(self) -> str:
        """A sentence about what is not shown, or nothing."""
        left = self.total - sum(row.findings for row in self.rows)
        return f"and {left:,} more; --format json holds all of them" if left else ""

    @property
    def heading(self) -> str:
        """The title with its numbers."""
        blocks = f", {self.blocking:,} blocking" if self.blocking else ""
        return f"{TITLES[self.kind]} ({self.total:,}{blocks})"


def sections(comparison: Comparison, limit: int) -> list[Section]:
    """The kinds that occur in messages of both runs, each with at most ``limit`` rows, blocking ones first.

    What belongs to a message that one run does not have is told with the message.
    """
    return [
        _section(kind, items, limit)
        for kind in TITLES
        if (items := [item for item in comparison.changes if item.kind is kind and item.only is None])
    ]


def _section(kind: Kind, items: Sequence[FindingChange], limit: int) -> Section:
    groups = _joined(_places(items)) if kind in _LOST else _places(items)
    rows = sorted(map(_row, groups), key=lambda row: not row.blocking)[:limit]
    blocking = sum(1 for item in items if item.blocking)
    return Section(kind=kind, rows=_once(rows), total=len(items), blocking=blocking)


def _places(items: Iterable[FindingChange]) -> list[list[FindingChange]]:
    """Changes with the same to say of one place, in the order in which the first of them comes.

    What is found there stands alone: each finding has something of its own to tell and to mend.
    """
    found: dict[tuple[object, ...], list[FindingChange]] = {}
    for item in items:
        told = item.kind not in _LOST and item.after is not Outcome.CANT_TELL
        place_of = (item.source, item.target, item.slide, item.media, item.rule if told else None)
        found.setdefault((*place_of, outcomes(item), item.blocking, item.note), []).append(item)
    return list(found.values())


def _joined(groups: Iterable[list[FindingChange]]) -> list[list[FindingChange]]:
    """The groups; those that name the same rules and say the same of several places as one."""
    found: dict[tuple[object, ...], list[FindingChange]] = {}
    for items in groups:
        first = items[0]
        rules = tuple(item.rule for item in items)
        found.setdefault((rules, outcomes(first), first.blocking, first.note), []).extend(items)
    return list(found.values())


def _row(items: Sequence[FindingChange]) -> ChangeRow:
    first = items[0]
    places = len({(item.source, item.target, item.slide, item.media) for item in items})
    beside = f" and {count(places - 1, 'more place')}" if places > 1 else ""
    line = f":{first.line}" if first.line and {item.line for item in items} == {first.line} else ""
    return ChangeRow(
        source=f"{first.source}{line}",
        place=place(first) + beside,
        rules=named(item.rule for item in items),
        outcome=outcomes(first) + effect(first),
        what=_what(items),
        fix=first.fix if len(items) == 1 and first.kind in _HELPED else "",
        blocking=first.blocking,
        findings=len(items),
    )


def _what(items: Sequence[FindingChange]) -> str:
    """The finding; of what cannot be looked at the first, and of what is lost how much."""
    first, *others = items
    if not others:
        return first.message
    if first.kind in _LOST:
        return f"{count(len(items), 'finding')} of the old report, which says more."
    return f"{first.rule}: {first.message} ({count(len(others), 'rule')} more could not be decided here)"


def _once(rows: Iterable[ChangeRow]) -> tuple[ChangeRow, ...]:
    """Rows in which one fix is written out once: the same words below each other are no help."""
    known: dict[str, ChangeRow] = {}
    firsts = [(known.setdefault(row.fix, row) if row.fix else row, row) for row in rows]
    return tuple(
        row if first is row else replace(row, fix=f"As for {first.where}, above.") for first, row in firsts
    )
