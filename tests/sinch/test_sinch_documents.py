from __future__ import annotations

import pytest
from lxml import etree

from mmscheck.errors import UsageError
from mmscheck.model.request import Changes, CustomText, SendRequest
from mmscheck.sinch import REDACTED, redacted_xml, request_xml

FULL = SendRequest(
    mms_id="35674",
    to="15551234567",
    from_="28444",
    service_id="12345",
    fallback_sms_text='A & B <c> "d"',
    operator_id="31002",
    ddm_force="true",
    ddm_message_text="We look at your phone",
    ddm_message_subject="Hello",
    ddm_message_timeout="10",
    changes=Changes(
        custom_subject="Sale & more",
        custom_texts=(CustomText(slide=1, value="one"), CustomText(slide=3, value=" <three> ")),
        data=(("firstname", "Zoë 🎉"), ("pin", "13579")),
    ),
)


def fields(document: bytes) -> list[tuple[str, str | None]]:
    root = etree.fromstring(document)
    assert root.tag == "request"
    return [(child.tag, child.text) for child in root if not len(child)]


def test_every_documented_field_is_written_under_its_documented_name() -> None:
    document = request_xml(FULL, "the-key")
    root = etree.fromstring(document)
    assert fields(document) == [
        ("action", "sendSavedMMS"),
        ("api-key", "the-key"),
        ("to", "15551234567"),
        ("from", "28444"),
        ("service-id", "12345"),
        ("mms-id", "35674"),
        ("fallback-sms-text", 'A & B <c> "d"'),
        ("ddm-force", "true"),
        ("ddm-message-subject", "Hello"),
        ("ddm-message-text", "We look at your phone"),
        ("ddm-message-timeout", "10"),
        ("custom-subject", "Sale & more"),
        ("operator-id", "31002"),
    ]
    texts = [[(part.tag, part.text) for part in text] for text in root.iterchildren("custom-text")]
    assert texts == [[("value", "one"), ("slide", "1")], [("value", " <three> "), ("slide", "3")]]
    assert [(part.tag, part.text) for part in root.iterfind("data/*")] == [
        ("firstname", "Zoë 🎉"),
        ("pin", "13579"),
    ]


def test_the_document_is_utf_8_and_says_so() -> None:
    document = request_xml(FULL, "the-key")
    assert document.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
    assert "Zoë 🎉".encode() in document


def test_fields_that_are_none_are_left_out() -> None:
    assert fields(request_xml(SendRequest(to="1"), "k")) == [
        ("action", "sendSavedMMS"),
        ("api-key", "k"),
        ("to", "1"),
    ]


def test_white_space_and_line_ends_arrive_as_they_were_given() -> None:
    text = "  a\r\nb\tc\r  "
    document = request_xml(SendRequest(fallback_sms_text=text), "k")
    assert etree.fromstring(document).findtext("fallback-sms-text") == text


def test_the_redacted_document_differs_in_the_key_alone() -> None:
    key = "s3cret&key"
    assert redacted_xml(FULL) == request_xml(FULL, key).replace(b"s3cret&amp;key", REDACTED.encode())
    assert b"s3cret" not in redacted_xml(FULL)


@pytest.mark.parametrize("bad", [0, 8, 11, 0x1F, 0xFFFE, 0xFFFF, 0xD800, 0xDFFF])
def test_what_xml_cannot_carry_is_refused_with_field_and_character(bad: int) -> None:
    request = SendRequest(fallback_sms_text=f"top secret{chr(bad)}")
    with pytest.raises(UsageError) as caught:
        request_xml(request, "k")
    assert str(caught.value) == (
        f"fallback-sms-text: XML cannot carry the character U+{bad:04X} at position 11"
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (Changes(custom_texts=(CustomText(slide=2, value="\x01"),)), "custom-text for slide 2"),
        (Changes(data=(("name", "\x01"),)), "data name"),
        (Changes(custom_subject="\x01"), "custom-subject"),
    ],
)
def test_the_error_names_which_text_it_is_about(changes: Changes, field: str) -> None:
    with pytest.raises(UsageError, match=f"^{field}: .*U\\+0001"):
        request_xml(SendRequest(changes=changes), "k")


@pytest.mark.parametrize("name", ["", "1st", "a b", "a:b", "<a>", "-a", "a/", "ä b", "a\n"])
def test_a_data_name_that_is_no_xml_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of an XML element"):
        request_xml(SendRequest(changes=Changes(data=((name, "v"),))), "k")


@pytest.mark.parametrize("name", ["a", "_a", "first_name", "a-b.c", "prénom", "A1"])
def test_other_data_names_are_written_as_they_are(name: str) -> None:
    document = request_xml(SendRequest(changes=Changes(data=((name, "v"),))), "k")
    assert etree.fromstring(document).findtext(f"data/{name}") == "v"


def test_what_could_mean_two_things_is_refused() -> None:
    twice = Changes(custom_texts=(CustomText(slide=1, value="a"), CustomText(slide=1, value="b")))
    with pytest.raises(UsageError, match="slide 1 is given twice"):
        request_xml(SendRequest(changes=twice), "k")
    with pytest.raises(UsageError, match="NAME is given twice"):
        request_xml(SendRequest(changes=Changes(data=(("name", "a"), ("NAME", "b")))), "k")


@pytest.mark.parametrize("key", ["", " ", "\n"])
def test_an_empty_key_is_refused(key: str) -> None:
    with pytest.raises(UsageError, match="API key is empty"):
        request_xml(FULL, key)
