"""Every entry of ``rules/servers``, over real sockets: recognised by its signs, and its remedy appended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import urljoin

import pytest

from mmscheck.fetch import ConnectTo, FetchPolicy
from mmscheck.judge.pipeline import check, load_rules
from mmscheck.media import MediaWorkers
from mmscheck.model.mms import MediaRef, Mms, Slide, Text
from mmscheck.model.observation import Fetched
from mmscheck.model.report import Evaluation, MessageReport
from mmscheck.model.server import IN_PLACE_OF_THE_FILE, Mark, Server
from mmscheck.model.words import MediaKind, Outcome
from mmscheck.servers.conditions import ServerAnswer, answers, holds
from mmscheck.servers.recognition import advice, recognise
from tests.support.media_targets import fetched, hop
from tests.support.server_rows import Answer as Sent
from tests.support.server_rows import Row
from tests.support.server_table import NEAR_SERVERS
from tests.support.server_table import SERVERS as SERVER_ROWS
from tests.support.server_table_more import MORE, NEAR_MORE
from tests.support.wall_table import IN_PLACE, NEAR_IN_PLACE
from tests.support.web import HOME, Web

ROWS = (*SERVER_ROWS, *MORE, *IN_PLACE)
NEAR = (*NEAR_SERVERS, *NEAR_MORE, *NEAR_IN_PLACE)
SERVERS = {server.id: server for server in load_rules("send").servers}


def message(number: int, url: str, kind: MediaKind) -> Mms:
    ref = MediaRef(url=url, kind=kind, slide=1, index=1, line=2)
    return Mms(
        source=f"{number}.xml",
        digest=f"sha256:{number}",
        name=Text(value="sale", line=1),
        subject=Text(value="Sale", line=1),
        slides=(Slide(number=1, line=1, media=(ref,)),),
    )


def url_of(number: int, answer: Sent) -> str:
    return answer.url.replace("{host}", f"row{number}.example.com").replace("{label}", f"row{number}")


async def run(sent: Sequence[tuple[Sent, MediaKind]]) -> tuple[MessageReport, ...]:
    """Each answer checked in a message of its own, by the rules for sending."""
    served: dict[str, bytes] = {}
    for number, (answer, _) in enumerate(sent):
        url = url_of(number, answer)
        served[url] = answer.sent
        served |= {urljoin(f"http://row{number}.example.com/", to): page for to, page in answer.then}
    messages = [message(n, url_of(n, answer), kind) for n, (answer, kind) in enumerate(sent)]
    async with Web(served) as web, MediaWorkers() as workers:
        policy = FetchPolicy(
            retries=0,
            timeout=20,
            deadline=90,
            max_concurrency=32,
            allow_net=("127.0.0.0/8",),
            connect_to=(ConnectTo("", None, HOME, web.http_port),),
        )
        report = await check(messages, load_rules("send"), policy, workers=workers)
    return tuple(report.messages)


@pytest.fixture(scope="module")
def judged() -> tuple[MessageReport, ...]:
    sent = [(row.answer, row.kind) for row in ROWS] + [(near.answer, MediaKind.IMAGE) for near in NEAR]
    return asyncio.run(run(sent))


def names_in(report: MessageReport) -> tuple[str, ...]:
    return tuple(name for each in report.servers.values() for name in each.names)


def shown_name(server: Server) -> str:
    return f"{server.name} (likely)" if server.evidence is Mark.KNOWLEDGE else server.name


def evaluation(report: MessageReport, rule: str) -> Evaluation:
    (found,) = (item for item in report.evaluations if item.rule == rule)
    return found


@pytest.mark.parametrize(
    "at", range(len(ROWS)), ids=[f"{row.server}/{row.rule}-{n}" for n, row in enumerate(ROWS)]
)
def test_the_server_is_recognised_and_its_remedy_appended(judged: tuple[MessageReport, ...], at: int) -> None:
    row, report = ROWS[at], judged[at]
    assert shown_name(SERVERS[row.server]) in names_in(report), report.observations
    found = evaluation(report, row.rule)
    assert not found.crashed
    assert found.outcome in (Outcome.FAILED, Outcome.CANT_TELL), found.message
    general, *appended = found.fix.split(f"\nFor {shown_name(SERVERS[row.server])}: ")
    assert general
    assert any(row.wants in text for text in appended), found.fix


@pytest.mark.parametrize(
    "at", range(len(IN_PLACE)), ids=[f"{row.server}-{n}" for n, row in enumerate(IN_PLACE)]
)
def test_what_answers_in_place_of_the_file_is_named(judged: tuple[MessageReport, ...], at: int) -> None:
    row, report = IN_PLACE[at], judged[len(ROWS) - len(IN_PLACE) + at]
    sentence = evaluation(report, row.rule).message.rpartition("It looks like ")[2]
    assert SERVERS[row.server].looks_like in sentence


@pytest.mark.parametrize("at", range(len(NEAR)), ids=[near.server for near in NEAR])
def test_a_near_miss_is_not_taken_for_it(judged: tuple[MessageReport, ...], at: int) -> None:
    name, report = shown_name(SERVERS[NEAR[at].server]), judged[len(ROWS) + at]
    assert name not in names_in(report)
    assert all(f"For {name}: " not in item.fix for item in report.evaluations)


def test_every_entry_has_a_row_and_a_near_miss() -> None:
    # The browsers' wall needs a second request; tests/test_recognise.py has its row.
    assert {row.server for row in ROWS} | {"browsers-only"} == set(SERVERS)
    assert {near.server for near in NEAR} == set(SERVERS)
    assert {row.server for row in IN_PLACE} | {"browsers-only"} == {
        name for name, server in SERVERS.items() if server.kind in IN_PLACE_OF_THE_FILE
    }


def test_every_remedy_has_a_row_whose_words_are_its_own(judged: tuple[MessageReport, ...]) -> None:
    appended: dict[str, str] = {}
    for row, report in zip(ROWS, judged, strict=False):
        appended[row.server] = appended.get(row.server, "") + evaluation(report, row.rule).fix
    unseen = [
        (server.id, remedy.fix[:60])
        for server in SERVERS.values()
        for remedy in server.remedies
        if server.id != "browsers-only" and remedy.fix.strip() not in appended[server.id]
    ]
    assert unseen == []


def test_every_sign_and_every_condition_is_met_by_a_row(judged: tuple[MessageReport, ...]) -> None:
    seen: dict[str, list[ServerAnswer]] = {name: [] for name in SERVERS}
    for row, report in zip(ROWS, judged, strict=False):
        for observation in report.observations.values():
            seen[row.server] += answers(observation)
    unmet = [
        (name, condition)
        for name, server in SERVERS.items()
        for condition in (*server.signs, *(when for remedy in server.remedies for when in remedy.when))
        if name != "browsers-only" and not any(holds(condition, answer) for answer in seen[name])
    ]
    assert unmet == []


FAULTY = frozenset(
    {
        *("content-type", "content-encoding", "transfer-encoding", "etag", "vary", "cf-polished"),
        *("cf-cache-status", "x-goog-stored-content-encoding"),
    }
)
HEALTHY = (
    ("Content-Type", "image/jpeg"),
    ("Content-Length", "3"),
    ("ETag", '"5f-1"'),
    ("Accept-Ranges", "bytes"),
)


def healthy(row: Row) -> Fetched:
    """The same server's answer without anything wrong in it."""
    lines = (line.partition(": ") for line in row.answer.head)
    kept = tuple((name, value) for name, _, value in lines if name.lower() not in FAULTY)
    url = url_of(0, row.answer)
    if not any(sign.path or sign.query or sign.host for sign in SERVERS[row.server].signs):
        url = "http://media.example.com/photo.jpg"
    return fetched((), hop(url, headers=(*kept, *HEALTHY)))


def test_a_remedy_with_conditions_is_not_advised_where_they_do_not_hold() -> None:
    unproven = {name for name, server in SERVERS.items() if any(remedy.when for remedy in server.remedies)}
    for row in ROWS:
        found = recognise([SERVERS[row.server]], healthy(row))
        if not found.found:
            continue
        unproven.discard(row.server)
        for remedy in SERVERS[row.server].remedies:
            told = [str(each) for rule in remedy.rules for each in advice(found, rule)] if remedy.when else []
            assert not any(remedy.fix.strip() in text for text in told), (row.server, remedy.fix[:50])
    assert unproven == set()
