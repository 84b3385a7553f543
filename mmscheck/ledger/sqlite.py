"""SQLite: a thread that writes and a thread that reads, each with its own connection; and whole copies.

A transaction is one piece of work for its thread. An asynchronous driver would cross to a thread and back for
every cursor, statement and fetch, which costs more than the statements.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection
from sqlalchemy.pool import NullPool

from mmscheck.errors import LedgerError, UsageError
from mmscheck.ledger.ledger_file import SIDES, SUFFIX, HeadNotes
from mmscheck.ledger.rows import Cleaner, Row
from mmscheck.ledger.sqlite_transaction import transact
from mmscheck.ledger.transaction_state import Moment, RowsNeeded, TransactionState

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds to wait for another process's transaction before giving up."""

_PAUSE = 0.01
"""Seconds between two tries of what SQLite does not wait for by itself."""

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={int(PATIENCE * 1000)}")


class SqliteThread:
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


class SqliteFile:
    """A ledger in a file."""

    def __init__(self, url: URL) -> None:
        """Open nothing yet."""
        self._writing = SqliteThread(url, "BEGIN IMMEDIATE")
        self._reading = SqliteThread(url, "BEGIN")
        self.marks = HeadNotes(Path(url.database or ""))

    async def write(self, work: Callable[[Connection], T]) -> T:
        """See ``Runner``; other processes wait from the start to the end of it."""
        return await self._writing.run(work)

    async def transact(
        self, needs: RowsNeeded, now: Moment, decide: Callable[[TransactionState], T], cleaner: Cleaner
    ) -> T:
        """See ``Runner``."""

        def work(connection: Connection) -> T:
            outcome, end = transact(connection, needs, now, decide, cleaner)
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

    async def copy(self, to: Path) -> str:
        """Copy this moment, whole and by itself, to a file that is not there yet.

        Returns the copy's head (ROWS:HASH). Raises UsageError for a file that is there, and LedgerError when
        it fails.
        """
        try:
            with _made(to):
                await self._reading.run_alone(partial(_copied, to=to))
                return _head(to)
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise LedgerError(f"the ledger could not be copied to {to}: {reason}") from error


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


@contextlib.contextmanager
def _made(to: Path) -> Iterator[None]:
    """An empty file to write to; gone again when that fails, and else flushed with its folder."""
    for name in (to, *(Path(f"{to}{side}") for side in (*SIDES, SUFFIX))):
        if os.path.lexists(name):
            raise UsageError(f"{name} is there already: a copy is never made over anything")
    os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        yield
        _flush(to)
        _flush(to.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            to.unlink()
        raise


def _head(file: Path) -> str:
    """Read from the copy, and not from what it was made of."""
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        seq, hash_ = connection.execute("SELECT seq, hash FROM head").fetchone()
    finally:
        connection.close()
    return f"{seq}:{hash_}"


def _flush(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
