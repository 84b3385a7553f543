"""A copy of a ledger in a file: whole, of one moment, and never in the place of anything."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from mmscheck.errors import LedgerError, UsageError
from mmscheck.ledger.database import Database
from mmscheck.ledger.marks import SUFFIX
from mmscheck.ledger.sole import SIDES


async def copy(database: Database, to: Path) -> str:
    """Copy to a file that is not there yet; returns its head (ROWS:HASH). Raises as ``Ledger.copy``."""
    if database.file is None:
        raise UsageError(
            "a ledger on PostgreSQL is copied with the server's own means (pg_dump, or a base backup)"
        )
    try:
        with _made(to):
            await database.file.copy(to)
            return _head(to)
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise LedgerError(f"the ledger could not be copied to {to}: {reason}") from error


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
