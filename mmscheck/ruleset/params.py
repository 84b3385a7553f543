"""A rule's parameters: literal values and named limits put into the type the check asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mmscheck.ruleset.limits import Limits
from mmscheck.ruleset.scope import Scope, unknown
from mmscheck.ruleset.table import convert, inspect, inspect_struct


def bind_params(scope: Scope, kind: type[msgspec.Struct], raw: Mapping[str, Any], limits: Limits) -> Any:
    """The instance of a check's parameter type that a rule file's ``params`` and ``limits`` make.

    None after recording every fault, and also where one has been recorded already: ``params`` or
    ``limits`` that are no tables of the right kind, a number that the limits file lacks by a fault.
    """
    literal, named = raw.get("params", {}), raw.get("limits", {})
    if not isinstance(literal, dict) or not isinstance(named, dict):
        return None
    before = len(scope.faults)
    inspect_struct(scope.at("params"), literal, kind, supplied=named)
    place = scope.at("limits")
    _inspect_names(place, kind, named, literal)
    numbers = {key: _number(place.at(key), name, limits) for key, name in named.items()}
    _inspect_numbers(place, kind, numbers)
    if len(scope.faults) > before or None in numbers.values():
        return None
    return convert(scope.at("params"), {**literal, **numbers}, kind)


def plain_params(params: msgspec.Struct) -> dict[str, Any]:
    """Bound parameters as they would stand in a rule file, in a fixed order."""
    plain: dict[str, Any] = msgspec.to_builtins(params, order="deterministic")
    return plain


def _inspect_names(
    scope: Scope, kind: type[msgspec.Struct], named: Mapping[str, object], literal: Mapping[str, object]
) -> None:
    known = [field.encode_name for field in msgspec.structs.fields(kind)]
    for key in named:
        if key not in known:
            scope.at(key).fault(unknown("parameter", key, known))
        if key in literal:
            scope.at(key).fault("also in params, expected it in one of the two")


def _number(scope: Scope, name: object, limits: Limits) -> int | float | None:
    if not isinstance(name, str) or limits.names is None:
        return None
    if name not in limits.names:
        scope.fault(unknown("limit", name, limits.names))
        return None
    limit = limits.find(name)
    return limit.value if limit else None


def _inspect_numbers(scope: Scope, kind: type[msgspec.Struct], numbers: Mapping[str, object]) -> None:
    for field in msgspec.structs.fields(kind):
        number = numbers.get(field.encode_name)
        if number is not None:
            inspect(scope.at(field.encode_name), number, field.type)
