"""One rule file to a Rule, with all that is wrong in it named at once: keys, parameters, placeholders."""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from mmscheck.model.check import Check
from mmscheck.model.observation import REASONS
from mmscheck.model.rule import Follow, Rule, Wording
from mmscheck.model.words import Because, Document, Outcome, Owner, Severity, TargetKind
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
    documents: tuple[Document, ...] = tuple(Document)
    params: dict[str, Any] = {}
    limits: dict[str, Filled] = {}
    carriers: dict[str, Filled] = {}
    providers: dict[str, Filled] = {}
    follows: tuple[Kebab, ...] = ()
    follows_when: dict[Kebab, tuple[Kebab, ...]] = {}


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
        if file is not None:
            _inspect_follows(scope, file)
            _inspect_documents(scope.at("documents"), file.documents)
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


WHEN = frozenset({Outcome.FAILED.value, Outcome.CANT_TELL.value, *Because, *REASONS.values()})
"""What a finding may have to be to follow from another."""


def _inspect_follows(scope: Scope, file: RuleFile) -> None:
    """That the conditions are of rules that it follows, and in words that a finding can have."""
    for rule, words in file.follows_when.items():
        place = scope.at("follows_when").at(rule)
        if rule not in file.follows:
            place.fault(unknown("rule", rule, file.follows) + ", as in follows")
        for at, word in enumerate(words):
            if word not in WHEN:
                place.at(at).fault(unknown("word", word, WHEN))


def _inspect_documents(scope: Scope, documents: tuple[Document, ...]) -> None:
    """That there is one at all, and each once: a rule for nothing would pass for one that holds."""
    if not documents:
        scope.fault("empty, expected at least one kind of document")
    for at, each in enumerate(documents):
        if each in documents[:at]:
            scope.at(at).fault(f"duplicate {each.value!r}, expected each kind once")


def inspect_causes(faults: list[str], files: Mapping[str, Path], rules: Mapping[str, Rule]) -> None:
    """Record which rules follow one that is not there, one about something else, or at last themselves."""
    for rule in rules.values():
        scope = file_scope(faults, files[rule.id]).at("follows")
        for at, follow in enumerate(rule.follows):
            cause = rules.get(follow.rule)
            if follow.rule not in files:
                what = unknown("rule", follow.rule, files)
                scope.at(at).fault(f"{what} (line {_line(files[rule.id], follow.rule)})")
            elif cause is not None and cause.target is not rule.target:
                what = f"{follow.rule!r} is about a {cause.target.value}, and this rule about a"
                scope.at(at).fault(f"{what} {rule.target.value}")
        if rule.id in _beyond(rule.id, rules):
            scope.fault("leads back to this rule, expected no circle among findings that failed")


def _line(path: Path, rule_id: str) -> int:
    """The first line of a rule file that names another rule."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(at for at, line in enumerate(lines, 1) if f'"{rule_id}"' in line or f"'{rule_id}'" in line)


def _beyond(rule_id: str, rules: Mapping[str, Rule]) -> set[str]:
    """Every rule that a failure of this one may follow from, at however many removes."""
    reached: set[str] = set()
    waiting = [rule_id]
    while waiting:
        rule = rules.get(waiting.pop())
        causes = {each.rule for each in rule.follows if each.when != _UNDECIDED} if rule else set()
        waiting += causes - reached
        reached |= causes
    return reached


_UNDECIDED = (Outcome.CANT_TELL.value,)


_AS_WRITTEN = frozenset(RuleFile.__struct_fields__).intersection(Rule.__struct_fields__) - {
    *("check", "params", "text", "limits", "follows")
}
"""Keys of a rule file that mean the same in the rule, so that a new one is named in the two classes only."""


def _rule(file: RuleFile, check: Check, params: Any) -> Rule:
    return Rule(
        check=check,
        params=params,
        text=Wording(**msgspec.structs.asdict(file.text)),
        limits={**file.limits, **file.carriers, **file.providers},
        follows=tuple(Follow(rule=each, when=file.follows_when.get(each, ())) for each in file.follows),
        **{name: getattr(file, name) for name in _AS_WRITTEN},
    )
