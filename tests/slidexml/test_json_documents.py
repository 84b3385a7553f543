"""JSON documents: read with places, told by their content, and whatever is wrong is told with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mmscheck.model.mms import Mms
from mmscheck.model.words import Dialect, Document, MediaKind
from mmscheck.slidexml import MAX_BYTES, is_json_message, parse

GOOD = """{
  "action": "savemms",
  "name": "spring",
  "message-subject": "Spring sale",
  "client-reference": "abc",
  "disable-fallback-sms": true,
  "slide": [
    {"message-text": "Hello",
     "image": {"url": "http://media.example.com/a.jpg"}},
    {"contact": {"url": "http://media.example.com/a.vcf"}}
  ]
}
"""


def read(text: str | bytes) -> Mms:
    return parse(text.encode() if isinstance(text, str) else text, "a.json")


def problem(text: str | bytes) -> tuple[int | None, int, str, str]:
    found = read(text).problem
    assert found is not None
    return found.line, found.column, found.pointer, found.reason


def test_every_part_has_its_line_column_and_pointer() -> None:
    message = read(GOOD)
    assert (message.problem, message.strays, message.misfits) == (None, (), ())
    assert (message.document, message.dialect) == (Document.SAVED_JSON, Dialect.JSON)
    assert message.name is not None
    assert message.subject is not None
    assert (message.name.value, message.subject.value) == ("spring", "Spring sale")
    assert (message.subject.line, message.subject.column) == (4, 22)
    assert [(each.name, each.value, each.line, each.column) for each in message.fields] == [
        ("client-reference", "abc", 5, 23),
        ("disable-fallback-sms", True, 6, 27),
    ]
    assert [(slide.number, slide.line, slide.column, slide.pointer) for slide in message.slides] == [
        (1, 8, 5, "slide[0]"),
        (2, 10, 5, "slide[1]"),
    ]
    assert [
        (ref.kind, ref.url, ref.slide, ref.index, ref.line, ref.column, ref.pointer) for ref in message.media
    ] == [
        (MediaKind.IMAGE, "http://media.example.com/a.jpg", 1, 1, 9, 23, "slide[0].image.url"),
        (MediaKind.VCARD, "http://media.example.com/a.vcf", 2, 2, 10, 25, "slide[1].contact.url"),
    ]
    assert message.slides[0].texts[0].pointer == "slide[0].message-text"


def test_a_sendmms_is_a_message_of_its_own_kind() -> None:
    message = read('{"action": "sendmms", "to": "14045550123", "slide": [{"message-text": "Hi"}]}')
    assert message.document is Document.ONE_SHOT_JSON
    assert message.field("to") is not None
    assert message.misfits == ()


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ('{"a": 1, "a": 2, "slide": []}', (1, 10, ""), "the key a is there twice: also on line 1, column 2"),
        ('{"slide": [{"x": 1,\n "x": 2}]}', (2, 2, "slide[0]"), "the key x is there twice"),
        ('{"slide": [NaN]}', (1, 12, "slide"), "not-a-number and infinity are none"),
        ('{"slide": [-Infinity]}', (1, 12, "slide"), "not-a-number and infinity are none"),
        ('{"slide": []}\nx', (2, 1, ""), "something follows the end of the document"),
        ('{"slide": []} {"slide": []}', (1, 15, ""), "something follows the end of the document"),
        ('{"slide": [\n', (2, 1, "slide"), "the document ends where a value should stand"),
        ('{"slide": ["\\ud800"]}', (1, 13, "slide"), "half of a surrogate pair"),
        ('{"slide": ["\\ud83d\\ude00\\udc00"]}', (1, 25, "slide"), "half of a surrogate pair"),
        ('{"slide": ["a\nb"]}', (1, 14, "slide"), "a line ends inside a text"),
        ('{"slide": ["a\tb"]}', (1, 14, "slide"), "a control character (U+0009)"),
        ('{"slide": ["\\x"]}', (1, 13, "slide"), "begins no character"),
        ('{"slide": [1,]}', (1, 13, "slide"), "a comma stands here before the end"),
        ("{'slide': []}", (1, 2, ""), "single quotation marks"),
        ("{slide: []}", (1, 2, ""), "without quotation marks"),
        ('{"slide": [] // x\n}', (1, 14, ""), "a comment stands here"),
        ('{"slide": [01]}', (1, 12, "slide"), "no number as JSON writes them"),
        ('{"slide": [True]}', (1, 12, "slide"), "no word that JSON has"),
        ('{"slide": []', (1, 13, ""), "begun on line 1, column 1, is never closed with }"),
        ('{"slide" []}', (1, 10, ""), "a colon is missing"),
        ('{"slide":\u00a0[]}', (1, 10, ""), "a blank that JSON does not take"),
        ('[{"slide": []}]', (1, 1, ""), "the document is an array, and not an object"),
        ('{"hello": 1}', (1, 1, ""), "neither an action nor slides"),
        ('{"action": "sendsavedmms", "mms-id": "1"}', (1, 12, "action"), "names a stored message"),
    ],
)
def test_what_is_no_json_message_is_told_with_its_place(
    text: str, place: tuple[int, int, str], reason: str
) -> None:
    *where, why = problem(text)
    assert tuple(where) == place
    assert reason in why


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xef\xbb\xbf" + GOOD.encode(), "byte order mark"),
        (GOOD.encode("utf-16"), "byte order mark"),
        (GOOD.encode("utf-16-le"), "look like UTF-16"),
        (GOOD.encode("utf-32-be"), "look like UTF-16"),
        (b'{"slide": ["\xff"]}', "byte 0xff is not possible in a document in JSON"),
        (b'{"slide": ["' + b"x" * MAX_BYTES + b'"]}', "is larger than"),
    ],
)
def test_bytes_that_are_no_utf8_are_told(data: bytes, reason: str) -> None:
    assert reason in problem(data)[3]


BOMBS = {
    "depth": "[" * 3_000_000,
    "objects": '{"a":' * 1_000_000,
    "values": '{"slide": [' + "1," * 3_000_000,
    "blanks": "{" + " " * 9_000_000,
    "escapes": '{"slide": ["' + "\\u0041" * 1_000_000,
    "digits": '{"slide": [' + "9" * 9_000_000 + "]}",
    "lines": "{" + "\n" * 9_000_000,
    "quotes": '{"slide": [' + '"",' * 3_000_000,
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", BOMBS)
def test_no_bomb_takes_more_than_its_bytes(name: str) -> None:
    message = read(BOMBS[name])
    assert message.problem is not None or message.misfits


@pytest.mark.parametrize(
    ("member", "pointer", "what", "expected"),
    [
        ('"name": 5', "name", "is a number", "a text"),
        ('"name": null', "name", "is null", "a text"),
        ('"disable-fallback-sms": 1', "disable-fallback-sms", "is a number", "true or false"),
        (
            '"slide": {"message-text": "x"}',
            "slide",
            "is an object",
            "an array of objects, one for each slide",
        ),
        ('"slide": ["x"]', "slide[0]", "is a text", "an object"),
        ('"slide": [{"image": {"url": 5}}]', "slide[0].image.url", "is a number", "a text"),
        ('"slide": [{"image": []}]', "slide[0].image", "is an array", "an object with url"),
        ('"Name": "x"', "Name", "is called otherwise in the JSON API", '"name"'),
        (
            '"client-refrence": "x"',
            "client-refrence",
            "is nothing that the JSON API documents",
            '"client-reference"',
        ),
        ('"name": "\\u0000"', "name", "holds U+0000", "letters, signs and line breaks"),
    ],
)
def test_a_value_of_another_type_is_a_misfit_with_its_place(
    member: str, pointer: str, what: str, expected: str
) -> None:
    message = read(f'{{"action": "savemms",\n {member}}}')
    assert [(each.pointer, each.what, each.expected) for each in message.misfits] == [
        (pointer, what, expected)
    ]
    assert all(each.line == 2 and each.column > 1 for each in message.misfits)


@pytest.mark.parametrize(
    ("member", "name", "overlooked"),
    [
        ('"excel": {"url": "http://media.example.com/a.xls"}', "excel (holds what no rule looks at)", True),
        ('"custom-slides": []', "custom-slides (a field of sendsavedmms, which sends what is stored)", True),
        ('"to": "14045550123"', "to (a field of sendmms, which sends at once)", False),
        (
            '"x-api-key": "secret"',
            "x-api-key (the key belongs into the header x-api-key, never into the document)",
            False,
        ),
        ('"other": {"a": [1]}', "other", False),
    ],
)
def test_what_no_savemms_has_is_a_stray_that_says_what_it_hides(
    member: str, name: str, *, overlooked: bool
) -> None:
    message = read(f'{{"action": "savemms", "slide": [],\n {member}}}')
    assert [(each.name, each.overlooked, each.line, each.column) for each in message.strays] == [
        (name, overlooked, 2, 2)
    ]


def test_the_key_of_the_account_is_in_nothing_that_is_kept() -> None:
    for text in (
        '{"action": "savemms", "x-api-key": "s3cr3tk3y00000000", "slide": []}',
        '{"x-api-key": "s3cr3tk3y00000000", "slide": [}',
        '{"slide": [' + '"s3cr3tk3y00000000"' + "]",
        '{"slide": [{"image": {"url": "http://a.example/b?sig=s3cr3tk3y00000000"}}] x',
    ):
        shown = [read(text).problem, read(text).excerpts, read(text).strays, read(text).fields]
        assert "s3cr3t" not in repr(shown)


def nested(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (GOOD.encode(), True),
        (b'{"action": "sendMMS"', True),
        (b"{'slide': [", True),
        (nested({"version": 1, "messages": [{"slides": 3, "slide": 1}]}), False),
        (nested({"name": "package", "version": "1.0"}), False),
        (b"", False),
    ],
)
def test_a_file_in_json_is_told_to_be_a_message_by_what_it_holds(data: bytes, *, told: bool) -> None:
    assert is_json_message(data) is told
