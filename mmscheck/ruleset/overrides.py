"""What a profile or the configuration may change of a rule: its severity and its parameters.

Every change is recorded with the old and the new value, so that a report can show it. Setting a value
to what it is already is no change. The floor cannot be changed from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mmscheck.model.rule import Override, Rule
from mmscheck.model.words import Severity
from mmscheck.ruleset.floor import refuse
from mmscheck.ruleset.params import plain_params
from mmscheck.ruleset.scope import Scope
from mmscheck.ruleset.table import read_table


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
