"""What comes again: a key whose try came to nothing, and a send whose service ended during it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mmscheck.errors import LedgerError
from mmscheck.fetch import FetchPolicy
from mmscheck.ledger import Ledger
from mmscheck.sandbox import Mishaps, Sandbox, Ways
from mmscheck.serve import Caps
from mmscheck.serve.store import Store
from tests.serve.test_serve_sends import asked, keyed, saved
from tests.support.rawserver import until
from tests.support.serving import BAD, GOOD, TOKENS, Client, serving

XML = {"Content-Type": "application/xml"}
LATER = {"Prefer": "respond-async"}


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(connect_to=[("media.example.com", 80, "127.0.0.1", 0)]) as found:
        yield found


async def ended(client: Client, place: str) -> dict[str, Any]:
    """The job when it is over, as it is told."""
    await client.get(f"{place}/events")
    return dict((await client.get(place)).json())


async def test_approved_and_released_sends_go_out_under_the_key_that_they_had(
    tmp_path: Path, box: Sandbox
) -> None:
    async with serving(tmp_path, box=box, require_approval=True) as anybody:
        client, boss = anybody.by("sender"), anybody.by("boss")
        mms_id = await saved(client)
        early = await client.post("/v1/send", asked(mms_id), **keyed("order-1"))
        assert early.problem == "not-approved"
        content = early.json()["detail"].partition("approve ")[2].partition(" ")[0]
        await boss.post("/v1/approvals", {"content": content, "name": "Ana"})
        await anybody.by("holder").post("/v1/hold", {"reason": "wait"})
        held = await client.post("/v1/send", asked(mms_id), **keyed("order-1"))
        assert (held.problem, int(held.headers["Retry-After"]) > 0) == ("not-sent", True)
        await anybody.by("holder").ask("DELETE", "/v1/hold")
        assert (await client.post("/v1/send", asked(mms_id), **keyed("order-1"))).status == 200
        assert (await client.post("/v1/send", asked(mms_id), **keyed("order-1"))).status == 200
        other = await client.post("/v1/send", asked(mms_id, to="15551230002"), **keyed("order-1"))
        assert other.status == 409
        assert [one.to for one in box.sent] == ["15551230001"]


async def test_a_save_that_may_have_been_made_keeps_its_key(tmp_path: Path) -> None:
    ways = Ways(mishaps=Mishaps(actions=("saveMMS",)))
    async with Sandbox(ways=ways) as box, serving(tmp_path, box=box) as anybody:
        client, key = anybody.by("sender"), {**XML, "Idempotency-Key": "save-1"}
        assert (await client.post("/v1/save", data=BAD, headers=key)).problem == "denied"
        box.plan("close-after")
        for _ in range(2):
            assert (await client.post("/v1/save", data=GOOD, headers=key)).problem == "unknown"


async def cut_short(
    tmp_path: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch, key: str | None, **given: Any
) -> str:
    """Where to ask for a job that sent, and whose service ended before it could say so."""
    async with serving(tmp_path, box=box, **given) as anybody:
        client = anybody.by("sender")
        mms_id = await saved(client)

        async def away(*_given: object, **_named: object) -> bool:
            raise LedgerError("it is away")

        with monkeypatch.context() as broken:
            broken.setattr(Store, "end", away)
            headers = {**LATER, **({"Idempotency-Key": key} if key else {})}
            taken = await client.post("/v1/send", asked(mms_id), headers=headers)
            await until(lambda: len(box.sent) == 1)
            place = taken.headers["Location"]
            await gone(client, place)
    return str(place)


async def gone(client: Client, place: str, state: str = "running") -> None:
    """Wait until nobody works on it any more, although it is not over."""
    async with asyncio.timeout(60):
        while True:
            lines = (await client.get("/metrics")).text.splitlines()
            if {"mmscheck_jobs_running 0.0", "mmscheck_jobs_waiting 0.0"} <= set(lines):
                break
            await asyncio.sleep(0.02)
    assert (await client.get(place)).json()["state"] == state


@pytest.mark.parametrize("key", ["order-1", None])
async def test_what_was_sent_is_never_told_as_denied(
    tmp_path: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    place = await cut_short(tmp_path, box, monkeypatch, key)
    # Here nothing of the network may be reached any more, so the message is denied now.
    async with serving(tmp_path, box=box, policy=FetchPolicy(retries=0)) as anybody:
        client = anybody.by("sender")
        told = await ended(client, place)
        assert (told["state"], told["outcome"]["verdict"]) == ("done", "deny")
        assert (told["outcome"]["status"], told["outcome"]["recorded"]) == ("accepted", True)
        report = (await client.get(told["report"])).json()
        assert report["send"]["status"] == "accepted"
        if key:
            again = await client.post("/v1/send", asked(told["outcome"]["mms_id"]), **keyed(key))
            assert (again.status, again.headers["Content-Location"]) == (200, told["report"])
    assert len(box.sent) == 1


async def test_what_was_sent_is_never_told_as_not_approved(
    tmp_path: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = await cut_short(tmp_path, box, monkeypatch, None)
    async with serving(tmp_path, box=box, require_approval=True) as anybody:
        told = await ended(anybody.by("sender"), place)
        assert (told["outcome"]["status"], told["outcome"]["recorded"]) == ("accepted", True)
    assert len(box.sent) == 1


async def test_a_service_that_cannot_know_does_not_say_that_nothing_was_sent(
    tmp_path: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = await cut_short(tmp_path, box, monkeypatch, "order-1")
    async with serving(tmp_path) as anybody:
        told = await ended(anybody.by("sender"), place)
        assert told["problem"]["type"].endswith(":unknown")


async def test_a_ledger_that_is_away_leaves_open_what_may_have_been_sent(
    tmp_path: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = await cut_short(tmp_path, box, monkeypatch, "order-1")
    asked_for = asyncio.Event()

    async def away(*_given: object, **_named: object) -> None:
        asked_for.set()
        raise LedgerError("it is away")

    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "binding", away)
        async with serving(tmp_path, box=box) as anybody:
            await asyncio.wait_for(asked_for.wait(), 60)
            assert (await anybody.by("sender").get(place)).json()["state"] in {"queued", "running"}
    async with serving(tmp_path, box=box) as anybody:
        told = await ended(anybody.by("sender"), place)
        assert (told["outcome"]["status"], told["outcome"]["recorded"]) == ("accepted", True)


WITHOUT = {name: token for name, token in TOKENS.items() if name != "sender"}
DEMOTED = {**WITHOUT, "sender": (TOKENS["sender"][0], ["check"])}


async def test_whose_right_was_taken_back_sends_nothing_that_waited(
    tmp_path: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path, box=box) as anybody:
        client = anybody.by("sender")
        mms_id = await saved(client)

        async def away(*_given: object, **_named: object) -> None:
            raise LedgerError("it is away")

        with monkeypatch.context() as broken:
            broken.setattr(Store, "begin", away)
            taken = await client.post("/v1/send", asked(mms_id), headers=LATER)
            await gone(client, taken.headers["Location"], "queued")
    known = {**DEMOTED, "other": ("other-token-0123456789abcdef", ["send"])}
    async with serving(tmp_path, box=box, known=known) as anybody:
        told = await ended(anybody.by("sender"), taken.headers["Location"])
        assert told["problem"]["type"].endswith(":no-right")
    assert box.sent == []


async def test_whose_right_was_taken_back_is_still_told_what_was_sent(
    tmp_path: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = await cut_short(tmp_path, box, monkeypatch, None)
    known = {**DEMOTED, "other": ("other-token-0123456789abcdef", ["send"])}
    async with serving(tmp_path, box=box, known=known) as anybody:
        told = await ended(anybody.by("sender"), place)
        assert told["outcome"]["status"] == "accepted"
    assert len(box.sent) == 1


async def test_what_nobody_foresaw_costs_no_slot(
    tmp_path: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail = asyncio.Event()
    whole = Store.begin

    async def broken(store: Store, job_id: str) -> Any:
        if not fail.is_set():
            fail.set()
            raise ZeroDivisionError
        return await whole(store, job_id)

    monkeypatch.setattr(Store, "begin", broken)
    async with serving(tmp_path, box=box, tokens=False, caps=Caps(slots=1)) as client:
        first = await client.post("/v1/lint", data=BAD, headers={**XML, **LATER})
        assert (await client.post("/v1/lint", data=BAD, headers={**XML, "Prefer": "wait=100"})).status == 422
        assert (await ended(client, first.headers["Location"]))["state"] == "done"
