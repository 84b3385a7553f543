"""The database: transactions that write, one after the other, snapshots to read, and what its errors say."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from mmscheck.ledger.faults import told
from mmscheck.ledger.rows import Cleaner, Row
from mmscheck.ledger.sqlite import SqliteFile
from mmscheck.ledger.transaction_state import Moment, RowsNeeded, TransactionState
from mmscheck.ledger.where import LedgerPlace

T = TypeVar("T")

_DRIVERS = frozenset({"asyncpg", "sqlite3"})


class Runner(Protocol):
    """Runs plain functions of a connection, each in a transaction of its own."""

    async def write(self, work: Callable[[Connection], T]) -> T:
        """In a transaction that is durable when this returns; never two at a time."""

    async def transact(
        self, needs: RowsNeeded, now: Moment, decide: Callable[[TransactionState], T], cleaner: Cleaner
    ) -> T:
        """The outcome of deciding, with what it changed written and durable; never two at a time.

        ``decide`` may be called again with another state, when what was read has changed meanwhile. Each
        state has the moment at which its rows had been read: the wait for others may have been long.
        """

    async def read(self, work: Callable[[Connection], T], *, whole: bool) -> T:
        """On a connection that changes nothing; ``whole``: all of its statements see one moment."""

    async def rows(self, query: str) -> list[Row]:
        """What one plain statement reads, by column: for what is read before every send."""

    async def close(self) -> None:
        """Close every connection."""


def _server(place: LedgerPlace) -> Runner:
    # SQLAlchemy's asyncio part takes a while, and a ledger in a file does without it.
    from mmscheck.ledger.postgresql import PostgresqlServer  # noqa: PLC0415

    return PostgresqlServer(place.url)


class Database:
    """One database, whatever it is."""

    def __init__(self, place: LedgerPlace) -> None:
        """Make ready to connect; nothing is opened yet."""
        self.place = place
        self.file = SqliteFile(place.url) if place.file else None
        """The ledger's file; None for a server's database."""
        self._runner: Runner = self.file or _server(place)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """What the work returns, when what it wrote is durable; raises LedgerError.

        IntegrityError passes, for whoever can run what failed again by itself.
        """
        with self._told("written"):
            return await self._runner.write(work)

    async def transact(
        self, needs: RowsNeeded, now: Moment, decide: Callable[[TransactionState], T], cleaner: Cleaner
    ) -> T:
        """See ``Runner``; raises as ``write`` does."""
        with self._told("written"):
            return await self._runner.transact(needs, now, decide, cleaner)

    async def read(self, work: Callable[[Connection], T], *, whole: bool = False) -> T:
        """What the work returns; ``whole`` sees one moment in all its statements. Raises LedgerError."""
        with self._told("read"):
            return await self._runner.read(work, whole=whole)

    async def rows(self, query: str) -> list[Row]:
        """See ``Runner``; raises LedgerError."""
        with self._told("read"):
            return await self._runner.rows(query)

    async def settle(self) -> None:
        """See ``SqliteFile``; a database on a server is settled at all times."""
        if self.file is not None:
            with self._told("written"):
                await self.file.settle()

    async def close(self) -> None:
        """Close every connection."""
        with self._told("closed"):
            await self._runner.close()

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise told(self.place.shown, what, error) from error
        except Exception as error:
            # What a driver raises while it connects comes as it is.
            if type(error).__module__.partition(".")[0] not in _DRIVERS:
                raise
            raise told(self.place.shown, what, error) from error
