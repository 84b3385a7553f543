"""Rules folders, a profile and a configuration to one RuleSet, or every fault there is."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from mmscheck.base.version import VERSION
from mmscheck.errors import RuleSetError
from mmscheck.model.check import Check
from mmscheck.model.provider import Provider
from mmscheck.model.rule import Limit, Override, Rule, RuleSet
from mmscheck.model.server import Server
from mmscheck.model.vocabulary import NOTHING, Vocabulary
from mmscheck.model.waiver import Waiver
from mmscheck.model.words import SenderType
from mmscheck.ruleset.catalogue import Catalogue, read_catalogue
from mmscheck.ruleset.config import Config, RuleTable, inspect_waived_rules, inspect_waivers
from mmscheck.ruleset.folder import packaged_root
from mmscheck.ruleset.limits import Selection
from mmscheck.ruleset.profiles import OFFLINE, Changed, change_params, change_severity
from mmscheck.ruleset.toml import Scope, file_scope, plain_params, unknown
from mmscheck.ruleset.words import choose

DEFAULT_PROFILE = "send"
"""The profile when neither the caller nor the configuration names one."""

ANY_SENDER = "any"
"""What a rule set says of the sender when its kind is not known."""


def load_ruleset(
    *,
    checks: Mapping[str, Check],
    profile: str | None = None,
    sender: SenderType | None = None,
    carriers: Sequence[str] = (),
    providers: Sequence[str] = (),
    transcoding: bool | None = None,
    config: Config | None = None,
    root: Path | None = None,
) -> RuleSet:
    """The rules of one profile, changed and bound, in the profile's order.

    ``profile``, ``sender``, ``carriers``, ``providers`` (both by the names of their limits files) and
    ``transcoding`` go before those of the configuration; without any the profile is ``send``, the limits
    are the tightest, without transcoding, and no other provider is looked at.

    Rules of extra folders that the profile does not list come after it, by id. Every file of every folder
    is read, also what the profile does not use, but offline for those on servers other than pages.
    RuleSetError names all faults.
    """
    faults: list[str] = []
    selection = _selection(
        config,
        sender=_sender(faults, sender, config),
        carriers=tuple(carriers),
        providers=tuple(providers),
        transcoding=transcoding,
    )
    asked = profile or (config.profile if config else None)
    catalogue = _catalogue(faults, checks, selection, config, root, offline=asked == OFFLINE)
    name = _profile_name(faults, catalogue, profile, config)
    selected = _selected(catalogue, name)
    if config is not None:
        selected = configure(faults, catalogue, selected, config)
    vocabulary = choose(faults, catalogue.words, config)
    if faults:
        raise RuleSetError(faults)
    return _ruleset(catalogue, name, selected, config, vocabulary)


def load_all_rules(
    *,
    checks: Mapping[str, Check],
    sender: SenderType | None = None,
    config: Config | None = None,
    root: Path | None = None,
) -> tuple[Rule, ...]:
    """Every rule of every folder as its file has it, by id; RuleSetError names all faults.

    Profiles and limits are read as strictly as for a check, so this validates a whole folder.
    """
    faults: list[str] = []
    selection = _selection(config, sender=_sender(faults, sender, config))
    catalogue = _catalogue(faults, checks, selection, config, root)
    if faults:
        raise RuleSetError(faults)
    return tuple(catalogue.rules[rule_id] for rule_id in sorted(catalogue.rules))


def _catalogue(
    faults: list[str],
    checks: Mapping[str, Check],
    selection: Selection,
    config: Config | None,
    root: Path | None,
    *,
    offline: bool = False,
) -> Catalogue:
    return read_catalogue(
        faults,
        checks=checks,
        selection=selection,
        root=root or packaged_root(),
        extra_roots=config.extra_rules if config else (),
        offline=offline,
    )


def _selection(
    config: Config | None,
    *,
    sender: SenderType | None,
    carriers: tuple[str, ...] = (),
    providers: tuple[str, ...] = (),
    transcoding: bool | None = None,
) -> Selection:
    """What was asked for; where nothing was, what the configuration says."""
    given = config or Config()
    return Selection(
        sender=sender,
        carriers=tuple(dict.fromkeys(carriers or given.carriers)),
        providers=tuple(dict.fromkeys(providers or given.providers)),
        transcoding=given.transcoding if transcoding is None else transcoding,
    )


def _sender(faults: list[str], sender: SenderType | None, config: Config | None) -> SenderType | None:
    """The kind of sender asked for; a text that names none would leave the limits of all as the only ones."""
    if sender is None:
        return config.sender if config else None
    if sender not in list(SenderType):
        Scope(faults=faults, file="sender").fault(unknown("sender", sender, list(SenderType)))
        return None
    return SenderType(sender)


def _profile_name(faults: list[str], catalogue: Catalogue, profile: str | None, config: Config | None) -> str:
    if profile is None and config is not None and config.profile is not None:
        name, scope = config.profile, file_scope(faults, config.path).at("profile")
    else:
        name = DEFAULT_PROFILE if profile is None else profile
        scope = Scope(faults=faults, file="profile")
    if name not in catalogue.profile_names:
        scope.fault(unknown("profile", name, catalogue.profile_names))
    return name


def _selected(catalogue: Catalogue, name: str) -> tuple[Changed, ...]:
    profile = catalogue.profiles.get(name)
    listed = profile.rules if profile else ()
    more = catalogue.extra - {changed.rule.id for changed in listed}
    extra = (catalogue.rules[rule_id] for rule_id in sorted(more) if rule_id in catalogue.rules)
    return (*listed, *(Changed(rule=rule) for rule in extra))


def _ruleset(
    catalogue: Catalogue,
    name: str,
    selected: tuple[Changed, ...],
    config: Config | None,
    vocabulary: Vocabulary,
) -> RuleSet:
    known, servers = catalogue.limits, catalogue.servers
    waivers = config.waivers if config else ()
    # A configuration that no file holds is the program's own affair, and has a name only.
    of_file = config if config is not None and config.path.is_absolute() else None
    rules = tuple(changed.rule for changed in selected)
    overrides = tuple(override for changed in selected for override in changed.overrides)
    names = sorted({limit for rule in rules for limit in rule.limits.values()})
    limits = {each: limit for each in names if (limit := known.find(each)) is not None}
    asked = known.selection
    shown = asked.sender.value if asked.sender else ANY_SENDER
    return RuleSet(
        profile=name,
        rules=rules,
        digest=digest(
            profile=name,
            selection=asked,
            rules=rules,
            limits=limits,
            overrides=overrides,
            waivers=waivers,
            servers=servers,
            others=catalogue.others,
            vocabulary=vocabulary,
            config=of_file,
        ),
        sender=shown,
        carriers=asked.carriers,
        providers=asked.providers,
        transcoding=asked.transcoding,
        overrides=overrides,
        limits=limits,
        waivers=waivers,
        servers=servers,
        others=catalogue.others,
        vocabulary=vocabulary,
        configuration=str(of_file.path) if of_file else None,
    )


def configure(
    faults: list[str], catalogue: Catalogue, selected: tuple[Changed, ...], config: Config
) -> tuple[Changed, ...]:
    """The selected rules as the configuration changes them, in the same order.

    Changes of rules that are not selected are held to the same, so that a mistake in them is found
    before the profile that needs them.
    """
    scope = file_scope(faults, config.path)
    # A file's waivers have been through the first; a configuration made by a program has not.
    inspect_waivers(scope.at("waivers"), config.waivers)
    inspect_waived_rules(scope.at("waivers"), config.waivers, catalogue.known)
    changed = {rule_id: Changed(rule=rule) for rule_id, rule in catalogue.rules.items()}
    changed |= {each.rule.id: each for each in selected}
    for rule_id, change in config.rules.items():
        place = scope.at("rules").at(rule_id)
        if rule_id in changed:
            changed[rule_id] = _changed(place, changed[rule_id], change, config.path.name)
        elif rule_id not in catalogue.known:
            place.fault(unknown("rule", rule_id, catalogue.known))
    return tuple(changed[each.rule.id] for each in selected)


def _changed(scope: Scope, changed: Changed, change: RuleTable, by: str) -> Changed:
    changed = change_severity(scope.at("severity"), changed, change.severity, by)
    return change_params(scope.at("params"), changed, change.params, by)


def digest(
    *,
    profile: str,
    selection: Selection,
    rules: tuple[Rule, ...],
    limits: dict[str, Limit],
    overrides: tuple[Override, ...],
    waivers: tuple[Waiver, ...] = (),
    servers: tuple[Server, ...] = (),
    others: tuple[Provider, ...] = (),
    vocabulary: Vocabulary = NOTHING,
    config: Config | None = None,
) -> str:
    """``sha256:`` and the hex digest of a canonical JSON text: sorted keys and sets, no file paths."""
    shaped = {
        "version": VERSION,  # its checks are part of what decides
        "profile": profile,
        "selection": selection,
        "rules": [_plain_rule(rule) for rule in rules],
        "limits": limits,
        "overrides": overrides,
        "waivers": waivers,
        "servers": servers,
        "others": others,
        "vocabulary": vocabulary,
        "configuration": None if config is None else config_digest(config),
    }
    return "sha256:" + hashlib.sha256(msgspec.json.encode(shaped, order="sorted")).hexdigest()


_NO_RULES = frozenset({"path", "notify", "prices"})
"""Where it is, who is told of its results, and what messages cost: none changes a result."""


def config_digest(config: Config) -> str:
    """``sha256:`` and the hex digest of what a configuration says of checks; paths relative to its folder."""
    folder = config.path.parent
    said = {name: getattr(config, name) for name in config.__struct_fields__ if name not in _NO_RULES}

    def relative(path: Any) -> str:
        return os.path.relpath(path, folder) if isinstance(path, Path) else str(path)

    text = msgspec.json.encode(said, enc_hook=relative, order="sorted")
    return "sha256:" + hashlib.sha256(text).hexdigest()


def _plain_rule(rule: Rule) -> dict[str, Any]:
    fields = {name: getattr(rule, name) for name in rule.__struct_fields__}
    return {**fields, "check": rule.check.name, "params": plain_params(rule.params)}
