from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmscheck.checks import merge_tags
from mmscheck.model.effective import effective
from mmscheck.model.request import Changes, CustomText
from mmscheck.model.words import Outcome
from tests.support.message_targets import message, on_message, on_subject, slide

TAGGY = st.text("{}$|ab ", max_size=30)
"""Texts full of what merge tags are made of."""


def merged(subject: str) -> str:
    """The subject as it would be sent without any merge data."""
    return effective(message(subject=subject), Changes()).subject or ""


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{$}", '"{$}" has no name'),
        ("{$ }", '"{$ }" has no name'),
        ("{$|x}", '"{$|x}" has no name'),
        ("{$ a}", '"{$ a}" has white space around its name; write it without'),
        ("{$a |x}", '"{$a |x}" has white space around its name; write it without'),
        ("{$5 off}", '"{$5 off}" has a name that is not a letter followed by letters, digits, _ . or -'),
        ("{$é}", '"{$é}" has a name that is not a letter followed by letters, digits, _ . or -'),
        ("{$b}", '"{$b}" has neither a value nor a default'),
        ("{$", '"{$" is not closed by a brace }'),
        ("{$a", '"{$a" is not closed by a brace }'),
        ("{$a|x", '"{$a|x" is not closed by a brace }'),
        ("{$a {$a}", '"{$a {$a}" has another tag or brace inside it'),
        ("{$b|{$a}}", '"{$b|{$a}}" has another tag or brace inside it'),
        ("{{$a}}", '"{{$a}}" has a second pair of braces around it; write it with one'),
        ("${a}", '"${a}" has its $ before the brace; write {$name}'),
        ("{ $a}", '"{ $a}" has white space after the brace; write {$name}'),
        ("{{a}}", '"{{a}}" is of another kind of template; write {$name}'),
        ("{b|x}", '"{b|x}" lacks the $; write {$name|default}'),
        ("{a}", '"{a}" lacks the $; write {$a}'),
    ],
)
def test_a_tag_that_is_not_right_is_named_with_what_is_wrong(template: str, fault: str) -> None:
    assert (
        on_subject("merge-data-complete", f"Hi {template}", A="x")
        .wording["faults"]
        .startswith(f"subject: {fault}")
    )


@pytest.mark.parametrize("text", ["{SALE}", "{}", "$5 {off}", "{ a }{b", "a | b", "100% {*}", "{ $5 off }"])
def test_braces_that_are_no_tag_are_left_alone(text: str) -> None:
    assert on_subject("merge-data-complete", text).outcome is Outcome.INAPPLICABLE


@pytest.mark.parametrize("text", ["{$a}", "{$A}", "{$b|}", "{$b|x y!}", "{$a}{$a|c}", "{$b|x|y}"])
def test_a_tag_with_a_value_or_a_default_is_complete(text: str) -> None:
    assert on_subject("merge-data-complete", text, a="x").outcome is Outcome.PASSED


def test_two_values_for_one_name_leave_open_which_is_meant() -> None:
    changes = Changes(data=(("name", "Bo"), ("NAME", "Jo")))
    result = on_message("merge-data-complete", message(subject="{$name}"), changes)
    assert "is given 2 different values" in result.wording["faults"]
    same = Changes(data=(("name", "Bo"), ("NAME", "Bo")))
    assert on_message("merge-data-complete", message(subject="{$name}"), same).outcome is Outcome.PASSED


def test_a_tag_that_comes_in_by_a_value_is_no_tag_that_is_known() -> None:
    for subject, value in (("{$a}", "{$b}"), ("{$a}$b}", "{"), ("{$a|", "x")):
        assert on_subject("merge-data-complete", subject, a=value).outcome is Outcome.FAILED
        assert on_subject("subject-ascii", subject, a=value).outcome is Outcome.CANT_TELL
    words = on_subject("merge-data-complete", "{$a}", a="{$b}").wording["faults"]
    assert words == 'subject: the value given for "{$a}" is itself a merge tag'


def test_texts_of_all_slides_and_custom_texts_are_looked_at() -> None:
    stored = message(slide(1, "{$a|x}"), slide(2, "{$b}"))
    assert on_message("merge-data-complete", stored).wording["faults"].startswith('slide 2: "{$b}"')
    replaced = Changes(custom_texts=(CustomText(slide=2, value="{$c}"),), custom_subject="{$d}")
    faults = on_message("merge-data-complete", stored, replaced).evidence["faults"]
    assert [fault.split('"')[1] for fault in faults] == ["{$d}", "{$c}"]


@given(text=TAGGY)
def test_whatever_the_merge_rule_passes_leaves_no_tag_behind(text: str) -> None:
    if on_subject("merge-data-complete", text, a="x").outcome is not Outcome.FAILED:
        assert "{$" not in merged(text).replace("{$a}", "")


@pytest.mark.parametrize("unit", ["{$a", "{$a|", "{ $a", "{{a", "${a", "{", "{ ", "{$a}", "\0", "}"])
def test_a_text_of_many_braces_is_looked_at_in_bounded_time(unit: str) -> None:
    start = time.perf_counter()
    merge_tags.faults(unit * 50_000, {})
    assert time.perf_counter() - start < 5
