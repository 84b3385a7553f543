"""What is read from a document: dialects, lines, texts as written, encodings; and that it never fails."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmscheck.model.mms import MediaRef, Mms, Slide, Text
from mmscheck.model.words import MediaKind
from mmscheck.slidexml import parse

FIXTURES = Path(__file__).parents[2] / "fixtures" / "mms"
API_KEY = "qTFkykO9JTfahCOqJ0V2Wf5Cg1t8iWlZ"
MODERN = f"""<?xml version="1.0" encoding="UTF-8"?>
<request>
    <action>saveMMS</action>
    <api-key>{API_KEY}</api-key>
    <message-subject>Sale &amp; more</message-subject>
    <name>sale</name>
    <slide>
        <image><url>http://media.example.com/photo-small.jpg?w=1&amp;h=2</url></image><!-- soon -->
        <message-text><![CDATA[Up to <b>20%</b>]]></message-text>
        <duration>5</duration>
    </slide>
</request>
"""


def read(document: str) -> Mms:
    return parse(document.encode("utf-8"), "sale.xml")


def wrapped(slides: str) -> Mms:
    return read(f"<request><message-subject>S</message-subject><name>n</name>{slides}</request>")


def fixture(name: str) -> Mms:
    message = parse((FIXTURES / name).read_bytes(), name)
    assert message.problem is None
    return message


def test_a_modern_message_is_read_with_the_line_of_every_part() -> None:
    message = read(MODERN)
    assert message.problem is None
    assert message.strays == ()
    assert message.spelling == "modern"
    assert message.source == "sale.xml"
    assert message.subject == Text(value="Sale & more", line=5)
    assert message.name == Text(value="sale", line=6)
    url = "http://media.example.com/photo-small.jpg?w=1&h=2"
    assert message.slides == (
        Slide(
            number=1,
            line=7,
            texts=(Text(value="Up to <b>20%</b>", line=9),),
            media=(MediaRef(url=url, kind=MediaKind.IMAGE, slide=1, index=1, line=8),),
            duration=Text(value="5", line=10),
        ),
    )


def test_the_digest_is_that_of_the_bytes_as_given() -> None:
    for data in (MODERN.encode(), b"", b"no xml"):
        assert parse(data, "x").digest == "sha256:" + hashlib.sha256(data).hexdigest()


def test_the_upper_case_dialect_is_read() -> None:
    message = fixture("legacy-upper.xml")
    assert message.spelling == "legacy"
    assert message.strays == ()
    assert message.subject == Text(value="Autumn opening hours", line=5)
    assert message.name == Text(value="autumn-hours", line=6)
    assert [slide.line for slide in message.slides] == [7, 13]
    assert message.slides[0].duration == Text(value="5", line=11)
    assert message.slides[0].texts == (Text(value="From October we open at ten.", line=10),)
    assert [(ref.kind, ref.slide, ref.index, ref.line) for ref in message.media] == [
        (MediaKind.IMAGE, 1, 1, 8),
        (MediaKind.AUDIO, 1, 2, 9),
        (MediaKind.VCARD, 2, 3, 15),
    ]


def test_the_content_and_sequence_dialect_is_read() -> None:
    message = fixture("legacy-content.xml")
    assert message.spelling == "legacy-content"
    assert message.strays == ()
    assert message.subject == Text(value="Winter opening hours", line=5)
    assert message.name == Text(value="winter-hours", line=7)
    assert message.slides[0].duration == Text(value="5", line=9)
    assert message.slides[0].texts == (Text(value="From December we open at eleven.", line=13),)
    assert message.slides[1].duration is None
    assert [(ref.kind, ref.line) for ref in message.media] == [(MediaKind.IMAGE, 11), (MediaKind.VIDEO, 17)]


@pytest.mark.parametrize("kind", list(MediaKind))
def test_every_kind_of_media_is_read_in_both_spellings(kind: MediaKind) -> None:
    url = "http://media.example.com/file"
    modern = wrapped(f"<slide><{kind}><url>{url}</url></{kind}></slide>")
    upper = kind.upper()
    legacy = read(f"<REQUEST><SLIDE><{upper}><URL>{url}</URL></{upper}></SLIDE></REQUEST>")
    for message in (modern, legacy):
        assert message.strays == ()
        assert [(ref.kind, ref.url) for ref in message.media] == [(kind, url)]


@pytest.mark.parametrize("name", ["summer-sale.xml", "broken-sale.xml"])
def test_the_samples_of_the_demo_hold_nothing_odd(name: str) -> None:
    message = fixture(name)
    assert message.strays == ()
    assert message.spelling == "modern"
    assert all(re.fullmatch(r"http://media\.example\.com/[a-z0-9/.-]+", ref.url) for ref in message.media)


def test_values_keep_their_white_space() -> None:
    message = read(
        "<request><message-subject> S\n </message-subject><name>\tn </name><slide><image>"
        "<url>\n  http://a.example/b.jpg\n</url></image><message-text> hi </message-text></slide></request>"
    )
    assert message.subject is not None
    assert message.subject.value == " S\n "
    assert message.name is not None
    assert message.name.value == "\tn "
    assert message.media[0].url == "\n  http://a.example/b.jpg\n"
    assert message.slides[0].texts[0].value == " hi "


def test_text_on_both_sides_of_comments_instructions_and_cdata_is_joined() -> None:
    message = wrapped(
        "<slide><message-text>a<!-- not this -->b<?nor this?>c<![CDATA[<&>]]>d</message-text></slide>"
    )
    assert message.slides[0].texts[0].value == "abc<&>d"


def test_line_ends_of_any_system_count_once() -> None:
    for ending in ("\n", "\r\n", "\r"):
        message = read(MODERN.replace("\n", ending))
        assert message.slides[0].line == 7
        assert message.media[0].line == 8


def test_lines_are_those_where_a_start_tag_begins_and_hold_beyond_65535() -> None:
    gap = "\n" * 70_000
    message = wrapped(
        f"{gap}<slide\n\n>{gap}<image\n><url\n>http://a.example/b</url></image></slide>{gap}<slide/>"
    )
    assert [slide.line for slide in message.slides] == [70_001, 210_005]
    assert message.media[0].line == 140_004


def test_markup_in_comments_cdata_and_attribute_values_moves_no_line() -> None:
    message = wrapped(
        "<!-- <slide>\n<slide> --><?x <slide>\n?><slide duration='a > b'>\n"
        "<message-text><![CDATA[<slide>\n]]></message-text><image>\n<url>u</url></image></slide>"
    )
    assert [slide.line for slide in message.slides] == [3]
    assert message.slides[0].texts[0].line == 4
    assert message.media[0].line == 6


def test_several_texts_and_several_urls_are_all_kept() -> None:
    message = wrapped(
        "<slide><message-text>a</message-text><message-text>b</message-text>"
        "<image><url>u</url>\n<url>v</url></image><image><url>w</url></image></slide>"
        "<slide><audio><url>x</url></audio></slide>"
    )
    assert [text.value for text in message.slides[0].texts] == ["a", "b"]
    assert [(ref.url, ref.slide, ref.index, ref.line) for ref in message.media] == [
        ("u", 1, 1, 1),
        ("v", 1, 2, 2),
        ("w", 1, 3, 2),
        ("x", 2, 4, 2),
    ]


@pytest.mark.parametrize("inside", ["", "<url/>", "<url></url>"])
def test_a_media_element_without_url_is_kept_with_an_empty_one(inside: str) -> None:
    message = wrapped(f"<slide>\n<image>{inside}</image></slide>")
    assert message.media == (MediaRef(url="", kind=MediaKind.IMAGE, slide=1, index=1, line=2),)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("utf8-bom.xml", "Grüße"),
        ("utf16.xml", "Grüße"),
        ("latin1.xml", "Grüße"),
        ("windows-1252.xml", "“Grüße”"),
    ],
)
def test_encodings_are_honoured(name: str, text: str) -> None:
    message = fixture(name)
    assert message.subject == Text(value="Café opening", line=3)
    assert message.slides[0].texts == (Text(value=text, line=7),)


def test_an_api_key_reaches_no_value() -> None:
    for document in (
        MODERN,
        f"<request api-key='{API_KEY}'><apiKey>{API_KEY}</apiKey><key>{API_KEY}</key></request>",
        f"<REQUEST><PASS>{API_KEY}</PASS><SUBJECT>S<API_KEY>{API_KEY}</API_KEY></SUBJECT></REQUEST>",
        f"<request><slide token='{API_KEY}'><image>{API_KEY}<url key='{API_KEY}'/></image></slide></request>",
    ):
        message = read(document)
        assert message.problem is None
        assert API_KEY.encode() not in msgspec.json.encode(message)


EDITS = st.lists(
    st.tuples(
        st.integers(0, len(MODERN)),
        st.integers(0, 40),
        st.sampled_from(
            [
                "",
                "<",
                ">",
                "&",
                "/",
                '"',
                "<!--",
                "-->",
                "<![CDATA[",
                "]]>",
                "&x;",
                "&#0;",
                "\n",
                "\0",
                "<a>",
                "</",
            ]
        ),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_random_bytes_are_read_or_have_a_problem(data: bytes) -> None:
    assert parse(data, "x").problem is not None


@settings(max_examples=400)
@given(EDITS)
def test_a_damaged_document_never_fails_and_never_shows_its_api_key(
    edits: list[tuple[int, int, str]],
) -> None:
    document = MODERN
    for at, removed, added in edits:
        document = document[:at] + added + document[at + removed :]
    message = read(document)
    if message.problem is not None:
        assert message.slides == ()
        assert message.problem.line is not None
    shown = msgspec.json.encode(message).decode()
    assert not any(API_KEY[at : at + 12] in shown for at in range(len(API_KEY) - 11))
