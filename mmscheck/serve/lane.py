"""The service's own database: a file beside a ledger that is one, else tables in the ledger's database."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.pool import NullPool, StaticPool

from mmscheck.errors import LedgerError
from mmscheck.ledger.where import LedgerPlace, arguments
from mmscheck.serve.schema import META

T = TypeVar("T")

_PATIENCE = 30.0
"""Seconds to wait for another process's transaction."""

_TRIES, _PAUSE = 3, 0.2
"""How often tables are made, seconds between; and how often what another process came between is tried."""

_SUFFIX = ".serve"


class Lane(Protocol):
    """Runs plain functions of a connection, each in a transaction of its own."""

    async def run(self, work: Callable[[Connection], T]) -> T:
        """What the work returns, durable; raises LedgerError."""

    async def tidy(self) -> None:
        """Leave nothing behind of what was removed."""

    async def close(self) -> None:
        """Let go of the database."""


def beside(ledger: Path) -> Path:
    """The file of the service's tables that goes with a ledger's file."""
    return ledger.with_name(f"{ledger.name}{_SUFFIX}")


async def open_lane(place: LedgerPlace) -> Lane:
    """Open, and make what is missing; raises LedgerError."""
    lane: Lane = _Server(place.url) if place.file is None else _File(beside(place.file))
    try:
        await _made(lane)
    except BaseException:
        await lane.close()
        raise
    return lane


async def _made(lane: Lane) -> None:
    """Make the tables; of several processes that begin together one may come between."""
    for left in reversed(range(_TRIES)):
        try:
            await lane.run(META.create_all)
        except LedgerError:
            if not left:
                raise
            await asyncio.sleep(_PAUSE)
        else:
            return


class _File:
    """SQLite, one connection and one thread: whatever comes meanwhile waits for its turn."""

    def __init__(self, file: Path) -> None:
        self._name = str(file)
        try:
            with contextlib.suppress(FileExistsError):
                os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise LedgerError(f"the jobs' file {file} cannot be made: {error.strerror}") from None
        self._engine = _sqlite(file)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="serve-jobs")

    async def run(self, work: Callable[[Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work)

    def _run(self, work: Callable[[Connection], T]) -> T:
        try:
            with self._engine.begin() as connection:
                return work(connection)
        except SQLAlchemyError as error:
            raise _told(self._name, error) from error

    async def tidy(self) -> None:
        # Removed documents are in the file that writes are put into first, until it is begun anew.
        await asyncio.get_running_loop().run_in_executor(self._thread, self._emptied)

    def _emptied(self) -> None:
        with contextlib.suppress(SQLAlchemyError), self._engine.connect() as connection:
            raw = connection.connection.driver_connection
            if raw is not None:
                connection.rollback()
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        self._thread.shutdown()


def _sqlite(file: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        hide_parameters=True,
        poolclass=StaticPool,
        connect_args={"timeout": _PATIENCE, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        # SQLAlchemy begins transactions itself (below), so that one that writes is one from its first read.
        connection.isolation_level = None
        # Documents and numbers are taken out of the file, and not only out of sight.
        for line in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
            connection.execute(f"PRAGMA {line}").close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


class _Server:
    """PostgreSQL by asyncpg; a connection for each transaction, because a server ends those that it likes."""

    def __init__(self, url: URL) -> None:
        # A ledger in a file does without SQLAlchemy's asyncio part.
        from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

        plain, given, wished = arguments(url)
        settings = {"application_name": "mmscheck serve", "lock_timeout": str(int(_PATIENCE * 1000))}
        connecting = {"timeout": _PATIENCE, "command_timeout": 60.0, **given}
        connecting["server_settings"] = {**settings, **wished}
        self._name = plain.set(query={}).render_as_string(hide_password=True)
        self._engine = create_async_engine(
            plain, connect_args=connecting, hide_parameters=True, poolclass=NullPool
        )

    async def run(self, work: Callable[[Connection], T]) -> T:
        try:
            return await self._tried(work)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise _told(self._name, error) from error

    async def _tried(self, work: Callable[[Connection], T]) -> T:
        try:
            return await self._once(work)
        except IntegrityError:
            # Another process wrote the same row in between; looked at once more, it is there.
            return await self._once(work)

    async def _once(self, work: Callable[[Connection], T]) -> T:
        async with self._engine.begin() as connection:
            return await connection.run_sync(work)

    async def tidy(self) -> None:
        """The server does by itself."""

    async def close(self) -> None:
        await self._engine.dispose()


def _told(name: str, error: Exception) -> LedgerError:
    return LedgerError(f"the jobs kept in {name} cannot be read or written ({type(error).__name__})")
