"""A postback's XML is read whole or named unreadable, and obeys nothing that is in it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from urllib.parse import quote_plus
from xml.sax.saxutils import escape

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


FIELDS = {
    "ready": {"ORIGIN": "MMS_MT", "CODE": "N003", "MMSID": "4711"},
    "corrupt": {"ORIGIN": "MMS_MT", "CODE": "E002", "MMSID": "4711", "AUDIONAME": "a.mp3"},
    "delivered": {"CODE": "N102", "STATUS": "Message Sent/Delivered", "TO": "15551230001", "TRACKINGID": "T"},
    "failed": {"CODE": "N202", "STATUS": "Message Sent/Failed", "TO": "15551230001", "TRACKINGID": "T"},
    "inbound": {"CODE": "N401", "FROM": "15551230001", "TO": "28444", "MESSAGESUBJECT": "a & b \u00e9"},
}


def xml(fields: dict[str, str]) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items())


def in_body(fields: dict[str, str]) -> str:
    head = {name: text for name, text in fields.items() if name in {"ORIGIN", "CODE"}}
    rest = {name: text for name, text in fields.items() if name not in head}
    return f"{xml(head)}<BODY>{xml(rest)}</BODY>"


def json_in_body(fields: dict[str, str]) -> dict[str, object]:
    rest = {name: text for name, text in fields.items() if name != "CODE"}
    return {"CODE": fields["CODE"], "BODY": rest}


SHAPES = {
    "plain": lambda f: f"<POSTBACK>{xml(f)}</POSTBACK>",
    "declared": lambda f: f"<?xml version='1.0' encoding='UTF-8'?>\n<POSTBACK>{xml(f)}</POSTBACK>",
    "root": lambda f: f"<NOTIFICATION>{xml(f)}</NOTIFICATION>",
    "root-body": lambda f: f"<NOTIFICATION>{in_body(f)}</NOTIFICATION>",
    "inside": lambda f: f"<POSTBACK><NOTIFICATION>{xml(f)}</NOTIFICATION></POSTBACK>",
    "inside-body": lambda f: f"<POSTBACK><NOTIFICATION>{in_body(f)}</NOTIFICATION></POSTBACK>",
    "body": lambda f: f"<POSTBACK>{in_body(f)}</POSTBACK>",
    "lower": lambda f: f"<postback><notification>{xml(f)}</notification></postback>",
    "json": json.dumps,
    "json-root": lambda f: json.dumps({"postback": f}),
    "json-inside": lambda f: json.dumps({"postback": {"notification": f}}),
    "json-one": lambda f: json.dumps({"notification": [f]}),
    "json-body": lambda f: json.dumps({"notification": json_in_body(f)}),
}
CARRIERS = {
    "raw": lambda d: d.encode(),
    "marked": lambda d: b"\xef\xbb\xbf" + d.encode(),
    "blank": lambda d: b"\r\n " + d.encode(),
    "form": lambda d: b"xml=" + quote_plus(d).encode(),
    "form-upper": lambda d: b"a=1&XML=" + quote_plus(d).encode() + b"&b=2",
    "multipart": lambda d: (
        b'--b\r\nContent-Disposition: form-data; name="XML"\r\n\r\n' + d.encode() + b"\r\n--b--\r\n"
    ),
    "multipart-typed": lambda d: (
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        b'--b\r\nContent-Type: text/xml\r\nContent-Disposition: form-data; filename="x"; name=xml\r\n\r\n'
        + d.encode()
        + b"\r\n--b--\r\n"
    ),
}


@pytest.mark.parametrize("fields", FIELDS.values(), ids=FIELDS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("carrier", CARRIERS.values(), ids=CARRIERS)
def test_every_notification_is_the_same_in_every_wrapping(
    fields: dict[str, str], shape: Callable[[dict[str, str]], str], carrier: Callable[[str], bytes]
) -> None:
    assert read_postback(carrier(shape(fields))) == fields


def test_json_is_read_whole_and_as_its_twin() -> None:
    body = b"""{"code": "N401", "mms-id": 4711, "n": 1.50, "yes": true, "none": null, "half": "\\ud800",
      "content": [{"file": "a"}, {"file": "b"}], "copy-to": ["1", "2"], "empty": [], "o": {}}"""
    assert read_postback(body) == {
        "code": "N401",
        "mms-id": "4711",
        "n": "1.50",
        "yes": "true",
        "none": "",
        "half": "\\ud800",
        "content/file": "a",
        "content/file#2": "b",
        "copy-to": "1",
        "copy-to#2": "2",
    }
    assert read_postback('{"code": "N003"}'.encode("utf-16")) == {"code": "N003"}


def test_what_stands_outside_a_wrapping_goes_first() -> None:
    body = b"<N><CODE>N102</CODE></N>"
    for name in (b"BODY", b"NOTIFICATION"):
        found = read_postback(b"<POSTBACK>%b<CODE>E102</CODE></POSTBACK>" % body.replace(b"N>", name + b">"))
        assert found == {"CODE": "E102", "CODE#2": "N102"}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[]", "is JSON, but no object"),
        (b'[{"code": "N003"}]', "is JSON, but no object"),
        (b'{"code": NaN}', "is not well-formed JSON"),
        (b'{"code": "N102", "code": "E102"}', "is JSON that gives a name twice"),
        (b'{"a": {"tracking-id": "1", "trackingId": "2"}}', "is JSON that gives a name twice"),
        (b'{"code": ' + b"9" * 60_000 + b"}", None),
        (b'{"code": ', "is not well-formed JSON"),
        (b'{"code": "\xff"}', "is not well-formed JSON"),
        (b"[" * 60_000, "is not well-formed JSON"),
        (b'{"a":' * 12_000, "is not well-formed JSON"),
        (b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", "is nested deeper than 16 elements"),
        (b'{"a":' * 20 + b"1" + b"}" * 20, "is nested deeper than 16 elements"),
        (b'{"notification": [{"code": "N003"}, {"code": "E002"}]}', "holds several notifications"),
        (
            b"<POSTBACK><NOTIFICATION><A/></NOTIFICATION><NOTIFICATION><A/></NOTIFICATION></POSTBACK>",
            "holds several notifications",
        ),
        (b"xml=%3Cpostback%2F%3E&XML=%3Cpostback%2F%3E", "is a form that gives xml more than once"),
        (b"xml=", "is empty"),
        (b"xml=hello", "is not well-formed XML"),
        (b"xml=%3Cresponse%2F%3E", "is another document than a postback"),
        (b"&" * 60_000 + b"xml=%3Cpostback%2F%3E", "is not well-formed XML"),
        (b"--b\n" * 13_000, "is not well-formed XML"),
    ],
)
def test_what_is_no_postback_in_any_form_is_named(body: bytes, why: str | None) -> None:
    found = read_postback(body)
    assert isinstance(found, Unreadable) if why else isinstance(found, dict)
    assert not isinstance(found, Unreadable) or found.why == why


def test_a_document_that_would_grow_is_refused_soon() -> None:
    name = b"a" * 4000
    body = b"<postback>" + b"<%b>" % name * 6 + b"<b/>" * 4000 + b"</%b>" % name * 6 + b"</postback>"
    assert len(body) <= MAX_BODY_BYTES
    began = time.monotonic()
    assert read_postback(body) == Unreadable(why="repeats its names too often")
    assert time.monotonic() - began < 5
