"""Every rule, as its file has it or as a profile changes it: where its file is, which numbers it may get."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec

from mmscheck.checks import CHECKS
from mmscheck.errors import RuleSetError
from mmscheck.model.rule import Limit, Rule
from mmscheck.report.rule_entry import Number, RuleEntry
from mmscheck.ruleset import Config, load_all_rules, load_ruleset
from mmscheck.ruleset.folder import Folder, claim, packaged_root

_PARTIES: Mapping[str, str] = MappingProxyType({"carriers": "carrier", "providers": "provider"})
"""The tables of a rule file whose parameters get a number for each carrier or other provider at hand."""


class _Published(msgspec.Struct, frozen=True, kw_only=True):
    """A number of a limits file: its name, for whom, and the kind of file (empty: the default one)."""

    name: str
    whose: str
    kind: str
    limit: Limit


def read_entries(config: Config, profile: str | None = None) -> tuple[RuleEntry, ...]:
    """Every rule as its file has it, or those of a profile as it and the configuration change them.

    In the order of their ids, or of the profile. Raises RuleSetError with every fault of every file.
    """
    if profile is None:
        rules = load_all_rules(checks=CHECKS, config=config)
    else:
        rules = load_ruleset(checks=CHECKS, profile=profile, config=config).rules
    files, published = rule_files(config), _published(packaged_root())
    distinct = {rule.id: rule for rule in rules}
    return tuple(_entry(rule, files[rule.id], published) for rule in distinct.values())


def find_faults(config: Config) -> tuple[str, ...]:
    """Every fault of the files, and of the configuration under every profile, each once."""
    try:
        load_all_rules(checks=CHECKS, config=config)
    except RuleSetError as error:
        return error.faults
    faults: list[str] = []
    for name in (None, *profiles(config)):  # None: the one that the configuration names
        try:
            load_ruleset(checks=CHECKS, profile=name, config=config)
        except RuleSetError as error:
            faults += error.faults
    return tuple(dict.fromkeys(faults))


def rules_in_no_profile(config: Config) -> tuple[Path, ...]:
    """The files of rules that no profile applies, so that no check is ever held to them."""
    loaded = (load_ruleset(checks=CHECKS, profile=name, config=config) for name in profiles(config))
    applied = {rule.id for ruleset in loaded for rule in ruleset.rules}
    return tuple(file for name, file in rule_files(config).items() if name not in applied)


def rule_files(config: Config) -> dict[str, Path]:
    """Where the file of each rule is, by id."""
    return {path.stem: path for claimed in _claimed(config) for path in claimed.rules}


def profiles(config: Config) -> tuple[str, ...]:
    """The names of all profiles, sorted."""
    return tuple(sorted({path.stem for claimed in _claimed(config) for path in claimed.profiles}))


def count_limits() -> int:
    """How many numbers all limits files hold together."""
    return len(_published(packaged_root()))


def count_servers(config: Config) -> int:
    """How many servers, CDNs, walls and the like all folders describe."""
    files = [path for claimed in _claimed(config) for path in claimed.servers]
    return sum(len(tomllib.loads(path.read_text(encoding="utf-8"))["servers"]) for path in files)


def _claimed(config: Config) -> Iterator[Folder]:
    """The files of the program's own folder, then those of each of the configuration's."""
    yield claim([], packaged_root())
    yield from (claim([], root, extra=True) for root in config.extra_rules)


def _entry(rule: Rule, file: Path, published: Sequence[_Published]) -> RuleEntry:
    raw = tomllib.loads(file.read_text(encoding="utf-8"))
    parties = {param: party for table, party in _PARTIES.items() for param in raw.get(table, {})}
    numbers = (
        Number(param=param, name=name, **{**msgspec.structs.asdict(row.limit), "whose": row.whose})
        for param, name in rule.limits.items()
        for row in published
        if row.name == name and row.kind in _kinds(parties.get(param, ""))
    )
    return RuleEntry(rule=rule, family=file.parent.name, numbers=tuple(numbers), parties=parties)


def _kinds(party: str) -> tuple[str, ...]:
    """Whose numbers a parameter may get: the general ones do for carriers, and where none is named."""
    return ("", party) if party == "carrier" else (party,)


def _published(root: Path) -> tuple[_Published, ...]:
    """Every number of the limits files, which a strict load has accepted, ``default.toml`` first."""
    files = sorted(claim([], root).limits, key=lambda path: (path.stem != "default", path.stem))
    return tuple(number for path in files for number in _in_file(path))


def _in_file(path: Path) -> Iterator[_Published]:
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    named = (raw["name"],) if "name" in raw else ()
    tables = {
        "": raw.get("limits", {}),
        "with transcoding": raw.get("transcoding", {}),
        **raw.get("sender", {}),
    }
    for whose, table in tables.items():
        for name, row in table.items():
            label = ", ".join((*named, *([whose] if whose else ())))
            limit = msgspec.convert(row, Limit)
            yield _Published(name=name, whose=label, kind=raw.get("kind", ""), limit=limit)
