"""One limits file as written: numbers somebody published, each with unit, source and date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec

from mmscheck.model.rule import Limit
from mmscheck.model.words import SenderType
from mmscheck.ruleset.fields import Filled, Kebab
from mmscheck.ruleset.scope import Scope
from mmscheck.ruleset.table import read_table

EARLIEST_ZONE = dt.timezone(dt.timedelta(hours=14))
"""Where a day begins first: a date is in the future only when it is so there too."""

Number = (
    Annotated[int, msgspec.Meta(ge=0, description="a number from 0")]
    | Annotated[float, msgspec.Meta(ge=0, description="a number from 0")]
)

Kind = Literal["carrier", "provider"]
"""Whose numbers a file other than the default one holds."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One number as written."""

    value: Number
    unit: Filled
    source: Filled
    checked: dt.date
    whose: Filled | None = None


class LimitFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as written: numbers for everybody, by kind of sender, and with transcoding; and whose."""

    limits: dict[Kebab, Entry] = {}
    sender: dict[SenderType, dict[Kebab, Entry]] = {}
    transcoding: dict[Kebab, Entry] = {}
    name: Filled | None = None
    kind: Kind | None = None
    country: Filled | None = None

    @property
    def tables(self) -> dict[str, dict[str, Entry]]:
        """Every table of numbers by its dotted key."""
        senders = {f"sender.{sender.value}": entries for sender, entries in self.sender.items()}
        return {"limits": self.limits, **senders, "transcoding": self.transcoding}


def read_file(scope: Scope, raw: dict[str, object]) -> LimitFile | None:
    """The table as a limits file; None after recording every fault of its form and dates."""
    file = read_table(scope, raw, LimitFile)
    if file is None:
        return None
    before = len(scope.faults)
    today = dt.datetime.now(EARLIEST_ZONE).date()
    for place, _, entry in placed(scope, file):
        if entry.checked > today:
            what = f"{entry.checked} is in the future, expected the day it was looked up"
            place.at("checked").fault(what)
    return file if len(scope.faults) == before else None


def placed(scope: Scope, file: LimitFile) -> Iterator[tuple[Scope, str, Entry]]:
    """Every number with its place and name."""
    for table, entries in file.tables.items():
        place = scope
        for key in table.split("."):
            place = place.at(key)
        for name, entry in entries.items():
            yield place.at(name), name, entry


def as_limits(entries: Mapping[str, Entry]) -> dict[str, Limit]:
    """The entries as limits by name."""
    return {
        name: Limit(
            value=entry.value,
            unit=entry.unit,
            source=entry.source,
            checked=entry.checked,
            whose=entry.whose or "",
        )
        for name, entry in entries.items()
    }


def names_in(raw: Mapping[str, object]) -> frozenset[str]:
    """Every limit name in a table that may still be faulty."""
    sender = raw.get("sender")
    tables = [raw.get("limits"), *(sender.values() if isinstance(sender, dict) else ())]
    return frozenset(name for table in tables if isinstance(table, dict) for name in table)
