"""Campaigns over HTTP: each number at most once, followed, stopped, gone on with, and never without leave."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest

from mmscheck.ledger import open_ledger
from mmscheck.ledger.suppression_list import Addition
from mmscheck.model.suppression import SuppressionScope, SuppressionSource
from mmscheck.ruleset import Config
from mmscheck.ruleset.config import RecipientsTable
from mmscheck.sandbox import Sandbox, Ways
from mmscheck.serve import Caps
from tests.serve.test_serve_sends import saved
from tests.support.campaigns import numbers, until
from tests.support.serving import FIELDS, GOOD, Answer, Client, form, serving

COMMON = {name: value for name, value in FIELDS.items() if name != "to"}
SLOW = Ways(answer_seconds=0.05)
CONNECT = [("media.example.com", 80, "127.0.0.1", 0)]
ADDITION = Addition(scope=SuppressionScope(), source=SuppressionSource.COMMAND, reason="asked", who="Ana")
CAREFUL = {"in_flight": 2}


def asked(mms_id: str, numbers_: Iterable[str], **more: Any) -> dict[str, Any]:
    """A campaign to these numbers; the good message has no tags, so there is no column for any."""
    rows = "to\n" + "".join(f"{number}\n" for number in numbers_)
    return {"document": GOOD.decode(), "rows": rows, "request": {**COMMON, "mms_id": mms_id, **more}}


async def begun(client: Client, body: dict[str, Any], key: str = "spring") -> Answer:
    answer = await client.post("/v1/campaigns", body, headers={"Idempotency-Key": key})
    assert answer.status == 202, answer.text
    assert answer.headers["Location"] == f"/v1/campaigns/{answer.json()['id']}"
    return answer


async def ended(client: Client, place: str) -> dict[str, Any]:
    """The campaign when it is over: by its events, and then as it stands."""
    events = (await client.get(f"{place}/events")).text
    assert events.rstrip().split("\n\n")[-1].startswith(("event: done", "event: failed")), events
    found: dict[str, Any] = (await client.get(place)).json()
    return found


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(connect_to=CONNECT, ways=SLOW) as found:
        yield found


@pytest.fixture
async def client(tmp_path: Path, box: Sandbox) -> AsyncIterator[Client]:
    async with serving(tmp_path, box=box) as found:
        yield found.by("sender")


async def test_every_row_gets_it_once_and_is_counted(client: Client, box: Sandbox) -> None:
    mms_id = await saved(client)
    to = numbers(12)
    answer = await begun(client, asked(mms_id, to))
    told = await ended(client, answer.headers["Location"])
    assert (told["state"], told["name"], told["problem"]) == ("done", mms_id, None), told
    assert (told["result"]["rows"], told["result"]["accepted"]) == (12, 12)
    assert (told["outcome"]["verdict"], told["outcome"]["exit_code"]) == ("permit", 0)
    assert told["progress"] == {"done": 12, "total": 12, "failed": 0, "waiting": ""}
    assert sorted(sent.to for sent in box.sent) == to
    report = await client.get(told["report"])
    assert (report.json()["exit_code"], report.json()["send"]["campaign"]["accepted"]) == (0, 12)
    html = await client.get(told["report"], headers={"Accept": "text/html"})
    assert html.status == 200
    again = await client.post("/v1/campaigns", asked(mms_id, to), headers={"Idempotency-Key": "spring"})
    assert (again.status, again.json()["id"]) == (200, told["id"])
    other = await client.post("/v1/campaigns", asked(mms_id, to[:2]), headers={"Idempotency-Key": "spring"})
    assert (other.status, other.problem) == (409, "other-payload")
    place = (await begun(client, asked(mms_id, to), key="another")).headers["Location"]
    assert (await ended(client, place))["result"]["recorded"] == 12
    assert len(box.sent) == 12, "another request of the same campaign sends nothing again"


async def test_it_may_come_as_a_form_and_what_is_none_is_told_at_once(client: Client, box: Sandbox) -> None:
    mms_id = await saved(client)
    request = json.dumps({**COMMON, "mms_id": mms_id, "campaign": "spring"})
    good = form(("document", "sale.xml", GOOD), ("file", "all.csv", b"to\n15551230001\n"), request=request)
    answer = await client.post("/v1/campaigns", data=good)
    assert answer.status == 202, answer.text
    told = await ended(client, answer.headers["Location"])
    assert (told["name"], told["result"]["file"], told["result"]["accepted"]) == ("spring", "all.csv", 1)
    before = box.provider_connections
    for wrong, words in (
        (form(("document", "a", GOOD), request=request), "Expected exactly"),
        (
            form(("document", "a", GOOD), ("file", "b.csv", b"number\n1\n"), request=request),
            "column named to",
        ),
        (form(("document", "a", GOOD), ("file", "b.csv", b"to\n1\n"), request="{}"), "mms_id"),
    ):
        found = await client.post("/v1/campaigns", data=wrong)
        assert (found.problem, words in found.text) == ("malformed", True), found.text
    for more in ({"again": True}, {"max_cost": "1.00"}, {"recheck_every": 900.0}, {"to": "15551230001"}):
        found = await client.post("/v1/campaigns", asked(mms_id, numbers(1), **more))
        assert found.problem == "malformed", found.text
    ragged = {**asked(mms_id, ()), "rows": "to\n15551230005\n1,2\n"}
    told = await ended(client, (await begun(client, ragged)).headers["Location"])
    assert (told["state"], "line 3" in told["problem"]["detail"]) == ("failed", True), told
    assert box.provider_connections == before


async def test_what_the_gate_denies_sends_nothing_at_all(client: Client, box: Sandbox) -> None:
    mms_id = await saved(client)
    to = [*numbers(3), "12"]
    told = await ended(client, (await begun(client, asked(mms_id, to))).headers["Location"])
    assert (told["state"], told["problem"]["type"].rpartition(":")[2]) == ("failed", "denied")
    assert (told["result"]["denied"], told["result"]["listed"][0]["line"]) == (1, 5)
    assert box.sent == []
    skipping = asked(mms_id, to, skip_bad=True)
    told = await ended(client, (await begun(client, skipping)).headers["Location"])
    assert (told["result"]["accepted"], told["result"]["denied"], len(box.sent)) == (3, 1, 3)
    assert told["problem"]["type"].rpartition(":")[2] == "not-all"
    unbound = await ended(client, (await begun(client, asked("999", to[:1]), "x")).headers["Location"])
    assert unbound["problem"]["type"].rpartition(":")[2] == "denied"
    assert len(box.sent) == 3


async def test_it_stops_when_told_and_goes_on_by_the_same_request(client: Client, box: Sandbox) -> None:
    mms_id = await saved(client)
    to = numbers(60)
    body = asked(mms_id, to, **CAREFUL)
    place = (await begun(client, body)).headers["Location"]
    await until(lambda: len(box.sent) >= 3)
    stopped = await client.post(f"{place}/stop", {"reason": "wrong price"})
    assert (stopped.status, stopped.json()["stop"]) == (200, "stopped by sender: wrong price")
    told = await ended(client, place)
    assert (told["state"], told["problem"]["type"].rpartition(":")[2]) == ("failed", "stopped"), told
    assert told["result"]["stopped"] == "stopped by sender: wrong price"
    assert told["result"]["left"] == 60 - len(box.sent) > 0
    assert (await client.post(f"{place}/stop", {"reason": "late"})).json()["stop"] == told["stop"]
    place = (await begun(client, body)).headers["Location"]
    told = await ended(client, place)
    assert (told["state"], told["result"]["accepted"] + told["result"]["recorded"]) == ("done", 60), told
    assert sorted(sent.to for sent in box.sent) == to


async def test_a_hold_stops_it_and_nobody_else_sees_it(client: Client, box: Sandbox) -> None:
    mms_id = await saved(client)
    assert (await client.by("holder").post("/v1/hold", {"reason": "wrong price"})).status == 201
    place = (await begun(client, asked(mms_id, numbers(5)))).headers["Location"]
    told = await ended(client, place)
    assert (told["state"], "wrong price" in told["result"]["stopped"]) == ("failed", True), told
    assert box.sent == []
    checker = client.by("checker")
    assert (await checker.get(place)).problem == "no-right"
    assert (await checker.post("/v1/campaigns", asked(mms_id, numbers(1)))).problem == "no-right"
    lint = await client.post("/v1/lint", data=GOOD, headers={"Content-Type": "application/xml"})
    job = lint.headers["Content-Location"].replace("checks", "campaigns")
    assert (await client.get(job)).problem == "not-found"
    assert "Ana" not in repr(client.log)
    assert numbers(1)[0] not in repr(client.log) + (await client.get("/metrics")).text


async def test_only_approved_content_goes_to_many(tmp_path: Path, box: Sandbox) -> None:
    async with serving(tmp_path, box=box, require_approval=True) as anybody:
        client, boss = anybody.by("sender"), anybody.by("boss")
        mms_id = await saved(client)
        body = asked(mms_id, numbers(3))
        told = await ended(client, (await begun(client, body)).headers["Location"])
        assert told["problem"]["type"].rpartition(":")[2] == "not-approved"
        content = "sha256:" + told["problem"]["detail"].partition("sha256:")[2][:64]
        assert (await boss.post("/v1/approvals", {"content": content, "name": "Ana Lima"})).status == 201
        texts = {**body, "rows": "to,custom-subject\n15551230001,Other\n"}
        told = await ended(client, (await begun(client, texts, key="other")).headers["Location"])
        assert told["problem"]["type"].rpartition(":")[2] == "not-approved"
        assert box.sent == []
        told = await ended(client, (await begun(client, body)).headers["Location"])
        assert (told["state"], len(box.sent)) == ("done", 3), told


async def test_a_campaign_that_needs_a_proof_reaches_nobody_without(tmp_path: Path, box: Sandbox) -> None:
    needs = Config(recipients=RecipientsTable(require_proof=True))
    async with serving(tmp_path, box=box, config=needs) as anybody:
        client = anybody.by("sender")
        body = asked(await saved(client), numbers(3))
        told = await ended(client, (await begun(client, body)).headers["Location"])
        assert "there is no proof of it as it is now" in told["result"]["stopped"], told
        assert (told["result"]["accepted"], told["result"]["left"], box.sent) == (0, 3, [])


async def test_the_next_process_goes_on_and_checks_are_not_kept_waiting(tmp_path: Path, box: Sandbox) -> None:
    to = numbers(80)
    async with serving(tmp_path, box=box, caps=Caps(slots=1)) as first:
        client = first.by("sender")
        mms_id = await saved(client)
        place = (await begun(client, asked(mms_id, to, **CAREFUL))).headers["Location"]
        check = await client.post("/v1/lint", data=GOOD, headers={"Content-Type": "application/xml"})
        assert check.status == 200
        await until(lambda: len(box.sent) >= 3)
    between = len(box.sent)
    assert 3 <= between < 80
    async with serving(tmp_path, box=box) as second:
        told = await ended(second.by("sender"), place)
    assert (told["state"], told["result"]["recorded"] >= between) == ("done", True), told
    assert sorted(sent.to for sent in box.sent) == to
    async with await open_ledger(str(tmp_path / "ledger.sqlite3")) as ledger:
        assert (await ledger.verify()).found == ()


async def test_one_that_stood_still_for_long_is_not_gone_on_with_unasked(
    tmp_path: Path, box: Sandbox
) -> None:
    body: dict[str, Any] = {}
    async with serving(tmp_path, box=box) as first:
        client = first.by("sender")
        body = asked(await saved(client), numbers(60), **CAREFUL)
        place = (await begun(client, body)).headers["Location"]
        await until(lambda: len(box.sent) >= 2)
    between = len(box.sent)
    async with serving(tmp_path, box=box, caps=Caps(campaign_rest=0.0)) as second:
        client = second.by("sender")
        told = await ended(client, place)
        assert (told["state"], told["problem"]["type"].rpartition(":")[2]) == ("failed", "stopped")
        assert "may be out of date" in told["problem"]["detail"]
        assert len(box.sent) == between
    async with serving(tmp_path, box=box) as third:
        told = await ended(third.by("sender"), (await begun(third.by("sender"), body)).headers["Location"])
        assert (told["state"], len(box.sent)) == ("done", 60)


async def test_what_is_not_to_be_texted_is_left_out_and_no_row_is_kept(tmp_path: Path, box: Sandbox) -> None:
    to = numbers(4)
    async with serving(tmp_path, box=box) as found:
        client = found.by("sender")
        mms_id = await saved(client)
        async with await open_ledger(str(tmp_path / "ledger.sqlite3")) as ledger:
            await ledger.suppress(to[:1], addition=ADDITION)
        told = await ended(client, (await begun(client, asked(mms_id, to))).headers["Location"])
        assert (told["state"], told["result"]["accepted"], told["result"]["withheld"]) == ("done", 3, 1), told
    kept = (tmp_path / "ledger.sqlite3.serve").read_bytes()
    assert not any(number.encode() in kept for number in to[2:]), "rows are removed when it is over"
