"""Profiles: which rules run for a purpose, in which order; and what may be changed of a rule.

A profile or the configuration may change severity and parameters. Every change is recorded with the old and
the new value, so that a report can show it. Setting a value to what it is already is no change. The floor
cannot be changed from here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import msgspec

from mmscheck.model.rule import Override, Rule
from mmscheck.model.words import Severity
from mmscheck.ruleset.fields import Filled, Kebab
from mmscheck.ruleset.floor import missing_floor, refuse
from mmscheck.ruleset.toml import Scope, file_scope, plain_params, read_table, read_toml, shorten, unknown


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A rule after changes, and the changes in the order they were made."""

    rule: Rule
    overrides: tuple[Override, ...] = ()


def change_severity(scope: Scope, changed: Changed, new: Severity | None, by: str) -> Changed:
    """The rule with another severity; unchanged after recording that it may not have it."""
    rule = changed.rule
    if new is None or new == rule.severity or refuse(scope, rule.id, f"made a {new.value}"):
        return changed
    override = Override(rule=rule.id, key="severity", old=rule.severity.value, new=new.value, by=by)
    rule = msgspec.structs.replace(rule, severity=new)
    return Changed(rule=rule, overrides=(*changed.overrides, override))


def change_params(scope: Scope, changed: Changed, new: Mapping[str, Any], by: str) -> Changed:
    """The rule with other parameters, which no longer come from limits; unchanged after a fault.

    A new number goes before those of single carriers as well, or it would not be what counts.
    """
    rule = changed.rule
    if not new or refuse(scope, rule.id, "given other parameters"):
        return changed
    old = plain_params(rule.params)
    new = {**_carriers(rule, old, new), **new}
    params = read_table(scope, {**old, **new}, rule.check.params)
    if params is None:
        return changed
    bound = plain_params(params)
    overrides = tuple(
        Override(rule=rule.id, key=key, old=old.get(key), new=bound.get(key), by=by)
        for key in new
        if bound.get(key) != old.get(key)
    )
    limits = {key: name for key, name in rule.limits.items() if key not in new}
    rule = msgspec.structs.replace(rule, params=params, limits=limits)
    return Changed(rule=rule, overrides=(*changed.overrides, *overrides))


def _carriers(rule: Rule, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Arrays of carriers' numbers that go by the same limit as a new number, with that number instead."""
    numbers = {rule.limits[key]: value for key, value in new.items() if key in rule.limits}
    return {
        key: [{**each, "maximum": numbers[name], "own": False, "source": ""} for each in old[key]]
        for key, name in rule.limits.items()
        if name in numbers and key not in new and isinstance(old.get(key), list | tuple) and old[key]
    }


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
