"""PostgreSQL without a lock: two statements for each transaction, and nothing written over what is newer."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from mmscheck.ledger import Ledger, open_ledger, postgresql_transaction
from mmscheck.ledger.rows import Cleaner
from mmscheck.ledger.transaction_state import RowsNeeded, TransactionState
from mmscheck.model.ledger import SendState
from tests.support.ledgers import accepted, claimed, raw
from tests.support.postgres import Cluster

ALL = RowsNeeded(
    keys=frozenset({"key-1"}),
    sends=frozenset({1}),
    trackings=frozenset({"T1"}),
    reported=frozenset({"T2"}),
    mms=frozenset({"100001"}),
    postbacks=frozenset({"sha256:x"}),
    in_flight=True,
    holds=True,
)


@pytest.fixture
def where(postgres: Cluster) -> str:
    return postgres.fresh()


class Between:
    """A connection on which something happens between its first statement and its second."""

    def __init__(self, connection: Any, ledger: Ledger | None) -> None:
        self._connection = connection
        self._ledger = ledger
        self.statements: list[str] = []

    async def fetchrow(self, query: str, *arguments: Any) -> Any:
        self.statements.append(query)
        if len(self.statements) == 2 and self._ledger is not None:
            await self._ledger.hold(reason="meanwhile", who="ann")
        return await self._connection.fetchrow(query, *arguments)


def noting(transaction: TransactionState) -> int:
    transaction.note("noted", {"text": 'a "quoted" \\ é \U0001f389'})
    return transaction.seq


async def test_what_was_read_before_another_wrote_is_not_written(where: str, ledger: Ledger) -> None:
    connection = await asyncpg.connect(where)
    try:
        with pytest.raises(postgresql_transaction.Moved):
            await postgresql_transaction.transact(
                Between(connection, ledger), ALL, lambda: 1, noting, Cleaner()
            )
        assert await raw(where, "SELECT kind FROM history ORDER BY seq") == [("hold",)]
        alone = Between(connection, None)
        assert await postgresql_transaction.transact(alone, ALL, lambda: 1, noting, Cleaner()) == 1
        assert len(alone.statements) == 2, "each round trip is a share of every send"
    finally:
        await connection.close()
    assert await raw(where, "SELECT kind FROM history ORDER BY seq") == [("hold",), ("noted",)]
    assert (await ledger.verify()).found == ()


async def test_where_others_are_always_faster_the_queue_is_joined(
    where: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def too_late(*_: object, **_named: object) -> None:
        raise postgresql_transaction.Moved

    monkeypatch.setattr("mmscheck.ledger.postgresql.transact", too_late)
    await ledger.answer(await claimed(ledger), accepted("T1"))
    monkeypatch.undo()
    async with await open_ledger(where) as other:
        await other.answer(await claimed(other, "key-2"), accepted("T2"))
        assert await other.counts() == {SendState.ACCEPTED: 2}
        assert (await other.verify()).found == ()
