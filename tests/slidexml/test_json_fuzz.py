"""A short form of ``python -m tests.fuzz.fuzz_json``, and every document it ever found something with."""

from __future__ import annotations

import functools
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmscheck.judge.pipeline import load_rules
from mmscheck.model.mms import Mms
from mmscheck.model.rule import RuleSet
from mmscheck.slidexml import parse
from tests.fuzz.fuzz_json import CORPUS
from tests.fuzz.json_documents import document
from tests.fuzz.json_promises import broken
from tests.fuzz.xml_promises import try_document

SEED, READ, JUDGED = 7, 1000, 120


@functools.cache
def ruleset() -> RuleSet:
    return load_rules("send")


@pytest.mark.parametrize("file", sorted(CORPUS.glob("*.json")), ids=lambda file: file.stem)
def test_the_promises_hold_for_every_document_that_was_kept(file: Path) -> None:
    assert try_document(file.read_bytes(), ruleset()).told == ()


def test_what_another_parser_refuses_is_never_read() -> None:
    read = set()
    for number in range(READ):
        data = document(Random(f"{SEED}/{number}"))
        message = parse(data, "fuzz.json")
        assert list(broken(data, message, permitted=False)) == [], number
        read.add(message.problem is None)
    assert read == {True, False}


def test_the_promises_hold_for_made_up_documents() -> None:
    outcomes = set()
    for number in range(JUDGED):
        tried = try_document(document(Random(f"{SEED}/{number}")), ruleset(), shown=number % 10 == 0)
        assert tried.told == (), number
        outcomes.add((tried.message.problem is None, bool(tried.message.media), tried.permitted))
    assert outcomes >= {(False, False, False), (True, True, False), (True, False, True)}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(rest: bytes) -> None:
    data = b'{"slide": [' + rest
    assert list(broken(data, parse(data, "fuzz.json"), permitted=False)) == []


def test_the_promises_are_seen_to_be_broken() -> None:
    """What tells a wrong permit must itself be able to."""
    text = b'{"action": "savemms", "name": "spring", "slide": [{"message-text": "Hello"}]}'
    assert list(broken(text, parse(text, "a"), permitted=True)) == []
    for wrong in (
        b'"slide": []',
        b'"slide": [{}]',
        b'"slide": [{"message-text": "x", "image": "http://media.example.com/a"}]',
    ):
        data = text.replace(b'"slide": [{"message-text": "Hello"}]', wrong)
        assert list(broken(data, parse(data, "a"), permitted=True))
    assert list(broken(b"{", Mms(source="a", digest="sha256:00"), permitted=False))
