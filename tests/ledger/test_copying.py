"""What is said of a whole ledger: a copy of it, and what goes through it; on each database."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mmscheck.errors import UsageError
from mmscheck.ledger import Ledger, Save, open_ledger
from mmscheck.model.ledger import Recorded
from tests.support.ledgers import accepted, claimed, intent


async def test_what_goes_through_it(ledger: Ledger) -> None:
    assert not (await ledger.activity()).used
    await ledger.hold(reason="a hold sends nothing", who="ann")
    assert not (await ledger.activity()).used
    await ledger.record_save(Save(mms_id="1", digest="sha256:a"))
    found = await ledger.activity()
    assert (found.used, found.bound, found.last, found.in_flight) == (True, 1, None, 0)
    before = int(time.time() * 1_000_000)
    claim = await claimed(ledger)
    found = await ledger.activity()
    assert (found.in_flight, (found.last or 0) >= before) == (1, True)
    await ledger.answer(claim, accepted())
    assert (await ledger.activity()).in_flight == 0


async def test_a_copy_of_a_server_s_ledger_is_the_server_s_business(ledger: Ledger, tmp_path: Path) -> None:
    await claimed(ledger)
    if "://" in ledger.shown:
        with pytest.raises(UsageError, match="pg_dump"):
            await ledger.copy(tmp_path / "copy")
        with pytest.raises(UsageError, match="nothing is known to be missing"):
            await ledger.adopt(reason="x", who="ann")
        await ledger.demand_sendable()
        return
    head = await ledger.copy(tmp_path / "copy")
    assert head == (await ledger.verify()).head
    async with await open_ledger(str(tmp_path / "copy"), recover=False) as copy:
        assert (await copy.verify(head)).found == ()


async def test_a_copy_has_every_send_also_those_that_are_only_in_the_wal(tmp_path: Path) -> None:
    async with await open_ledger(str(tmp_path / "ledger")) as ledger:
        for number in range(50):
            await ledger.answer(await claimed(ledger, f"key-{number}"), accepted(f"T{number}"))
        await ledger.copy(tmp_path / "copy")
        async with await open_ledger(str(tmp_path / "copy")) as copy:
            outcomes = [await copy.claim(intent(f"key-{number}")) for number in range(50)]
        assert all(isinstance(one, Recorded) for one in outcomes)
