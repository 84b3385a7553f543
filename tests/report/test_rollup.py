from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from mmscheck.model.observation import Hop, NotFetched, Reason
from mmscheck.model.report import MessageReport
from mmscheck.model.words import Because, Outcome, Owner
from mmscheck.report.rollup import HostTally, OwnerTally, RuleTally, rollup
from tests.support.many_reports import BAD, chunked, many, photo, subject, view_of
from tests.support.reports import MESSAGE, evaluation, fetched, let_through, medium, message


def unfetched(source: str, url: str) -> MessageReport:
    why = NotFetched(url=url, reason=Reason.TIMED_OUT)
    known: dict[str, Any] = {"url": url, "owner": Owner.HOSTING, "line": 6, "because": Because.FILE}
    return message(
        source,
        (
            evaluation("message-size", Outcome.CANT_TELL, MESSAGE, because=Because.FILE, owner=Owner.CONTENT),
            evaluation("media-reachable", Outcome.CANT_TELL, medium(1, 1), **known),
            evaluation("content-length", Outcome.CANT_TELL, medium(1, 1), **known),
        ),
        (photo(url),),
        {url: why},
    )


def test_one_server_is_told_to_be_all_that_keeps_messages_back() -> None:
    tables = rollup(many(chunked_ones=7, subjects=2))
    assert tables.hosts == (
        HostTally(host=BAD, messages=7, alone=7, unsure=0, media=7, rules=("not-chunked",)),
    )
    assert (tables.messages, tables.passed, tables.denied) == (30, 21, 9)


def test_a_message_with_another_fault_does_not_pass_when_the_server_is_mended() -> None:
    both = replace(
        chunked("a.xml", f"http://{BAD}/a.jpg"),
        evaluations=(*subject("a.xml").evaluations, *chunked("a.xml", f"http://{BAD}/a.jpg").evaluations),
    )
    only = chunked("b.xml", f"http://{BAD}/b.jpg")
    (host,) = rollup(view_of(both, only)).hosts
    assert (host.messages, host.alone) == (2, 1)


def test_a_message_with_files_on_two_bad_servers_needs_both_mended() -> None:
    one, two = chunked("a.xml", f"http://{BAD}/a.jpg"), chunked("a.xml", "http://worse.example.net/a.jpg", 2)
    both = replace(
        one,
        evaluations=(*one.evaluations, *two.evaluations),
        media=(*one.media, *two.media),
        observations={**one.observations, **two.observations},
    )
    assert [(host.messages, host.alone) for host in rollup(view_of(both)).hosts] == [(1, 0), (1, 0)]


def test_what_the_gate_says_beside_the_findings_keeps_a_message_from_counting_as_this_servers_alone() -> None:
    view = view_of(chunked("a.xml", f"http://{BAD}/a.jpg"))
    verdict = view.verdict.messages[0]
    gap = "url-clean was not evaluated on message"
    gaps = replace(verdict, reasons=(*verdict.reasons, gap), untold=(gap,))
    (host,) = rollup(replace(view, verdict=replace(view.verdict, messages=(gaps,)))).hosts
    assert (host.messages, host.alone) == (1, 0)


def test_messages_whose_files_could_not_be_looked_at_are_not_promised_to_pass() -> None:
    tables = rollup(view_of(unfetched("a.xml", f"http://{BAD}/a.jpg")))
    (host,) = tables.hosts
    assert (host.alone, host.unsure, host.rules) == (1, 1, ("media-reachable",))
    assert [row.rule for row in tables.rules] == ["media-reachable"]


def test_the_server_that_answered_last_is_the_one_to_mend() -> None:
    url = "http://link.example.com/a.jpg"
    hops = (Hop(url=url, status=302), Hop(url="https://CDN.example.net:8443/a.jpg", status=200))
    sent_on = replace(chunked("a.xml", url), observations={url: fetched(url, hops=hops)})
    assert [row.host for row in rollup(view_of(sent_on)).hosts] == ["cdn.example.net:8443"]


def test_a_login_or_an_unreadable_url_makes_no_server() -> None:
    with_login = chunked("a.xml", f"http://user:hunter2@{BAD}/a.jpg")
    broken = chunked("b.xml", "http://[half/a.jpg")
    tables = rollup(view_of(replace(with_login, observations={}), replace(broken, observations={})))
    assert [row.host for row in tables.hosts] == [BAD]


def test_rules_that_block_stand_before_advice_and_the_most_messages_first() -> None:
    tables = rollup(many(chunked_ones=3, subjects=5, advised=4))
    assert tables.rules == (
        RuleTally(rule="subject-ascii", blocks=True, messages=5, media=0, findings=5),
        RuleTally(rule="not-chunked", blocks=True, messages=3, media=3, findings=3),
        RuleTally(rule="subject-length-advised", blocks=False, messages=4, media=0, findings=4),
    )


def test_strict_counts_advice_among_what_blocks() -> None:
    view = many(advised=4)
    strict = replace(view, report=replace(view.report, strict=True))
    assert [row.blocks for row in rollup(strict).rules] == [True]


def test_owners_stand_in_their_own_order_with_what_they_alone_keep_back() -> None:
    tables = rollup(many(chunked_ones=3, subjects=5))
    assert tables.owners == (
        OwnerTally(owner=Owner.CONTENT, messages=5, alone=5, findings=5),
        OwnerTally(owner=Owner.HOSTING, messages=3, alone=3, findings=3),
    )


def test_what_is_waived_is_nobodys_to_fix() -> None:
    tables = rollup(let_through())
    assert (tables.rules, tables.hosts, tables.owners, tables.passed) == ((), (), (), 1)
