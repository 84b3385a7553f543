"""A contact card of whatever program is read as phones read it, and what no phone can read is refused."""

from __future__ import annotations

import pytest

from mmscheck.media.decoding import decode
from mmscheck.media.previews import preview
from mmscheck.model.facts import ContactFacts, Undecoded
from tests.media import bombs
from tests.media.dialects import APPLE, DIALECTS, PORTRAIT, card, packed

NAME = ("N:Person;Ana;;;", "FN:Ana Person")


def facts(data: bytes) -> ContactFacts:
    found = decode("text/vcard", data)
    assert isinstance(found, ContactFacts), found
    return found


def shown(data: bytes) -> dict[str, str]:
    found = preview("text/vcard", data, decode("text/vcard", data))
    return dict(found.lines) if found else {}


def refused(data: bytes) -> str:
    found = decode("text/vcard", data)
    assert isinstance(found, Undecoded), found
    assert not found.contained
    return found.reason


@pytest.mark.parametrize("program", DIALECTS)
def test_a_card_of_every_program_is_one_named_contact(program: str) -> None:
    found = facts(DIALECTS[program])
    assert (found.contacts, found.named, found.oddities) == (1, True, ())
    assert shown(DIALECTS[program])


@pytest.mark.parametrize("program", [name for name, data in DIALECTS.items() if b"PHOTO" in data])
def test_the_picture_in_a_card_of_every_program_is_read_whole(program: str) -> None:
    assert facts(DIALECTS[program]).largest_photo == len(PORTRAIT)


@pytest.mark.parametrize("program", DIALECTS)
def test_cards_of_all_programs_can_stand_in_one_file(program: str) -> None:
    both = DIALECTS[program].rstrip() + b"\r\n\r\n" + DIALECTS["Gmail"]
    assert (facts(both).contacts, facts(both).named) == (2, True)


@pytest.mark.parametrize("program", DIALECTS)
def test_a_card_that_is_cut_off_is_refused_wherever_that_is(program: str) -> None:
    whole = DIALECTS[program].rstrip()
    for end in range(15, len(whole)):
        assert refused(whole[:end]), whole[:end]


@pytest.mark.parametrize(
    ("program", "name"),
    [
        ("Outlook 2003", "Ana Müller"),
        ("Android", "Blumen Müller GmbH"),
        ("Nokia", "Ana Müller"),
        ("Japanese phone", "花子 山田"),
        ("iOS with CR CR LF", "Ana Person"),
    ],
)
def test_names_are_shown_in_the_character_set_that_they_state(program: str, name: str) -> None:
    assert shown(DIALECTS[program])["Name"] == name


def test_a_name_that_is_not_in_utf_8_is_shown_as_a_phone_shows_it_and_advised_against() -> None:
    data = card("N:Müller;Jürgen;;;", "FN:Jürgen Müller", charset="iso-8859-1")
    assert shown(data)["Name"] == "J\ufffdrgen M\ufffdller"
    (told,) = facts(data).oddities
    assert told == "text that is neither in UTF-8 nor in the character set that it states (lines 3 and 4)"
    stated = card("N;CHARSET=utf-8;ENCODING=QUOTED-PRINTABLE:M=FCller", version="2.1")
    assert "neither in UTF-8" in facts(stated).oddities[0]


@pytest.mark.parametrize(
    ("lines", "version", "told"),
    [
        (
            ("FN:Ana", "N:P;A"),
            "4.0",
            "VERSION:4.0, which the Contacts app of Android does not import (line 1)",
        ),
        (("FN:Ana", "N:P;A"), "5.0", "a VERSION that does not exist (line 1)"),
        (("FN:Ana", "N:P;A"), "", "a contact without a VERSION (line 1)"),
        (("FN:Ana",), "3.0", "a contact without N, which vCard 2.1 and 3.0 demand (line 1)"),
        ((*NAME, "TEL:0171 1234567"), "3.0", "a telephone number without + and country code (line 5)"),
        (
            (*NAME, "TEL;VALUE=uri:tel:030-12345"),
            "3.0",
            "a telephone number without + and country code (line 5)",
        ),
        ((*NAME, "TEL:1-800-FLOWERS"), "3.0", "a telephone number without + and country code (line 5)"),
        (("# from the shop", *NAME), "3.0", "a line that is no property (line 3)"),
        ((*NAME, "b without colon"), "3.0", "a line that is no property (line 5)"),
        ((*NAME, "X-messaging/gadu-All:4"), "3.0", "a line that is no property (line 5)"),
        ((*NAME, "item 1.EMAIL:a@example.com"), "3.0", "a line that is no property (line 5)"),
        ((*NAME, ":nothing"), "3.0", "a line that is no property (line 5)"),
        ((*NAME, "END:VEVENT"), "3.0", "an END without a BEGIN (line 5)"),
        ((*NAME, "BEGIN:VNOTE", "END:VNOTE"), "3.0", "something that is no contact (line 5)"),
        (
            (*NAME, f"PHOTO;ENCODING=b:{packed(9999, after='').rstrip('=')}"),
            "3.0",
            "a picture that some phones",
        ),
        (
            (*NAME, "PHOTO;ENCODING=b:/9j/4AAQSkZJRgABAQAA"),
            "3.0",
            "a picture that some phones cannot show (line 5)",
        ),
    ],
)
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r\r\n", "\r"])
def test_what_some_phones_read_otherwise_is_told_with_its_line_and_refused_nowhere(
    lines: tuple[str, ...], version: str, told: str, end: str
) -> None:
    found = facts(card(*lines, version=version, end=end))
    assert (found.contacts, found.named) == (1, True)
    assert len(found.oddities) == 1
    assert found.oddities[0].startswith(told)


@pytest.mark.parametrize(
    "number", ["+49 171 123", "tel:+1-555-123-0001;ext=5", "(+1) 555 1230001", "911", "*123#4567", ""]
)
def test_numbers_that_can_be_called_as_they_are_get_no_word(number: str) -> None:
    assert facts(card(*NAME, f"TEL:{number}")).oddities == ()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_advised_against_and_what_follows_is_read(encoding: str) -> None:
    data = card("N:Müller;Ana;;;", "FN:Ana Müller").decode().encode(encoding)
    assert len(facts(data).oddities) == 1
    assert shown(data)["Name"] == "Ana Müller"


def test_lines_before_and_behind_a_card_are_advised_against() -> None:
    data = b"Subject: a card\r\n\r\n" + card(*NAME) + b"<!-- x -->\r\nfooter: y\r\n"
    assert facts(data).oddities == (
        "a line outside of BEGIN and END (lines 1 and 9)",
        "a line that is no property (line 8)",
    )


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<!DOCTYPE html><html><body>Sign in: please</body></html>", "there is no contact in it"),
        (b"VERSION:3.0\r\nFN:Ana\r\n", "there is no contact in it"),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "there is no contact in it"),
        (card(*APPLE)[:-13], "the contact that begins in line 1 is cut off: END:VCARD is missing"),
        (card(*NAME) + card(*NAME)[:-13], "the contact that begins in line 6 is cut off"),
        (card(*NAME)[:-11] + card(*NAME), "the contact that begins in line 1 is cut off"),
        (card(*NAME, "PHOTO;ENCODING=b:!!!not base64"), "the picture in line 5 is cut off or not in base64"),
        (card(*NAME, f"PHOTO;ENCODING=b:{packed(9999, after='')[:401]}"), "the picture in line 5 is cut off"),
        (card(*NAME, f"PHOTO;BASE64:{packed(9999, after='')[:402]}", version="2.1"), "the picture in line 5"),
        (card(*NAME, "PHOTO:data:image/jpeg;base64,/9j/4"), "the picture in line 5 is cut off"),
    ],
)
def test_what_no_phone_can_read_is_refused(data: bytes, why: str) -> None:
    assert why in refused(data)


@pytest.mark.parametrize("lines", [(), ("N:;;;;", "FN:"), ("N: ; ;;;",), ("TEL:+15551230001",), ("ORG:;",)])
def test_a_card_with_nothing_to_be_shown_by_has_no_name(lines: tuple[str, ...]) -> None:
    assert not facts(card(*lines)).named


@pytest.mark.parametrize("end", ["=", "==", "A==", "A=A=", "===="])
def test_a_picture_that_was_damaged_before_it_was_packed_is_advised_against(end: str) -> None:
    found = facts(card(*NAME, f"PHOTO;ENCODING=b:/9j/4AAQSkZJRgAB{end}", "NOTE:x"))
    assert found.oddities == ("a picture that some phones cannot show (line 5)",)


def test_a_contact_without_a_name_among_others_that_have_one_does_not_spoil_them() -> None:
    """Android exports whatever it has, an address alone among them."""
    found = facts(card("EMAIL;PREF:ana@example.com", version="2.1") + card(*NAME))
    assert (found.contacts, found.named) == (2, True)
    assert found.oddities == ("a contact without a name, which is shown by its number if at all (line 1)",)


def test_the_data_uri_of_a_picture_may_have_its_comma_escaped() -> None:
    line = f"PHOTO:data:image/jpeg;base64\\,{packed(9999, after='')}"
    assert facts(bombs.card(*NAME, line)).largest_photo == len(PORTRAIT)
