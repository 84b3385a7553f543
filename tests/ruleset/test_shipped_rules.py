"""The rules that belong to the program, loaded with its own checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmscheck.checks import CHECKS
from mmscheck.model.rule import FLOOR, RuleSet
from mmscheck.model.words import SenderType
from mmscheck.ruleset import load_all_rules, load_ruleset
from mmscheck.ruleset.folder import FAMILIES, packaged_root

FIXTURES = Path(__file__).parents[2] / "fixtures" / "rules"
FILES = sorted(path for family in FAMILIES for path in (packaged_root() / family).glob("*.toml"))
LOCAL = {"asset-present", "extension-matches", "url-not-a-page"}
"""Rules about what is known before anything is uploaded or asked for, which only lint sees."""

IDS = [path.stem for path in FILES]


@pytest.fixture(scope="module")
def send() -> RuleSet:
    return load_ruleset(checks=CHECKS)


def test_every_rule_file_is_a_loaded_rule() -> None:
    assert sorted(each.id for each in load_all_rules(checks=CHECKS)) == sorted(IDS)
    assert len(IDS) == len(set(IDS)) > len(FLOOR)


def test_the_profile_for_sending_holds_every_rule_but_those_on_local_files(send: RuleSet) -> None:
    assert sorted(each.id for each in send.rules) == sorted(set(IDS) - LOCAL)
    assert send.overrides == ()


def test_the_profile_for_linting_holds_every_rule_that_needs_no_network(send: RuleSet) -> None:
    rules = {each.id: each for each in send.rules}
    networked = {path.stem for path in FILES if path.parent.name in {"http", "request", "recipient"}}
    networked |= {each for each in rules if each.startswith("content-type-")} | {
        "url-public",
        "not-a-web-page",
        "media-as-saved",
        "text-links-answered",
        "text-links-secure",
        "text-links-direct",
        "text-first-opt-out",
        "text-first-names-sender",
    }
    held = [each.id for each in load_ruleset(checks=CHECKS, profile="lint").rules]
    assert sorted(held) == sorted(set(IDS) - networked)


@pytest.mark.parametrize("rule_id", IDS)
def test_every_rule_has_cases(rule_id: str) -> None:
    assert (FIXTURES / rule_id / "cases.toml").is_file()


def test_cases_are_for_rules_that_exist() -> None:
    assert {path.name for path in FIXTURES.iterdir() if path.is_dir()} <= set(IDS)


def test_every_check_is_named_by_a_rule() -> None:
    assert {each.check.name for each in load_all_rules(checks=CHECKS)} == set(CHECKS)


@pytest.mark.parametrize("sender", SenderType)
def test_no_sender_is_held_to_less_than_an_unknown_one(send: RuleSet, sender: SenderType) -> None:
    own = load_ruleset(checks=CHECKS, sender=sender).limits
    assert set(own) == set(send.limits)
    assert all(limit.value <= own[name].value for name, limit in send.limits.items())
