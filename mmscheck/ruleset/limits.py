"""Limit files: numbers somebody published, by name, and those that differ by kind of sender.

A name stands under ``[limits.NAME]`` with one number for everybody, under ``[sender.TYPE.NAME]``
with a number for that kind of sender, or both; the sender's own number goes first. A name that not
every kind of sender has a number for needs one for everybody as well.

When the kind of sender is not known, the tightest number is taken: the smallest of all that anybody
could be held to. That is why only upper limits may differ by sender, and why names ending in
``-min`` may not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from mmscheck.model.rule import Limit
from mmscheck.model.words import SenderType
from mmscheck.ruleset.fields import Filled, Kebab
from mmscheck.ruleset.scope import Scope, file_scope, unknown
from mmscheck.ruleset.table import inspect, read_table
from mmscheck.ruleset.tomlfile import read_toml

DEFAULT = "default.toml"
"""The file whose numbers are applied; carriers and providers have files of their own."""

EARLIEST_ZONE = dt.timezone(dt.timedelta(hours=14))
"""Where a day begins first: a date is in the future only when it is so there too."""

LOWER = "-min"
"""The end of a name that is a lower limit."""

Number = (
    Annotated[int, msgspec.Meta(ge=0, description="a number from 0")]
    | Annotated[float, msgspec.Meta(ge=0, description="a number from 0")]
)


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    value: Number
    unit: Filled
    source: Filled
    checked: dt.date


class _File(msgspec.Struct, frozen=True, kw_only=True):
    limits: dict[Kebab, _Entry] = {}
    sender: dict[SenderType, dict[Kebab, _Entry]] = {}
    name: Filled | None = None
    kind: Literal["carrier", "provider"] | None = None
    country: Filled | None = None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of ``default.toml``, for one kind of sender or, with None, for any.

    ``names`` holds every name the file mentions, also where its entry is faulty; None when the file
    could not be read, so that one broken file is one fault and not one for every rule.
    """

    everybody: Mapping[str, Limit] = {}
    senders: Mapping[SenderType, Mapping[str, Limit]] = {}
    names: frozenset[str] | None = frozenset()
    sender: SenderType | None = None

    def find(self, name: str) -> Limit | None:
        """The number the sender is held to, or the tightest when the sender is not known."""
        if self.sender is not None:
            return self.of(name, self.sender)
        numbers = [limit for sender in SenderType if (limit := self.of(name, sender))]
        return min(numbers, key=lambda limit: limit.value, default=None)

    def of(self, name: str, sender: SenderType) -> Limit | None:
        """The number this kind of sender is held to."""
        return self.senders.get(sender, {}).get(name) or self.everybody.get(name)


def load_limits(faults: list[str], files: tuple[Path, ...], sender: SenderType | None) -> Limits:
    """Read every limits file strictly; the numbers are those of ``default.toml``.

    Another file may only name limits that ``default.toml`` has.
    """
    default = next((path for path in files if path.name == DEFAULT), None)
    limits = _load_default(faults, default, sender) if default else Limits()
    for path in files:
        if path != default:
            _load_other(faults, path, limits.names)
    return limits


def _load_default(faults: list[str], path: Path, sender: SenderType | None) -> Limits:
    scope = file_scope(faults, path)
    raw = read_toml(scope, path)
    if raw is None:
        return Limits(names=None)
    names = _names(raw)
    file = _read(scope, raw)
    if file is None:
        return Limits(names=names)
    senders = {each: _limits(entries) for each, entries in file.sender.items()}
    limits = Limits(everybody=_limits(file.limits), senders=senders, names=names, sender=sender)
    _inspect_senders(scope.at("sender"), limits)
    return limits


def _load_other(faults: list[str], path: Path, names: frozenset[str] | None) -> None:
    scope = file_scope(faults, path)
    raw = read_toml(scope, path)
    if raw is None:
        return
    inspect(scope, path.stem, Kebab)
    if _read(scope, raw) is not None and names is not None:
        for name in sorted(_names(raw) - names):
            scope.at(name).fault(unknown("limit", name, names))


def _read(scope: Scope, raw: dict[str, object]) -> _File | None:
    file = read_table(scope, raw, _File)
    if file is None:
        return None
    before = len(scope.faults)
    today = dt.datetime.now(EARLIEST_ZONE).date()
    for name, entry in file.limits.items():
        _inspect_date(scope.at("limits").at(name), entry, today)
    for sender, entries in file.sender.items():
        for name, entry in entries.items():
            _inspect_date(scope.at("sender").at(sender.value).at(name), entry, today)
    return file if len(scope.faults) == before else None


def _inspect_date(scope: Scope, entry: _Entry, today: dt.date) -> None:
    if entry.checked > today:
        scope.at("checked").fault(f"{entry.checked} is in the future, expected the day it was looked up")


def _inspect_senders(scope: Scope, limits: Limits) -> None:
    """Numbers that differ by sender: upper limits, of one unit, for every kind of sender."""
    for name in sorted({name for entries in limits.senders.values() for name in entries}):
        found = {sender: limits.of(name, sender) for sender in SenderType}
        units = sorted({limit.unit for limit in found.values() if limit})
        for sender, limit in found.items():
            place = scope.at(sender.value).at(name)
            if limit is None:
                place.fault(f"missing, expected a number here or for everybody under limits.{name}")
            elif name not in limits.senders.get(sender, {}):
                continue
            elif name.endswith(LOWER):
                place.fault(f"a lower limit ({LOWER}), expected only upper ones to differ by sender")
            elif len(units) > 1:
                place.at("unit").fault(f"units of {name} differ ({', '.join(units)}), expected one")


def _limits(entries: Mapping[str, _Entry]) -> dict[str, Limit]:
    return {
        name: Limit(value=entry.value, unit=entry.unit, source=entry.source, checked=entry.checked)
        for name, entry in entries.items()
    }


def _names(raw: dict[str, object]) -> frozenset[str]:
    """Every limit name in a table that may still be faulty."""
    sender = raw.get("sender")
    tables = [raw.get("limits"), *(sender.values() if isinstance(sender, dict) else ())]
    return frozenset(name for table in tables if isinstance(table, dict) for name in table)
