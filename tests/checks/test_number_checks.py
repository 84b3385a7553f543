# ruff: noqa: RUF001 - characters that look like others are what these tests are about

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mmscheck.checks import phone_numbers
from mmscheck.model.request import SendRequest
from mmscheck.model.words import Outcome
from tests.support.message_targets import on_request

GOOD = SendRequest(to="14045550123", from_="28444")


@given(number=st.text(max_size=20) | st.from_regex(r"[0-9]{1,18}"))
def test_no_number_passes_that_is_not_7_to_15_digits_without_a_leading_zero(number: str) -> None:
    well_formed = number.isascii() and number.isdigit() and 7 <= len(number) <= 15 and number[0] != "0"
    if on_request("request-to", replace(GOOD, to=number)).outcome is Outcome.PASSED:
        assert well_formed
    if on_request("request-from", replace(GOOD, from_=number)).outcome is Outcome.PASSED:
        assert well_formed or (number.isascii() and number.isdigit() and 3 <= len(number) <= 8)


@pytest.mark.parametrize(
    ("number", "wrong"),
    [
        (None, "there is no recipient number"),
        (" \u200b", "there is no recipient number"),
        ("+14045550123", "it begins with +"),
        ("0014045550123", "it begins with 00"),
        ("04045550123", "it begins with 0, so its country code is missing"),
        ("1 404 555 0123", "it holds something other than the digits 0 to 9 (blanks)"),
        ("14045550123\n", "it holds something other than the digits 0 to 9 (blanks)"),
        (
            "１４０４５５５０１２３",
            "it holds something other than the digits 0 to 9 (digits of another script)",
        ),
        ("140455", "it has 6 digits, and a number with its country code has 7 to 15"),
        ("1404555012345678", "it has 16 digits, and a number with its country code has 7 to 15"),
        ("999999999", "it begins with no country code that exists"),
        ("1404555012", "it is too long or too short for country code 1"),
        ("140455501234", "it is too long or too short for country code 1"),
    ],
)
def test_what_is_wrong_with_a_recipient_is_said(number: str | None, wrong: str) -> None:
    assert on_request("request-to", replace(GOOD, to=number)).wording["wrong"] == wrong


@pytest.mark.parametrize("number", ["4045550123", "2025550123", "447700900123"])
def test_a_number_of_a_country_that_is_not_served_fails(number: str) -> None:
    for rule, request in (
        ("request-to", replace(GOOD, to=number)),
        ("request-from", replace(GOOD, from_=number)),
    ):
        wording = on_request(rule, request).wording
        assert wording["wrong"].endswith(
            "only to country codes 1 and 61; perhaps its country code is missing"
        )


@pytest.mark.parametrize(
    "number", ["14045550123", "15551234567", "16135550123", "17875550123", "61412345678"]
)
def test_a_full_number_of_a_country_that_is_served_passes(number: str) -> None:
    assert on_request("request-to", replace(GOOD, to=number)).outcome is Outcome.PASSED
    assert on_request("request-from", replace(GOOD, from_=number)).outcome is Outcome.PASSED


@pytest.mark.parametrize("code", ["123", "28444", "284440", "19123456"])
def test_a_short_code_is_a_sender_and_no_recipient(code: str) -> None:
    assert on_request("request-from", replace(GOOD, from_=code)).wording == {}
    assert on_request("request-from", replace(GOOD, from_=code)).outcome is Outcome.PASSED
    assert on_request("request-to", replace(GOOD, to=code)).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("from_", "to", "outcome"),
    [
        ("28444", "14045550123", "inapplicable"),
        ("12025550123", "14045550123", "passed"),
        ("12025550123", "17875550123", "passed"),
        ("12025550123", "16135550123", "failed"),
        ("16135550123", "16135550124", "passed"),
        ("18885550123", "16135550123", "passed"),
        ("18885550123", "18765550123", "failed"),
        ("18885550123", "61412345678", "failed"),
        ("12025550123", "15551234567", "cant-tell"),
        ("15551234567", "14045550123", "cant-tell"),
        ("61412345678", "61412345679", "passed"),
        ("+12025550123", "14045550123", "cant-tell"),
        ("12025550123", "999999999", "cant-tell"),
        (None, "14045550123", "cant-tell"),
        ("28444", None, "cant-tell"),
    ],
)
def test_recipient_and_sender_are_compared_by_country(
    from_: str | None, to: str | None, outcome: str
) -> None:
    assert on_request("request-country", replace(GOOD, from_=from_, to=to)).outcome == outcome


def test_a_number_says_what_it_knows_of_itself() -> None:
    read = phone_numbers.read("18885550123")
    assert read is not None
    assert (read.country_code, read.toll_free, read.possible) == (1, True, True)
    assert phone_numbers.read("0") is None
