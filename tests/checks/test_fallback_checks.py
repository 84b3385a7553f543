# ruff: noqa: RUF001 - characters that look like others are what these tests are about

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmscheck.base import sms
from mmscheck.model.request import SendRequest
from tests.support.message_targets import on_request


def test_the_gsm_alphabet_has_its_127_characters_and_10_extensions() -> None:
    assert len(sms.BASIC) == 127
    assert len(sms.EXTENSION) == 10
    assert not sms.BASIC & sms.EXTENSION
    assert "Ç" in sms.BASIC
    assert not set("ç`\t\x1b“…–\u00a0áâ") & (sms.BASIC | sms.EXTENSION)


@pytest.mark.parametrize(
    ("text", "alphabet", "units"),
    [
        ("Hello", "GSM-7", 5),
        ("[€]", "GSM-7", 6),
        ("Øre ä", "GSM-7", 5),
        ("ç", "UCS-2", 1),
        ("a🌸", "UCS-2", 3),
        ("\ud83d", "UCS-2", 1),
    ],
)
def test_a_text_is_counted_in_the_units_of_its_alphabet(text: str, alphabet: str, units: int) -> None:
    encoded = sms.encode(text)
    assert (encoded.alphabet, encoded.units) == (alphabet, units)


@pytest.mark.parametrize(
    ("text", "more", "messages"),
    [
        ("x" * 160, 0, 1),
        ("x" * 129, 31, 1),
        ("x" * 161, 0, 2),
        ("x" * 306, 0, 2),
        ("x" * 307, 0, 3),
        ("x" * 152 + "€" + "x" * 152, 0, 3),
        ("x" * 152 + "€" + "x" * 151, 0, 2),
        ("x" * 130, 31, 2),
    ],
)
def test_a_pair_is_never_cut_between_two_messages(text: str, more: int, messages: int) -> None:
    assert sms.parts(sms.encode(text), more, 160, 153) == messages


@given(text=st.text(), more=st.integers(0, 40))
def test_the_parts_always_hold_the_text(text: str, more: int) -> None:
    encoded = sms.encode(text)
    single, part = (160, 153) if encoded.alphabet == "GSM-7" else (70, 67)
    count = sms.parts(encoded, more, single, part)
    assert count == 1 or encoded.units + more > single
    assert count * (part if count > 1 else single) >= encoded.units + more


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (None, "inapplicable"),
        ("", "inapplicable"),
        ("x" * 129, "passed"),
        ("x" * 130, "failed"),
        ("“" + "x" * 38, "passed"),
        ("“" + "x" * 39, "failed"),
        ("x{$a}", "cant-tell"),
        ("x" * 130 + "{$a}", "failed"),
    ],
)
def test_the_fallback_text_leaves_room_for_a_space_and_the_link(text: str | None, outcome: str) -> None:
    assert on_request("fallback-text-segments", SendRequest(fallback_sms_text=text)).outcome == outcome
