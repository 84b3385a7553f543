"""PostgreSQL by asyncpg: a connection that writes, and others that read."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from sqlalchemy.engine import URL, Connection
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from mmscheck.ledger.book import Book, Needs, Row
from mmscheck.ledger.cleaning import Cleaner
from mmscheck.ledger.oneshot import Moved, transact
from mmscheck.ledger.transaction import decided

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds to wait for a connection, and for another process's transaction, before giving up."""

_TRIES = 3
"""How often a transaction is tried without a lock: where many processes write, a queue is fairer."""

_CONSTRAINT = "23"
"""The class of SQLSTATE codes of integrity constraint violations."""

_SILENCE = 60.0
"""Seconds without an answer of the server after which a statement counts as lost."""


class Server:
    """A ledger in a PostgreSQL database."""

    def __init__(self, url: URL) -> None:
        """Connect to nothing yet."""
        settings = {
            "application_name": "mmscheck",
            "synchronous_commit": "on",
            "lock_timeout": str(int(PATIENCE * 1000)),
            # A process that hangs with the chain's end locked would stop all others: the server ends it.
            "idle_in_transaction_session_timeout": str(int(PATIENCE * 1000)),
        }
        arguments = {"server_settings": settings, "timeout": PATIENCE, "command_timeout": _SILENCE}
        self._engine = create_async_engine(url, connect_args=arguments, hide_parameters=True)
        self._writer: AsyncConnection | None = None
        self._quick: AsyncConnection | None = None
        self._reader: AsyncConnection | None = None
        self._lock = asyncio.Lock()

    async def write(self, work: Callable[[Connection], T]) -> T:
        """See ``Runner``; the connection lives until something goes wrong in it."""
        connection = self._writer or await self._engine.connect()
        self._writer = None
        try:
            async with connection.begin():
                result = await connection.run_sync(work)
        except BaseException:
            await connection.close()
            raise
        self._writer = connection
        return result

    async def transact(self, needs: Needs, at: int, decide: Callable[[Book], T], cleaner: Cleaner) -> T:
        """See ``Runner``: without a lock while that goes well, else like everybody, one after the other."""
        for _ in range(_TRIES):
            try:
                return await self._at_once(needs, at, decide, cleaner)
            except Moved:
                continue
            except Exception as error:
                # Told again below, in the words that the writer knows. The driver may not be installed.
                if not str(getattr(error, "sqlstate", "")).startswith(_CONSTRAINT):
                    raise
                break
        return await self.write(lambda connection: decided(connection, needs, at, decide, cleaner))

    async def _at_once(self, needs: Needs, at: int, decide: Callable[[Book], T], cleaner: Cleaner) -> T:
        connection = self._quick
        self._quick = None
        if connection is None:
            connection = await self._engine.connect()
            await connection.execution_options(isolation_level="AUTOCOMMIT")
        try:
            raw = (await connection.get_raw_connection()).driver_connection
            assert raw is not None  # noqa: S101 - it has just been connected
            result = await transact(raw, needs, at, decide, cleaner)
        except Moved:
            self._quick = connection
            raise
        except BaseException:
            # The pool would hand out again what was broken behind its back.
            await connection.invalidate()
            await connection.close()
            raise
        self._quick = connection
        return result

    async def read(self, work: Callable[[Connection], T], *, whole: bool) -> T:
        """See ``Runner``."""
        if not whole:
            async with self._reading() as connection:
                result = await connection.run_sync(work)
                # Sends nothing: each statement was a transaction of its own.
                await connection.rollback()
            return result
        async with self._engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            return await connection.run_sync(work)

    async def rows(self, query: str) -> list[Row]:
        """See ``Runner``; by the driver itself, which is less work."""
        async with self._reading() as connection:
            raw = (await connection.get_raw_connection()).driver_connection
            assert raw is not None  # noqa: S101 - it has been connected
            return [dict(row) for row in await raw.fetch(query)]

    @contextlib.asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        """One connection for one reader at a time; it lives until something goes wrong in it."""
        async with self._lock:
            connection = self._reader
            self._reader = None
            if connection is None:
                connection = await self._engine.connect()
                await connection.execution_options(isolation_level="AUTOCOMMIT")
            try:
                yield connection
            except BaseException:
                # The pool would hand out again what was broken behind its back.
                await connection.invalidate()
                await connection.close()
                raise
            self._reader = connection

    async def close(self) -> None:
        """Close every connection."""
        for connection in (self._writer, self._quick, self._reader):
            if connection is not None:
                await connection.close()
        await self._engine.dispose()
