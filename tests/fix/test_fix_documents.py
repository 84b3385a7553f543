"""The texts of messages: what is mended, what is left alone, and that layout and comments stay."""

from __future__ import annotations

import pytest

from mmscheck.fix.documents import mended
from mmscheck.slidexml import parse

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
RIGHT = (
    HEAD
    + """<!-- sale & more: <b>not</b> text -->
<request>
    <action>saveMMS</action>
    <message-subject>Summer sale</message-subject>\t<!-- é -->
    <name>sale</name>
    <slide>
        <image><url>http://media.example.com/a.jpg?x=1&amp;y=2</url></image>
        <message-text><![CDATA[Caf\u00e9 & more]]> &#233; </message-text>
    </slide>
</request>
"""
)


def made(text: str, urls: dict[str, str] | None = None) -> tuple[str, list[str]]:
    data, done = mended(text.encode(), "sale.xml", urls or {})
    return data.decode(), done


@pytest.mark.parametrize("text", [RIGHT, RIGHT.replace("\n", "\r\n"), "\ufeff" + RIGHT])
def test_what_is_right_comes_back_byte_for_byte(text: str) -> None:
    assert mended(text.encode(), "sale.xml", {}) == (text.encode(), [])


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "windows-1252"])
def test_the_encoding_stays(encoding: str) -> None:
    text = RIGHT.replace("UTF-8", encoding).replace("Summer sale", "Été à la plage")
    data, done = mended(text.encode(encoding), "sale.xml", {})
    assert data.decode(encoding) == text.replace("Été à la plage", "Ete a la plage")
    assert done == ["the subject in plain ASCII: Ete a la plage"]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("Summer sale 🌞 “20% off”", 'Summer sale "20% off"'),
        ("Caf\u00c3\u00a9 today", "Cafe today"),
        ("Fish &amp;amp; chips", "Fish &amp; chips"),
        ("=?utf-8?q?Caf=C3=A9?=", "Cafe"),
        ("Summer\n   sale", "Summer sale"),
        ("Straße 5", "Strasse 5"),
        ("Hello {$name|Zoë} ☀", "Hello {$name|Zoë}"),
    ],
)
def test_the_subject_becomes_the_suggestion(wrong: str, right: str) -> None:
    text, done = made(RIGHT.replace("Summer sale", wrong))
    assert text == RIGHT.replace("Summer sale", right)
    assert len(done) == 1


def test_a_subject_of_emoji_alone_is_left_to_people() -> None:
    text = RIGHT.replace("Summer sale", "🌞🌞")
    assert made(text) == (text, [])


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("x=1&amp;y=2", "x=1&y=2"),
        ("&#233;", "&eacute;"),
        ("&#233;", "&euro; & &unknown; &copy"),
        ("&#233;", "a < b"),
        ("&#233;", "\x07\x08"),
    ],
)
def test_what_keeps_parsers_from_reading_is_written_as_it_is_meant(wrong: str, right: str) -> None:
    text = RIGHT.replace(wrong, right)
    assert parse(text.encode(), "sale.xml").problem is not None
    fixed, done = made(text)
    message = parse(fixed.encode(), "sale.xml")
    assert message.problem is None
    assert done
    assert fixed.count("<!-- sale & more: <b>not</b> text -->") == 1
    assert "<![CDATA[Caf\u00e9 & more]]>" in fixed or "Caf\u00e9 &amp; more" in fixed


def test_texts_that_were_escaped_twice_are_unescaped() -> None:
    text, _ = made(RIGHT.replace("&#233;", "Fish &amp;amp; chips &amp;eacute;"))
    (slide,) = parse(text.encode(), "sale.xml").slides
    assert slide.texts[0].value == "Caf\u00e9 & more Fish & chips é "


def test_elements_get_the_documented_spelling_and_keep_their_place() -> None:
    text = RIGHT.replace("<slide>", "<Slide>").replace("</slide>", "</Slide>").replace("image>", "IMAGE>")
    fixed, done = made(text)
    assert fixed == RIGHT
    assert done == ["<Slide> spelled <slide>", "<IMAGE> spelled <image>"]


def test_urls_follow_their_files_and_lose_white_space() -> None:
    old = "http://media.example.com/a.jpg?x=1&y=2"
    fixed, done = made(RIGHT, {old: "http://media.example.com/a-1.jpg?x=1&y=2"})
    assert fixed == RIGHT.replace("a.jpg", "a-1.jpg")
    assert len(done) == 1
    spaced = RIGHT.replace("<url>", "<url>\n  ").replace("</url>", "\n</url>")
    assert made(spaced)[0] == RIGHT
    assert made(RIGHT.replace("a.jpg", "a b.jpg"))[0] == RIGHT.replace("a.jpg", "a%20b.jpg")


def test_bytes_that_are_not_what_they_are_declared_to_be() -> None:
    data, done = mended(RIGHT.replace("&#233;", "é").encode("cp1252"), "sale.xml", {})
    assert data.decode() == RIGHT.replace("&#233;", "é")
    assert "windows-1252 turned into UTF-8" in done[0]


@pytest.mark.parametrize(
    "name", ["broken-sale", "strays", "bare-ampersand", "legacy-upper", "legacy-content"]
)
def test_mending_twice_changes_nothing_more(name: str) -> None:
    from pathlib import Path  # noqa: PLC0415 - for this alone

    data = (Path(__file__).parents[2] / "fixtures" / "mms" / f"{name}.xml").read_bytes()
    once, _ = mended(data, name, {})
    assert mended(once, name, {}) == (once, [])


@pytest.mark.parametrize("name", ["billion-laughs", "dtd", "external-entity", "two-roots", "wrong-root"])
def test_what_is_no_message_stays_as_it_is(name: str) -> None:
    from pathlib import Path  # noqa: PLC0415 - for this alone

    data = (Path(__file__).parents[2] / "fixtures" / "mms" / f"{name}.xml").read_bytes()
    once, _ = mended(data, name, {})
    assert parse(once, name).problem is not None


def test_media_that_clash_get_slides_of_their_own_in_the_same_layout() -> None:
    clashing = RIGHT.replace(
        "        <message-text>",
        "        <video><url>http://media.example.com/b.mp4</url></video>\n"
        "        <vcard><url>http://media.example.com/c.vcf</url></vcard>\n        <message-text>",
    )
    text, done = made(clashing)
    assert text == RIGHT.replace(
        "</slide>\n",
        "</slide>\n"
        "    <slide>\n        <video><url>http://media.example.com/b.mp4</url></video>\n    </slide>\n"
        "    <slide>\n        <vcard><url>http://media.example.com/c.vcf</url></vcard>\n    </slide>\n",
    )
    assert len(done) == 2


def test_there_are_never_more_slides_than_a_message_may_have() -> None:
    clashing = RIGHT.replace("</image>", "</image><video><url>http://media.example.com/b.mp4</url></video>")
    assert mended(clashing.encode(), "sale.xml", {}, 1) == (clashing.encode(), [])
