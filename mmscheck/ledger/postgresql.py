"""PostgreSQL by asyncpg: a connection that writes, and others that read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from mmscheck.ledger.faults import at_once, passing
from mmscheck.ledger.known_rows import KnownRows
from mmscheck.ledger.postgresql_transaction import Moved, Outcomes, transact, transact_in_turn
from mmscheck.ledger.rows import Cleaner, Row
from mmscheck.ledger.transaction_state import Moment, RowsNeeded, TransactionState
from mmscheck.ledger.where import arguments

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds to wait for a connection, and for another process's transaction, before giving up."""

_TRIES = 3
"""How often a transaction is tried without a lock: where many processes write, a queue is fairer."""

_CONSTRAINT = "23"
"""The class of SQLSTATE codes of integrity constraint violations."""

_SILENCE = 60.0
"""Seconds without an answer of the server after which a statement counts as lost."""

_RESTART = 10.0
"""Seconds to wait for a server that was there before: a restart takes some."""

_PAUSE = 0.1
"""Seconds between two tries to connect."""

_WRITER, _QUICK, _READER = "writer", "quick", "reader"


_QUICKLY = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off"
"""For statements that come by the hundred a second and find their rows by indexes.

A plan that is made anew each time takes as long as the statement, and one that was made while a table was
small, and kept, would read it whole a hundred thousand rows later. A table without an index that serves has
a cost then for which the server would compile.
"""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A connection, and the driver's own of it."""

    connection: AsyncConnection
    raw: Any


class PostgresqlServer:
    """A ledger in a PostgreSQL database."""

    def __init__(self, url: URL) -> None:
        """Connect to nothing yet."""
        settings = {
            "application_name": "mmscheck",
            "lock_timeout": str(int(PATIENCE * 1000)),
            # A process that hangs with the chain's end locked would stop all others: the server ends it.
            "idle_in_transaction_session_timeout": str(int(PATIENCE * 1000)),
        }
        # Whatever the database's default and the address say: what was read may be decided upon anew.
        demanded = {"synchronous_commit": "on", "default_transaction_isolation": "read committed"}
        plain, given, wished = arguments(url)
        connecting = {"timeout": PATIENCE, "command_timeout": _SILENCE, **given}
        connecting["server_settings"] = {**settings, **wished, **demanded}
        # No pool: it would hand out what the server has ended since.
        self._engine = create_async_engine(
            plain, connect_args=connecting, hide_parameters=True, poolclass=NullPool
        )
        self._kept: dict[str, Link] = {}
        self._known = KnownRows()
        self._was_there = False
        self._lock = asyncio.Lock()

    async def write(self, work: Callable[[Connection], T]) -> T:
        """See ``Runner``; the connection lives until something goes wrong in it."""
        link = await self._taken(_WRITER)
        try:
            async with link.connection.begin():
                result = await link.connection.run_sync(work)
        except BaseException:
            await link.connection.close()
            raise
        self._kept[_WRITER] = link
        return result

    async def transact(
        self, needs: RowsNeeded, now: Moment, decide: Callable[[TransactionState], T], cleaner: Cleaner
    ) -> T:
        """See ``Runner``: without a lock while that goes well, else like everybody, one after the other."""
        sent: Outcomes[T] = {}
        asked = (needs, now, decide, cleaner)
        for _ in range(_TRIES):
            try:
                return await self._decided(lambda raw: transact(raw, *asked, sent=sent, known=self._known))
            except Moved:
                continue
            except Exception as error:
                if not at_once(error):
                    raise
        return await self._decided(lambda raw: transact_in_turn(raw, *asked, sent=sent))

    async def _decided(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """The work, by the driver itself; raises IntegrityError where a constraint refused a row."""
        link = await self._taken(_QUICK)
        try:
            result = await work(link.raw)
        except Moved:
            self._kept[_QUICK] = link
            raise
        except BaseException as error:
            await _dropped(link.connection)
            # The driver may not be installed, so that its classes cannot be named.
            if str(getattr(error, "sqlstate", "")).startswith(_CONSTRAINT):
                raise IntegrityError(None, None, error) from error
            raise
        self._kept[_QUICK] = link
        return result

    async def read(self, work: Callable[[Connection], T], *, whole: bool) -> T:
        """See ``Runner``."""

        async def each_alone(link: Link) -> T:
            result = await link.connection.run_sync(work)
            # Sends nothing: each statement was a transaction of its own.
            await link.connection.rollback()
            return result

        if not whole:
            return await self._reading(each_alone)
        connection = await self._connected()
        try:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            return await connection.run_sync(work)
        finally:
            await connection.close()

    async def rows(self, query: str) -> list[Row]:
        """See ``Runner``; by the driver itself, which is less work."""

        async def fetch(link: Link) -> list[Row]:
            return [dict(row) for row in await link.raw.fetch(query)]

        return await self._reading(fetch)

    async def _reading(self, work: Callable[[Link], Awaitable[T]]) -> T:
        """Work of one reader at a time, once more where its connection has ended; it changes nothing."""
        async with self._lock:
            try:
                return await self._read_once(work)
            except Exception as error:
                if not at_once(error):
                    raise
                return await self._read_once(work)

    async def _read_once(self, work: Callable[[Link], Awaitable[T]]) -> T:
        link = await self._taken(_READER)
        try:
            result = await work(link)
        except BaseException:
            await _dropped(link.connection)
            raise
        self._kept[_READER] = link
        return result

    async def _taken(self, use: str) -> Link:
        """The connection that is kept for a use, taken away, or a new one where the server has ended it."""
        kept = self._kept.pop(use, None)
        if kept is not None:
            if not kept.raw.is_closed():
                return kept
            await _dropped(kept.connection)
        connection = await self._connected()
        if use != _WRITER:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
        link = Link(connection=connection, raw=await _raw(connection))
        if use == _QUICK:
            await link.raw.execute(_QUICKLY)
        return link

    async def _connected(self) -> AsyncConnection:
        """A new connection; a server that was there before is waited for."""
        until = time.monotonic() + (_RESTART if self._was_there else 0.0)
        while True:
            try:
                connection = await self._engine.connect()
            except Exception as error:
                if not passing(error) or time.monotonic() >= until:
                    raise
                await asyncio.sleep(_PAUSE)
            else:
                self._was_there = True
                return connection

    async def close(self) -> None:
        """Close every connection."""
        for link in self._kept.values():
            if link.raw.is_closed():
                await _dropped(link.connection)
            else:
                await link.connection.close()
        self._kept.clear()
        await self._engine.dispose()


async def _raw(connection: AsyncConnection) -> Any:
    """The driver's own connection."""
    raw = (await connection.get_raw_connection()).driver_connection
    assert raw is not None  # noqa: S101 - it has been connected
    return raw


async def _dropped(connection: AsyncConnection) -> None:
    """Let go of a connection in which something went wrong: nothing is said to the server any more."""
    await connection.invalidate()
    await connection.close()
