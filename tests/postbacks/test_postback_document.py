"""A postback's XML is read whole or named unreadable, and obeys nothing that is in it."""

from __future__ import annotations

import time

import pytest

from mmscheck.postbacks import MAX_BODY_BYTES, Unreadable, read_postback


def test_both_tag_cases_are_read_as_they_were_written() -> None:
    upper = b"<POSTBACK><CODE>N003</CODE><MMSID>100001</MMSID></POSTBACK>"
    assert read_postback(upper) == {"CODE": "N003", "MMSID": "100001"}
    lower = b"<postback><code>N101</code><mms-id>100001</mms-id></postback>"
    assert read_postback(lower) == {"code": "N101", "mms-id": "100001"}


def test_nothing_is_left_out() -> None:
    body = b"""<?xml version="1.0" encoding="ISO-8859-1"?>
    <!-- a comment --><postback version="2"><code>N401</code><handset/>
    <content><file type="image">http://h/a.jpg</file><file>http://h/b.jpg</file>behind</content>
    <copy-to>1</copy-to><copy-to>2</copy-to><COPYTO>3</COPYTO><n xmlns="urn:x">\xe9</n></postback>"""
    assert read_postback(body) == {
        "@version": "2",
        "code": "N401",
        "handset": "",
        "content": "behind",
        "content/file": "http://h/a.jpg",
        "content/file/@type": "image",
        "content/file#2": "http://h/b.jpg",
        "copy-to": "1",
        "copy-to#2": "2",
        "COPYTO#3": "3",
        "n": "é",
    }


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"code=N101", "is not well-formed XML"),
        (b"<postback><code>N101</code>", "is not well-formed XML"),
        (b"<postback><code>\xff</code></postback>", "is not well-formed XML"),
        (b'<?xml version="1.0" encoding="nonsense"?><postback/>', "is not well-formed XML"),
        (b"<!DOCTYPE postback><postback><code>N101</code></postback>", "declares a document type"),
        (
            b'<!DOCTYPE p [<!ENTITY a SYSTEM "file:///etc/passwd">]><postback><code>&a;</code></postback>',
            "declares a document type",
        ),
        (b"<response><code>N101</code></response>", "is another document than a postback"),
        (b"<postback>" + b"<a>" * 20 + b"</a>" * 20 + b"</postback>", "is nested deeper than 16 elements"),
    ],
)
def test_what_is_no_postback_is_named(body: bytes, why: str) -> None:
    assert read_postback(body) == Unreadable(why=why)


def test_a_document_that_would_grow_is_refused_soon() -> None:
    name = b"a" * 4000
    body = b"<postback>" + b"<%b>" % name * 6 + b"<b/>" * 4000 + b"</%b>" % name * 6 + b"</postback>"
    assert len(body) <= MAX_BODY_BYTES
    began = time.monotonic()
    assert read_postback(body) == Unreadable(why="repeats its names too often")
    assert time.monotonic() - began < 5
