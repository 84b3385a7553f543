"""What the pipeline decides by itself: whether anything needs to be decoded."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import msgspec

from mmscheck.checks import CHECKS, READS_FACTS
from mmscheck.fetch import FetchPolicy
from mmscheck.judge.observe import needs_decoding
from mmscheck.judge.pipeline import CheckOptions, check, load_rules
from mmscheck.judge.reports import allowances


def test_bytes_are_decoded_when_and_only_when_a_rule_asks_for_facts() -> None:
    ruleset = load_rules()
    assert needs_decoding(ruleset)
    plain = tuple(rule for rule in ruleset.rules if rule.id in {"content-length", "media-type-known"})
    assert not needs_decoding(msgspec.structs.replace(ruleset, rules=plain))


def test_every_check_that_reads_facts_is_known_as_one() -> None:
    for known in CHECKS.values():
        module = Path(known.run.__code__.co_filename)
        names = {
            node.attr for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Attribute)
        }
        assert known.name in READS_FACTS or "decoded" not in names, known.name


def test_what_makes_a_check_see_more_than_the_provider_will_is_told() -> None:
    assert allowances(FetchPolicy()) == ()
    (trusted,) = allowances(FetchPolicy(ca_file="tests/ca.pem"))
    assert "tests/ca.pem were trusted as well (ca-file)" in trusted
    (named,) = allowances(FetchPolicy(user_agent="Mozilla/5.0"))
    assert "'Mozilla/5.0' (user-agent)" in named


def test_the_public_check_takes_every_option_as_a_keyword_of_the_same_name_and_default() -> None:
    _, _, *keywords = inspect.signature(check).parameters.values()
    wanted = {field.name: field.default for field in msgspec.structs.fields(CheckOptions)}
    assert wanted.pop("policy") is msgspec.NODEFAULT
    taken = {each.name: each.default for each in keywords if each.name != "policy"}
    assert taken == wanted
