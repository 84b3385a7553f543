# ruff: noqa: RUF001 - characters that look like others are what these tests are about

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmscheck.model.mms import Slide
from mmscheck.model.words import OBJECT_KINDS, MediaKind, Outcome
from tests.support.message_targets import on_slide, send_rules, slide

SLIDE_RULES = [
    "slide-not-empty",
    "slide-one-per-kind",
    "slide-no-image-with-video",
    "slide-no-audio-with-video",
    "slide-object-alone",
    "slide-single-object",
    "slide-text-length",
    "slide-duration",
    "slide-duration-advised",
]
TOGETHER = SLIDE_RULES[1:6]
ANY = st.text(st.characters(exclude_categories=()))
KINDS = st.lists(st.sampled_from(MediaKind), max_size=4)


@given(
    texts=st.lists(ANY, max_size=2),
    as_sent=ANY,
    kinds=KINDS,
    duration=st.none() | ANY | st.from_regex(r"[0-9+-]{1,12}"),
)
def test_every_slide_check_answers_whatever_stands_on_the_slide(
    texts: list[str], as_sent: str, kinds: list[MediaKind], duration: str | None
) -> None:
    page = slide(1, *texts, media=kinds, duration=duration)
    for rule in SLIDE_RULES:
        on_slide(rule, page, as_sent)


def allowed(kinds: list[MediaKind]) -> bool:
    """The table of allowed slide contents (one image, audio, or both; one video; or one object)."""
    image, audio, video = (kinds.count(kind) for kind in (MediaKind.IMAGE, MediaKind.AUDIO, MediaKind.VIDEO))
    objects = len(kinds) - image - audio - video
    if objects:
        return objects == 1 and not (image or audio or video)
    return (video == 0 and image <= 1 and audio <= 1) or (video, image, audio) == (1, 0, 0)


@pytest.mark.parametrize("size", range(4))
def test_the_rules_together_allow_exactly_what_the_provider_documents(size: int) -> None:
    for kinds in itertools.combinations_with_replacement(MediaKind, size):
        outcomes = {on_slide(rule, slide(1, "x", media=kinds)).outcome for rule in TOGETHER}
        assert (outcomes == {Outcome.PASSED}) == allowed(list(kinds)), kinds


@pytest.mark.parametrize(
    ("kinds", "rule", "code"),
    [
        ([MediaKind.IMAGE, MediaKind.VIDEO], "slide-no-image-with-video", "E227"),
        ([MediaKind.AUDIO, MediaKind.VIDEO], "slide-no-audio-with-video", "E226"),
        *(([kind, MediaKind.IMAGE], "slide-object-alone", "E224") for kind in OBJECT_KINDS),
        *(([kind, MediaKind.PDF], "slide-single-object", "E223") for kind in OBJECT_KINDS),
    ],
)
def test_each_forbidden_pair_fails_the_rule_with_its_code(
    kinds: list[MediaKind], rule: str, code: str
) -> None:
    failing = {name for name in TOGETHER if on_slide(name, slide(1, media=kinds)).outcome is Outcome.FAILED}
    assert failing - {"slide-one-per-kind"} == {rule}
    assert send_rules()[rule].provider_codes == (code,)


def test_what_stands_together_is_named_for_people() -> None:
    kinds = [MediaKind.PDF, MediaKind.PDF, MediaKind.VCARD, MediaKind.IMAGE]
    page = slide(1, media=kinds)
    assert on_slide("slide-single-object", page).wording == {
        "count": 3,
        "content": "2 PDFs and a contact card (vcard)",
    }
    assert on_slide("slide-object-alone", page).wording["second"] == "an image"
    assert on_slide("slide-one-per-kind", page).wording["content"] == "2 PDFs"


def test_two_texts_on_a_slide_are_two_of_a_kind() -> None:
    assert on_slide("slide-one-per-kind", slide(1, "a", "b")).wording["content"] == "2 texts"


@pytest.mark.parametrize(
    ("page", "as_sent", "outcome"),
    [
        (slide(1), "", "failed"),
        (slide(1, "x"), "", "failed"),
        (slide(1, " \u200b\n"), " \u200b\n", "failed"),
        (slide(1), "x", "passed"),
        (slide(1, media=[MediaKind.PDF]), "", "passed"),
        (slide(1, media=[MediaKind.PDF], url=" "), "", "failed"),
        (slide(1), "{$a}", "cant-tell"),
        (slide(1), "x{$a}", "passed"),
    ],
)
def test_a_slide_holds_something_only_when_people_can_see_it(page: Slide, as_sent: str, outcome: str) -> None:
    assert on_slide("slide-not-empty", page, as_sent).outcome == outcome


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("", "inapplicable"),
        ("x" * 5000, "passed"),
        ("x" * 5001, "failed"),
        ("🌸" * 2500, "passed"),
        ("🌸" * 2501, "cant-tell"),
        ("🌸" * 5001, "failed"),
        ("x" * 4999 + "{$a}", "cant-tell"),
        ("x" * 5001 + "{$a}", "failed"),
        ("{$" + "a" * 6000 + "}", "cant-tell"),
    ],
)
def test_the_text_as_sent_is_counted(text: str, outcome: str) -> None:
    assert on_slide("slide-text-length", slide(1, "own"), text).outcome == outcome


@given(duration=ANY | st.integers().map(str))
def test_only_ascii_digits_are_a_duration(duration: str) -> None:
    outcome = on_slide("slide-duration", slide(1, duration=duration)).outcome
    digits = bool(duration) and set(duration) <= set("0123456789")
    assert (outcome is not Outcome.FAILED) == digits


@pytest.mark.parametrize(
    "duration", ["+5", "-5", "5.0", " 5 ", "5\n", "٥", "²", "", "5s", "0x5", "1e1", "1_0"]
)
def test_what_python_would_take_for_a_number_is_no_duration(duration: str) -> None:
    assert on_slide("slide-duration", slide(1, duration=duration)).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("duration", "whole", "advised"),
    [
        (None, "inapplicable", "inapplicable"),
        ("0", "passed", "passed"),
        ("007", "passed", "passed"),
        ("30", "passed", "passed"),
        ("31", "passed", "failed"),
        ("999999999", "passed", "failed"),
        ("1000000000", "cant-tell", "failed"),
        ("9" * 10_000, "cant-tell", "failed"),
        ("0" * 10_000, "passed", "passed"),
        ("soon", "failed", "inapplicable"),
    ],
)
def test_durations_at_their_limits(duration: str | None, whole: str, advised: str) -> None:
    page = slide(1, duration=duration)
    assert on_slide("slide-duration", page).outcome == whole
    assert on_slide("slide-duration-advised", page).outcome == advised
