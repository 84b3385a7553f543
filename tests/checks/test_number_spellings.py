"""One phone, one spelling: of all that phonenumbers reads as one number only its E.164 digits pass."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import phonenumbers
import pytest
from msgspec.structs import replace
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from mmscheck.base.phone import another_number, e164, same_number
from mmscheck.ledger import idempotency_key
from mmscheck.model.request import SendRequest
from mmscheck.model.words import Outcome
from tests.support.message_targets import on_request

GOOD = SendRequest(to="14045550123", from_="28444")

PHONES = (
    *("14045550123", "15551230001", "12025550175", "17872345678", "14165550123", "18005550199"),
    *("61412345678", "61261234567", "61812345678", "611800123456", "61491570156"),
)
"""Of the United States, Puerto Rico, Canada and Australia; also some that no plan has given to anybody."""

_PREFIXES = ("0", "1", "00", "01", "1831", "1833", "011", "0011")
_LETTERS = str.maketrans("23456789", "ADGJMPTW")


def spellings(proper: str) -> Iterator[str]:
    """How people and libraries write the number, a plain string of digits among others."""
    number = phonenumbers.parse(f"+{proper}")
    code = str(number.country_code)
    national = proper.removeprefix(code)
    for style in range(PhoneNumberFormat.RFC3966 + 1):
        yield phonenumbers.format_number(number, style)
    for region in phonenumbers.SUPPORTED_REGIONS:
        yield phonenumbers.format_out_of_country_calling_number(number, region)
        yield phonenumbers.format_out_of_country_keeping_alpha_chars(number, region)
        yield phonenumbers.format_number_for_mobile_dialing(number, region, with_formatting=False)
    for prefix in _PREFIXES:
        yield f"{code}{prefix}{national}"
        yield f"{prefix}{proper}"
        yield f"+{code} ({prefix}) {national}"
    yield f"{code}{proper}"
    yield f"{code}{code}{proper}"
    for mark in ("x", " ext. ", ";ext=", "#", " extension "):
        yield f"{proper}{mark}12"
    yield code + national.translate(_LETTERS)
    for zero in (0x660, 0x966, 0xFF10):
        yield "".join(chr(zero + int(char)) for char in proper)
    yield f" {proper}"
    yield f"{proper}\n"
    yield f"tel:+{proper}"


def digits_of(text: str) -> str:
    return "".join(char for char in text if char.isdigit() and char.isascii())


def plain(proper: str) -> set[str]:
    """Every spelling as it is, and as its digits alone."""
    return {form for text in spellings(proper) for form in (text, digits_of(text))} - {proper}


@pytest.mark.parametrize("proper", PHONES)
def test_of_every_spelling_of_a_number_one_passes(proper: str) -> None:
    assert on_request("request-to", replace(GOOD, to=proper)).outcome is Outcome.PASSED
    assert e164(proper) == proper
    passing = {
        text
        for text in plain(proper)
        if on_request("request-to", replace(GOOD, to=text)).outcome is Outcome.PASSED
    }
    # Another number altogether may come out of what is put in, and never the same one.
    assert {text for text in passing if same_number(text, proper) or e164(text) == proper} == set()


@pytest.mark.parametrize(
    ("number", "wrong"),
    [
        ("610412345678", "it holds 0 behind country code 61 (a prefix for calls at home): write 61412345678"),
        (
            "115551230001",
            (
                "it holds 1 behind country code 1 (a prefix for calls at home, or its country code twice): "
                "write 15551230001"
            ),
        ),
        ("611831412345678", "it holds 1831 behind country code 61 (a prefix for calls at home)"),
        ("61611800123456", "its country code 61 is there twice: write 611800123456"),
        ("61610412345678", "its country code 61 is there twice: write 61412345678"),
        ("1404CALLNOW", "it holds something other than the digits 0 to 9 (letters)"),
        ("14045550123x12", "it holds something other than the digits 0 to 9 (an extension)"),
        ("14045550123;ext=12", "it holds something other than the digits 0 to 9 (an extension)"),
    ],
)
def test_what_a_reader_would_forgive_is_named(number: str, wrong: str) -> None:
    for rule, request in (
        ("request-to", replace(GOOD, to=number)),
        ("request-from", replace(GOOD, from_=number)),
    ):
        result = on_request(rule, request)
        assert result.outcome is Outcome.FAILED
        assert result.wording["wrong"].startswith(wrong)


@pytest.mark.parametrize("proper", PHONES)
def test_digits_that_read_as_one_number_have_one_key(proper: str) -> None:
    def key(to: str) -> str:
        return idempotency_key(account="a", to=to, mms_id="1", subject="s")

    read = {text for text in plain(proper) if text.isascii() and text.isdigit() and e164(text) == proper}
    assert {key(text) for text in (*read, proper, f"+{proper}")} == {key(proper)}


@pytest.mark.parametrize("proper", PHONES)
def test_a_number_as_it_is_dialled_at_home_is_the_same_phone(proper: str) -> None:
    number = phonenumbers.parse(f"+{proper}")
    for style in (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164):
        text = phonenumbers.format_number(number, style)
        assert same_number(text, proper)
        assert same_number(proper, text)
        assert not another_number(text, proper)
    assert same_number(str(number.national_number), proper)
    assert same_number(f"00{proper}", proper)


def test_two_phones_are_never_one() -> None:
    regions = ("US", "AU", "CA", "PR")
    kinds = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.TOLL_FREE)
    examples = (phonenumbers.example_number_for_type(*pair) for pair in itertools.product(regions, kinds))
    known = {
        *PHONES,
        *(phonenumbers.format_number(one, PhoneNumberFormat.E164)[1:] for one in examples if one),
    }
    for one, other in itertools.permutations(known, 2):
        national = phonenumbers.format_number(phonenumbers.parse(f"+{one}"), PhoneNumberFormat.NATIONAL)
        assert not same_number(one, other)
        assert not same_number(national, other), (national, other)


@pytest.mark.parametrize(
    ("told", "number"),
    [
        ("12345678", "61412345678"),  # a line in Sydney without its area code
        ("1230001", "15551230001"),
        ("05551230001", "15551230001"),  # the United States have no trunk 0
        ("0112345678", "61412345678"),
        ("412345678", "14123456780"),
        ("28444", "15550028444"),
    ],
)
def test_a_number_that_merely_ends_alike_is_another(told: str, number: str) -> None:
    assert another_number(told, number)
    assert another_number(number, told)


def test_what_is_not_known_is_neither() -> None:
    for nothing in (None, "", "unknown"):
        assert not same_number(nothing, "61412345678")
        assert not another_number(nothing, "61412345678")
