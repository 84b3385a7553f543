"""SQLite: a thread that writes and a thread that reads, each with its own connection.

A transaction is one piece of work for its thread. An asynchronous driver would cross to a thread and back for
every cursor, statement and fetch, which costs more than the statements.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy.engine import URL, Connection

from mmscheck.ledger.book import Book, Needs, Row
from mmscheck.ledger.cleaning import Cleaner
from mmscheck.ledger.lane import Lane
from mmscheck.ledger.marks import Marks
from mmscheck.ledger.quick import OLDEST, transact
from mmscheck.ledger.transaction import decided

T = TypeVar("T")


class File:
    """A ledger in a file."""

    def __init__(self, url: URL) -> None:
        """Open nothing yet."""
        self._writing = Lane(url, "BEGIN IMMEDIATE")
        self._reading = Lane(url, "BEGIN")
        self.marks = Marks(Path(url.database or ""))

    async def write(self, work: Callable[[Connection], T]) -> T:
        """See ``Runner``; other processes wait from the start to the end of it."""
        return await self._writing.run(work)

    async def transact(self, needs: Needs, at: int, decide: Callable[[Book], T], cleaner: Cleaner) -> T:
        """See ``Runner``."""
        if sqlite3.sqlite_version_info < OLDEST:
            outcome = await self.write(lambda connection: decided(connection, needs, at, decide, cleaner))
            for row in await self.rows("SELECT seq, hash FROM head"):
                self.marks.write(row["seq"], row["hash"])
            return outcome

        def work(connection: Connection) -> T:
            outcome, end = transact(connection, needs, at, decide, cleaner)
            if end is not None:
                self.marks.write(*end)
            return outcome

        return await self._writing.run_alone(work)

    async def read(self, work: Callable[[Connection], T], *, whole: bool) -> T:  # noqa: ARG002 - always whole
        """See ``Runner``; a transaction that reads is a snapshot."""
        return await self._reading.run(work)

    async def rows(self, query: str) -> list[Row]:
        """See ``Runner``."""
        return await self._reading.run_alone(partial(_rows, query=query))

    async def close(self) -> None:
        """Close both."""
        await self._writing.close()
        await self._reading.close()
        await asyncio.get_running_loop().run_in_executor(None, self.marks.close)

    async def settle(self) -> None:
        """Move into the file itself what stands in its ``-wal`` only, as far as nobody is reading there."""
        await self._writing.run_alone(partial(_rows, query="PRAGMA wal_checkpoint(TRUNCATE)"))

    async def copy(self, to: Path) -> None:
        """Make a file that is there and empty a copy of this moment, whole and by itself."""
        await self._reading.run_alone(partial(_copied, to=to))


def _rows(connection: Connection, query: str) -> list[Row]:
    cursor = connection.connection.cursor()
    cursor.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _copied(connection: Connection, to: Path) -> None:
    raw = connection.connection.driver_connection
    assert raw is not None  # noqa: S101 - it has been connected
    copy = sqlite3.connect(to, isolation_level=None)
    try:
        raw.backup(copy)
        # What is copied says that it has a -wal; closing it then leaves none.
        copy.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        copy.close()
