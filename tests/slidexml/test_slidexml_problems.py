"""Documents that cannot be read: the reason in plain words, the line, what it shows, and how to mend it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mmscheck.model.mms import XmlProblem
from mmscheck.report.clean import clean_text
from mmscheck.slidexml import MAX_BYTES, parse

FIXTURES = Path(__file__).parents[2] / "fixtures" / "mms"


def problem_in(data: bytes | str) -> XmlProblem:
    message = parse(data.encode("utf-8") if isinstance(data, str) else data, "x.xml")
    assert message.problem is not None
    assert message.slides == ()
    assert message.subject is None
    return message.problem


def problem_of(name: str) -> XmlProblem:
    return problem_in((FIXTURES / name).read_bytes())


def test_a_bare_ampersand_in_a_url_is_named_and_the_corrected_line_shown() -> None:
    line = "<image><url>http://media.example.com/photo-small.jpg?height=480&width=640</url></image>"
    assert problem_of("bare-ampersand.xml") == XmlProblem(
        reason="a bare & stands here, which in XML begins an entity",
        line=7,
        hint=f"Write &amp;width instead of &width: {line.replace('&', '&amp;')}",
        excerpt=line,
    )


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("http://a.example/b?w=1&width=2&v=3", "http://a.example/b?w=1&amp;width=2&amp;v=3"),
        ("http://a.example/b?w=1&amp;h=2&v=3", "http://a.example/b?w=1&amp;h=2&amp;v=3"),
        ("http://a.example/b?w=1&1=2", "http://a.example/b?w=1&amp;1=2"),
        ("http://a.example/b?w=1&copy=2", "http://a.example/b?w=1&amp;copy=2"),
        ("http://a.example/b?w=1&width;=2", "http://a.example/b?w=1&amp;width;=2"),
        ("http://a.example/b?w=1&", "http://a.example/b?w=1&amp;"),
        ("Bread & butter &#38; jam", "Bread &amp; butter &#38; jam"),
        ("AT&T", "AT&amp;T"),
        ("<![CDATA[a & b]]> c & d", "<![CDATA[a & b]]> c &amp; d"),
    ],
)
def test_every_form_of_a_bare_ampersand_is_recognised(text: str, mended: str) -> None:
    problem = problem_in(f"<request>\n<message-text>{text}</message-text>\n</request>")
    assert problem.line == 2
    assert problem.reason.startswith("a bare &")
    assert (mended.partition("?")[2] or f": <message-text>{mended}</message-text>") in (problem.hint or "")
    assert problem.excerpt == f"<message-text>{text}</message-text>"


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("x=1&y=2", "x=1&amp;y=2"),
        ("x=1&y=2&copy=3", "x=1&amp;y=2&amp;copy=3"),
        ("x=1&amp;y=2&z=3", "x=1&amp;y=2&amp;z=3"),
        ("campaign=summer&fmt=jpeg", "campaign=summer&amp;fmt=jpeg"),
        ("x=1&token=abc123XYZ", "x=1&amp;token=…"),
        ("x=1&e=1a2b3c", "x=1&amp;e=…"),
        ("x=1&sig=0123456789abcdef0123456789abcdef", "x=1&amp;sig=…"),
    ],
)
def test_a_corrected_query_can_be_copied_and_shows_no_secret(query: str, shown: str) -> None:
    document = f"<request><slide><image><url>http://a.example/b.jpg?{query}</url></image></slide></request>"
    problem = parse(document.encode(), "a.xml").problem
    assert problem is not None
    hint = problem.hint or ""
    assert hint.startswith(f"Write {shown} instead of ")
    assert clean_text(hint) == hint
    assert not [secret for secret in ("abc123XYZ", "1a2b3c", "0123456789abcdef") if secret in hint]


def test_an_ampersand_in_an_attribute_is_recognised() -> None:
    problem = problem_in("<request>\n<slide duration='1&w=2'/></request>")
    assert (problem.line, problem.reason[:8]) == (2, "a bare &")


def test_an_entity_of_html_gets_its_number() -> None:
    problem = problem_in("<request>\n<name>&copy; Us</name></request>")
    assert problem.line == 2
    assert problem.reason == "&copy; is an entity of HTML, which XML does not know"
    assert problem.hint == "Write &#169; instead of &copy;, or the character itself"


@pytest.mark.parametrize(
    ("name", "line"), [("dtd.xml", 3), ("external-entity.xml", 2), ("billion-laughs.xml", 2)]
)
def test_every_doctype_is_refused_before_any_entity(name: str, line: int) -> None:
    problem = problem_of(name)
    assert problem.line == line
    assert "DOCTYPE" in problem.reason
    assert (problem.excerpt or "").startswith("<!DOCTYPE request [")


def test_a_doctype_without_entities_is_refused_too() -> None:
    for doctype in (
        "<!DOCTYPE request>",
        '<!-- c --><?p i?>\n<!DOCTYPE request SYSTEM "x.dtd">',
        "<!doctype request>",
    ):
        assert "DOCTYPE" in problem_in(f"{doctype}<request/>").reason


def test_a_doctype_that_is_only_spoken_of_is_no_doctype() -> None:
    message = parse(b"<!-- <!DOCTYPE x> --><request><name><![CDATA[<!DOCTYPE x>]]></name></request>", "x")
    assert message.problem is None


def test_a_web_page_is_called_one() -> None:
    assert (
        problem_in("<!DOCTYPE html>\n<html><br></html>").reason == "this is a web page, not a stored message"
    )


def test_a_quadratic_blowup_is_refused_at_once() -> None:
    began = time.process_time()
    entity = "x" * 1_000_000
    problem_in(f'<!DOCTYPE r [<!ENTITY a "{entity}">]><request><name>{"&a;" * 100_000}</name></request>')
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("document", "line", "reason"),
    [
        ("", 1, "the document is empty"),
        (" \n\n", 1, "the document is empty"),
        ("hello", 1, "this is neither XML nor JSON: it begins with no element and no object"),
        ("<?xml version='1.0'?>", 1, "this is neither XML nor JSON: it begins with no element and no object"),
        ("<request>\n<slide>\n</request>", 3, "<slide>, opened on line 2, is closed as </request>"),
        ("<request>\n<imgae></image></request>", 2, "an element, opened on line 2, is closed as </image>"),
        ("<request>\n\n<slide>\n\n", 3, "<slide> is never closed"),
        ("<request>\n<slide", 2, "<slide> is not ended with >"),
        ("<request>\n<slide <image>", 2, "a tag holds something that is no attribute"),
        ("<request/>\n<request/>", 2, "something follows the end of the document"),
        ("\n<?xml version='1.0'?><request/>", 2, "something stands before the XML declaration"),
        ('<?xml version="1.0" encoding=""?><request/>', 1, "the XML declaration is malformed"),
        ('<?xml version="1.0" encoding="a b"?><request/>', 1, "the XML declaration is malformed"),
        ("<request>\n1 < 2</request>", 2, "a < stands here that begins no element"),
        ("<request>\n<slide duration=5/></request>", 2, "an attribute value has no quotation marks"),
        ("<request>\n<slide a='1' a='2'/></request>", 2, "an element has the same attribute twice"),
        ("<request>\n<!-- x", 2, "a comment is never closed with -->"),
        ("<request>\n\x01</request>", 2, "a character stands here that XML does not allow (U+0001)"),
        ("<request>\n&#27;</request>", 2, "a character stands here that XML does not allow (U+001B)"),
        ("<request>\n<m:slide/></request>", 2, "a name has a namespace prefix that is not declared"),
        ("<slide/>", 1, "the root element is <slide>, not <request>"),
        (
            "<request>" + "<slide>" * 40 + "</slide>" * 40 + "</request>",
            1,
            "elements are nested more than 32 deep",
        ),
        ("<request>" + "<a>" * 400 + "</a>" * 400 + "</request>", 1, "elements are nested too deeply"),
        (
            "<request>" + "<slide/>" * 10_001 + "</request>",
            1,
            "the document has more than 10,000 tags and comments",
        ),
        (
            "<request " + " ".join(f"a{number}=''" for number in range(10_001)) + "/>",
            1,
            "the document has more than 10,000 attributes",
        ),
    ],
)
def test_each_fault_has_its_line_and_a_reason_in_plain_words(document: str, line: int, reason: str) -> None:
    problem = problem_in(document)
    assert (problem.line, problem.reason) == (line, reason)


def test_a_wrong_root_is_named_with_its_line() -> None:
    problem = problem_of("wrong-root.xml")
    assert (problem.line, problem.excerpt) == (2, "<response>")
    assert problem.reason == "the root element is <response>, not <request>"


def test_a_second_root_is_shown() -> None:
    problem = problem_of("two-roots.xml")
    assert (problem.line, problem.excerpt) == (3, "<request><name>second</name></request>")


def test_lines_beyond_65535_are_right_in_problems_too() -> None:
    gap = "\n" * 70_000
    assert problem_in(f"<request>{gap}<name>a & b</name></request>").line == 70_001
    assert problem_in(f"<request>{gap}<slide>").line == 70_001
    mismatch = problem_in(f"<request>{gap}<slide>\n</request>")
    assert (mismatch.line, mismatch.reason[:30]) == (70_002, "<slide>, opened on line 70001,")


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b'<?xml version="1.0" encoding="klingon"?><request/>', 1, "encoding 'klingon' is not known"),
        (
            b'<?xml version="1.0"' + b" " * 5000 + b'encoding="klingon"?><request/>',
            1,
            "encoding 'klingon' is not known",
        ),
        (b'<?xml version="1.0" encoding="rot13"?><request/>', 1, "encoding 'rot13' is not known"),
        (b'<?xml version="1.0" encoding="utf-7"?><request/>', 1, "encoding 'utf-7' is not known"),
        (b'<?xml version="1.0" encoding="utf-16"?><request/>', 1, "declares 'utf-16' but its bytes are not"),
        (b'\xef\xbb\xbf<?xml version="1.0" encoding="latin1"?><request/>', 1, "mark says UTF-8 but the decl"),
        ('<?xml version="1.0" encoding="utf-8"?><request/>'.encode("utf-16"), 1, "mark says UTF-16-LE but"),
        ("<request/>".encode("utf-16-le"), 1, "without a byte order mark"),
        ("<request/>".encode("utf-32"), 1, "encoded in UTF-32"),
        ("<request/>".encode("utf-32-le"), 1, "without a byte order mark"),
        ("<request/>".encode("utf-32-be"), 1, "without a byte order mark"),
        (b"<request>\r\n\r\n\xff</request>", 3, "byte 0xff is not possible in a document read as UTF-8"),
        (
            b'<?xml version="1.0" encoding="us-ascii"?>\n<request>\xc3\xa9</request>',
            2,
            "declared as 'us-ascii'",
        ),
        (b'<?xml version="1.0" encoding="windows-1252"?>\n<request>\x81</request>', 2, "byte 0x81 is not"),
        (
            b'<?xml version="1.0" encoding="iso-8859-1"?><request>\xc3\xa9</request>',
            1,
            "declares 'iso-8859-1' but its bytes are UTF-8",
        ),
    ],
)
def test_an_encoding_that_is_unknown_or_contradicts_the_bytes_is_a_problem(
    data: bytes, line: int, reason: str
) -> None:
    problem = problem_in(data)
    assert problem.line == line
    assert reason in problem.reason
    assert "UTF-8" in (problem.hint or "")


def test_undecodable_bytes_are_shown_as_escapes() -> None:
    problem = problem_of("undeclared-latin1.xml")
    assert (problem.line, problem.excerpt) == (3, r"<message-subject>Caf\xe9 opening</message-subject>")


def test_a_document_at_the_cap_is_read_and_one_beyond_it_is_not() -> None:
    head, tail = b"<request><slide><message-text>", b"</message-text></slide></request>"
    text = b"x" * (MAX_BYTES - len(head) - len(tail))
    message = parse(head + text + tail, "x")
    assert message.problem is None
    assert len(message.slides[0].texts[0].value) == len(text)
    assert problem_in(head + text + tail + b"\n").reason == "the document is larger than 10,000,000 bytes"


@pytest.mark.parametrize(
    "piece",
    [
        b"<",
        b"<!--",
        b"<a>",
        b"<?",
        b"<!--x-->",
        b"&",
        b"& ",
        b"\n",
        b"\xff",
        b"\x00",
        b"x",
        b"<api-key",
        b"]]>",
        b"'",
    ],
)
def test_ten_megabytes_of_anything_take_bounded_time(piece: bytes) -> None:
    began = time.process_time()
    problem_in((b"<request>" + piece * MAX_BYTES)[:MAX_BYTES])
    assert time.process_time() - began < 5


def test_an_excerpt_is_short_and_printable_and_shows_the_fault() -> None:
    problem = problem_in(
        f"<request><message-text>{'long ' * 5000}\x1b[31m\u202e here & there</message-text></request>"
    )
    assert problem.excerpt is not None
    assert len(problem.excerpt) < 130
    assert problem.excerpt.isprintable()
    assert r"\x1b" in problem.excerpt
