from __future__ import annotations

import time

import pytest
from msgspec.structs import replace

from mmscheck.report import FORMATS, View
from mmscheck.report.text_many import MANY, MOST_KINDS
from mmscheck.report.text_messages import MOST_ROWS
from mmscheck.report.text_summary import MOST_LEFT, MOST_UNREAD
from tests.support.many_reports import BAD, chunked, good, many, view_of
from tests.support.reports import permitted, sent


def text(view: View) -> str:
    return FORMATS["text"](view)


def flat(view: View) -> str:
    return " ".join(text(view).split())


def test_one_message_with_which_all_is_well_is_one_line() -> None:
    assert text(permitted()).splitlines() == [
        "PERMIT: good.xml: every blocking rule passed (4 checks passed, 1 did not apply)."
    ]


def test_what_was_let_past_the_rules_is_told_also_where_all_is_well() -> None:
    view = permitted()
    told = replace(view, report=replace(view.report, allowances=("Media may live in 10.0.0.0/8.",)))
    assert text(told).splitlines()[0] == "Media may live in 10.0.0.0/8."
    assert len(text(sent()).splitlines()) == 2


def test_of_many_messages_those_that_passed_are_one_line() -> None:
    found = text(many(chunked_ones=7, advised=4))
    assert found.startswith(
        "PERMIT  23 messages, 4 of them with advice (--format json has it)\n\nDENY  c0000.xml"
    )


def test_of_messages_denied_alike_one_is_told_and_the_others_are_named_or_counted() -> None:
    found = flat(many(chunked_ones=9))
    assert found.count("ERROR, blocks: not-chunked") == 1
    assert (
        "8 more messages are denied by the same rules, at the same server: "
        "c0001.xml, c0002.xml, c0003.xml, c0004.xml, c0005.xml and 3 more" in found
    )


def test_the_largest_kind_is_told_first() -> None:
    found = text(many(chunked_ones=2, subjects=5))
    assert found.index("subject-ascii (s0000.xml:3)") < found.index("not-chunked (c0000.xml:6)")


def test_the_same_rule_at_another_server_is_another_kind() -> None:
    others = [chunked(f"d{at}.xml", f"http://h{at}.example.net/a.jpg") for at in range(MOST_KINDS + 3)]
    found = flat(view_of(*others, *(good(f"g{at}.xml") for at in range(MANY))))
    assert found.count("ERROR, blocks: not-chunked") == MOST_KINDS
    assert (
        "DENY 3 more messages by other rules or servers (--format json has all): "
        "d10.xml, d11.xml, d12.xml" in found
    )
    assert f"and {MOST_KINDS + 3 - MOST_ROWS} more (--format json has every finding)" in found


def test_advice_that_is_left_out_is_counted() -> None:
    first = chunked("a.xml", f"http://{BAD}/a.jpg")
    both = replace(
        first, evaluations=(*first.evaluations, *good("a.xml", advised=True).evaluations), media=first.media
    )
    found = flat(view_of(both, *(good(f"g{at}.xml") for at in range(MANY))))
    assert "Not told here: 1 finding of this message that blocks nothing (--format json has all)." in found


def test_the_tables_say_what_one_server_would_change() -> None:
    found = flat(many(chunked_ones=7, subjects=2))
    assert "What blocks, by rule not-chunked 7 messages, 7 media files subject-ascii 2 messages " in found
    server = f"{BAD} 7 messages, 7 media files: not-chunked. Fix this one server and 7 messages pass."
    assert f"Where, by web server {server} " in found
    content = "content 2 messages denied, for this alone; 2 findings"
    hosting = "hosting 7 messages denied, for this alone; 7 findings"
    assert f"Who can fix it {content} {hosting} DENY: " in found


def test_quiet_has_a_line_for_every_finding_however_many() -> None:
    view = replace(many(chunked_ones=200, subjects=100, all_in_all=1000), quiet=True)
    assert len(text(view).splitlines()) == 301


@pytest.mark.parametrize("number", [MANY, MANY + 1])
def test_the_verdict_stands_last_however_many_there_are(number: int) -> None:
    found = text(many(chunked_ones=1, all_in_all=number))
    assert found.splitlines()[-1].startswith("DENY: ")
    assert ("PERMIT  g0000.xml" in found) is (number == MANY)


def test_inputs_that_could_not_be_read_are_named_and_then_counted() -> None:
    view = many(chunked_ones=1)
    unread = tuple(f"x{at}.xml: permission denied" for at in range(MOST_UNREAD + 5))
    found = text(replace(view, report=replace(view.report, unread=unread)))
    assert found.count("NOT READ: x") == MOST_UNREAD
    assert "NOT READ: and 5 more inputs (--format json names them)" in found


def test_messages_that_were_not_checked_are_named_and_then_counted() -> None:
    view = many(chunked_ones=1)
    left = tuple(f"x{at}.xml" for at in range(MOST_LEFT + 3))
    found = flat(replace(view, report=replace(view.report, not_checked=left)))
    named = ", ".join(left[:MOST_LEFT])
    assert f"NOT CHECKED: 8 messages after the first that was denied: {named} and 3 more" in found


def test_time_grows_with_the_number_of_messages_and_not_with_its_square() -> None:
    def seconds(number: int) -> float:
        view = many(chunked_ones=number // 2, advised=number // 4, all_in_all=number)
        begun = time.process_time()
        text(view)
        return time.process_time() - begun

    seconds(500)
    assert seconds(4000) < 20 * seconds(500)
