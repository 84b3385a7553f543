"""The installed command with two providers, and with numbers that have the message already."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmscheck.ledger import open_ledger
from mmscheck.sandbox import Sandbox
from mmscheck.send.order import provider_account
from tests.support.command import Ran, fields, message, mmscheck
from tests.support.listener import post, postback, running

DOCUMENT = message("<message-text>Hello</message-text>")
NET = ("--allow-net", "127.0.0.1/32")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sale.xml").write_text(DOCUMENT)
    (tmp_path / "all.csv").write_text("to\n15551230001\n15551230002\n")
    return tmp_path


async def saved(box: Sandbox, folder: Path) -> str:
    ran = await mmscheck(
        "save", "sale.xml", "--api-url", box.provider_url, *NET, "--format", "json", cwd=folder
    )
    assert ran.code == 0, ran.err
    return str(json.loads(ran.out)["send"]["mms_id"])


async def send(box: Sandbox, folder: Path, mms_id: str, *more: str, to: str | None = "15551230001") -> Ran:
    given = fields(mms_id=mms_id, to=to)
    return await mmscheck("send", "sale.xml", *given, "--api-url", box.provider_url, *NET, *more, cwd=folder)


async def to_all(box: Sandbox, folder: Path, mms_id: str, *more: str) -> Ran:
    return await send(box, folder, mms_id, "--recipients", "all.csv", *more, to=None)


async def test_an_id_of_one_provider_is_denied_at_another_until_it_is_bound_there(folder: Path) -> None:
    async with Sandbox() as here, Sandbox() as there:
        mms_id = await saved(here, folder)
        for dry in ((), ("--dry-run",)):
            ran = await send(there, folder, mms_id, *dry)
            assert ran.code == 1, ran.out
            assert "was saved at another provider/account" in " ".join(ran.out.split())
        assert (await send(here, folder, mms_id, "--dry-run")).code == 5
        assert not there.sent
        other = await saved(there, folder)
        assert other == mms_id
        assert (await send(there, folder, mms_id)).code == 0
        assert (await send(here, folder, mms_id)).code == 0
        assert (len(here.sent), len(there.sent)) == (1, 1)


async def test_again_needs_a_name_and_counts_once_under_it(folder: Path) -> None:
    async with Sandbox() as box:
        mms_id = await saved(box, folder)
        for ran in (await send(box, folder, mms_id, "--again"), await to_all(box, folder, mms_id, "--again")):
            assert ran.code == 2
            assert "--again: needs" in ran.err
        assert (await to_all(box, folder, mms_id, "--campaign", "aa")).code == 0
        ran = await to_all(box, folder, mms_id, "--campaign", "bb", "--format", "json=rep.json")
        assert ran.code == 0
        told = json.loads((folder / "rep.json").read_text())["send"]
        assert (told["campaign"]["had"], told["campaign"]["accepted"]) == (2, 0)
        assert told["campaign"]["had-from"] == [{"campaign": "aa", "rows": 2}]
        assert "2 of these numbers have this message already, from campaign aa" in told["detail"]
        ran = await send(box, folder, mms_id)
        assert ran.code == 5
        assert "has this message already, in campaign aa" in " ".join(ran.out.split())
        assert len(box.sent) == 2
        once_more = ("--again", "--idempotency-key", "by hand")
        assert [(await send(box, folder, mms_id, *once_more)).code for _ in range(2)] == [0, 0]
        named = ("--again", "--campaign", "bb")
        assert [(await to_all(box, folder, mms_id, *named)).code for _ in range(2)] == [0, 0]
        assert len(box.sent) == 5


async def test_a_listener_tells_when_an_id_is_bound_elsewhere(folder: Path) -> None:
    where = str(folder / "l.sqlite3")
    async with Sandbox() as box, running(where, "--api-url", "https://other.example/") as listener:
        ran = await mmscheck(
            "save", "sale.xml", "--api-url", box.provider_url, *NET, "--ledger", where, cwd=folder
        )
        assert ran.code == 0
        async with await open_ledger(where) as ledger:
            (known,), _ = await ledger.saves()
        await post(listener.port, postback("E002", mms_id=known.mms_id))
        await listener.until("is --api-url the address that it was saved at?")
        async with await open_ledger(where) as ledger:
            assert (await ledger.binding(known.mms_id, provider_account(box.provider_url))).state == "ready"
