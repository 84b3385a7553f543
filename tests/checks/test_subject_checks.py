# ruff: noqa: RUF001 - characters that look like others are what these tests are about

from __future__ import annotations

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mmscheck.checks.characters import emoji_offenders, is_plain, offenders, suggested
from mmscheck.model.effective import effective
from mmscheck.model.request import Changes
from mmscheck.model.words import Outcome
from tests.support.message_targets import message, on_message, on_subject

SUBJECT_RULES = [
    "subject-present",
    "subject-length",
    "subject-length-advised",
    "subject-no-emoji",
    "subject-ascii",
    "subject-plain",
    "merge-data-complete",
]
ANY = st.text(st.characters(exclude_categories=()))
"""Every text there can be, lone surrogates included."""
TAGGY = st.lists(
    st.sampled_from(["{", "}", "$", "|", "{$a}", "{$b|c}", " ", "a", "{$", "é", "\0", "👍", "=?", "?="])
).map("".join)
"""Texts full of what merge tags are made of."""


@given(subject=ANY | TAGGY, name=ANY, value=ANY | TAGGY)
@example(subject="\ud83d", name="a", value="")
@example(subject="{$a}", name="\udc80", value="")
@example(subject="{$a}", name="a", value="{$b}")
def test_every_subject_check_answers_whatever_the_subject_and_data(
    subject: str, name: str, value: str
) -> None:
    for rule in SUBJECT_RULES:
        on_subject(rule, subject, **{"a": value, name: value})


@given(subject=ANY | TAGGY)
@example(subject="")
@example(subject=" ~")
@example(subject="\x7f")
@example(subject="Kelvin \u212a")
@example(subject="{$é}")
def test_the_ascii_rule_passes_printable_ascii_without_open_tags_and_nothing_else(subject: str) -> None:
    plain = all(" " <= char <= "~" for char in subject)
    outcome = on_subject("subject-ascii", subject).outcome
    assert (outcome is Outcome.PASSED) == (plain and "{$" not in merged(subject))
    if plain:
        assert outcome is not Outcome.FAILED


def merged(subject: str) -> str:
    """The subject as it would be sent without any merge data."""
    return effective(message(subject=subject), Changes()).subject or ""


@given(subject=ANY | TAGGY)
def test_offenders_name_each_place_and_the_suggestion_is_printable_ascii(subject: str) -> None:
    found = offenders(subject)
    assert [item.position for item in found] == sorted({item.position for item in found})
    for item in found:
        codes = [chr(int(code.replace("U+", "0x"), 0)) for code in item.codes.split()]
        assert subject[item.position - 1 :].startswith("".join(codes))
        assert all(map(is_plain, item.suggestion))
    if "{$" not in subject:
        assert all(map(is_plain, suggested(subject)))


@pytest.mark.parametrize(
    ("char", "codes", "name", "suggestion"),
    [
        ("“", "U+201C", "LEFT DOUBLE QUOTATION MARK", '"'),
        ("’", "U+2019", "RIGHT SINGLE QUOTATION MARK", "'"),
        ("\u00a0", "U+00A0", "NO-BREAK SPACE", " "),
        ("\u3000", "U+3000", "IDEOGRAPHIC SPACE", " "),
        ("–", "U+2013", "EN DASH", "-"),
        ("—", "U+2014", "EM DASH", "-"),
        ("…", "U+2026", "HORIZONTAL ELLIPSIS", "..."),
        ("é", "U+00E9", "LATIN SMALL LETTER E WITH ACUTE", "e"),
        ("ß", "U+00DF", "LATIN SMALL LETTER SHARP S", "ss"),
        ("\u200b", "U+200B", "ZERO WIDTH SPACE", ""),
        ("\ufeff", "U+FEFF", "ZERO WIDTH NO-BREAK SPACE", ""),
        ("\u202e", "U+202E", "RIGHT-TO-LEFT OVERRIDE", ""),
        ("\u0301", "U+0301", "COMBINING ACUTE ACCENT", ""),
        ("\u212a", "U+212A", "KELVIN SIGN", "K"),
        ("\t", "U+0009", "TAB", " "),
        ("\x00", "U+0000", "control character", ""),
        ("\x7f", "U+007F", "DELETE", ""),
        ("\ud83d", "U+D83D", "half of a damaged character", ""),
        ("\ue000", "U+E000", "private-use character", ""),
        ("\u0378", "U+0378", "unassigned character", ""),
        ("™", "U+2122", "TRADE MARK SIGN", "TM"),
        ("Ж", "U+0416", "CYRILLIC CAPITAL LETTER ZHE", "Zh"),
    ],
)
def test_each_offender_is_named_with_what_to_write_instead(
    char: str, codes: str, name: str, suggestion: str
) -> None:
    (found,) = offenders(f"ab{char}c")
    assert (found.codes, found.name, found.position, found.suggestion) == (codes, name, 3, suggestion)
    assert on_subject("subject-ascii", f"ab{char}c").evidence["offenders"][0]["codes"] == codes


@pytest.mark.parametrize(
    ("emoji", "name"),
    [
        ("🌸", "CHERRY BLOSSOM"),
        ("👨‍👩‍👧", "family man woman girl"),
        ("👍🏽", "thumbs up medium skin tone"),
        ("🇩🇪", "Germany"),
        ("1️⃣", "keycap 1"),
        ("#️⃣", "keycap #"),
        ("❤", "HEAVY BLACK HEART"),
        ("❤️", "red heart"),
        ("©️", "copyright"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "England"),
        ("🏽", "EMOJI MODIFIER FITZPATRICK TYPE-4"),
        ("🇩", "REGIONAL INDICATOR SYMBOL LETTER D"),
        ("\U0001fac8", "hairy creature"),
        ("\U0001faaf", "khanda"),
    ],
)
def test_an_emoji_is_one_finding_under_its_name(emoji: str, name: str) -> None:
    for search in (emoji_offenders, offenders):
        (found,) = search(f"a {emoji} b")
        assert (found.position, found.suggestion) == (3, "")
        assert found.codes == " ".join(f"U+{ord(char):04X}" for char in emoji)
    if unicodedata.name(emoji[0], None) or len(emoji) > 1:
        assert found.name == name
    assert on_subject("subject-no-emoji", f"a {emoji}").outcome is Outcome.FAILED


@pytest.mark.parametrize(
    "text", ["0123456789", "#1 *", "(c) (r) (tm) :-) <3", "© ® ™ ‼ ⁉ ℹ", "é – “x”", "\u200d"]
)
def test_digits_signs_and_letters_are_no_emoji(text: str) -> None:
    assert on_subject("subject-no-emoji", text).outcome is Outcome.PASSED


def test_an_emoji_that_no_table_knows_yet_is_one_all_the_same() -> None:
    assert [found.name for found in emoji_offenders("\U0001faff")] == ["emoji newer than this program"]


def test_the_suggested_subject_has_no_holes_and_keeps_open_tags() -> None:
    assert suggested("  “Sale” 🌸  – {$näme}\u00a0! ") == '"Sale" - {$näme} !'
    assert on_subject("subject-ascii", "🌸🌸").wording["advice"].startswith("Nothing would be left")


def test_characters_inside_a_tag_are_not_sent_and_so_no_offenders() -> None:
    assert on_subject("subject-ascii", "{$näme👍}").outcome is Outcome.CANT_TELL
    assert on_subject("subject-no-emoji", "{$näme👍}").outcome is Outcome.CANT_TELL


def test_a_text_with_an_open_tag_fails_for_what_is_known_of_it() -> None:
    (found,) = on_subject("subject-ascii", "{$name} é").evidence["offenders"]
    assert found["position"] == 9


def test_many_offenders_make_a_bounded_message_and_endless_subjects_are_not_searched() -> None:
    result = on_subject("subject-ascii", "é" * 10_000)
    assert result.wording["characters"].endswith("and 9980 more")
    assert len(result.evidence["offenders"]) == 200
    assert result.wording["count"] == "10,000 characters"
    for rule in ("subject-ascii", "subject-no-emoji"):
        assert on_subject(rule, "é" * 10_001).outcome is Outcome.CANT_TELL
        assert on_subject(rule, "e" * 10_001).outcome is Outcome.PASSED


@pytest.mark.parametrize("rule", SUBJECT_RULES[1:6])
def test_without_a_subject_only_its_presence_is_judged(rule: str) -> None:
    assert on_subject(rule, None).outcome is Outcome.INAPPLICABLE
    assert on_subject("subject-present", None).outcome is Outcome.FAILED


@pytest.mark.parametrize("rule", SUBJECT_RULES[:6])
def test_a_tag_without_a_value_is_never_passed_as_known(rule: str) -> None:
    assert on_subject(rule, "{$name}").outcome is Outcome.CANT_TELL


def test_what_is_not_known_is_named_and_bounded() -> None:
    assert on_subject("subject-ascii", "{$a}").reason == "the value of {$a} is not known"
    assert on_subject("subject-ascii", "{$a}{$b}{$a}").reason == "the values of {$a} and {$b} are not known"
    many = "".join(f"{{$a{n}}}" for n in range(100))
    assert on_subject("subject-ascii", many).reason.endswith("{$a4} and 95 more are not known")
    assert on_subject("subject-ascii", "{$a").reason == 'the merge tag that begins "{$a" is not closed'


def test_a_subject_too_long_without_its_values_fails_whatever_they_are() -> None:
    result = on_subject("subject-length", "x" * 81 + "{$a}")
    assert (result.outcome, result.wording["length"]) == (Outcome.FAILED, "at least 81 characters")
    assert on_subject("subject-length", "x" * 80 + "{$a}").outcome is Outcome.CANT_TELL


def test_the_words_say_which_subject_is_meant() -> None:
    stored, custom = message(subject="é {$a|b}"), Changes(custom_subject="é")
    assert (
        on_message("subject-ascii", stored).wording["where"]
        == "subject (line 3), with its merge data put in,"
    )
    assert on_message("subject-ascii", stored, custom).wording["where"] == "custom subject"
    assert on_subject("subject-ascii", "é").wording["where"] == "subject (line 3)"


@pytest.mark.parametrize("char", [*map(chr, range(32)), "\x7f", "\x80", "\x85", "\x9f", "\u2028", "\u2029"])
def test_every_control_character_is_found_with_its_place(char: str) -> None:
    result = on_subject("subject-plain", f"ab{char}")
    assert result.outcome is Outcome.FAILED
    assert f"(U+{ord(char):04X}) at position 3" in result.wording["found"]


@pytest.mark.parametrize("word", ["=?utf-8?B?SGk=?=", "=?iso-8859-1?q?a_b?=", "=?x?="])
def test_an_encoded_word_is_found(word: str) -> None:
    assert f'"{word}" at position 4' in on_subject("subject-plain", f"Hi {word}").wording["found"]


@pytest.mark.parametrize("text", ["1+1=?", "Ready?=Go", "What?= =?"])
def test_a_question_is_no_encoded_word(text: str) -> None:
    assert on_subject("subject-plain", text).outcome is Outcome.PASSED


def test_a_plain_subject_loads_neither_emoji_nor_transliteration_tables() -> None:
    program = (
        "import sys; from mmscheck.checks.characters import offenders; assert not offenders('Sale'); "
        "import mmscheck.checks; sys.exit(bool({'emoji', 'anyascii', 'phonenumbers'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
