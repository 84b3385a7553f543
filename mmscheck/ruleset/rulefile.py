"""One rule file to a Rule, with all that is wrong in it named at once: keys, parameters, placeholders."""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from mmscheck.model.check import Check
from mmscheck.model.rule import Rule, Wording
from mmscheck.model.words import Owner, Severity, TargetKind
from mmscheck.ruleset.fields import Filled, Kebab, ProviderCode
from mmscheck.ruleset.floor import guard
from mmscheck.ruleset.limits import PROVIDER_LIMITS, KnownLimits
from mmscheck.ruleset.toml import (
    Scope,
    convert,
    fields_of,
    file_scope,
    inspect,
    inspect_struct,
    read_table,
    read_toml,
    shorten,
    unknown,
)


def bind_params(scope: Scope, kind: type[msgspec.Struct], raw: Mapping[str, Any], limits: KnownLimits) -> Any:
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


def _inspect_names(
    scope: Scope, kind: type[msgspec.Struct], named: Mapping[str, object], taken: Mapping[str, str]
) -> None:
    known = fields_of(kind)
    for key in named:
        if key not in known:
            scope.at(key).fault(unknown("parameter", key, known))
        if key in taken:
            scope.at(key).fault(f"also in {taken[key]}, expected it in one of the two")


def _value(scope: Scope, table: str, name: object, limits: KnownLimits) -> object:
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


ALWAYS = frozenset({"source", "slide", "url", "kind", "line"})
"""Where a finding is: names every text may use."""


def inspect_wording(scope: Scope, text: object, reports: frozenset[str]) -> None:
    """Record every placeholder in ``failed`` and ``cant_tell`` that nothing would fill.

    ``failed`` may use what the check reports, ``cant_tell`` the reason. Texts that are no strings are
    somebody else's fault to find.
    """
    if not isinstance(text, dict):
        return
    for key, allowed in (("failed", ALWAYS | reports), ("cant_tell", ALWAYS | {"reason"})):
        if isinstance(text.get(key), str):
            _inspect_template(scope.at(key), text[key], allowed)


def _inspect_template(scope: Scope, template: str, allowed: frozenset[str]) -> None:
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        scope.fault(f"not a template ({error}), expected {{name}}, and {{{{ or }}}} for a brace")
        return
    for _, name, layout, conversion in parts:
        if name is None:
            continue
        if name not in allowed:
            scope.fault(unknown("placeholder", name, allowed))
        if layout or conversion:
            scope.fault(f"placeholder {name!r} is laid out, expected plain {{{name}}}")


class RuleText(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a rule; the last two are templates."""

    why: Filled
    fix: Filled
    failed: Filled
    cant_tell: Filled


class RuleFile(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of mmscheck: one file, whose name is the id, naming one check."""

    id: Kebab
    title: Filled
    severity: Severity
    target: TargetKind
    owner: Owner
    check: Filled
    provider_codes: tuple[ProviderCode, ...]
    source: Filled
    text: RuleText
    params: dict[str, Any] = {}
    limits: dict[str, Filled] = {}
    carriers: dict[str, Filled] = {}
    providers: dict[str, Filled] = {}


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """What every rule file of one load is read against."""

    checks: Mapping[str, Check]
    limits: KnownLimits

    def read(self, faults: list[str], path: Path) -> Rule | None:
        """The rule in this file; None when it, or a limit it names, is faulty."""
        scope = file_scope(faults, path)
        raw = read_toml(scope, path)
        if raw is None:
            return None
        before = len(faults)
        file = read_table(scope, raw, RuleFile)
        _inspect_id(scope, raw.get("id"), path)
        check = self._check(scope, raw)
        if check is None:
            return None
        inspect_wording(scope.at("text"), raw.get("text"), check.reports)
        params = bind_params(scope, check.params, raw, self.limits)
        guard(scope, path.stem, raw, params)
        if file is None or params is None or len(faults) > before:
            return None
        return _rule(file, check, params)

    def _check(self, scope: Scope, raw: dict[str, Any]) -> Check | None:
        """The check the file names, when it exists and looks at the same kind of target."""
        name, target = raw.get("check"), raw.get("target")
        if not isinstance(name, str):
            return None
        check = self.checks.get(name)
        if check is None:
            scope.at("check").fault(unknown("check", name, self.checks))
        elif target in list(TargetKind) and target != check.target:
            what = f"{target!r} is not what check {name!r} looks at, expected {check.target.value!r}"
            scope.at("target").fault(what)
        return check


def _inspect_id(scope: Scope, given: object, path: Path) -> None:
    if isinstance(given, str) and given != path.stem:
        what = f"{shorten(given)} is not the file's name, expected {shorten(path.stem)}"
        scope.at("id").fault(what)


_AS_WRITTEN = frozenset(RuleFile.__struct_fields__).intersection(Rule.__struct_fields__) - {
    *("check", "params", "text", "limits")
}
"""Keys of a rule file that mean the same in the rule, so that a new one is named in the two classes only."""


def _rule(file: RuleFile, check: Check, params: Any) -> Rule:
    return Rule(
        check=check,
        params=params,
        text=Wording(**msgspec.structs.asdict(file.text)),
        limits={**file.limits, **file.carriers, **file.providers},
        **{name: getattr(file, name) for name in _AS_WRITTEN},
    )
