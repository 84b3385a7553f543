"""The changes as rows for readers: findings that say one thing of one place stand in one row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from mmscheck.base.text import count
from mmscheck.diff.changes import Change, Comparison, Kind
from mmscheck.diff.shown import effect, named, outcomes, place
from mmscheck.model.words import Outcome

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


class Row(Struct, frozen=True, kw_only=True):
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
    rows: tuple[Row, ...]
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


def _section(kind: Kind, items: Sequence[Change], limit: int) -> Section:
    groups = _joined(_places(items)) if kind in _LOST else _places(items)
    rows = sorted(map(_row, groups), key=lambda row: not row.blocking)[:limit]
    blocking = sum(1 for item in items if item.blocking)
    return Section(kind=kind, rows=_once(rows), total=len(items), blocking=blocking)


def _places(items: Iterable[Change]) -> list[list[Change]]:
    """Changes with the same to say of one place, in the order in which the first of them comes.

    What is found there stands alone: each finding has something of its own to tell and to mend.
    """
    found: dict[tuple[object, ...], list[Change]] = {}
    for item in items:
        told = item.kind not in _LOST and item.after is not Outcome.CANT_TELL
        place_of = (item.source, item.target, item.slide, item.media, item.rule if told else None)
        found.setdefault((*place_of, outcomes(item), item.blocking, item.note), []).append(item)
    return list(found.values())


def _joined(groups: Iterable[list[Change]]) -> list[list[Change]]:
    """The groups; those that name the same rules and say the same of several places as one."""
    found: dict[tuple[object, ...], list[Change]] = {}
    for items in groups:
        first = items[0]
        rules = tuple(item.rule for item in items)
        found.setdefault((rules, outcomes(first), first.blocking, first.note), []).extend(items)
    return list(found.values())


def _row(items: Sequence[Change]) -> Row:
    first = items[0]
    places = len({(item.source, item.target, item.slide, item.media) for item in items})
    beside = f" and {count(places - 1, 'more place')}" if places > 1 else ""
    line = f":{first.line}" if first.line and {item.line for item in items} == {first.line} else ""
    return Row(
        source=f"{first.source}{line}",
        place=place(first) + beside,
        rules=named(item.rule for item in items),
        outcome=outcomes(first) + effect(first),
        what=_what(items),
        fix=first.fix if len(items) == 1 and first.kind in _HELPED else "",
        blocking=first.blocking,
        findings=len(items),
    )


def _what(items: Sequence[Change]) -> str:
    """The finding; of what cannot be looked at the first, and of what is lost how much."""
    first, *others = items
    if not others:
        return first.message
    if first.kind in _LOST:
        return f"{count(len(items), 'finding')} of the old report, which says more."
    return f"{first.rule}: {first.message} ({count(len(others), 'rule')} more could not be decided here)"


def _once(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Rows in which one fix is written out once: the same words below each other are no help."""
    known: dict[str, Row] = {}
    firsts = [(known.setdefault(row.fix, row) if row.fix else row, row) for row in rows]
    return tuple(
        row if first is row else replace(row, fix=f"As for {first.where}, above.") for first, row in firsts
    )
