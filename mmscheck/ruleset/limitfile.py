"""One limits file as written: numbers somebody published, each with unit, source and date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from mmscheck.errors import RuleSetError
from mmscheck.model.rule import Limit
from mmscheck.model.words import SenderType
from mmscheck.ruleset.fields import Filled, Kebab
from mmscheck.ruleset.folder import claim, packaged_root
from mmscheck.ruleset.toml import Scope, file_scope, read_table, read_toml

EARLIEST_ZONE = dt.timezone(dt.timedelta(hours=14))
"""Where a day begins first: a date is in the future only when it is so there too."""

Number = (
    Annotated[int, msgspec.Meta(ge=0, description="a number from 0")]
    | Annotated[float, msgspec.Meta(ge=0, description="a number from 0")]
)

DEFAULT = "default.toml"
"""The file whose numbers hold for everybody; carriers and providers have files of their own."""

Kind = Literal["carrier", "provider"]
"""Whose numbers a file other than the default one holds."""


class LimitEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One number as written."""

    value: Number
    unit: Filled
    source: Filled
    checked: dt.date
    whose: Filled | None = None


class LimitFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as written: numbers for everybody, by kind of sender, and with transcoding; and whose."""

    limits: dict[Kebab, LimitEntry] = {}
    sender: dict[SenderType, dict[Kebab, LimitEntry]] = {}
    transcoding: dict[Kebab, LimitEntry] = {}
    name: Filled | None = None
    kind: Kind | None = None
    country: Filled | None = None

    @property
    def tables(self) -> dict[str, dict[str, LimitEntry]]:
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


def placed(scope: Scope, file: LimitFile) -> Iterator[tuple[Scope, str, LimitEntry]]:
    """Every number with its place and name."""
    for table, entries in file.tables.items():
        place = scope
        for key in table.split("."):
            place = place.at(key)
        for name, entry in entries.items():
            yield place.at(name), name, entry


def as_limits(entries: Mapping[str, LimitEntry]) -> dict[str, Limit]:
    """The entries as limits by name."""
    return {name: as_limit(entry) for name, entry in entries.items()}


def as_limit(entry: LimitEntry) -> Limit:
    """One entry as the rest of the program takes it."""
    return Limit(**{**msgspec.structs.asdict(entry), "whose": entry.whose or ""})


def names_in(raw: Mapping[str, object]) -> frozenset[str]:
    """Every limit name in a table that may still be faulty."""
    sender = raw.get("sender")
    tables = [raw.get("limits"), *(sender.values() if isinstance(sender, dict) else ())]
    return frozenset(name for table in tables if isinstance(table, dict) for name in table)


A_YEAR = 365
"""Days after which a number wants looking up again."""


class PublishedLimit(msgspec.Struct, frozen=True, kw_only=True):
    """One number and where it stands: file, table (as ``sender.long-code``), name, and whose the file is.

    ``place`` is file and key as people are told them. ``title`` and ``kind`` are empty for the default file,
    whose numbers hold for everybody.
    """

    file: str
    place: str
    table: str
    name: str
    limit: Limit
    title: str = ""
    kind: Kind | Literal[""] = ""


def published_limits(root: Path | None = None) -> tuple[PublishedLimit, ...]:
    """Every number of the limits files below a rules folder, those of the default file first.

    ``root`` is by default the packaged folder. A file that cannot be read is no list of numbers: RuleSetError
    with every fault of the limits files.
    """
    faults: list[str] = []
    files = sorted(claim(faults, root or packaged_root()).limits, key=lambda path: path.name != DEFAULT)
    found = [each for path in files for each in _published(faults, path)]
    if faults:
        raise RuleSetError(faults)
    return tuple(found)


def _published(faults: list[str], path: Path) -> Iterator[PublishedLimit]:
    scope = file_scope(faults, path)
    raw = read_toml(scope, path)
    file = None if raw is None else read_file(scope, raw)
    if file is None:
        return
    for place, name, entry in placed(scope, file):
        yield PublishedLimit(
            file=path.name,
            place=f"{place.file}: {place.key}",
            table=place.key.rpartition(".")[0],
            name=name,
            limit=as_limit(entry),
            title=file.name or "",
            kind=file.kind or "",
        )


def stale_limits(root: Path | None = None, *, today: dt.date, max_age_days: int = A_YEAR) -> tuple[str, ...]:
    """A sentence for each number checked more than ``max_age_days`` before ``today``, by file and place.

    Exactly that many days ago is still fine. ``root`` as for `published_limits`, and so RuleSetError.
    """
    published = sorted(published_limits(root), key=lambda each: each.file)
    return tuple(
        f"{each.place}: checked on {each.limit.checked}, {age} days ago; look it up again"
        for each in published
        if (age := (today - each.limit.checked).days) > max_age_days
    )
