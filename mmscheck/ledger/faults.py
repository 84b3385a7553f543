"""What a database's error means: whether it may be over in a moment, and what people are told of it."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError

from mmscheck.errors import LedgerError

_LONGEST_REASON = 300

_LASTING_STATES = ("0A", "22", "23", "28", "3D", "42")
"""Classes of SQLSTATE codes of what stays wrong: unsupported, data, constraints, who may, what is missing."""

_GONE = ("08", "57P")
"""Beginnings of SQLSTATE codes of a connection that the server, or the network, has ended."""

_CLASHES = frozenset({"40001", "40P01"})
"""SQLSTATE codes of a transaction that was undone because of another one: serialization failure, deadlock."""

_LASTING_FILES = frozenset({errno.ESTALE, errno.ENOENT})
"""Another file stands where the ledger stood, or none: it is refused for good."""

_PASSING_RESULTS = frozenset(
    {
        *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL),
        *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM),
    }
)


_TOGETHER = (
    "Stop everything that uses it, see to the disk and its room, and put the file and its -wal together "
    "again if one of them was moved or removed; then: mmscheck ledger verify"
)
_ADVICE = (
    ("disk I/O error", _TOGETHER),
    ("database disk image is malformed", _TOGETHER),
    ("database or disk is full", "Make room on its disk; what was written before is whole"),
    ("unable to open database file", "Its folder has to be there, and be writable for this user"),
    ("attempt to write a readonly database", "SqliteFile and folder have to be writable for this user"),
)
"""What helps where the driver's words do not say it."""


class PassingError(LedgerError):
    """What failed may go well soon: the server restarts, the disk is full, another process is at it."""


def told(shown: str, what: str, error: BaseException) -> LedgerError:
    """The error in the program's words; ``what`` could not be done with the ledger ``shown``."""
    kind = PassingError if passing(error) else LedgerError
    reason = _reason(error)
    advice = next((f". {advice}" for words, advice in _ADVICE if words in reason), "")
    return kind(f"the ledger {shown} cannot be {what}: {reason}{advice}")


def passing(error: BaseException) -> bool:
    """Whether the same may go well in a moment."""
    for one in _chain(error):
        if state := _state(one):
            return not state.startswith(_LASTING_STATES)
        if isinstance(one, sqlite3.Error):
            return getattr(one, "sqlite_errorcode", 0) & 0xFF in _PASSING_RESULTS
        if isinstance(one, OSError):
            return one.errno not in _LASTING_FILES
    return _closed(error)


def at_once(error: BaseException) -> bool:
    """Whether another connection may do it right away: this one has ended, or its transaction was undone."""
    for one in _chain(error):
        if state := _state(one):
            return state in _CLASHES or state.startswith(_GONE)
        if isinstance(one, OSError):
            return not isinstance(one, TimeoutError)
    return _closed(error)


def _closed(error: BaseException) -> bool:
    """What asyncpg says of a connection that has ended before; the driver may not be installed."""
    return any(type(one).__name__ == "InterfaceError" for one in _chain(error))


def _state(error: BaseException) -> str:
    return str(getattr(error, "sqlstate", None) or "")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what caused it, as far as the drivers tell."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        origin = seen.orig if isinstance(seen, DBAPIError) else None
        seen = origin or seen.__cause__


def _reason(error: BaseException) -> str:
    """What the driver said, on one line; SQLAlchemy would add the statement and its values."""
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    cause = origin.__cause__ or origin
    text = getattr(cause, "strerror", None) or str(cause) or str(error) or type(cause).__name__
    return " ".join(text.split())[:_LONGEST_REASON]
