"""The saveMMS document: the checked one with the key put in, and nothing else changed."""

from __future__ import annotations

import pytest

from mmscheck.errors import UsageError
from mmscheck.send.save import saveable
from mmscheck.sinch import redacted_save, save_xml
from mmscheck.slidexml import parse
from tests.support.command import image, message

MODERN = message(
    image("a.jpg?x=1&amp;y=2"), "<message-text>Gr\u00fc\u00dfe &lt;b&gt; <![CDATA[a & b]]></message-text>"
)
LEGACY = (
    "<REQUEST><ACTION>saveMMS</ACTION><API_KEY>theirs</API_KEY><NAME>sale</NAME><SUBJECT>Sale</SUBJECT>"
    "<SLIDE><TEXT>Hello</TEXT></SLIDE></REQUEST>"
)


@pytest.mark.parametrize(
    "document",
    [
        MODERN.encode(),
        ("\ufeff" + MODERN).encode(),
        ('<?xml version="1.0" encoding="iso-8859-1"?>\n' + MODERN).encode("latin-1"),
        MODERN.encode("utf-16"),
        LEGACY.encode(),
        MODERN.replace("<name>", "<!-- a note --><?target x?><action>savemms</action><name>").encode(),
        b"<request>\n\n  <name>a</name></request>",
    ],
)
def test_what_is_posted_reads_as_what_was_checked(document: bytes) -> None:
    checked = parse(document, "a.xml")
    assert checked.problem is None
    assert saveable(checked, document)
    posted = parse(save_xml(document, "secret"), "a.xml")
    assert [slide.texts[0].value for slide in posted.slides if slide.texts] == [
        slide.texts[0].value for slide in checked.slides if slide.texts
    ]
    assert [ref.url for ref in posted.media] == [ref.url for ref in checked.media]


def test_the_key_of_the_document_is_replaced_in_both_dialects() -> None:
    posted = save_xml(LEGACY.encode(), "ours")
    assert b"<API_KEY>ours</API_KEY>" in posted
    assert b"theirs" not in posted
    assert posted.count(b"ACTION>saveMMS<") == 1
    modern = save_xml(MODERN.encode(), "ours & <theirs>")
    assert b"<api-key>ours &amp; &lt;theirs&gt;</api-key>" in modern
    assert b"<action>saveMMS</action>" in modern


def test_a_shown_document_holds_no_secret() -> None:
    shown = redacted_save(LEGACY.replace("<NAME>", "<PASS>hunter2</PASS><NAME>").encode())
    assert b"hunter2" not in shown
    assert b"theirs" not in shown


@pytest.mark.parametrize("document", [b"<request>", b"", b"<request><action>sendMMS</action></request>"])
def test_what_is_no_save_is_refused(document: bytes) -> None:
    with pytest.raises(UsageError):
        save_xml(document, "key")
