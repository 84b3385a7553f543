"""SQLite: a thread that writes and a thread that reads, each with its own connection.

A transaction is one piece of work for its thread. An asynchronous driver would cross to a thread and back for
every cursor, statement and fetch, which costs more than the statements.
"""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection

from mmscheck.ledger.book import Book, Needs
from mmscheck.ledger.cleaning import Cleaner
from mmscheck.ledger.quick import OLDEST, transact
from mmscheck.ledger.transaction import decided

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds to wait for another process's transaction before giving up."""

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={int(PATIENCE * 1000)}")


class File:
    """A ledger in a file."""

    def __init__(self, url: URL) -> None:
        """Open nothing yet."""
        self._writing = _Lane(url, "BEGIN IMMEDIATE")
        self._reading = _Lane(url, "BEGIN")

    async def write(self, work: Callable[[Connection], T]) -> T:
        """See ``Runner``; other processes wait from the start to the end of it."""
        return await self._writing.run(work)

    async def transact(self, needs: Needs, at: int, decide: Callable[[Book], T], cleaner: Cleaner) -> T:
        """See ``Runner``."""
        how = transact if sqlite3.sqlite_version_info >= OLDEST else decided
        return await self.write(lambda connection: how(connection, needs, at, decide, cleaner))

    async def read(self, work: Callable[[Connection], T], *, whole: bool) -> T:  # noqa: ARG002 - always whole
        """See ``Runner``; a transaction that reads is a snapshot."""
        return await self._reading.run(work)

    async def close(self) -> None:
        """Close both."""
        await self._writing.close()
        await self._reading.close()


class _Lane:
    """One thread and its connection, which lives until something goes wrong in it."""

    def __init__(self, url: URL, begin: str) -> None:
        self._engine = create_engine(url, connect_args={"timeout": PATIENCE}, hide_parameters=True)
        event.listen(self._engine, "connect", _on_connect)
        event.listen(self._engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mmscheck-ledger")
        self._connection: Connection | None = None
        self._path = url.database or ""
        self._identity = (0, 0)

    async def run(self, work: Callable[[Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work)

    def _run(self, work: Callable[[Connection], T]) -> T:
        connection = self._connection or self._connect()
        self._connection = None
        try:
            with connection.begin():
                result = work(connection)
            self._must_be_the_file()
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return result

    def _connect(self) -> Connection:
        # Before: what is missing must not be made anew, and empty.
        self._identity = _identity(self._path)
        return self._engine.connect()

    def _must_be_the_file(self) -> None:
        """Raise OSError when another file, or none, stands where the open one stood.

        SQLite goes on in a file that nobody will ever find again, also one that holds no hold.
        """
        if _identity(self._path) != self._identity:
            raise OSError(errno.ESTALE, "it was moved or replaced while it was open")

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()


def _identity(path: str) -> tuple[int, int]:
    found = os.stat(path)  # noqa: PTH116 - once for every transaction
    return found.st_dev, found.st_ino


def _on_connect(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself: it would begin them deferred, and too late.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
