"""The numbers that apply: by name, kind of sender, carrier and other provider.

In ``default.toml`` a name stands under ``[limits.NAME]`` with one number for everybody, under
``[sender.TYPE.NAME]`` with a number for that kind of sender, or both; the sender's own number goes
first. ``[transcoding.NAME]`` replaces the number for everybody where transcoding is on. A name that
not every kind of sender has a number for needs one for everybody as well.

When the kind of sender is not known, the tightest number is taken: the smallest of all that anybody
could be held to. That is why only upper limits may differ by sender or carrier, and why names ending
in ``-min`` may not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from mmscheck.model.rule import SIZES, Limit
from mmscheck.model.words import SenderType
from mmscheck.ruleset.fields import Kebab
from mmscheck.ruleset.limitfile import DEFAULT, Kind, LimitFile, as_limits, names_in, placed, read_file
from mmscheck.ruleset.toml import Scope, file_scope, inspect, read_toml, shorten, unknown

LOWER = "-min"
"""The end of a name that is a lower limit."""

_COUNTRY = re.compile(r"[A-Z]{2}\Z")

PROVIDER_LIMITS: Mapping[str, str] = {
    "media-count-max": "files",
    "message-bytes-max": "bytes",
    "image-bytes-max": "bytes",
    "file-bytes-max": "bytes",
    "body-length-max": "characters",
    "recipients-max": "recipients",
    "url-length-max": "characters",
}
"""Names that only other providers' files use, with the unit of each."""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Whose numbers to take: the kind of sender (None: not known), and carriers and providers by id."""

    sender: SenderType | None = None
    carriers: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    transcoding: bool = False


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of one file: for everybody, and by kind of sender."""

    everybody: Mapping[str, Limit] = {}
    senders: Mapping[SenderType, Mapping[str, Limit]] = {}

    def of(self, name: str, sender: SenderType) -> Limit | None:
        """The number this kind of sender is held to."""
        return self.senders.get(sender, {}).get(name) or self.everybody.get(name)


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """A carrier or another provider with its own numbers; ``title`` is its name for people."""

    id: str
    title: str
    kind: Kind
    numbers: Numbers


class KnownLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Every number there is, for one selection.

    ``names`` holds every name that ``default.toml`` mentions, also where its entry is faulty; None when
    the file could not be read, so that one broken file is one fault and not one for every rule. ``carriers``
    and ``providers`` are those of the selection.
    """

    default: Numbers = Numbers()
    names: frozenset[str] | None = frozenset()
    selection: Selection = Selection()
    carriers: tuple[Party, ...] = ()
    providers: tuple[Party, ...] = ()
    every_provider: tuple[Party, ...] = ()

    def find(self, name: str) -> Limit | None:
        """The number the sender is held to, or the tightest when the sender is not known."""
        return tightest(self._of_senders(name, self.default))

    def of_carriers(self, name: str) -> list[dict[str, Any]]:
        """What each carrier at hand takes; ``own`` is false where the general number has to do.

        Of a message's size there is one number for each unit, and without carriers the general ones by
        whose they are.
        """
        if not self.carriers:
            general = by_unit(self._of_senders(name, self.default))
            return [_number(limit.whose, limit) for limit in general if limit.unit in SIZES]
        return [
            each
            for party in self.carriers
            for each in _held(party, self._of_senders(name, party.numbers, self.default))
        ]

    def of_providers(self, name: str) -> list[dict[str, Any]]:
        """What each provider at hand takes; one that publishes no such number is left out."""
        return [
            each for party in self.providers for each in _held(party, self._of_senders(name, party.numbers))
        ]

    def _of_senders(self, name: str, *layers: Numbers) -> list[Limit]:
        """The number of each kind of sender that may be meant, from the first layer that has one."""
        senders = (self.selection.sender,) if self.selection.sender else tuple(SenderType)
        found = (next(filter(None, (layer.of(name, each) for layer in layers)), None) for each in senders)
        return [limit for limit in found if limit is not None]


def tightest(limits: list[Limit]) -> Limit | None:
    """The limit with the smallest number."""
    return min(limits, key=lambda limit: limit.value, default=None)


def numbers(file: LimitFile, *, transcoding: bool = False) -> Numbers:
    """The numbers of a file that was read."""
    entries = file.limits | (file.transcoding if transcoding else {})
    return Numbers(
        everybody=as_limits(entries),
        senders={sender: as_limits(own) for sender, own in file.sender.items()},
    )


def by_unit(limits: list[Limit]) -> list[Limit]:
    """The tightest in each unit: numbers in different ones cannot be compared."""
    units = dict.fromkeys(limit.unit for limit in limits)
    found = (tightest([limit for limit in limits if limit.unit == unit]) for unit in units)
    return [limit for limit in found if limit is not None]


def _held(party: Party, found: list[Limit]) -> list[dict[str, Any]]:
    """The numbers as a check's parameter takes them."""
    tables = (party.numbers.everybody, *party.numbers.senders.values())
    return [
        _number(
            party.title,
            limit,
            own=any(limit is each for table in tables for each in table.values()),
        )
        for limit in by_unit(found)
    ]


def _number(name: str, limit: Limit, *, own: bool = True) -> dict[str, Any]:
    source = f"{limit.source} (checked {limit.checked})"
    size = {"unit": limit.unit, "whose": "" if own else limit.whose} if limit.unit in SIZES else {}
    return {"name": name, "maximum": limit.value, "own": own, "source": source, **size}


def load_limits(faults: list[str], files: tuple[Path, ...], selection: Selection) -> KnownLimits:
    """Read every limits file strictly; the numbers are those of the selection.

    A carrier's file may only name limits that ``default.toml`` has, a provider's also those of
    ``PROVIDER_LIMITS``. Unknown carriers and providers are faults.
    """
    default = next((path for path in files if path.name == DEFAULT), None)
    base = _load_default(faults, default, selection) if default else KnownLimits(selection=selection)
    others = {path.stem: _load_party(faults, path, base) for path in files if path != default}
    return KnownLimits(
        default=base.default,
        names=base.names,
        selection=selection,
        carriers=_selected(faults, "carrier", selection.carriers, others),
        providers=_selected(faults, "provider", selection.providers, others),
        every_provider=tuple(each for each in others.values() if each and each.kind == "provider"),
    )


def _selected(
    faults: list[str], kind: Kind, wanted: Iterable[str], others: Mapping[str, Party | None]
) -> tuple[Party, ...]:
    """The parties asked for, each once; a faulty file is its own fault and not also an unknown name."""
    known = {name: party for name, party in others.items() if party and party.kind == kind}
    found = []
    for name in dict.fromkeys(wanted):
        party = others.get(name)
        if party is not None and party.kind == kind:
            found.append(party)
        elif name not in others or party is not None:
            meant = next((id_ for id_, each in known.items() if _letters(name) in _spellings(each)), None)
            Scope(faults=faults, file=kind).fault(unknown(kind, name, known, meant))
    return tuple(found)


def _spellings(party: Party) -> set[str]:
    return {_letters(party.id), _letters(party.title)}


def _letters(name: str) -> str:
    """The name without what people write in different ways: ``T-Mobile``, ``t_mobile``, ``T Mobile``."""
    return "".join(filter(str.isalnum, name)).lower()


def _load_default(faults: list[str], path: Path, selection: Selection) -> KnownLimits:
    scope = file_scope(faults, path)
    raw = read_toml(scope, path)
    if raw is None:
        return KnownLimits(names=None, selection=selection)
    names = names_in(raw)
    file = read_file(scope, raw)
    if file is None:
        return KnownLimits(names=names, selection=selection)
    _inspect_senders(scope.at("sender"), numbers(file))
    _inspect_transcoding(scope.at("transcoding"), file)
    return KnownLimits(
        default=numbers(file, transcoding=selection.transcoding), names=names, selection=selection
    )


def _load_party(faults: list[str], path: Path, base: KnownLimits) -> Party | None:
    scope = file_scope(faults, path)
    raw = read_toml(scope, path)
    if raw is None:
        return None
    inspect(scope, path.stem, Kebab)
    file = read_file(scope, raw)
    if file is None or file.name is None or file.kind is None:
        for key in ("name", "kind") if file else ():
            if getattr(file, key) is None:
                scope.at(key).fault("missing, expected whose numbers these are")
        return None
    _inspect_party(scope, file, base)
    return Party(id=path.stem, title=file.name, kind=file.kind, numbers=numbers(file))


def _inspect_party(scope: Scope, file: LimitFile, base: KnownLimits) -> None:
    """A party's numbers: upper limits of names that exist, in the unit of that name."""
    if file.kind == "carrier" and file.country is None:
        scope.at("country").fault("missing, expected a carrier's country, such as 'US'")
    if file.country is not None and not _COUNTRY.match(file.country):
        expected = "expected two capitals (ISO 3166-1), such as 'US'"
        scope.at("country").fault(f"{shorten(file.country)} is no code of a country, {expected}")
    for name in file.transcoding:
        scope.at("transcoding").at(name).fault(f"not for a {file.kind}, expected it only in {DEFAULT}")
    if base.names is None:
        return
    more = PROVIDER_LIMITS if file.kind == "provider" else {}
    for place, name, entry in placed(scope, file):
        unit = more.get(name) or _unit(base.default, name)
        if name not in base.names | more.keys():
            place.fault(unknown("limit", name, base.names | more.keys()))
        elif name.endswith(LOWER):
            place.fault(f"a lower limit ({LOWER}), expected only upper ones in a {file.kind}'s file")
        elif unit is not None and _measure(entry.unit) != _measure(unit):
            units = " or ".join(map(repr, sorted(SIZES) if unit in SIZES else [unit]))
            place.at("unit").fault(f"{entry.unit!r} is not the unit of {name}, expected {units}")


def _measure(unit: str) -> str:
    """The unit, or one for both ways of counting a message's bytes: each number is judged in its own."""
    # Not "bytes": which bytes are meant would not be known, and a size of the wrong ones is off by 37 %.
    return " or ".join(sorted(SIZES)) if unit in SIZES else unit


def _unit(default: Numbers, name: str) -> str | None:
    found = (limit.unit for sender in SenderType if (limit := default.of(name, sender)))
    return next(found, None)


def _inspect_senders(scope: Scope, default: Numbers) -> None:
    """Numbers that differ by sender: upper limits, of one unit, for every kind of sender."""
    for name in sorted({name for entries in default.senders.values() for name in entries}):
        found = {sender: default.of(name, sender) for sender in SenderType}
        units = sorted({limit.unit for limit in found.values() if limit})
        for sender, limit in found.items():
            place = scope.at(sender.value).at(name)
            if limit is None:
                place.fault(f"missing, expected a number here or for everybody under limits.{name}")
            elif name not in default.senders.get(sender, {}):
                continue
            elif name.endswith(LOWER):
                place.fault(f"a lower limit ({LOWER}), expected only upper ones to differ by sender")
            elif len(set(map(_measure, units))) > 1:
                place.at("unit").fault(f"units of {name} differ ({', '.join(units)}), expected one")


def _inspect_transcoding(scope: Scope, file: LimitFile) -> None:
    """Transcoding may only allow more, of what has a number for everybody, in the same unit."""
    for name, entry in file.transcoding.items():
        place, usual = scope.at(name), file.limits.get(name)
        if usual is None:
            place.fault(f"no number without transcoding, expected one under limits.{name}")
        elif entry.unit != usual.unit:
            place.at("unit").fault(f"{entry.unit!r} is not the unit of {name}, expected {usual.unit!r}")
        elif entry.value < usual.value:
            place.at("value").fault(f"{entry.value} is less than without, expected at least {usual.value}")
