from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from mmscheck.model.report import TargetKey
from mmscheck.model.words import Outcome
from mmscheck.report.findings import Finding
from mmscheck.report.layout import Page
from mmscheck.report.text_finding import columns, source_lines
from tests.support.reports import MESSAGE, evaluation, medium, message, slide

PAGE = Page(width=100, color=False)


def drawn(
    line: str, target: TargetKey, *, page: Page = PAGE, subject: str = "Sale", **values: Any
) -> list[str]:
    item = evaluation("any-rule", Outcome.FAILED, target, line=12, **values)
    report = replace(message("a.xml", (item,), subject=subject), excerpts={12: line})
    return list(source_lines(report, Finding(lead=item), page, indent=2))


def marked(lines: list[str]) -> str:
    """What stands above the carets, column by column; every sample is one column a character."""
    above, below = lines
    return "".join(char for char, mark in zip(above, below, strict=False) if mark == "^")


def offenders(*positions: int, codes: str = "U+2600") -> dict[str, Any]:
    return {"evidence": {"offenders": [{"position": at, "codes": codes} for at in positions]}}


def test_the_url_of_a_medium_is_marked_in_its_line() -> None:
    url = "http://media.example.com/a.jpg"
    lines = drawn(f"    <image><url>{url}</url></image>", medium(1, 1), url=url)
    assert lines[0] == f"  12 | <image><url>{url}</url></image>"
    assert lines[1] == f"     | {' ' * 12}{'^' * len(url)}"


def test_a_redacted_url_is_found_where_the_line_was_redacted_alike() -> None:
    url = "https://cdn.example.net/clip.mp4?…52e1a125f9ad"
    assert marked(drawn(f"<url>{url}</url>", medium(1, 1), url=url)) == url


def test_an_escaped_ampersand_in_the_line_is_no_obstacle() -> None:
    lines = drawn("<url>http://a.example/p?w=3&amp;h=2</url>", medium(1, 1), url="http://a.example/p?w=3&h=2")
    assert marked(lines) == "http://a.example/p?w=3&amp;h=2"


@pytest.mark.parametrize(
    "line",
    [
        "<url>http://a.example/1</url><url>http://a.example/1</url>",
        "<url>http://a.example/2</url>",
        "<url>",
    ],
)
def test_without_certainty_which_part_is_meant_there_is_no_caret(line: str) -> None:
    assert len(drawn(line, medium(1, 1), url="http://a.example/1")) == 1


def test_characters_of_the_subject_are_marked_where_they_stand() -> None:
    lines = drawn("<subject>Salé & “x”</subject>", MESSAGE, subject="Salé & “x”", **offenders(4, 8, 10))
    assert marked(lines) == "é“”"


def test_a_character_behind_an_escaped_one_is_still_the_right_one() -> None:
    lines = drawn("<subject>A &amp; B &lt; é</subject>", MESSAGE, subject="A & B < é", **offenders(9))
    assert marked(lines) == "é"
    assert lines[1].index("^") == lines[0].index("é")


def test_wide_characters_take_two_columns() -> None:
    above, below = drawn("<subject>🌞🌞é</subject>", MESSAGE, subject="🌞🌞é", **offenders(2, 3))
    assert columns(above[: above.index("🌞") + 1]) == below.index("^")
    assert below.count("^") == 3


def test_a_sequence_of_code_points_is_marked_whole() -> None:
    family = "👨\u200d👩"
    above, below = drawn(
        f"<subject>a {family} b</subject>",
        MESSAGE,
        subject=f"a {family} b",
        **offenders(3, codes="U+1F468 U+200D U+1F469"),
    )
    assert below.count("^") == columns("👨\\u200d👩")
    assert below.index("^") == above.index("👨")


def test_a_subject_that_merge_data_has_changed_gets_no_caret() -> None:
    lines = drawn("<subject>Hi {$name}</subject>", MESSAGE, subject="Hi Zoë", **offenders(6))
    assert len(lines) == 1


def test_what_is_too_much_of_a_subject_is_marked() -> None:
    lines = drawn(
        "<subject>abcdefgh</subject>", MESSAGE, subject="abcdefgh", evidence={"count": 8, "maximum": 5}
    )
    assert marked(lines) == "fgh"


def test_the_tag_of_a_slide_is_marked_when_it_is_the_only_one() -> None:
    assert marked(drawn("  <slide><image>", slide(1))) == "<slide"
    assert len(drawn("<slide></slide><slide>", slide(1))) == 1


@pytest.mark.parametrize("width", [40, 60, 100])
def test_a_long_line_is_cut_around_the_part_and_fits_the_page(width: int) -> None:
    url = "http://a.example/1"
    line = f"<text>{'word ' * 60}</text><url>{url}</url>{'<text>more</text>' * 20}"
    lines = drawn(line, medium(1, 1), page=Page(width=width, color=False), url=url)
    assert all(columns(each) <= width for each in lines)
    assert lines[0].count("…") == 2
    assert marked(lines) == url[: len(marked(lines))] != ""


def test_an_unknown_line_shows_nothing() -> None:
    item = evaluation("any-rule", Outcome.FAILED, line=7)
    assert list(source_lines(message("a.xml", (item,)), Finding(lead=item), PAGE, indent=2)) == []


def test_what_a_terminal_would_obey_is_shown_as_text() -> None:
    (line,) = drawn("<subject>\x1b[2J\u202e</subject>", MESSAGE)
    assert line == "  12 | <subject>\\x1b[2J\\u202e</subject>"


def test_carets_are_painted_and_the_line_is_not() -> None:
    above, below = drawn("<slide>", slide(1), page=Page(width=80, color=True))
    assert above == "  \x1b[2m12 | \x1b[0m<slide>"
    assert below == "  \x1b[2m   | \x1b[0m\x1b[1;31m^^^^^^\x1b[0m"
