"""Group commit: whatever is asked for while one transaction is being made durable shares the next one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy.exc import IntegrityError

from mmscheck.errors import LedgerError, MmscheckError
from mmscheck.ledger.book import Book, Operation, together
from mmscheck.ledger.cleaning import Cleaner
from mmscheck.ledger.database import Database

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

    async def _transaction(self, operations: Sequence[Operation[Any]]) -> list[Any]:
        needs = together(operation.needs for operation in operations)
        at = int(self._clock() * 1_000_000)

        def decide(book: Book) -> list[Any]:
            return [_decided(operation, book) for operation in operations]

        return await self._database.transact(needs, at, decide, self._cleaner)


def _decided(operation: Operation[Any], book: Book) -> Any:
    before = len(book.changes)
    try:
        return operation.decide(book)
    except MmscheckError as error:
        if len(book.changes) != before:
            raise RuntimeError("an operation changed something before it refused") from error
        return error


def _tell(future: asyncio.Future[Any], outcome: Any) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
