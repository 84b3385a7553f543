"""Limits files to the numbers of one selection, or every fault in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from mmscheck.model.rule import SIZES
from mmscheck.model.words import SenderType
from mmscheck.ruleset.fields import Kebab
from mmscheck.ruleset.limitfile import Kind, LimitFile, names_in, placed, read_file
from mmscheck.ruleset.limits import LOWER, PROVIDER_LIMITS, Limits, Numbers, Party, Selection, numbers
from mmscheck.ruleset.scope import Scope, file_scope, unknown
from mmscheck.ruleset.table import inspect
from mmscheck.ruleset.tomlfile import read_toml

DEFAULT = "default.toml"
"""The file whose numbers hold for everybody; carriers and providers have files of their own."""


def load_limits(faults: list[str], files: tuple[Path, ...], selection: Selection) -> Limits:
    """Read every limits file strictly; the numbers are those of the selection.

    A carrier's file may only name limits that ``default.toml`` has, a provider's also those of
    ``PROVIDER_LIMITS``. Unknown carriers and providers are faults.
    """
    default = next((path for path in files if path.name == DEFAULT), None)
    base = _load_default(faults, default, selection) if default else Limits(selection=selection)
    others = {path.stem: _load_party(faults, path, base) for path in files if path != default}
    return Limits(
        default=base.default,
        names=base.names,
        selection=selection,
        carriers=_selected(faults, "carrier", selection.carriers, others),
        providers=_selected(faults, "provider", selection.providers, others),
    )


def _selected(
    faults: list[str], kind: Kind, wanted: Iterable[str], others: Mapping[str, Party | None]
) -> tuple[Party, ...]:
    """The parties asked for, each once; a faulty file is its own fault and not also an unknown name."""
    known = [name for name, party in others.items() if party and party.kind == kind]
    found = []
    for name in dict.fromkeys(wanted):
        party = others.get(name)
        if party is not None and party.kind == kind:
            found.append(party)
        elif name not in others or party is not None:
            Scope(faults=faults, file=kind).fault(unknown(kind, name, known))
    return tuple(found)


def _load_default(faults: list[str], path: Path, selection: Selection) -> Limits:
    scope = file_scope(faults, path)
    raw = read_toml(scope, path)
    if raw is None:
        return Limits(names=None, selection=selection)
    names = names_in(raw)
    file = read_file(scope, raw)
    if file is None:
        return Limits(names=names, selection=selection)
    _inspect_senders(scope.at("sender"), numbers(file))
    _inspect_transcoding(scope.at("transcoding"), file)
    return Limits(default=numbers(file, transcoding=selection.transcoding), names=names, selection=selection)


def _load_party(faults: list[str], path: Path, base: Limits) -> Party | None:
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


def _inspect_party(scope: Scope, file: LimitFile, base: Limits) -> None:
    """A party's numbers: upper limits of names that exist, in the unit of that name."""
    if file.kind == "carrier" and file.country is None:
        scope.at("country").fault("missing, expected a carrier's country, such as 'US'")
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
            place.at("unit").fault(f"{entry.unit!r} is not the unit of {name}, expected {unit!r}")


def _measure(unit: str) -> str:
    """The unit, or one for both ways of counting a message's bytes: each number is judged in its own."""
    return "bytes" if unit in SIZES else unit


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
