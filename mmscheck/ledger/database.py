"""The database: transactions that write, one after the other, snapshots to read, and what its errors say."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from mmscheck.errors import LedgerError
from mmscheck.ledger.book import Book, Needs, Row
from mmscheck.ledger.cleaning import Cleaner
from mmscheck.ledger.sqlite import File
from mmscheck.ledger.where import Place

T = TypeVar("T")

_LONGEST_REASON = 300
_DRIVERS = frozenset({"asyncpg", "sqlite3"})


class Runner(Protocol):
    """Runs plain functions of a connection, each in a transaction of its own."""

    async def write(self, work: Callable[[Connection], T]) -> T:
        """In a transaction that is durable when this returns; never two at a time."""

    async def transact(self, needs: Needs, at: int, decide: Callable[[Book], T], cleaner: Cleaner) -> T:
        """The outcome of deciding over a book and writing what it became, durable; never two at a time.

        ``decide`` may be called again with another book, when what it read has changed meanwhile.
        """

    async def read(self, work: Callable[[Connection], T], *, whole: bool) -> T:
        """On a connection that changes nothing; ``whole``: all of its statements see one moment."""

    async def rows(self, query: str) -> list[Row]:
        """What one plain statement reads, by column: for what is read before every send."""

    async def close(self) -> None:
        """Close every connection."""


def _server(place: Place) -> Runner:
    # SQLAlchemy's asyncio part takes a while, and a ledger in a file does without it.
    from mmscheck.ledger.postgresql import Server  # noqa: PLC0415

    return Server(place.url)


class Database:
    """One database, whatever it is."""

    def __init__(self, place: Place) -> None:
        """Make ready to connect; nothing is opened yet."""
        self.place = place
        self.file = File(place.url) if place.file else None
        """The ledger's file; None for a server's database."""
        self._runner: Runner = self.file or _server(place)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """What the work returns, when what it wrote is durable; raises LedgerError.

        IntegrityError passes, for whoever can run what failed again by itself.
        """
        with self._told("written"):
            return await self._runner.write(work)

    async def transact(self, needs: Needs, at: int, decide: Callable[[Book], T], cleaner: Cleaner) -> T:
        """See ``Runner``; raises as ``write`` does."""
        with self._told("written"):
            return await self._runner.transact(needs, at, decide, cleaner)

    async def read(self, work: Callable[[Connection], T], *, whole: bool = False) -> T:
        """What the work returns; ``whole`` sees one moment in all its statements. Raises LedgerError."""
        with self._told("read"):
            return await self._runner.read(work, whole=whole)

    async def rows(self, query: str) -> list[Row]:
        """See ``Runner``; raises LedgerError."""
        with self._told("read"):
            return await self._runner.rows(query)

    async def settle(self) -> None:
        """See ``File``; a database on a server is settled at all times."""
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
            raise self._error(what, error) from error
        except Exception as error:
            # What a driver raises while it connects comes as it is.
            if type(error).__module__.partition(".")[0] not in _DRIVERS:
                raise
            raise self._error(what, error) from error

    def _error(self, what: str, error: BaseException) -> LedgerError:
        reason = _reason(error)
        advice = next((f". {advice}" for words, advice in _ADVICE if words in reason), "")
        return LedgerError(f"the ledger {self.place.shown} cannot be {what}: {reason}{advice}")


_TOGETHER = (
    "Stop everything that uses it, see to the disk and its room, and put the file and its -wal together "
    "again if one of them was moved or removed; then: mmscheck ledger verify"
)
_ADVICE = (
    ("disk I/O error", _TOGETHER),
    ("database disk image is malformed", _TOGETHER),
    ("database or disk is full", "Make room on its disk; what was written before is whole"),
    ("unable to open database file", "Its folder has to be there, and be writable for this user"),
    ("attempt to write a readonly database", "File and folder have to be writable for this user"),
)
"""What helps where the driver's words do not say it."""


def _reason(error: BaseException) -> str:
    """What the driver said, on one line; SQLAlchemy would add the statement and its values."""
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    cause = origin.__cause__ or origin
    text = getattr(cause, "strerror", None) or str(cause) or str(error) or type(cause).__name__
    return " ".join(text.split())[:_LONGEST_REASON]
