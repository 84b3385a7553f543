"""The files of ``rules/providers`` to other providers, strictly: every fault at once, with file and key."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from mmscheck.errors import RuleSetError
from mmscheck.model.provider import OwnLimit, Provider
from mmscheck.model.words import SenderType
from mmscheck.ruleset.folder import claim, packaged_root
from mmscheck.ruleset.limits import KnownLimits, Numbers, Party, Selection, load_limits
from mmscheck.ruleset.toml import Scope, file_scope, read_table, read_toml, unknown

_OURS = ("id", "limits")
"""What the loader puts in: the file's name, and the numbers of the file of limits that has it."""


def load_providers(
    faults: list[str], files: Collection[Path], rules: Collection[str], limits: KnownLimits
) -> tuple[Provider, ...]:
    """Every provider of the files, in their order; ``rules`` are the ids of all rules."""
    parties = {party.id: party for party in limits.every_provider}
    read = [_read(faults, path, rules, parties) for path in files]
    return tuple(provider for provider in read if provider is not None)


@functools.cache
def other_providers() -> tuple[Provider, ...]:
    """The providers that belong to this program, by id; RuleSetError with every fault of their files."""
    faults: list[str] = []
    folder = claim(faults, packaged_root())
    limits = load_limits(faults, folder.limits, Selection())
    found = load_providers(faults, folder.providers, [path.stem for path in folder.rules], limits)
    if faults:
        raise RuleSetError(faults)
    return found


def _read(
    faults: list[str], path: Path, rules: Collection[str], parties: Mapping[str, Party]
) -> Provider | None:
    scope = file_scope(faults, path)
    raw = read_toml(scope, path)
    if raw is None:
        return None
    before = len(faults)
    for key in _OURS:
        if key in raw:
            scope.at(key).fault(f"unknown key {key!r}, expected it in no file")
    provider = read_table(scope, raw, Provider)
    if provider is None:
        return None
    _inspect(scope, provider, rules)
    party = parties.get(path.stem)
    if party is None:
        scope.fault(f"{path.stem!r} has no numbers, expected a file of limits of that name")
    if party is None or len(faults) > before:
        return None
    return msgspec.structs.replace(
        provider, id=path.stem, limits=tuple(_numbers(party.numbers, provider.unheld))
    )


def _inspect(scope: Scope, provider: Provider, rules: Collection[str]) -> None:
    """That every rule and every field that is named is there."""
    for table in ("states", "codes"):
        for rule in getattr(provider, table):
            if rule not in rules:
                scope.at(table).at(rule).fault(unknown("rule", rule, rules))
    known = {part for path in provider.fields for part in _and_above(path)}
    for at, need in enumerate(provider.needs):
        for name in need.one_of:
            if name not in known:
                scope.at("needs").at(at).at("one_of").fault(unknown("field", name, known))
    for path, field in provider.fields.items():
        for name in field.only_with:
            if name not in provider.fields:
                place = scope.at("fields").at(path).at("only_with")
                place.fault(unknown("field", name, provider.fields))


def _and_above(path: str) -> Iterator[str]:
    """The path, and those of all that it lies in, arrays without their brackets."""
    parts = path.split(".")
    for end in range(1, len(parts) + 1):
        above = ".".join(parts[:end])
        yield above
        yield above.removesuffix("[]")


def _numbers(numbers: Numbers, unheld: Collection[str]) -> Iterator[OwnLimit]:
    tables: tuple[tuple[SenderType | None, Mapping[str, Any]], ...] = (
        (None, numbers.everybody),
        *numbers.senders.items(),
    )
    for sender, limits in tables:
        for name, limit in limits.items():
            if name in unheld:
                continue
            source = f"{limit.source} (checked {limit.checked})"
            yield OwnLimit(name=name, sender=sender, maximum=int(limit.value), source=source)
