"""One read serves all who asked before it began, and nobody who asked later."""

from __future__ import annotations

import asyncio

import pytest

from mmscheck.errors import LedgerError
from mmscheck.ledger import Ledger
from mmscheck.ledger.holds import Shared
from tests.support.ledgers import claimed, intent, raw


async def test_all_who_ask_are_answered(ledger: Ledger) -> None:
    held = await ledger.hold(reason="wait", who="ann")
    answers = await asyncio.wait_for(asyncio.gather(*(ledger.held() for _ in range(50))), 20)
    assert answers == [(held,)] * 50


async def test_who_asks_while_a_read_is_under_way_gets_the_next_one() -> None:
    begun: list[asyncio.Event] = []

    async def read() -> int:
        number = len(begun)
        begun.append(asyncio.Event())
        await begun[number].wait()
        return number

    shared = Shared(read)
    early = [asyncio.create_task(shared.get()) for _ in range(2)]
    await asyncio.sleep(0.01)
    late = [asyncio.create_task(shared.get()) for _ in range(2)]
    await asyncio.sleep(0.01)
    begun[0].set()
    assert await asyncio.gather(*early) == [0, 0]
    await asyncio.sleep(0.01)
    begun[1].set()
    assert await asyncio.gather(*late) == [1, 1]


async def test_a_failed_read_fails_for_everybody_and_the_next_one_is_new() -> None:
    results: list[LedgerError | int] = [LedgerError("gone"), 7]

    async def read() -> int:
        await asyncio.sleep(0)
        result = results.pop(0)
        if isinstance(result, LedgerError):
            raise result
        return result

    shared = Shared(read)
    failed = await asyncio.gather(shared.get(), shared.get(), return_exceptions=True)
    assert all(isinstance(one, LedgerError) for one in failed)
    assert await shared.get() == 7


async def test_a_row_that_the_database_refuses_grants_no_claim_to_anybody(ledger: Ledger, where: str) -> None:
    await claimed(ledger)
    await raw(where, "INSERT INTO history VALUES (2, 1, 'x', '', '', '{}', 'p', 'h')")
    outcomes = await asyncio.wait_for(
        asyncio.gather(*(ledger.claim(intent(f"key-{n}")) for n in (2, 3)), return_exceptions=True), 20
    )
    assert all(isinstance(one, LedgerError) for one in outcomes), outcomes
    assert await raw(where, "SELECT count(*) FROM sends") == [(1,)]


async def test_a_ledger_whose_head_is_gone_grants_no_claim(ledger: Ledger, where: str) -> None:
    await raw(where, "DELETE FROM head")
    with pytest.raises(LedgerError):
        await ledger.claim(intent())
