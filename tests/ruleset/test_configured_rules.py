from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from mmscheck.model.rule import FLOOR, NEVER_WAIVED, Override
from mmscheck.model.waiver import Waiver
from mmscheck.model.words import SenderType, Severity
from mmscheck.ruleset import Config, RuleTable, load_all_rules
from mmscheck.ruleset.folder import FAMILIES
from tests.support.rule_roots import CHECKS, SEND, faults_of, limit, load, make_root, profile, put, rule


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path)


def changed(rule_id: str, **change: object) -> Config:
    return Config(path=Path("mmscheck.toml"), rules={rule_id: RuleTable(**change)})  # type: ignore[arg-type]  # a row's own key


def test_a_configuration_changes_severity_and_params_and_both_are_recorded(root: Path) -> None:
    config = changed("slide-count", severity=Severity.WARNING, params={"maximum": 5})
    ruleset = load(root, config=config)
    assert ruleset.rules[0].severity is Severity.WARNING
    assert (ruleset.rules[0].params.minimum, ruleset.rules[0].params.maximum) == (1, 5)
    assert ruleset.overrides == (
        Override(rule="slide-count", key="severity", old="error", new="warning", by="mmscheck.toml"),
        Override(rule="slide-count", key="maximum", old=8, new=5, by="mmscheck.toml"),
    )
    assert tuple(each.id for each in ruleset.rules) == SEND


def test_a_configuration_goes_on_from_what_the_profile_made(root: Path) -> None:
    more = "[params.slide-count]\nmaximum = 10\n"
    put(root / "profiles" / "send.toml", profile("send", *SEND, more=more))
    overrides = load(root, config=changed("slide-count", params={"maximum": 5})).overrides
    assert [(each.old, each.new, each.by) for each in overrides] == [
        (8, 10, "profile send"),
        (10, 5, "mmscheck.toml"),
    ]


@pytest.mark.parametrize(
    ("config", "key", "what"),
    [
        (changed("slide-cuont"), "rules.slide-cuont", "did you mean 'slide-count'?"),
        (changed("slide-count", params={"maxi": 1}), "rules.slide-count.params.maxi", "mean 'maximum'?"),
        (changed("slide-count", params={"maximum": True}), "rules.slide-count.params.maximum", "got bool"),
        (changed("slide-count", params={"maximum": 8.0}), "rules.slide-count.params.maximum", "got float"),
        (changed("other", params={"x": 1}), "rules.other.params.x", "unknown key 'x', expected none"),
        (Config(profile="sned"), "profile", "unknown profile 'sned', did you mean 'send'?"),
    ],
)
def test_a_faulty_change_names_file_and_key(root: Path, config: Config, key: str, what: str) -> None:
    put(root / "url" / "other.toml", rule("other", "anything", "media"))
    (fault,) = faults_of(root, config=config)
    assert f"mmscheck.toml: {key}: " in fault
    assert what in fault


def test_a_rule_that_is_not_selected_may_be_changed_without_effect(root: Path) -> None:
    put(root / "url" / "other.toml", rule("other", "anything", "media"))
    ruleset = load(root, config=changed("other", severity=Severity.WARNING))
    assert tuple(each.id for each in ruleset.rules) == SEND
    assert ruleset.overrides == ()


def test_the_callers_profile_and_sender_go_before_the_configurations(root: Path) -> None:
    put(root / "profiles" / "save.toml", profile("save", *SEND))
    config = Config(profile="save", sender=SenderType.TOLL_FREE)
    taken, given = load(root, config=config), load(root, config=config, profile="send", sender="short-code")
    assert (taken.profile, taken.sender) == ("save", "toll-free")
    assert (given.profile, given.sender) == ("send", "short-code")


def test_a_sender_that_does_not_exist_is_a_fault(root: Path) -> None:
    for wrong in ("shortcode", ""):
        (fault,) = faults_of(root, sender=wrong)
        assert fault.startswith(f"sender: unknown sender {wrong!r}, ")


def test_the_configurations_sender_decides_the_limits(root: Path) -> None:
    path = root / "limits" / "default.toml"
    put(path, path.read_text() + limit("sender.short-code.slides-max", 3, "slides"))
    assert load(root, config=Config(sender=SenderType.SHORT_CODE)).rules[0].params.maximum == 3
    assert load(root, config=Config(sender=SenderType.TOLL_FREE)).rules[0].params.maximum == 8


def waiver(rule_id: str) -> Waiver:
    return Waiver(rule=rule_id, reason="r", who="w", expires=dt.date(2099, 1, 1))


def test_a_rule_set_carries_the_configurations_waivers(root: Path) -> None:
    put(root / "url" / "other.toml", rule("other", "anything", "media"))
    waivers = (waiver("slide-count"), waiver("other"))
    assert load(root, config=Config(waivers=waivers)).waivers == waivers
    assert load(root).waivers == ()


def test_a_waiver_of_a_rule_that_is_not_there_is_a_fault(root: Path) -> None:
    (fault,) = faults_of(root, config=Config(waivers=(waiver("slide-count"), waiver("slide-cuont"))))
    assert fault.startswith("mmscheck.toml: waivers[1].rule: unknown rule 'slide-cuont', did you mean")


@pytest.mark.parametrize("rule_id", sorted(NEVER_WAIVED))
def test_what_nobody_can_waive_is_refused_from_a_program_too(root: Path, rule_id: str) -> None:
    for name in NEVER_WAIVED - FLOOR:
        put(root / "url" / f"{name}.toml", rule(name, "anything", "media"))
    (fault,) = faults_of(root, config=Config(waivers=(waiver(rule_id),)))
    assert fault.startswith(f"mmscheck.toml: waivers[0].rule: {rule_id} ")
    assert "cannot be waived" in fault


def test_rules_of_extra_folders_run_after_the_profiles_by_id(root: Path, tmp_path: Path) -> None:
    extra = tmp_path / "mine"
    for name in ("zz", "aa"):
        put(extra / "url" / f"{name}.toml", rule(name, "anything", "media"))
    put(root / "url" / "unlisted.toml", rule("unlisted", "anything", "media"))
    config = Config(extra_rules=(extra,))
    assert tuple(each.id for each in load(root, config=config).rules) == (*SEND, "aa", "zz")
    listed = [each.id for each in load_all_rules(checks=CHECKS, root=root, config=config)]
    assert listed == sorted([*SEND, "aa", "unlisted", "zz"])


def test_a_profile_of_an_extra_folder_places_its_rules_itself(root: Path, tmp_path: Path) -> None:
    extra = tmp_path / "mine"
    put(extra / "url" / "mine.toml", rule("mine", "anything", "media"))
    put(extra / "profiles" / "ours.toml", profile("ours", "mine", *SEND))
    config = Config(extra_rules=(extra,), profile="ours")
    assert tuple(each.id for each in load(root, config=config).rules) == ("mine", *SEND)


def test_a_rule_of_an_extra_folder_may_name_our_limits_and_be_changed(root: Path, tmp_path: Path) -> None:
    more = '[params]\nminimum = 2\n[limits]\nmaximum = "slides-max"\n'
    put(tmp_path / "mine" / "slide" / "mine.toml", rule("mine", "count-within", "message", more))
    change = {"mine": RuleTable(params={"minimum": 3})}
    params = load(root, config=Config(extra_rules=(tmp_path / "mine",), rules=change)).rules[-1].params
    assert (params.minimum, params.maximum) == (3, 8)


def test_a_faulty_extra_folder_is_a_fault(root: Path, tmp_path: Path) -> None:
    empty, missing, limits = tmp_path / "empty", tmp_path / "missing", tmp_path / "limits"
    empty.mkdir()
    put(limits / "url" / "mine.toml", rule("mine", "anything", "media"))
    put(limits / "limits" / "default.toml", "")
    put(limits / "profiles" / "send.toml", profile("send", *SEND))
    faults = faults_of(root, config=Config(extra_rules=(empty, missing, limits)))
    assert [fault.split(": ")[:2] for fault in faults] == [
        [str(empty), "no rules, expected at least one <family>/<id>.toml"],
        [str(missing), "cannot be read (No such file or directory), expected a folder of rules"],
        [str(missing), "no rules, expected at least one <family>/<id>.toml"],
        [
            str(limits / "limits"),
            "unknown folder 'limits', expected one of "
            + ", ".join(sorted(FAMILIES | {"profiles", "servers", "words"})),
        ],
        [str(limits / "profiles" / "send.toml"), "id"],
    ]


def test_an_extra_folder_named_twice_is_all_duplicates(root: Path, tmp_path: Path) -> None:
    put(tmp_path / "mine" / "url" / "mine.toml", rule("mine", "anything", "media"))
    (fault,) = faults_of(root, config=Config(extra_rules=(tmp_path / "mine", tmp_path / "mine")))
    assert "duplicate rule 'mine'" in fault
