"""A short form of ``python -m tests.fuzz.fuzz_xml``, and every document it ever found something with."""

from __future__ import annotations

import functools
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmscheck.judge.pipeline import load_rules
from mmscheck.model.rule import RuleSet
from mmscheck.slidexml import parse
from tests.fuzz.fuzz_xml import CORPUS
from tests.fuzz.xml_documents import document
from tests.fuzz.xml_promises import kind_of, try_document

pytestmark = pytest.mark.long

SEED = 7
NUMBER = 500
KEPT = sorted(CORPUS.iterdir())


@functools.cache
def ruleset() -> RuleSet:
    return load_rules("send")


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_the_promises_hold_for_every_document_that_was_kept(file: Path) -> None:
    assert try_document(file.read_bytes(), ruleset()).told == ()


def test_the_promises_hold_for_made_up_documents() -> None:
    outcomes = set()
    for number in range(NUMBER):
        tried = try_document(document(Random(f"{SEED}/{number}")), ruleset())
        assert tried.told == (), number
        outcomes.add((tried.message.problem is None, bool(tried.message.media), tried.permitted))
    # Or it would say nothing: sound and unsound documents, with media and without, permitted and denied.
    assert outcomes >= {(False, False, False), (True, True, False), (True, False, True)}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_the_promises_hold_for_documents_that_are_searched_for(chance: Random) -> None:
    assert try_document(document(chance), ruleset()).told == ()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_the_promises_hold_for_any_bytes(data: bytes) -> None:
    assert try_document(data, ruleset()).told == ()


def test_every_kind_of_problem_is_among_the_kept_documents_once() -> None:
    kinds = [kind_of(parse(file.read_bytes(), file.name)) for file in KEPT if file.name.startswith("kind-")]
    assert None not in kinds
    assert len(set(kinds)) == len(kinds) >= 40


def test_a_document_is_the_same_whenever_it_is_made() -> None:
    assert document(Random(f"{SEED}/1")) == document(Random(f"{SEED}/1"))
