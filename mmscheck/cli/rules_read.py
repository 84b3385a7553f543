"""What the rules commands read: the configuration, the rules, and where each stands."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import click
import msgspec

from mmscheck.checks import CHECKS
from mmscheck.model.rule import Rule
from mmscheck.report.rule_entry import Entry, Number
from mmscheck.ruleset import (
    Config,
    PublishedLimit,
    find_config,
    load_all_rules,
    load_config,
    load_ruleset,
    published_limits,
)
from mmscheck.ruleset.folder import claim, packaged_root

CONFIG = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Default: mmscheck.toml, upward.",
)
"""The option that all of them share."""


_PARTIES: Mapping[str, str] = MappingProxyType({"carriers": "carrier", "providers": "provider"})
"""The tables of a rule file whose parameters get a number for each carrier or other provider at hand."""


def configuration(file: Path | None, extra: tuple[Path, ...] = ()) -> Config:
    """The named configuration, or the one found upward from here, or none, with more rule folders.

    Raises RuleSetError.
    """
    found = file or find_config(Path())
    return with_folders(load_config(found) if found else Config(), extra)


def with_folders(config: Config, extra: tuple[Path, ...]) -> Config:
    """The configuration with more rule folders; those it has, and the program's own, are not added again."""
    folders = {packaged_root().resolve(): packaged_root()}
    for folder in (*config.extra_rules, *extra):
        folders.setdefault(folder.resolve(), folder)
    return msgspec.structs.replace(config, extra_rules=tuple(folders.values())[1:])


def read_entries(config: Config, profile: str | None = None) -> tuple[Entry, ...]:
    """Every rule as its file has it, or those of a profile as it and the configuration change them.

    In the order of their ids, or of the profile. Raises RuleSetError with every fault of every file.
    """
    if profile is None:
        rules = load_all_rules(checks=CHECKS, config=config)
    else:
        rules = load_ruleset(checks=CHECKS, profile=profile, config=config).rules
    files, published = rule_files(config), _numbers()
    distinct = {rule.id: rule for rule in rules}
    return tuple(_entry(rule, files[rule.id], published) for rule in distinct.values())


def rule_files(config: Config) -> dict[str, Path]:
    """Where the file of each rule is, by id."""
    own = claim([], packaged_root()).rules
    extras = (path for root in config.extra_rules for path in claim([], root, extra=True).rules)
    return {path.stem: path for path in (*own, *extras)}


def profiles(config: Config) -> tuple[str, ...]:
    """The names of all profiles, sorted."""
    own = claim([], packaged_root()).profiles
    extras = (path for root in config.extra_rules for path in claim([], root, extra=True).profiles)
    return tuple(sorted({path.stem for path in (*own, *extras)}))


def count_limits() -> int:
    """How many numbers all limits files hold together."""
    return len(_numbers())


def count_servers(config: Config) -> int:
    """How many servers, CDNs, walls and the like all folders describe."""
    own = claim([], packaged_root()).servers
    extras = (path for root in config.extra_rules for path in claim([], root, extra=True).servers)
    return sum(len(tomllib.loads(path.read_text(encoding="utf-8"))["servers"]) for path in (*own, *extras))


def _entry(rule: Rule, file: Path, published: Sequence[PublishedLimit]) -> Entry:
    raw = tomllib.loads(file.read_text(encoding="utf-8"))
    parties = {param: party for table, party in _PARTIES.items() for param in raw.get(table, {})}
    numbers = (
        Number(param=param, name=name, **{**msgspec.structs.asdict(row.limit), "whose": _whose(row)})
        for param, name in rule.limits.items()
        for row in published
        if row.name == name and row.kind in _kinds(parties.get(param, ""))
    )
    return Entry(rule=rule, family=file.parent.name, numbers=tuple(numbers), parties=parties)


def _kinds(party: str) -> tuple[str, ...]:
    """Whose numbers a parameter may get: the general ones do for carriers, and where none is named."""
    return ("", party) if party == "carrier" else (party,)


def _numbers() -> tuple[PublishedLimit, ...]:
    """Every published number in the order of telling: those for everybody, with transcoding, by sender."""
    published = published_limits()
    files = list(dict.fromkeys(each.file for each in published))
    rank = {"limits": 0, "transcoding": 1}
    return tuple(sorted(published, key=lambda each: (files.index(each.file), rank.get(each.table, 2))))


def _whose(number: PublishedLimit) -> str:
    """For whom a number holds; empty for everybody."""
    table = number.table.removeprefix("sender.").replace("transcoding", "with transcoding")
    return ", ".join(part for part in (number.title, "" if table == "limits" else table) if part)
