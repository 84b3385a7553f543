"""Saves and sends over HTTP: at most once, and never taken for success when they were none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mmscheck.ledger import open_ledger
from mmscheck.sandbox import Sandbox
from tests.support.serving import BAD, FIELDS, GOOD, Client, form, serving

XML = {"Content-Type": "application/xml"}


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(connect_to=[("media.example.com", 80, "127.0.0.1", 0)]) as found:
        yield found


@pytest.fixture
async def client(tmp_path: Path, box: Sandbox) -> AsyncIterator[Client]:
    async with serving(tmp_path, box=box) as found:
        yield found.by("sender")


async def saved(client: Client) -> str:
    """The id under which the good message is stored and bound."""
    # A machine with much else to do may need longer than the service waits by itself.
    answer = await client.post("/v1/save", data=GOOD, headers={**XML, "Prefer": "wait=120"})
    assert answer.status == 200, answer.text
    assert answer.json()["send"]["status"] == "accepted", answer.text
    return str(answer.json()["send"]["mms_id"])


def asked(mms_id: str, **changes: Any) -> dict[str, Any]:
    return {"document": GOOD.decode(), "request": {**FIELDS, "mms_id": mms_id, **changes}}


def keyed(key: str) -> dict[str, Any]:
    return {"headers": {"Idempotency-Key": key}}


async def test_a_message_is_saved_and_sent(client: Client, box: Sandbox) -> None:
    mms_id = await saved(client)
    answer = await client.post("/v1/send", asked(mms_id), **keyed("order-1"))
    assert (answer.status, answer.headers["Mmscheck-Verdict"]) == (200, "permit")
    report = answer.json()
    assert (report["send"]["status"], report["send"]["recorded"]) == ("accepted", False)
    assert [sent.to for sent in box.sent] == [FIELDS["to"]]
    again = await client.get(answer.headers["Content-Location"])
    assert again.json()["send"] == report["send"]


async def test_a_send_may_come_as_a_form(client: Client, box: Sandbox) -> None:
    mms_id = await saved(client)
    fields = json.dumps({**FIELDS, "mms_id": mms_id})
    answer = await client.post("/v1/send", data=form(("document", "sale.xml", GOOD), request=fields))
    assert (answer.status, len(box.sent)) == (200, 1)
    for wrong in (
        form(request=fields),
        form(("document", "a", GOOD)),
        form(("document", "a", GOOD), request="{"),
    ):
        assert (await client.post("/v1/send", data=wrong)).problem == "malformed"


async def test_the_same_key_sends_once_however_often_and_however_many_ask(
    client: Client, box: Sandbox
) -> None:
    mms_id = await saved(client)
    answers = await asyncio.gather(
        *(client.post("/v1/send", asked(mms_id), **keyed("order-1")) for _ in range(8))
    )
    assert {answer.status for answer in answers} == {200}
    assert len({answer.headers["Content-Location"] for answer in answers}) == 1
    assert len(box.sent) == 1


async def test_the_key_is_the_ledgers_so_another_service_does_not_send_again(
    tmp_path: Path, box: Sandbox
) -> None:
    async with serving(tmp_path, box=box) as first:
        mms_id = await saved(first.by("sender"))
        assert (await first.by("sender").post("/v1/send", asked(mms_id), **keyed("order-1"))).status == 200
    (tmp_path / "ledger.sqlite3.serve").unlink()
    async with serving(tmp_path, box=box) as second:
        answer = await second.by("sender").post("/v1/send", asked(mms_id), **keyed("order-1"))
        assert (answer.status, answer.json()["send"]["recorded"]) == (200, True)
        other = asked(mms_id, to="15551230002")
        assert (await second.by("sender").post("/v1/send", other, **keyed("order-1"))).status == 409
    assert len(box.sent) == 1


async def test_without_a_key_who_gets_what_is_the_key(client: Client, box: Sandbox) -> None:
    mms_id = await saved(client)
    first = await client.post("/v1/send", asked(mms_id))
    second = await client.post("/v1/send", asked(mms_id))
    assert (first.status, second.status, second.json()["send"]["recorded"]) == (200, 200, True)
    again = {**asked(mms_id), "again": True}
    assert (await client.post("/v1/send", again)).problem == "malformed"
    assert (await client.post("/v1/send", again, **keyed("once-more"))).status == 200
    assert len(box.sent) == 2


async def test_what_is_denied_is_a_problem_and_calls_nobody(client: Client, box: Sandbox) -> None:
    before = box.provider_connections
    bad = await client.post("/v1/save", data=BAD, headers=XML)
    assert (bad.status, bad.problem, bad.json()["outcome"]["verdict"]) == (422, "denied", "deny")
    unbound = await client.post("/v1/send", asked("999999"))
    assert (unbound.status, unbound.problem) == (422, "denied")
    report = await client.get(unbound.json()["instance"])
    assert (report.status, report.json()["send"]["status"]) == (200, "not-attempted")
    assert box.provider_connections == before


async def test_a_refusal_and_an_unknown_outcome_are_no_success(client: Client, box: Sandbox) -> None:
    mms_id = await saved(client)
    box.plan("close-after")
    unknown = await client.post("/v1/send", asked(mms_id), **keyed("order-1"))
    assert (unknown.status, unknown.problem) == (504, "unknown")
    repeated = await client.post("/v1/send", asked(mms_id), **keyed("order-1"))
    assert (repeated.status, repeated.problem) == (504, "unknown")
    assert len(box.sent) == 1


async def test_held_sends_do_not_go_and_go_again_when_released(client: Client, box: Sandbox) -> None:
    mms_id = await saved(client)
    boss = client.by("holder")
    assert (await boss.post("/v1/hold", {"reason": "wrong price"})).status == 201
    held = await client.post("/v1/send", asked(mms_id), **keyed("order-1"))
    assert (held.status, held.problem, "wrong price" in held.json()["detail"]) == (503, "not-sent", True)
    assert [one["who"] for one in (await boss.get("/v1/hold")).json()["holds"]] == ["holder"]
    assert len((await boss.ask("DELETE", "/v1/hold")).json()["holds"]) == 1
    assert (await client.post("/v1/send", asked(mms_id), **keyed("order-2"))).status == 200
    assert len(box.sent) == 1


async def test_only_what_somebody_approved_goes_out(tmp_path: Path, box: Sandbox) -> None:
    async with serving(tmp_path, box=box, require_approval=True) as anybody:
        client, boss = anybody.by("sender"), anybody.by("boss")
        mms_id = await saved(client)
        early = await client.post("/v1/send", asked(mms_id), **keyed("order-1"))
        assert (early.status, early.problem) == (409, "not-approved")
        assert box.sent == []
        job = (await boss.post("/v1/check", data=GOOD, headers={**XML, "Prefer": "wait=100"})).headers[
            "Content-Location"
        ]
        content = (await boss.get(job.replace("checks", "jobs"))).json()["outcome"]["content"]
        assert content in early.json()["detail"]
        approval = await boss.post("/v1/approvals", {"content": content, "name": "Ana Lima", "note": "ok"})
        assert (approval.status, approval.json()["name"], approval.json()["token"]) == (
            201,
            "Ana Lima",
            "boss",
        )
        assert len((await client.get(f"/v1/approvals?content={content}")).json()["approvals"]) == 1
        other = await client.post("/v1/send", asked(mms_id, custom_subject="Other"), **keyed("order-2"))
        assert (other.status, other.problem) == (409, "not-approved")
        assert (await client.post("/v1/send", asked(mms_id), **keyed("order-3"))).status == 200
        assert len(box.sent) == 1
    async with await open_ledger(str(tmp_path / "ledger.sqlite3")) as ledger:
        assert (await ledger.verify()).found == ()


def kept(folder: Path) -> list[bytes]:
    """The bytes of the ledger, of the jobs beside it, and of what SQLite keeps beside both."""
    return [file.read_bytes() for file in folder.iterdir() if file.name.startswith("ledger.sqlite3")]


async def test_the_key_of_the_provider_is_nowhere(client: Client, tmp_path: Path) -> None:
    mms_id = await saved(client)
    with_key = GOOD.replace(b"<request>", b"<request><api-key>sandbox-key</api-key>")
    answer = await client.post("/v1/save", data=with_key, headers=XML)
    sent = await client.post("/v1/send", asked(mms_id))
    metrics = await client.get("/metrics")
    for told in (answer.text, sent.text, metrics.text, repr(client.log)):
        assert "sandbox-key" not in told
    assert not any(b"sandbox-key" in content for content in kept(tmp_path))
