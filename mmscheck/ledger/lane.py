"""One thread that works on a ledger in a file, with a connection of its own."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection
from sqlalchemy.pool import NullPool

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds to wait for another process's transaction before giving up."""

_PAUSE = 0.01
"""Seconds between two tries of what SQLite does not wait for by itself."""

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={int(PATIENCE * 1000)}")


class Lane:
    """One thread and its connection, which lives until something goes wrong in it."""

    def __init__(self, url: URL, begin: str) -> None:
        """``begin`` is the statement that begins a transaction; nothing is opened yet."""
        # No pool: it would hand out a connection to a file that has been replaced since.
        arguments = {"timeout": PATIENCE}
        self._engine = create_engine(url, connect_args=arguments, hide_parameters=True, poolclass=NullPool)
        event.listen(self._engine, "connect", _on_connect)
        event.listen(self._engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mmscheck-ledger")
        self._connection: Connection | None = None
        self._path = url.database or ""
        self._identity: tuple[int, int] | None = None

    async def run(self, work: Callable[[Connection], T]) -> T:
        """What the work returns, in a transaction that is durable when this returns."""
        return await self.run_alone(partial(_in_transaction, work=work))

    async def run_alone(self, work: Callable[[Connection], T]) -> T:
        """Without a transaction around the work, which has one of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work)

    def _run(self, work: Callable[[Connection], T]) -> T:
        connection = self._connection or self._connect()
        self._connection = None
        try:
            result = work(connection)
            self._must_be_the_file()
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return result

    def _connect(self) -> Connection:
        # Before: what is missing must not be made anew, and empty.
        if self._identity is None:
            self._identity = _identity(self._path)
        self._must_be_the_file()
        return self._engine.connect()

    def _must_be_the_file(self) -> None:
        """Raise OSError when another file, or none, stands where the first one stood, also ever after.

        SQLite goes on in a file that nobody will ever find again, also one that holds no hold.
        """
        if _identity(self._path) != self._identity:
            raise OSError(errno.ESTALE, "it was moved or replaced while it was open")

    async def close(self) -> None:
        """End the connection and the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()


def _in_transaction(connection: Connection, work: Callable[[Connection], T]) -> T:
    with connection.begin():
        return work(connection)


def _identity(path: str) -> tuple[int, int]:
    found = os.stat(path)  # noqa: PTH116 - once for every transaction
    return found.st_dev, found.st_ino


def _on_connect(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself: it would begin them deferred, and too late.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        _set(cursor, pragma)
    cursor.close()


def _set(cursor: sqlite3.Cursor, pragma: str) -> None:
    """Set it, and wait as long as for anything else while another process makes the new file a WAL one.

    For that change SQLite itself waits for nobody: two that try at once could wait for each other.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            cursor.execute(f"PRAGMA {pragma}")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_PAUSE)
        else:
            return
