"""Nothing in a document goes unmentioned: odd names, places, repetitions and attributes are strays."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmscheck.model.mms import Mms, Stray, Text
from mmscheck.model.words import MediaKind
from mmscheck.slidexml import parse

STRAYS = Path(__file__).parents[2] / "fixtures" / "mms" / "strays.xml"


def read(document: str) -> Mms:
    message = parse(document.encode("utf-8"), "x.xml")
    assert message.problem is None
    return message


def in_slide(content: str) -> Mms:
    return read(f"<request><slide>{content}</slide></request>")


def names(message: Mms) -> list[str]:
    return [stray.name for stray in message.strays]


def test_legacy_and_misspelt_names_are_strays_with_the_spelling_to_use() -> None:
    message = parse(STRAYS.read_bytes(), "strays.xml")
    assert message.strays == (
        Stray(name="api_key", line=4, expected="api-key"),
        Stray(name="subject", line=5, expected="message-subject"),
        Stray(name="operatorid", line=7, expected="operator-id"),
        Stray(name="Slide", line=8, expected="slide"),
        Stray(name="Slide/@duration", line=8, expected="duration"),
        Stray(name="Image", line=9, expected="image"),
        Stray(name="URL", line=9, expected="url"),
        Stray(name="text", line=10, expected="message-text"),
        Stray(name="picture", line=11, expected="image"),
        Stray(name="sticker (holds a URL that is not checked)", line=12, overlooked=True),
    )


def test_what_strays_plainly_mean_is_read() -> None:
    message = parse(STRAYS.read_bytes(), "strays.xml")
    assert message.subject == Text(value="Summer sale", line=5)
    assert message.slides[0].texts == (Text(value="Hello", line=10),)
    assert message.slides[0].duration == Text(value="5", line=8)
    assert [(ref.kind, ref.url[-14:]) for ref in message.media] == [
        (MediaKind.IMAGE, "hoto-small.jpg"),
        (MediaKind.IMAGE, "logo-small.png"),
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("mmsId", "mms-id"),
        ("apiKey", "api-key"),
        ("CampaignRef", "campaignRef"),
        ("messageSubject", "message-subject"),
        ("FALLBACKSMSTEXT", "fallback-sms-text"),
        ("PASS", None),
        ("custom-subject", None),
    ],
)
def test_fields_of_the_request_are_strays_when_spelt_otherwise(written: str, expected: str | None) -> None:
    assert read(f"<request><{written}/></request>").strays == (
        Stray(name=written, line=1, expected=expected),
    )


def test_a_message_in_mixed_dialects_is_read_whole() -> None:
    message = read(
        "<REQUEST><message-subject>S</message-subject><Name>n</Name>"
        "<slide><VIDEO><url>u</url></VIDEO></slide></REQUEST>"
    )
    assert message.spelling == "legacy"
    assert message.subject is not None
    assert message.name is not None
    assert [ref.url for ref in message.media] == ["u"]
    assert {(stray.name, stray.expected) for stray in message.strays} == {
        ("message-subject", "SUBJECT"),
        ("Name", "NAME"),
        ("slide", "SLIDE"),
        ("url", "URL"),
    }


def test_a_root_in_mixed_case_is_read_as_modern_and_is_a_stray() -> None:
    message = read("<Request><name>n</name></Request>")
    assert message.spelling == "modern"
    assert message.strays == (Stray(name="Request", line=1, expected="request"),)


@pytest.mark.parametrize(("written", "kind"), [("contact", MediaKind.VCARD), ("calendar", MediaKind.ICAL)])
def test_names_of_the_json_api_are_understood_and_strays(written: str, kind: MediaKind) -> None:
    message = in_slide(f"<{written}><url>u</url></{written}>")
    assert [(ref.kind, ref.url) for ref in message.media] == [(kind, "u")]
    assert message.strays == (Stray(name=written, line=1, expected=kind.value),)


@pytest.mark.parametrize(("written", "kind"), [("imgae", "image"), ("vidoe", "video"), ("pass", "passbook")])
def test_a_misspelt_media_element_still_has_its_url_checked(written: str, kind: str) -> None:
    message = in_slide(f"<{written}><url>u</url></{written}>")
    assert [(ref.kind.value, ref.url) for ref in message.media] == [(kind, "u")]
    assert names(message) == [written]


def test_media_inside_unknown_elements_are_read() -> None:
    message = in_slide("<media>\n<image><url>u</url></image><message-text>t</message-text></media>")
    assert [ref.url for ref in message.media] == ["u"]
    assert [text.value for text in message.slides[0].texts] == ["t"]
    assert message.strays == (
        Stray(name="media", line=1),
        Stray(name="image (inside media)", line=2),
        Stray(name="message-text (inside media)", line=2),
    )


def test_slides_inside_unknown_or_plain_elements_are_read_but_not_subject_and_name() -> None:
    message = read(
        "<request><slides><message-subject>S</message-subject><name>n</name><slide/></slides>"
        "<to><slide/></to></request>"
    )
    assert len(message.slides) == 2
    assert message.subject is None
    assert message.name is None
    assert names(message) == [
        "slides",
        "message-subject (inside slides, so it is not read)",
        "name (inside slides, so it is not read)",
    ]


def test_a_slide_inside_a_slide_is_a_slide_of_its_own() -> None:
    message = in_slide("<image><url>a</url></image><slide><image><url>b</url></image></slide>")
    assert [(ref.slide, ref.index, ref.url) for ref in message.media] == [(1, 1, "a"), (2, 2, "b")]
    assert names(message) == ["slide (inside another slide)"]


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ("<request><image><url>u</url></image></request>", "image (outside a slide, so it is not read)"),
        (
            "<request><message-text>t</message-text></request>",
            "message-text (outside a slide, so it is not read)",
        ),
        (
            "<request><slide><url>u</url></slide></request>",
            "url (outside a media element, so it is not checked)",
        ),
        ("<request><slide><name>n</name></slide></request>", "name (inside a slide, so it is not read)"),
        ("<request>loose</request>", "text directly inside request"),
        ("<request><slide>loose</slide></request>", "text directly inside slide"),
        ("<request><slide><!-- c -->loose</slide></request>", "text directly inside slide"),
        ("<request><action>deleteMMSID</action></request>", "action (neither saveMMS nor sendMMS)"),
        ("<request><slide type='x'/></request>", "slide/@type"),
        ("<request xmlns='urn:x'><slide/></request>", "request/@xmlns"),
        ("<request><name>a<b>c</b></name></request>", "b (inside name)"),
        (
            "<request><slide><banner href='http://x/y'/></slide></request>",
            "banner (holds a URL that is not checked)",
        ),
    ],
)
def test_what_stands_in_the_wrong_place_is_a_stray(document: str, name: str) -> None:
    assert name in names(read(document))


def test_prefixed_names_are_read_and_strays() -> None:
    message = read(
        "<m:request xmlns:m='urn:x'><m:slide><m:image><m:url>u</m:url></m:image></m:slide></m:request>"
    )
    assert [ref.url for ref in message.media] == ["u"]
    assert [(stray.name, stray.expected) for stray in message.strays] == [
        ("m:request", "request"),
        ("m:slide", "slide"),
        ("m:image", "image"),
        ("m:url", "url"),
    ]


@pytest.mark.parametrize(
    ("content", "stray"),
    [
        (
            "<image url='http://a.example/b.jpg'/>",
            Stray(name="image/@url", line=1, expected="url", overlooked=True),
        ),
        (
            "<image src='http://a.example/b.jpg'/>",
            Stray(name="image/@src", line=1, expected="url", overlooked=True),
        ),
        (
            "<image>http://a.example</image>",
            Stray(name="text directly inside image", line=1, expected="url", overlooked=True),
        ),
        ("<image><uri>x</uri></image>", Stray(name="uri", line=1, expected="url")),
    ],
)
def test_a_url_in_the_wrong_form_leaves_the_reference_empty_and_is_a_stray(
    content: str, stray: Stray
) -> None:
    message = in_slide(content)
    assert [ref.url for ref in message.media] == [""]
    assert message.strays == (stray,)


def test_media_inside_media_are_kept() -> None:
    message = in_slide("<image><url>a</url><video><url>b</url></video></image>")
    assert [(ref.kind.value, ref.url) for ref in message.media] == [("image", "a"), ("video", "b")]
    assert names(message) == ["video (inside image)"]


def test_text_of_elements_inside_a_text_stays_in_it() -> None:
    message = read("<request><message-subject>a<b>\N{SUN WITH FACE}</b>c</message-subject></request>")
    assert message.subject == Text(value="a\N{SUN WITH FACE}c", line=1)
    assert names(message) == ["b (inside message-subject)"]


def test_of_repeated_elements_the_first_counts_and_the_others_are_named() -> None:
    message = read(
        "<request><message-subject>one</message-subject>\n<subject>two</subject>\n<name>a</name>\n<name>b</name>\n"
        "<slide duration='1'><duration>2</duration>\n<duration>3</duration></slide></request>"
    )
    assert message.subject == Text(value="one", line=1)
    assert message.name == Text(value="a", line=3)
    assert message.slides[0].duration == Text(value="2", line=5)
    again = [(stray.name, stray.line) for stray in message.strays if "given again" in stray.name]
    assert again == [
        ("subject (given again; the one on line 1 counts)", 2),
        ("name (given again; the one on line 3 counts)", 4),
        ("slide/@duration (given again; the one on line 5 counts)", 5),
        ("duration (given again; the one on line 5 counts)", 6),
    ]


def test_names_are_made_fit_to_be_shown() -> None:
    (stray,) = read(f"<request><{'n' * 500}/></request>").strays
    assert len(stray.name) == 61


@pytest.mark.parametrize(
    "inner",
    [
        "<sticker>http://a.example/a.png</sticker>",
        '<sticker src="http://a.example/a.png"/>',
        "<slide><url>http://a.example/a.png</url></slide>",
        "<image><url>http://a.example/a.png</url></image>",
        "<slide>http://a.example/a.png</slide>",
        "<message-subject>One</message-subject><message-subject>Two</message-subject>",
        "<slide><message-subject>Two</message-subject></slide>",
    ],
)
def test_what_no_rule_will_look_at_is_marked(inner: str) -> None:
    message = parse(f"<request><name>n</name>{inner}</request>".encode(), "sale.xml")
    assert [stray for stray in message.strays if stray.overlooked], message.strays


def test_what_is_merely_spelt_oddly_is_not_marked() -> None:
    text = "<request><NAME>n</NAME><subject>s</subject><slide><colour>red</colour></slide></request>"
    message = parse(text.encode(), "sale.xml")
    assert message.strays
    assert not [stray for stray in message.strays if stray.overlooked]
