"""Profiles: which rules run for a purpose, in which order, with which changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import msgspec

from mmscheck.model.rule import Rule
from mmscheck.model.words import Severity
from mmscheck.ruleset.fields import Filled, Kebab
from mmscheck.ruleset.floor import missing_floor
from mmscheck.ruleset.overrides import Changed, change_params, change_severity
from mmscheck.ruleset.scope import Scope, file_scope, shorten, unknown
from mmscheck.ruleset.table import read_table
from mmscheck.ruleset.tomlfile import read_toml

OFFLINE = "lint"
"""The one purpose that never permits anything, so that it may do without the floor."""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A profile file as written; ``rules`` gives the order."""

    id: Kebab
    title: Filled
    rules: tuple[str, ...]
    severity: dict[str, Severity] = {}
    params: dict[str, dict[str, Any]] = {}


class Selected(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of a profile, changed as it says, in its order."""

    id: str
    rules: tuple[Changed, ...]


def load_profile(
    faults: list[str],
    path: Path,
    rules: Mapping[str, Rule],
    known: Collection[str],
    *,
    may_omit_floor: bool,
) -> Selected | None:
    """The profile in this file applied to ``rules``; None when it cannot be read.

    ``known`` holds the ids of all rule files, also of those that are faulty and so not in ``rules``.
    """
    scope = file_scope(faults, path)
    raw = read_toml(scope, path)
    if raw is None:
        return None
    profile = read_table(scope, raw, Profile)
    if isinstance(raw.get("id"), str) and raw["id"] != path.stem:
        what = f"{shorten(raw['id'])} is not the file's name, expected {shorten(path.stem)}"
        scope.at("id").fault(what)
    if profile is None:
        return None
    _inspect_selection(scope, profile, known)
    if not may_omit_floor:
        for rule_id in missing_floor(profile.rules):
            scope.at("rules").fault(f"lacks {rule_id!r}, expected every rule of the floor")
    by = f"profile {profile.id}"
    changed = (_change(scope, profile, rules[each], by) for each in profile.rules if each in rules)
    return Selected(id=profile.id, rules=tuple(changed))


def _change(scope: Scope, profile: Profile, rule: Rule, by: str) -> Changed:
    changed = Changed(rule=rule)
    severity = profile.severity.get(rule.id)
    changed = change_severity(scope.at("severity").at(rule.id), changed, severity, by)
    return change_params(scope.at("params").at(rule.id), changed, profile.params.get(rule.id, {}), by)


def _inspect_selection(scope: Scope, profile: Profile, known: Collection[str]) -> None:
    if not profile.rules:
        scope.at("rules").fault("empty, expected at least one rule id")
    for position, rule_id in enumerate(profile.rules):
        place = scope.at("rules").at(position)
        if rule_id not in known:
            place.fault(unknown("rule", rule_id, known))
        elif rule_id in profile.rules[:position]:
            place.fault(f"duplicate rule {rule_id!r}, expected each rule once")
    for table in ("severity", "params"):
        for rule_id in getattr(profile, table):
            if rule_id not in profile.rules:
                scope.at(table).at(rule_id).fault(unknown("rule of this profile", rule_id, profile.rules))
