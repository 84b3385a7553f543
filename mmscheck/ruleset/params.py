"""A rule's parameters: literal values and named limits put into the type the check asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mmscheck.ruleset.limits import PROVIDER_LIMITS, Limits
from mmscheck.ruleset.scope import Scope, unknown
from mmscheck.ruleset.table import convert, fields_of, inspect, inspect_struct


def bind_params(scope: Scope, kind: type[msgspec.Struct], raw: Mapping[str, Any], limits: Limits) -> Any:
    """The instance of a check's parameter type that a rule file's ``params`` and ``limits`` make.

    None after recording every fault, and also where one has been recorded already: ``params`` or
    ``limits`` that are no tables of the right kind, a number that the limits file lacks by a fault.
    """
    literal = raw.get("params", {})
    tables = {table: raw.get(table, {}) for table in TABLES}
    if not all(isinstance(table, dict) for table in (literal, *tables.values())):
        return None
    before = len(scope.faults)
    inspect_struct(scope.at("params"), literal, kind, supplied={key for t in tables.values() for key in t})
    values, taken = dict(literal), dict.fromkeys(literal, "params")
    for table, named in tables.items():
        place = scope.at(table)
        _inspect_names(place, kind, named, taken)
        found = {key: _value(place.at(key), table, name, limits) for key, name in named.items()}
        _inspect_values(place, kind, found)
        values |= found
        taken |= dict.fromkeys(named, table)
    if len(scope.faults) > before or None in values.values():
        return None
    return convert(scope.at("params"), values, kind)


TABLES = ("limits", "carriers", "providers")
"""The tables of a rule file whose keys are parameters and whose values are names of limits.

Under ``limits`` a parameter gets one number; under the others an array of ``{name, maximum, own,
source}``, one for each carrier or other provider at hand.
"""


def plain_params(params: msgspec.Struct) -> dict[str, Any]:
    """Bound parameters as they would stand in a rule file, in a fixed order."""
    plain: dict[str, Any] = msgspec.to_builtins(params, order="deterministic")
    return plain


def _inspect_names(
    scope: Scope, kind: type[msgspec.Struct], named: Mapping[str, object], taken: Mapping[str, str]
) -> None:
    known = fields_of(kind)
    for key in named:
        if key not in known:
            scope.at(key).fault(unknown("parameter", key, known))
        if key in taken:
            scope.at(key).fault(f"also in {taken[key]}, expected it in one of the two")


def _value(scope: Scope, table: str, name: object, limits: Limits) -> object:
    """The number, or the array of numbers; None where a fault is or has been recorded."""
    if not isinstance(name, str) or limits.names is None:
        return None
    known = limits.names | (PROVIDER_LIMITS.keys() if table == "providers" else frozenset())
    if name not in known:
        scope.fault(unknown("limit", name, known))
        return None
    if table == "limits":
        limit = limits.find(name)
        return limit.value if limit else None
    return limits.of_carriers(name) if table == "carriers" else limits.of_providers(name)


def _inspect_values(scope: Scope, kind: type[msgspec.Struct], found: Mapping[str, object]) -> None:
    for name, field in fields_of(kind).items():
        value = found.get(name)
        if value is not None:
            inspect(scope.at(name), value, field.type)
