"""Rules folders, a profile and a configuration to one RuleSet, or every fault there is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mmscheck.errors import RuleSetError
from mmscheck.model.check import Check
from mmscheck.model.rule import Rule, RuleSet
from mmscheck.model.words import SenderType
from mmscheck.ruleset.catalogue import Catalogue, read_catalogue
from mmscheck.ruleset.config import Config
from mmscheck.ruleset.configure import configure
from mmscheck.ruleset.digest import digest
from mmscheck.ruleset.folder import packaged_root
from mmscheck.ruleset.limits import Limits
from mmscheck.ruleset.overrides import Changed
from mmscheck.ruleset.scope import Scope, file_scope, unknown

DEFAULT_PROFILE = "send"
"""The profile when neither the caller nor the configuration names one."""

ANY_SENDER = "any"
"""What a rule set says of the sender when its kind is not known."""


def load_ruleset(
    *,
    checks: Mapping[str, Check],
    profile: str | None = None,
    sender: SenderType | None = None,
    config: Config | None = None,
    root: Path | None = None,
) -> RuleSet:
    """The rules of one profile, changed and bound, in the profile's order.

    ``profile`` and ``sender`` go before those of the configuration; without any the profile is ``send``
    and the limits are the tightest. Rules of extra folders that the profile does not list come after
    it, by id. Every file of every folder is read, also what the profile does not use. RuleSetError
    names all faults.
    """
    faults: list[str] = []
    sender = _sender(faults, sender, config)
    catalogue = _catalogue(faults, checks, sender, config, root)
    name = _profile_name(faults, catalogue, profile, config)
    selected = _selected(catalogue, name)
    if config is not None:
        selected = configure(faults, catalogue, selected, config)
    if faults:
        raise RuleSetError(faults)
    return _ruleset(catalogue.limits, name, sender, selected)


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
    catalogue = _catalogue(faults, checks, _sender(faults, sender, config), config, root)
    if faults:
        raise RuleSetError(faults)
    return tuple(catalogue.rules[rule_id] for rule_id in sorted(catalogue.rules))


def _catalogue(
    faults: list[str],
    checks: Mapping[str, Check],
    sender: SenderType | None,
    config: Config | None,
    root: Path | None,
) -> Catalogue:
    return read_catalogue(
        faults,
        checks=checks,
        sender=sender,
        root=root or packaged_root(),
        extra_roots=config.extra_rules if config else (),
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


def _ruleset(known: Limits, name: str, sender: SenderType | None, selected: tuple[Changed, ...]) -> RuleSet:
    rules = tuple(changed.rule for changed in selected)
    overrides = tuple(override for changed in selected for override in changed.overrides)
    names = sorted({limit for rule in rules for limit in rule.limits.values()})
    limits = {each: limit for each in names if (limit := known.find(each)) is not None}
    shown = sender.value if sender else ANY_SENDER
    return RuleSet(
        profile=name,
        rules=rules,
        digest=digest(profile=name, sender=shown, rules=rules, limits=limits, overrides=overrides),
        sender=shown,
        overrides=overrides,
        limits=limits,
    )
