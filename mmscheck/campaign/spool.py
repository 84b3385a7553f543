"""What the first pass found, kept in temporary files, so that a long campaign holds memory flat."""

from __future__ import annotations

import sqlite3
import struct
import tempfile
from enum import IntEnum
from types import TracebackType
from typing import Self

import msgspec

_ENTRY = struct.Struct("=B16s")


class Fate(IntEnum):
    """What the second pass does with a row."""

    SEND = 0
    LEAVE = 1


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The line of the file that has a number, and the idempotency key of its send."""

    key: str
    line: int


class Spool:
    """Digest and fate of every row in order, and who is to get what; gone when it is closed."""

    def __init__(self) -> None:
        """Files without a name, or that only this user may read."""
        self._fates = tempfile.TemporaryFile(prefix="mmscheck-")  # noqa: SIM115 - closed by __exit__
        # An empty name is a database on disk that SQLite removes by itself.
        self._numbers = sqlite3.connect("", isolation_level=None)
        self._numbers.execute("CREATE TABLE here (number TEXT PRIMARY KEY, key TEXT, line INT) WITHOUT ROWID")
        self._numbers.execute("BEGIN")

    def __enter__(self) -> Self:
        """The spool itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove it all."""
        self._numbers.close()
        self._fates.close()

    def here(self, number: str) -> Kept | None:
        """The row of this file that has this number, or None."""
        row = self._numbers.execute("SELECT key, line FROM here WHERE number = ?", (number,)).fetchone()
        return None if row is None else Kept(key=row[0], line=row[1])

    def keep(self, number: str, key: str, line: int) -> None:
        """Note which row has a number."""
        self._numbers.execute("INSERT OR IGNORE INTO here VALUES (?, ?, ?)", (number, key, line))

    def append(self, digest: bytes, fate: Fate) -> None:
        """Keep the next row; ``digest`` has 16 bytes."""
        self._fates.write(_ENTRY.pack(fate, digest))

    def rewind(self) -> None:
        """Begin to read what was appended."""
        self._fates.seek(0)

    def next(self) -> tuple[bytes, Fate] | None:
        """Digest and fate of the next row, or None when the first pass saw no more."""
        entry = self._fates.read(_ENTRY.size)
        if not entry:
            return None
        fate, digest = _ENTRY.unpack(entry)
        return digest, Fate(fate)
