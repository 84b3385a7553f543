from __future__ import annotations

from pathlib import Path

import pytest

from mmscheck.model.rule import FLOOR
from mmscheck.model.words import Severity, TargetKind
from mmscheck.ruleset import Config, RuleTable
from mmscheck.ruleset.floor import FLOOR_RULES, GENERIC_TYPES
from tests.support.rule_roots import GENERIC, SEND, edit, faults_of, load, make_root, profile, put, rule


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path)


def test_the_table_in_code_holds_every_floor_rule() -> None:
    assert set(FLOOR_RULES) == FLOOR


@pytest.mark.parametrize("rule_id", sorted(FLOOR))
def test_a_folder_without_a_floor_rule_does_not_load(root: Path, rule_id: str) -> None:
    (root / "http" / f"{rule_id}.toml").unlink()
    faults = faults_of(root)
    assert f"{root}: lacks the rule {rule_id!r}, expected every rule of the floor" in faults


@pytest.mark.parametrize("rule_id", sorted(FLOOR))
def test_a_profile_without_a_floor_rule_does_not_load(root: Path, rule_id: str) -> None:
    path = put(root / "profiles" / "send.toml", profile("send", *(each for each in SEND if each != rule_id)))
    assert faults_of(root) == (f"{path}: rules: lacks {rule_id!r}, expected every rule of the floor",)


@pytest.mark.parametrize("rule_id", sorted(FLOOR))
def test_a_floor_rule_that_only_warns_does_not_load(root: Path, rule_id: str) -> None:
    path = root / "http" / f"{rule_id}.toml"
    edit(path, 'severity = "error"', 'severity = "warning"')
    assert faults_of(root) == (f"{path}: severity: 'warning' changes a rule of the floor, expected 'error'",)


def test_a_weakened_floor_rule_with_other_faults_has_all_of_them_named(root: Path) -> None:
    path = root / "http" / "not-chunked.toml"
    edit(path, 'severity = "error"', 'severity = "warning"')
    edit(path, 'owner = "hosting"', 'owner = "me"')
    faults = faults_of(root)
    assert [fault.split(": ")[1] for fault in faults] == ["owner", "severity"]
    edit(path, 'severity = "warning"', 'severity = "eror"')
    assert len(faults_of(root)) == 2


@pytest.mark.parametrize("rule_id", sorted(FLOOR))
def test_a_floor_rule_with_another_check_does_not_load(root: Path, rule_id: str) -> None:
    path = put(root / "http" / f"{rule_id}.toml", rule(rule_id, "anything", "media"))
    faults = faults_of(root)
    wanted = FLOOR_RULES[rule_id].check
    assert f"{path}: check: 'anything' changes a rule of the floor, expected {wanted!r}" in faults
    other_target = FLOOR_RULES[rule_id].target is not TargetKind.MEDIA
    assert any(fault.startswith(f"{path}: target: ") for fault in faults) is other_target


@pytest.mark.parametrize("lacking", sorted(GENERIC_TYPES))
def test_the_list_of_generic_types_cannot_be_shortened(root: Path, lacking: str) -> None:
    path = root / "http" / "content-type-specific.toml"
    # Another spelling is no entry: the check compares with lower case.
    edit(path, f"'{lacking}'", f"'{lacking.upper()}'")
    assert faults_of(root) == (
        f"{path}: params.generic: lacks {lacking}, which the floor needs, expected all of them",
    )


def test_the_list_of_generic_types_cannot_be_emptied(root: Path) -> None:
    edit(root / "http" / "content-type-specific.toml", GENERIC, "[params]\ngeneric = []\n")
    (fault,) = faults_of(root)
    assert all(each in fault for each in GENERIC_TYPES)


def test_the_list_of_generic_types_may_be_longer(root: Path) -> None:
    edit(root / "http" / "content-type-specific.toml", "generic = [", "generic = ['a/b', ")
    load(root)


@pytest.mark.parametrize("rule_id", sorted(FLOOR))
def test_no_profile_can_make_a_floor_rule_a_warning(root: Path, rule_id: str) -> None:
    more = f'[severity]\n{rule_id} = "warning"\n'
    path = put(root / "profiles" / "send.toml", profile("send", *SEND, more=more))
    what = f"{rule_id} is part of the floor and cannot be made a warning, expected it left alone"
    assert faults_of(root) == (f"{path}: severity.{rule_id}: {what}",)


def test_not_even_lint_can_change_a_floor_rule(root: Path) -> None:
    more = '[severity]\nnot-chunked = "warning"\n[params.content-type-specific]\ngeneric = []\n'
    path = put(root / "profiles" / "lint.toml", profile("lint", *SEND, more=more))
    faults = faults_of(root)
    assert [fault.partition(": ")[2].partition(": ")[0] for fault in faults] == [
        "params.content-type-specific",
        "severity.not-chunked",
    ]
    assert all(fault.startswith(str(path)) for fault in faults)


@pytest.mark.parametrize("rule_id", sorted(FLOOR))
def test_no_configuration_can_make_a_floor_rule_a_warning(root: Path, rule_id: str) -> None:
    config = Config(path=root / "mmscheck.toml", rules={rule_id: RuleTable(severity=Severity.WARNING)})
    (fault,) = faults_of(root, config=config)
    assert fault.startswith(f"{root / 'mmscheck.toml'}: rules.{rule_id}.severity: {rule_id} is part of")


def test_no_configuration_can_change_parameters_of_a_floor_rule(root: Path) -> None:
    more = ["application/octet-stream", "binary/octet-stream", "a/b"]
    config = Config(
        path=root / "mmscheck.toml", rules={"content-type-specific": RuleTable(params={"generic": more})}
    )
    (fault,) = faults_of(root, config=config)
    assert ": rules.content-type-specific.params: content-type-specific is part of the floor" in fault


def test_saying_that_a_floor_rule_is_an_error_is_no_fault(root: Path) -> None:
    config = Config(rules={"not-chunked": RuleTable(severity=Severity.ERROR)})
    assert load(root, config=config).overrides == ()


@pytest.mark.parametrize("rule_id", sorted(FLOOR))
def test_an_extra_folder_cannot_redefine_a_floor_rule(root: Path, tmp_path: Path, rule_id: str) -> None:
    extra = tmp_path / "mine"
    path = put(extra / "url" / f"{rule_id}.toml", rule(rule_id, "anything", "media"))
    (fault,) = faults_of(root, config=Config(extra_rules=(extra,)))
    assert fault.startswith(f"{path}: id: duplicate rule {rule_id!r}")


def test_an_extra_folder_cannot_supply_a_floor_rule_that_ours_lacks(root: Path, tmp_path: Path) -> None:
    moved = root / "http" / "not-chunked.toml"
    put(tmp_path / "mine" / "http" / "not-chunked.toml", moved.read_text())
    moved.unlink()
    faults = faults_of(root, config=Config(extra_rules=(tmp_path / "mine",)))
    assert faults == (f"{root}: lacks the rule 'not-chunked', expected every rule of the floor",)


def test_a_lint_profile_of_an_extra_folder_needs_the_floor(root: Path, tmp_path: Path) -> None:
    extra = tmp_path / "mine"
    put(extra / "url" / "mine.toml", rule("mine", "anything", "media"))
    path = put(extra / "profiles" / "lint.toml", profile("lint", "mine"))
    faults = faults_of(root, config=Config(extra_rules=(extra,)), profile="lint")
    assert len(faults) == len(FLOOR)
    assert all(fault.startswith(f"{path}: rules: lacks ") for fault in faults)
