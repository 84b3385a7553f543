"""A configuration applied to the selected rules."""

from __future__ import annotations

from mmscheck.ruleset.catalogue import Catalogue
from mmscheck.ruleset.config import Change, Config
from mmscheck.ruleset.overrides import Changed, change_params, change_severity
from mmscheck.ruleset.scope import Scope, file_scope, unknown
from mmscheck.ruleset.waivers import inspect_waived_rules, inspect_waivers


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
            changed[rule_id] = _change(place, changed[rule_id], change, config.path.name)
        elif rule_id not in catalogue.known:
            place.fault(unknown("rule", rule_id, catalogue.known))
    return tuple(changed[each.rule.id] for each in selected)


def _change(scope: Scope, changed: Changed, change: Change, by: str) -> Changed:
    changed = change_severity(scope.at("severity"), changed, change.severity, by)
    return change_params(scope.at("params"), changed, change.params, by)
