from __future__ import annotations

import pytest

from mmscheck.base.redact import redact_url
from mmscheck.slidexml import parse
from mmscheck.slidexml.excerpt import LONGEST_LINE

SIGNED = "https://cdn.example.net/clip.mp4?X-Amz-Credential=AKIASECRET&X-Amz-Signature=c0ffee5ec2e7"


def lines(document: str) -> dict[int, str]:
    message = parse(document.encode(), "a.xml")
    assert message.problem is None
    return message.excerpts


def test_each_line_on_which_a_part_begins_is_kept_by_its_number() -> None:
    document = """<request>
  <message-subject>Sale</message-subject>
  <name>sale</name>

  <slide>
    <image><url>http://a.example/1.jpg</url></image>
    <message-text>Hello
      you</message-text>
    <duration>5</duration>
  </slide>
</request>"""
    assert lines(document) == {
        2: "  <message-subject>Sale</message-subject>",
        3: "  <name>sale</name>",
        5: "  <slide>",
        6: "    <image><url>http://a.example/1.jpg</url></image>",
        7: "    <message-text>Hello",
        9: "    <duration>5</duration>",
    }


def test_a_signed_url_stands_in_its_line_as_it_stands_in_every_report() -> None:
    written = SIGNED.replace("&", "&amp;")
    found = lines(f"<request><slide>\n<video><url>{written}</url></video></slide></request>")
    assert found[2] == f"<video><url>{redact_url(SIGNED)}</url></video></slide></request>"


@pytest.mark.parametrize(
    "line",
    [
        "<api-key>hunter2hunter2</api-key>",
        "<API_KEY>hunter2hunter2</API_KEY>",
        "<x:api-key xmlns:x='u'>hunter2hunter2</x:api-key>",
        "<api-key><![CDATA[hunter2hunter2]]></api-key>",
        "<api-key>&#104;unter2hunter2</api-key>",
        "<unknown>hunter2hunter2</unknown>",
        "<unknown key='hunter2hunter2'/>",
        "<!-- hunter2hunter2 -->",
        "<?key hunter2hunter2?>",
        "<image><url>http://a.example/p.jpg?sig=hunter2hunter2</url></image>",
        "<image><url>http://user:hunter2hunter2@a.example/p.jpg</url></image>",
        "<image><url><![CDATA[http://a.example/p.jpg?sig=hunter2hunter2]]></url></image>",
        "<image><url>http://a.example/p q.jpg?sig=hunter2hunter2</url></image>",
        "<image><url>HTTP://a.example/p.jpg?sig&#61;hunter2hunter2</url></image>",
        "<image><url>//a.example/p.jpg?sig=hunter2hunter2</url></image>",
        "<message-text>token=hunter2hunter2</message-text>",
    ],
)
def test_no_secret_is_in_a_line_with_other_things_on_it(line: str) -> None:
    inside = line if line.startswith(("<image", "<message")) else f"<message-text>x</message-text>{line}"
    document = f"<request>\n<message-subject>Sale</message-subject><slide>{inside}</slide></request>"
    found = lines(document)
    assert "<message-subject>Sale</message-subject>" in found[2]
    assert "unter2" not in str(found)


def test_a_key_that_began_on_an_earlier_line_is_not_shown() -> None:
    found = lines("<request><api-key>\nhunter2hunter2</api-key><name>sale</name>\n</request>")
    assert "<name>sale</name>" in found[2]
    assert "hunter2" not in found[2]


@pytest.mark.parametrize("pad", range(2 * LONGEST_LINE - 130, 2 * LONGEST_LINE + 10, 7))
def test_a_secret_at_the_place_where_a_long_line_is_cut_is_not_shown_in_part(pad: int) -> None:
    text = "word " * (pad // 5) + "x" * (pad % 5)
    url = SIGNED.replace("&", "&amp;")
    found = lines(
        f"<request><slide><message-text>{text}</message-text><image><url>{url}</url></image></slide></request>"
    )
    assert "AKIA" not in found[1]
    assert "c0ff" not in found[1]
    with_login = f"<message-text>{text} http://user:hunter2hunter2hunter2hunter2@a.example/</message-text>"
    assert "hunter" not in lines(f"<request><slide>{with_login}</slide></request>")[1]
    assert len(found[1]) <= LONGEST_LINE + 1


def test_private_use_characters_of_the_document_cannot_stand_for_a_url() -> None:
    found = lines(
        "<request><slide><message-text>\ue000 \ue001</message-text>"
        "<image><url>http://a.example/1.jpg</url></image></slide></request>"
    )
    assert found[1].count("http://a.example/1.jpg") == 1
    assert "<message-text>… …</message-text>" in found[1]


def test_what_a_terminal_would_act_upon_is_escaped() -> None:
    found = lines("<request><name>a\u202eb\x85c</name></request>")
    assert found[1] == "<request><name>a\\u202eb\\x85c</name></request>"


def test_a_document_that_could_not_be_read_has_none() -> None:
    message = parse(b"<request><name>a", "a.xml")
    assert message.problem is not None
    assert message.excerpts == {}
