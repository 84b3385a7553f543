"""Conditions on answers: each part counts, and no answer makes them slow."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from mmscheck.judge.pipeline import load_rules
from mmscheck.model.observation import Hop, Probe, ProbeName, Reason
from mmscheck.model.server import Condition, Mark, Server, ServerKind
from mmscheck.servers.conditions import LONGEST_EXCERPT, LONGEST_VALUE, answers_browsers
from mmscheck.servers.recognition import describe, recognise
from tests.support.media_targets import fetched, hop, not_fetched, sniffed

SERVERS = load_rules("send").servers
NGINX = ("Server", "nginx/1.22.1")
CHUNKED = ("Transfer-Encoding", "chunked")


def conditions() -> Iterator[Condition]:
    for server in SERVERS:
        yield from server.signs
        yield from (when for remedy in server.remedies for when in remedy.when)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (Condition(headers={"server": "NGINX"}), True),
        (Condition(headers={"server": "nginx", "etag": "x"}), False),
        (Condition(without=("etag",)), True),
        (Condition(without=("server",)), False),
        (Condition(host=("media.example.com",)), True),
        (Condition(host=(".example.com",)), True),
        (Condition(host=("example.com",)), False),
        (Condition(host=(".ample.com",)), False),
        (Condition(path=r"\.JPG\Z"), True),
        (Condition(path=r"\.jpg/"), False),
        (Condition(query="a"), False),
        (Condition(status=(200, 206)), True),
        (Condition(status=(403,)), False),
        (Condition(excerpt="begin"), True),
        (Condition(excerpt="end"), False),
        (Condition(encoded=True), True),
        (Condition(encoded=False), False),
        (Condition(chunked=True), True),
        (Condition(chunked=False), False),
        (Condition(stated=False), True),
        (Condition(stated=True), False),
        (Condition(size_over=2), True),
        (Condition(size_over=3), False),
        (Condition(empty=False), True),
        (Condition(empty=True), False),
        (Condition(type="image/"), True),
        (Condition(type="video/"), False),
        (Condition(browser=False), True),
        (Condition(browser=True), False),
    ],
)
def test_each_part_of_a_condition_counts(condition: Condition, holds: bool) -> None:  # noqa: FBT001 - a table
    server = Server(
        id="a", name="A", kind=ServerKind.SERVER, signs=(condition,), evidence=Mark.MEASURED, source="test"
    )
    answer = fetched((NGINX, ("Content-Encoding", "br"), CHUNKED), size=3, excerpt="begin", sniffed=sniffed())
    assert bool(recognise((server,), answer).found) is holds


def test_no_pattern_is_slow_on_long_and_hostile_answers() -> None:
    hostile = (
        "a" * 65_536,
        " " * 65_536,
        "<title>" * 9_000,
        "/" * 65_536,
        "<Code>AccessDenied</Code>" + " " * 65_536,
    )
    names = {name for condition in conditions() for name in condition.headers}
    started = time.process_time()
    for text in hostile:
        headers = tuple((name, text) for name in names)
        url = f"http://media.example.com/{text.replace('<', '%')}?{text}"
        for status in (200, 302, 403):
            answered = hop(url, status=status, headers=headers)
            recognise(SERVERS, not_fetched(Reason.BAD_STATUS, answered, excerpt=text))
    assert time.process_time() - started < 5
    assert max(LONGEST_EXCERPT, LONGEST_VALUE) <= 2048


def test_what_is_beyond_the_cut_is_not_looked_at() -> None:
    late = Server(
        id="a",
        name="A",
        kind=ServerKind.SERVER,
        signs=(Condition(headers={"server": "zz"}), Condition(excerpt="zz")),
        evidence=Mark.MEASURED,
        source="test",
    )
    assert recognise((late,), fetched((("Server", "a" * LONGEST_VALUE + "zz"),))).found == ()
    assert recognise((late,), fetched((), excerpt="a" * LONGEST_EXCERPT + "zz")).found == ()
    assert recognise((late,), fetched((), excerpt="a" * (LONGEST_EXCERPT - 2) + "zz")).found != ()


def test_only_a_file_that_a_browser_got_shows_a_wall() -> None:
    refused = hop(status=403)
    got = Probe(name=ProbeName.BROWSER, hops=(hop(),))
    for probes, wall in (
        ((got,), True),
        ((Probe(name=ProbeName.GZIP, hops=(hop(),)),), False),
        ((Probe(name=ProbeName.BROWSER, hops=(refused,)),), False),
        ((Probe(name=ProbeName.BROWSER, hops=(hop(),), reason=Reason.RESET),), False),
        ((Probe(name=ProbeName.BROWSER, skipped="no"),), False),
        ((Probe(name=ProbeName.BROWSER, hops=(hop(),), size=0),), False),
    ):
        assert answers_browsers(not_fetched(Reason.BAD_STATUS, refused, probes=probes)) is wall
    assert not answers_browsers(fetched(probes=(got,)))
    assert not answers_browsers(not_fetched(Reason.BAD_STATUS, probes=(got,)))


@pytest.mark.parametrize("kind", ["text/html", "TEXT/HTML; charset=utf-8", "application/xhtml+xml"])
def test_a_page_that_a_browser_got_is_no_file(kind: str) -> None:
    page = Probe(name=ProbeName.BROWSER, hops=(hop(headers=(("content-type", kind),)),))
    assert not answers_browsers(not_fetched(Reason.BAD_STATUS, hop(status=403), probes=(page,)))


@pytest.mark.parametrize(
    ("status", "wall"),
    [(401, True), (403, True), (406, True), (429, True), (400, False), (451, False), (500, False)],
)
def test_only_who_was_turned_away_met_a_wall(status: int, wall: bool) -> None:  # noqa: FBT001 - a table
    got = Probe(name=ProbeName.BROWSER, hops=(hop(),))
    assert answers_browsers(not_fetched(Reason.BAD_STATUS, hop(status=status), probes=(got,))) is wall


def test_an_empty_body_is_one_that_came_whole() -> None:
    whole = fetched(size=0)
    cut = not_fetched(Reason.TIMED_OUT, hop(), received=0)
    assert "empty" in describe(recognise(SERVERS, whole)).names[0]
    assert recognise(SERVERS, cut).found == ()


def test_a_url_that_nobody_answered_names_nobody() -> None:
    silent = not_fetched(Reason.TIMED_OUT, hop("http://media.workers.dev/a.jpg", status=None, headers=()))
    assert recognise(SERVERS, silent).found == ()


def test_an_odd_address_is_no_reason_to_fail() -> None:
    odd = Hop(url="http://[bad", status=200, headers=(("Server", "nginx"), ("server", "x")))
    assert describe(recognise(SERVERS, fetched((), odd))).names == ("nginx",)


def hops_of(condition: Condition, *hops: Hop) -> tuple[int, ...]:
    """Where in these answers the condition holds."""
    server = Server(
        id="a", name="A", kind=ServerKind.SERVER, signs=(condition,), evidence=Mark.MEASURED, source="test"
    )
    return next((found.hops for found in recognise((server,), fetched((), *hops)).found), ())


def test_what_is_known_of_the_body_is_known_of_the_last_answer_only() -> None:
    first = hop(status=302, headers=(("Location", "/b.jpg"),))
    assert hops_of(Condition(empty=False), first, hop()) == (1,)
    assert hops_of(Condition(browser=False), first, hop()) == (1,)
    assert hops_of(Condition(stated=False), first, hop()) == (0,)


def test_identity_is_no_encoding_and_repeated_headers_count_as_one() -> None:
    assert hops_of(Condition(encoded=True), hop(headers=(("Content-Encoding", "Identity"),))) == ()
    assert hops_of(Condition(encoded=True), hop(headers=(("Content-Encoding", "gzip"),))) == (0,)
    twice = hop(headers=(("Via", "1.1 a"), ("VIA ", "1.1 b (Varnish/7.1)")))
    assert hops_of(Condition(headers={"via": r"a, 1\.1 b"}), twice) == (0,)
