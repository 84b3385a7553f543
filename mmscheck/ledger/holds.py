"""The kill switch: pulling it, letting go of it, and reading it before every send."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from mmscheck.ledger.rows import Row, hold_record
from mmscheck.ledger.transaction_state import Operation, RowsNeeded, TransactionState
from mmscheck.model.ledger import Hold

T = TypeVar("T")


class Shared(Generic[T]):
    """Reads for several callers at once; nobody is given what was read before they asked."""

    def __init__(self, read: Callable[[], Awaitable[T]]) -> None:
        """``read`` does it once."""
        self._read = read
        self._waiting: list[asyncio.Future[T]] = []
        self._task: asyncio.Task[None] | None = None

    async def get(self) -> T:
        """The result of a read that begins after this call; raises what it raised."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        while self._waiting:
            served, self._waiting = self._waiting, []
            try:
                result = await self._read()
            except Exception as error:  # noqa: BLE001 - handed to everyone who waits
                _all(served, error)
            except BaseException:
                for future in (*served, *self._waiting):
                    future.cancel()
                raise
            else:
                for future in served:
                    if not future.done():
                        future.set_result(result)


def _all(futures: list[asyncio.Future[T]], error: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked at after a claim and before its call: open holds, the last id on the suppression list.

    One statement reads both: each costs every send a round trip.
    """

    holds: tuple[Hold, ...]
    newest: int


LOOK = (
    "SELECT newest.id AS newest, holds.id, reason, who, held_at "
    "FROM (SELECT max(id) AS id FROM suppressions) newest "
    "LEFT JOIN holds ON released_at IS NULL ORDER BY holds.id"
)
"""A row for each open hold, the oldest first; one of NULLs where there is none."""


def read(rows: Sequence[Row]) -> Look:
    """The rows of ``LOOK``."""
    held = tuple(hold_record(row) for row in rows if row["id"] is not None)
    return Look(holds=held, newest=int(rows[0]["newest"] or 0))


def hold(reason: str, who: str) -> Operation[Hold]:
    """Pull it; more than one may do so, each for a reason of their own."""

    def decide(transaction: TransactionState) -> Hold:
        columns = {
            "reason": reason,
            "who": who,
            "held_at": transaction.at,
            "released_by": None,
            "released_at": None,
        }
        return hold_record(transaction.insert("hold", "holds", columns))

    return Operation(RowsNeeded(), decide)


def release(who: str) -> Operation[tuple[Hold, ...]]:
    """Let go of every hold there is; returns them."""

    def decide(transaction: TransactionState) -> tuple[Hold, ...]:
        rows = transaction.find("holds", released_at=None)
        for row in rows:
            transaction.update(
                "release", "holds", row["id"], {"released_by": who, "released_at": transaction.at}
            )
        return tuple(hold_record(row) for row in rows)

    return Operation(RowsNeeded(holds=True), decide)
