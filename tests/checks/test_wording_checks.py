"""Texts as people read them: what is quoted, where, and what nobody may be told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmscheck.checks.links import links
from mmscheck.checks.marks import Span, marked
from mmscheck.checks.wording import unmasked
from mmscheck.judge import engine
from mmscheck.judge.pipeline import load_rules
from mmscheck.model.request import Changes
from mmscheck.model.words import Outcome
from mmscheck.ruleset import Config
from tests.support.message_targets import message, on_message, slide

STATIC = (
    "text-no-placeholders",
    "text-links-well-formed",
    "text-no-public-shorteners",
    "text-no-disguise",
    "text-not-shouting",
)


def on_text(rule: str, *texts: str) -> Outcome:
    return on_message(rule, message(*(slide(at, text) for at, text in enumerate(texts, 1)))).outcome


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("See https://shop.example/a, now.", ["https://shop.example/a"]),
        ("(https://shop.example/a_(b))", ["https://shop.example/a_(b)"]),
        ("“https://shop.example/ä?b=1#c”!", ["https://shop.example/ä?b=1#c"]),
        ("shop.example/a or www.shop.example", ["shop.example/a", "www.shop.example"]),
        ("example.com. Mail to info@example.com", ["example.com"]),
        ("ASP.NET, Mr.Smith, 9.99, e.g. this, sale.Come in, and/or 1/2", []),
        (
            "https://a.example/{$code|x}y",
            ["https://a.example/\ufffc\ufffc\ufffc\ufffc\ufffc\ufffc\ufffc\ufffc\ufffcy"],
        ),
    ],
)
def test_links_are_found_as_phones_find_them(text: str, written: list[str]) -> None:
    assert [link.written for link in links(text)] == written


def test_the_text_is_quoted_with_marks_and_cut_around_them() -> None:
    text = "a" * 100 + "BAD" + "b" * 100 + "WORSE" + "c" * 100
    quoted = marked(text, [Span(start=100, end=103), Span(start=203, end=208)])
    assert quoted == f"…{'a' * 24}»BAD«{'b' * 24}…{'b' * 24}»WORSE«{'c' * 24}…"
    assert marked("x", [Span(start=0, end=1)] * 9).endswith(" and 1 more")


def test_the_evidence_has_positions_for_programs() -> None:
    found = on_message("text-no-placeholders", message(slide(1, "Hi *|FNAME|*"))).evidence["texts"]
    assert found == [
        {
            "where": "the text of slide 1",
            "found": [{"position": 4, "text": "*|FNAME|*", "what": ""}],
            "instead": "",
        }
    ]


@given(st.text(alphabet=st.characters(max_codepoint=0x24F, exclude_characters="\u00ad\u034f")))
def test_latin_letters_are_never_taken_for_disguise(text: str) -> None:
    assert on_text("text-no-disguise", text or "x") is Outcome.PASSED


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40))
def test_what_is_proposed_has_nothing_to_object_to(text: str) -> None:
    mended = unmasked(text)
    assert on_text("text-no-disguise", mended or "x") is Outcome.PASSED or mended != text


@pytest.mark.parametrize("rule", STATIC)
@pytest.mark.parametrize(
    "piece", ["a.", "{{", "*|", "https:/", "!!", "%%a", "<%", "{%", "a", "\u0410", "\u200b", "www.", "#{a"]
)
def test_long_texts_take_no_longer_for_being_odd(rule: str, piece: str) -> None:
    # Quadratic time would be hours, and each test has a limit.
    assert on_text(rule, piece * 100_000) in Outcome


def test_letters_that_only_fold_to_others_break_nothing() -> None:
    rules = load_rules(config=Config(words=("us-en", "us-es")))
    said = message(slide(1, "CAS\u0130NO, ca\u017fino and ma\u0130l"))
    report = engine.judge(rules, said, {}, changes=Changes())
    (found,) = (item for item in report.evaluations if item.rule == "text-words-allowed")
    assert (found.crashed, found.outcome) == (False, Outcome.FAILED)
