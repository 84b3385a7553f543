"""A claim that waits for another process is judged, and recorded, by the clock as it is in its turn."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from mmscheck.ledger import open_ledger, postgresql_transaction
from mmscheck.ledger.rows import Cleaner
from mmscheck.ledger.transaction_state import RowsNeeded, TransactionState
from mmscheck.model.ledger import Claim, ClaimRefused, NumberTerms, RefusalReason
from tests.support.ledgers import intent, raw

BEGAN = 1_796_000_000
LATER = BEGAN + 25
"""Seconds since the epoch: as long as a claim may wait for its turn."""


class Clock:
    """A clock that stands still until it is put forward."""

    def __init__(self) -> None:
        self.now = float(BEGAN)

    def __call__(self) -> float:
        return self.now


def noting(transaction: TransactionState) -> None:
    transaction.note("noted", {"text": "another process"})


@asynccontextmanager
async def busy(where: str) -> AsyncIterator[None]:
    """Another process writes to the ledger, and is done when this ends; a claim made meanwhile waits."""
    if "://" not in where:
        writer = sqlite3.connect(where, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        yield
        await asyncio.sleep(0.3)
        writer.execute("COMMIT")
        writer.close()
        return
    rival = await asyncpg.connect(where)
    try:
        async with rival.transaction():
            await postgresql_transaction.transact(rival, RowsNeeded(), lambda: 1, noting, Cleaner())
            yield
            while not await rival.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110 - only the server knows
                await asyncio.sleep(0.02)
    finally:
        await rival.close()


async def test_quiet_hours_that_begin_while_a_claim_waits_deny_it(where: str) -> None:
    clock = Clock()
    async with await open_ledger(where, clock=clock) as ledger:
        terms = NumberTerms(until=(BEGAN + 10) * 1_000_000)
        async with busy(where):
            waiting = asyncio.create_task(ledger.claim(intent("key-1", terms=terms)))
            await asyncio.sleep(0.1)
            clock.now = LATER
        outcome = await waiting
        assert isinstance(outcome, ClaimRefused), outcome
        assert outcome.reason is RefusalReason.QUIET_HOURS
        clock.now = BEGAN
        assert isinstance(await ledger.claim(intent("key-1", terms=terms)), Claim), "it was not quiet before"


async def test_a_claim_that_waited_is_recorded_at_the_moment_of_its_turn(where: str) -> None:
    """The gap to the next message, and the messages of a day, are counted from there."""
    clock = Clock()
    async with await open_ledger(where, clock=clock) as ledger:
        async with busy(where):
            waiting = asyncio.create_task(ledger.claim(intent("key-1")))
            await asyncio.sleep(0.1)
            clock.now = LATER
        assert isinstance(await waiting, Claim)
        (claimed,) = (await raw(where, "SELECT claimed_at FROM sends"))[0]
        (last,) = (await raw(where, "SELECT at FROM history ORDER BY seq DESC LIMIT 1"))[0]
        assert (claimed, last) == (LATER * 1_000_000, LATER * 1_000_000)
