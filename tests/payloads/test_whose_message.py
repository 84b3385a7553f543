"""Whose message a document is: told by its content, by what somebody says, and never guessed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mmscheck.errors import UsageError
from mmscheck.judge.documents import meant, other_message, read_message
from mmscheck.model.mms import Mms
from mmscheck.model.words import Document, MediaKind
from mmscheck.ruleset.providers import other_providers

A, B = "https://media.example/a.jpg", "https://media.example/b.mp3"
NUMBERS = {"to": "+14155550100", "from": "+14155550199"}
BY_PROVIDER: dict[str, Any] = {
    "twilio": {"To": "+14155550100", "From": "+14155550199", "Body": "Hi", "MediaUrl": [A, B]},
    "telnyx": {**NUMBERS, "text": "Hi", "media_urls": [A, B]},
    "bandwidth": {**NUMBERS, "to": ["+14155550100"], "applicationId": "a", "text": "Hi", "media": [A, B]},
    "plivo": {"src": "14155550199", "dst": "14155550100", "type": "mms", "text": "Hi", "media_urls": [A, B]},
    "vonage": {
        **NUMBERS,
        "channel": "mms",
        "message_type": "content",
        "content": [{"type": "image", "url": A, "caption": "Hi"}, {"type": "audio", "url": B}],
    },
    "infobip": {
        "messages": [
            {
                "sender": "14155550199",
                "destinations": [{"to": "14155550100"}],
                "content": {"messageSegments": [{"text": "Hi"}, {"contentUrl": A}, {"contentUrl": B}]},
            }
        ]
    },
}


def told(document: object, meant_for: str = "") -> Mms:
    data = document if isinstance(document, bytes) else json.dumps(document, indent=1).encode()
    found = other_message(data, "a", meant_for)
    assert found is not None
    return found


def whose(message: Mms) -> str:
    assert message.payload is not None
    return message.payload.provider


def test_there_is_a_message_here_for_every_provider() -> None:
    assert sorted(BY_PROVIDER) == [each.id for each in other_providers()]


@pytest.mark.parametrize("name", BY_PROVIDER)
@pytest.mark.parametrize("said", [True, False])
def test_a_whole_message_is_known_by_its_content(name: str, *, said: bool) -> None:
    message = told(BY_PROVIDER[name], name if said else "")
    assert message.problem is None
    assert message.payload is not None
    assert (message.document, whose(message), message.payload.faults) == (Document.OTHER, name, ())
    assert [ref.url for ref in message.media] == [A, B]
    assert [text.value for slide in message.slides for text in slide.texts] == ["Hi"]
    assert message.strays == ()
    assert (message.payload.sender, message.payload.recipients) == ("14155550199", 1)


@pytest.mark.parametrize("name", BY_PROVIDER)
def test_places_are_those_of_the_document(name: str) -> None:
    message = told(BY_PROVIDER[name])
    lines = json.dumps(BY_PROVIDER[name], indent=1).split("\n")
    for ref in message.media:
        assert lines[ref.line - 1][ref.column - 1 :].startswith(f'"{ref.url}"'), ref
        assert ref.pointer


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({**NUMBERS, "text": "Hi", "media": [A]}, ("Telnyx", "Bandwidth")),
        ({**NUMBERS, "text": "Hi", "media_urls": [A], "applicationId": "a"}, ("Telnyx", "Bandwidth")),
        ({"to": "1", "text": "Hi"}, ("Telnyx", "Bandwidth")),
    ],
)
def test_what_fits_several_is_an_error_that_asks(document: object, named: tuple[str, ...]) -> None:
    message = told(document)
    assert message.problem is not None
    assert all(name in message.problem.reason for name in named)
    assert "--as telnyx" in (message.problem.hint or "")
    assert message.slides == ()


@pytest.mark.parametrize("meant_for", ["telnyx", "bandwidth"])
def test_who_says_which_is_heard(meant_for: str) -> None:
    message = told({**NUMBERS, "text": "Hi", "media": [A]}, meant_for)
    assert (message.problem, whose(message)) == (None, meant_for)


@pytest.mark.parametrize(
    "data",
    [
        b"<request/>",
        b"\xef\xbb\xbf <request/>",
        b'{"action": "savemms", "slide": [{"message-text": "Hi"}]}',
        b'{"action": "sendmms", "to": "1", "from": "2", "slide": [], "text": "Hi", "media_urls": ["http://a/b"]}',
        b'{"name": "left-pad", "version": "1.0.0"}',
        b"{",
        b"[]",
        b"",
        b"\xff\xd8\xff",
        b"key=value",
        b"Subject: hello",
        b'"https://media.example/a.jpg"',
        b"[" * 100_000,
    ],
)
def test_what_is_for_nobody_here_is_left_to_the_reader_of_sinch(data: bytes) -> None:
    assert other_message(data, "a") is None
    assert read_message(data, "a").document is not Document.OTHER


@pytest.mark.parametrize("name", [*BY_PROVIDER, "urls"])
@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"{", b"[]", b"{}", b"null", b"0", b"\xff\xfe\xfa", b"<request/>", b"[" * 100_000),
        *(b"a=%", b"a=%ff", b"a=b&c", b"a=" + b"x&a=" * 20_000, b'{"a": "\\ud800"}', b'{"To": 1, "To": 2}'),
        *(b'{"To": {"a": [{"b": null}]}, "to": [[["x"]]], "content": 7, "messages": {"a": 1}}', b"NaN"),
    ],
)
def test_damage_under_a_name_is_a_problem_or_a_fault_and_no_error(name: str, data: bytes) -> None:
    message = told(data, name)
    assert message.problem is not None or (message.payload is not None and message.payload.faults)


def test_a_form_holds_several_values_of_one_name() -> None:
    data = b"To=%2B14155550100&From=%2B1415&Body=a+b%26c&MediaUrl=https%3A%2F%2Fa%2Fb.jpg&MediaUrl=https://c/d.png\n"
    message = told(data)
    assert whose(message) == "twilio"
    assert [ref.url for ref in message.media] == ["https://a/b.jpg", "https://c/d.png"]
    assert [text.value for text in message.slides[0].texts] == ["a b&c"]
    assert [data[ref.column - 1 :][:8] for ref in message.media] == [b"MediaUrl"] * 2


def test_a_form_for_a_provider_that_takes_none_says_so() -> None:
    message = told(b"from=1&to=2&text=a&media_urls=https://a/b.jpg")
    assert message.problem is not None
    assert "Telnyx takes JSON" in message.problem.reason


def test_a_name_with_brackets_is_not_the_field_without() -> None:
    message = told(b"To=1&From=2&Body=a&MediaUrl[0]=https://a/b.jpg")
    assert message.media == ()
    (stray,) = message.strays
    assert (stray.overlooked, stray.expected) == (True, "MediaUrl")


def test_a_field_of_one_value_that_is_given_again_is_not_passed_over() -> None:
    message = told(b"To=1&From=2&Body=a&Body=b&MediaUrl=https://a/b.jpg")
    assert any(stray.overlooked for stray in message.strays)


def test_unknown_fields_are_said() -> None:
    document = {**BY_PROVIDER["twilio"], "mediaUrl": "https://a/c.jpg", "Colour": "red"}
    strays = told(document).strays
    assert {(stray.name.partition(" ")[0], stray.overlooked) for stray in strays} == {
        ("mediaUrl", True),
        ("Colour", False),
    }


def test_what_the_type_of_a_message_leaves_out_is_said() -> None:
    document = {
        **NUMBERS,
        "channel": "mms",
        "message_type": "image",
        "image": {"url": A},
        "video": {"url": B},
    }
    message = told(document)
    assert [ref.url for ref in message.media] == [A]
    (stray,) = message.strays
    assert stray.overlooked


def test_kinds_are_those_that_fields_tell() -> None:
    document = {**NUMBERS, "channel": "mms", "message_type": "vcard", "vcard": {"url": A}}
    (ref,) = told(document).media
    assert (ref.kind, ref.guessed) == (MediaKind.VCARD, False)


def test_several_numbers_in_one_text_are_counted() -> None:
    document = {**BY_PROVIDER["plivo"], "dst": "1<2<3"}
    payload = told(document).payload
    assert payload is not None
    assert payload.recipients == 3


def test_several_urls_in_one_text_are_told_apart_and_a_comma_in_one_is_kept() -> None:
    document = {**BY_PROVIDER["plivo"], "media_urls": "https://a/b,c.jpg,https://a/d.jpg"}
    assert [ref.url for ref in told(document).media] == ["https://a/b,c.jpg", "https://a/d.jpg"]


@pytest.mark.parametrize(
    "data", [b"# all\nhttps://a/b.jpg\n\n  HTTP://c/d.png\r\n", b'["https://a/b.jpg",\n"HTTP://c/d.png"]']
)
def test_a_list_is_one_with_lines(data: bytes) -> None:
    message = told(data)
    assert message.is_list
    assert [ref.url for ref in message.media] == ["https://a/b.jpg", "HTTP://c/d.png"]


def test_a_list_is_for_whom_somebody_says() -> None:
    message = told(b"https://a/b.jpg\nhttps://c/d.png", "twilio")
    assert (whose(message), message.is_list, len(message.media)) == ("twilio", False, 2)


def test_lines_show_urls_and_texts_and_no_other_value() -> None:
    data = b"To=%2B14155550100&From=%2B1&AuthToken=c2VjcmV0&Body=Hi+you&MediaUrl=https://a/b.jpg%3Fsig%3Dabcdef0123456789abcdef"
    (line,) = told(data).excerpts.values()
    assert line.startswith("To=…&From=…&AuthToken=…&Body=Hi you&MediaUrl=https://a/b.jpg?…")
    assert "abcdef" not in line
    document = {**BY_PROVIDER["telnyx"], "api_key": "c2VjcmV0", "note": 1234567}
    shown = told(document).excerpts
    assert f'"{A}"' in " ".join(shown.values())
    assert not any(part in " ".join(shown.values()) for part in ("c2VjcmV0", "1234567", "+1415"))


def test_a_channel_that_is_no_mms_is_named() -> None:
    payload = told({**BY_PROVIDER["twilio"], "To": "whatsapp:+14155550100"}).payload
    assert payload is not None
    (fault,) = payload.faults
    assert "no MMS" in fault.problem


def test_no_other_name_is_taken() -> None:
    with pytest.raises(UsageError, match="twilio"):
        meant("sinch")
    assert (meant(None), meant("urls"), meant("plivo")) == ("", "urls", "plivo")
