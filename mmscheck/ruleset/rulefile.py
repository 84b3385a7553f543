"""One rule file to a Rule, with everything that is wrong in it named at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from mmscheck.model.check import Check
from mmscheck.model.observation import REASONS
from mmscheck.model.rule import Follow, Rule, Wording
from mmscheck.model.words import Because, Outcome, Owner, Severity, TargetKind
from mmscheck.ruleset.fields import Filled, Kebab, ProviderCode
from mmscheck.ruleset.floor import guard
from mmscheck.ruleset.limits import Limits
from mmscheck.ruleset.params import bind_params
from mmscheck.ruleset.scope import Scope, file_scope, shorten, unknown
from mmscheck.ruleset.table import read_table
from mmscheck.ruleset.tomlfile import read_toml
from mmscheck.ruleset.wording import inspect_wording


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
    follows: tuple[Kebab, ...] = ()
    follows_when: dict[Kebab, tuple[Kebab, ...]] = {}


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """What every rule file of one load is read against."""

    checks: Mapping[str, Check]
    limits: Limits

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


def _rule(file: RuleFile, check: Check, params: Any) -> Rule:
    return Rule(
        id=file.id,
        title=file.title,
        severity=file.severity,
        target=file.target,
        owner=file.owner,
        check=check,
        params=params,
        text=Wording(
            why=file.text.why, fix=file.text.fix, failed=file.text.failed, cant_tell=file.text.cant_tell
        ),
        source=file.source,
        provider_codes=file.provider_codes,
        limits={**file.limits, **file.carriers, **file.providers},
        follows=tuple(Follow(rule=each, when=file.follows_when.get(each, ())) for each in file.follows),
    )
