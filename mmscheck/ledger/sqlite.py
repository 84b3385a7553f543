"""SQLite: a thread that writes and a thread that reads, each with its own connection.

A transaction is one piece of work for its thread. An asynchronous driver would cross to a thread and back for
every cursor, statement and fetch, which costs more than the statements.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from sqlalchemy.engine import URL, Connection

from mmscheck.ledger.book import Book, Needs, Row
from mmscheck.ledger.cleaning import Cleaner
from mmscheck.ledger.lane import Lane
from mmscheck.ledger.quick import OLDEST, transact
from mmscheck.ledger.transaction import decided

T = TypeVar("T")


class File:
    """A ledger in a file."""

    def __init__(self, url: URL) -> None:
        """Open nothing yet."""
        self._writing = Lane(url, "BEGIN IMMEDIATE")
        self._reading = Lane(url, "BEGIN")

    async def write(self, work: Callable[[Connection], T]) -> T:
        """See ``Runner``; other processes wait from the start to the end of it."""
        return await self._writing.run(work)

    async def transact(self, needs: Needs, at: int, decide: Callable[[Book], T], cleaner: Cleaner) -> T:
        """See ``Runner``."""
        if sqlite3.sqlite_version_info < OLDEST:
            return await self.write(lambda connection: decided(connection, needs, at, decide, cleaner))
        return await self._writing.run_alone(
            lambda connection: transact(connection, needs, at, decide, cleaner)
        )

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


def _rows(connection: Connection, query: str) -> list[Row]:
    cursor = connection.connection.cursor()
    cursor.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
