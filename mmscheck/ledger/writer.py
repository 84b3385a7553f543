"""Writing in groups: whatever is asked for while one transaction is being made durable shares the next one.

What has to be reached (``tests/bench/bench_ledger.py``): 300 sends a second by 200 workers, and with 300
started a second 5 ms of each send for the ledger (median). A send waits for two flushes to the disk: on two
cores that others kept busy, one after the other took 20 ms each, which is 50 a second, and 200 workers that
shared their flushes made 700.

How claimed sends ended is written until it is there: the call cannot be made again to find out.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy.exc import IntegrityError

from mmscheck.errors import LedgerError, MmscheckError
from mmscheck.ledger.database import Database
from mmscheck.ledger.faults import PassingError
from mmscheck.ledger.rows import Cleaner
from mmscheck.ledger.transaction_state import Operation, TransactionState, together
from mmscheck.model.ledger import Claim, SendRecord

T = TypeVar("T")

BATCH = 256
"""Operations in one transaction at most: it must not keep other processes waiting for long."""

_Waiting = tuple[Operation[Any], "asyncio.Future[Any]"]


class Writer:
    """The one task of a process that writes to its ledger; it runs only while there is something to write."""

    def __init__(self, database: Database, clock: Callable[[], float], cleaner: Cleaner) -> None:
        """``clock`` gives seconds since the epoch."""
        self._database = database
        self._clock = clock
        self._cleaner = cleaner
        self._queue: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None
        self._process = os.getpid()
        self._closed = False

    async def submit(self, operation: Operation[T]) -> T:
        """What the operation decided, once it is durable; raises LedgerError when it is not certain to be."""
        if self._closed:
            raise LedgerError("the ledger has been closed")
        if os.getpid() != self._process:
            raise LedgerError("the ledger was opened by another process: open it again after a fork")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.append((operation, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return await future

    async def close(self) -> None:
        """Write what is waiting, and take nothing more."""
        self._closed = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _drain(self) -> None:
        try:
            while self._queue:
                batch, self._queue = self._queue[:BATCH], self._queue[BATCH:]
                await self._commit([item for item in batch if not item[1].done()])
        finally:
            for _, future in self._queue:
                future.cancel()

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        if not batch:
            return
        try:
            outcomes = await self._transaction([operation for operation, _ in batch])
        except IntegrityError as error:
            await self._one_by_one(batch, error)
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            outcomes = [error] * len(batch)
        except BaseException:
            for _, future in batch:
                future.cancel()
            raise
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            _tell(future, outcome)

    async def _one_by_one(self, batch: Sequence[_Waiting], error: IntegrityError) -> None:
        """A constraint refused one of them; the others must not pay for it."""
        if len(batch) == 1:
            _tell(batch[0][1], LedgerError(f"the ledger refused a row: {error.orig}"))
            return
        for item in batch:
            await self._commit([item])

    def _now(self) -> int:
        return int(self._clock() * 1_000_000)

    async def _transaction(self, operations: Sequence[Operation[Any]]) -> list[Any]:
        needs = together(operation.needs for operation in operations)

        def decide(transaction: TransactionState) -> list[Any]:
            return [_decided(operation, transaction) for operation in operations]

        return await self._database.transact(needs, self._now, decide, self._cleaner)


def _decided(operation: Operation[Any], transaction: TransactionState) -> Any:
    before = len(transaction.changes)
    try:
        return operation.decide(transaction)
    except MmscheckError as error:
        if len(transaction.changes) != before:
            raise RuntimeError("an operation changed something before it refused") from error
        return error


def _tell(future: asyncio.Future[Any], outcome: Any) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


ENDURANCE = 30.0
"""Seconds for which one ending is tried again, however often the ledger fails meanwhile."""

_FIRST, _LONGEST = 0.1, 2.0
"""Seconds between two tries: doubled from the first to the longest."""


class Endings:
    """The endings of this process's claims, each an operation that may be written twice and counts once."""

    def __init__(self, writer: Writer) -> None:
        """``writer`` writes them."""
        self._writer = writer
        self._owed: dict[tuple[int, int], Operation[SendRecord]] = {}

    async def end(self, claim: Claim, operation: Operation[SendRecord]) -> SendRecord:
        """The send as it ended, durable; raises LedgerError when it could not be written in all that time.

        What was given up, also by whoever was cancelled, is owed: ``settle`` writes it.
        """
        try:
            return await self._endured(operation)
        except (PassingError, asyncio.CancelledError):
            self._owed[claim.send_id, claim.attempt] = operation
            raise

    async def _endured(self, operation: Operation[SendRecord]) -> SendRecord:
        until, pause = time.monotonic() + ENDURANCE, _FIRST
        while True:
            try:
                return await self._writer.submit(operation)
            except PassingError:
                if time.monotonic() + pause >= until:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST)

    async def settle(self) -> None:
        """Try once to write what this process has given up; what fails once more stays owed."""
        if self._owed:
            owed, self._owed = self._owed, {}
            await asyncio.gather(*(self._settled(key, one) for key, one in owed.items()))

    async def _settled(self, key: tuple[int, int], operation: Operation[SendRecord]) -> None:
        try:
            await self._writer.submit(operation)
        except (PassingError, asyncio.CancelledError):
            self._owed[key] = operation
        except LedgerError:
            # Somebody has settled it meanwhile, in another way.
            return
