from __future__ import annotations

from pathlib import Path

import pytest

from mmscheck.model.rule import FLOOR, Override
from mmscheck.model.words import Severity
from tests.support.rule_roots import SEND, edit, faults_of, load, make_root, profile, put, rule


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make_root(tmp_path)
    put(root / "url" / "other.toml", rule("other", "anything", "media"))
    return root


def send(*rules: str, more: str = "") -> str:
    return profile("send", *(rules or SEND), more=more)


FAULTS = [
    ("id", profile("sent", *SEND), "id", "not the file's name, expected 'send'"),
    ("id-missing", send().replace('id = "send"\n', ""), "id", "missing"),
    ("id-odd", send().replace('"send"', '"Send"'), "id", "kebab-case"),
    ("title-blank", send().replace('"t"', '""'), "title", "expected a text that is not blank"),
    ("key", send(more="[severitys]\n"), "severitys", "did you mean 'severity'?"),
    ("rules-missing", 'id = "send"\ntitle = "t"\n', "rules", "missing"),
    ("rules-text", 'id = "send"\ntitle = "t"\nrules = "x"\n', "rules", "expected an array, got 'x'"),
    ("rules-empty", profile("send"), "rules", "empty, expected at least one rule id"),
    ("unknown", send(*SEND, "othr"), "rules[10]", "unknown rule 'othr', did you mean 'other'?"),
    ("prefix", send(*SEND, "oth"), "rules[10]", "unknown rule 'oth'"),
    ("pattern", send(*SEND, "*"), "rules[10]", "unknown rule '*'"),
    ("duplicate", send(*SEND, SEND[0]), "rules[10]", "duplicate rule 'slide-count'"),
    ("severity-word", send(more='[severity]\nslide-count = "off"\n'), "severity.slide-count", "one of error"),
    ("severity-rule", send(more='[severity]\nother = "error"\n'), "severity.other", "unknown rule of this"),
    ("params-rule", send(more="[params.other]\nx = 1\n"), "params.other", "unknown rule of this profile"),
    ("params-key", send(more="[params.slide-count]\nmaxi = 1\n"), "params.slide-count.maxi", "did you mean"),
    (
        "params-type",
        send(more="[params.slide-count]\nmaximum = 1.0\n"),
        "params.slide-count.maximum",
        "float",
    ),
    ("params-none", send(*SEND, "other", more="[params.other]\nx = 1\n"), "params.other.x", "expected none"),
    ("params-flat", send(more="[params]\nslide-count = 1\n"), "params.slide-count", "expected a table"),
    ("not-toml", "x", "line 1", "not TOML"),
]


@pytest.mark.parametrize(("text", "key", "what"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_a_faulty_profile_names_file_and_key(root: Path, text: str, key: str, what: str) -> None:
    path = put(root / "profiles" / "send.toml", text)
    faults = faults_of(root)
    assert any(fault.startswith(f"{path}: {key}: ") and what in fault for fault in faults), faults
    assert all(fault.startswith(str(path)) for fault in faults), faults


def test_a_profile_that_is_not_selected_is_held_to_the_same(root: Path) -> None:
    path = put(root / "profiles" / "save.toml", profile("save", *SEND, "nothing"))
    (fault,) = faults_of(root)
    assert fault.startswith(f"{path}: rules[10]: unknown rule 'nothing'")


def test_an_unknown_profile_is_a_fault_with_the_likeliest_meant(root: Path) -> None:
    (fault,) = faults_of(root, profile="sned")
    assert fault == "profile: unknown profile 'sned', did you mean 'send'? expected send"
    assert len(faults_of(root, profile="")) == 1


def test_the_selected_profile_decides_rules_and_order(root: Path) -> None:
    rules = ("other", *reversed(SEND))
    put(root / "profiles" / "save.toml", profile("save", *rules))
    assert tuple(each.id for each in load(root, profile="save").rules) == rules
    assert tuple(each.id for each in load(root).rules) == SEND


def test_a_profile_changes_severity_and_params_and_both_are_recorded(root: Path) -> None:
    more = '[severity]\nslide-count = "warning"\n[params.slide-count]\nmaximum = 10\nratio = 2\n'
    put(root / "profiles" / "send.toml", send(more=more))
    ruleset = load(root)
    changed = ruleset.rules[0]
    assert changed.severity is Severity.WARNING
    assert (changed.params.minimum, changed.params.maximum, changed.params.ratio) == (1, 10, 2.0)
    assert ruleset.overrides == (
        Override(rule="slide-count", key="severity", old="error", new="warning", by="profile send"),
        Override(rule="slide-count", key="maximum", old=8, new=10, by="profile send"),
        Override(rule="slide-count", key="ratio", old=1.0, new=2.0, by="profile send"),
    )


def test_a_changed_parameter_no_longer_comes_from_its_limit(root: Path) -> None:
    put(root / "profiles" / "send.toml", send(more="[params.slide-count]\nmaximum = 10\n"))
    ruleset = load(root)
    assert ruleset.rules[0].limits == {}
    assert ruleset.limits == {}


def test_setting_what_is_so_already_is_no_change(root: Path) -> None:
    more = '[severity]\nslide-count = "error"\n[params.slide-count]\nmaximum = 8\n'
    put(root / "profiles" / "send.toml", send(more=more))
    assert load(root).overrides == ()


def test_params_that_are_sets_keep_their_values_through_a_change(root: Path) -> None:
    edit(root / "message" / "slide-count.toml", "minimum = 1", 'minimum = 1\nignored = ["b", "a"]')
    put(root / "profiles" / "send.toml", send(more="[params.slide-count]\nmaximum = 10\n"))
    assert load(root).rules[0].params.ignored == frozenset({"a", "b"})


def test_only_lint_may_do_without_the_floor(root: Path) -> None:
    put(root / "profiles" / "lint.toml", profile("lint", "slide-count"))
    assert tuple(each.id for each in load(root, profile="lint").rules) == ("slide-count",)
    path = put(root / "profiles" / "save.toml", profile("save", "slide-count"))
    faults = faults_of(root)
    assert faults == tuple(
        f"{path}: rules: lacks {each!r}, expected every rule of the floor" for each in sorted(FLOOR)
    )
