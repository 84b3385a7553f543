"""What the first pass found, kept in temporary files, so that a long campaign holds memory flat."""

from __future__ import annotations

import sqlite3
import struct
import tempfile
from enum import IntEnum
from types import TracebackType
from typing import Self

import msgspec

from mmscheck.model.ledger import SendState

_ENTRY = struct.Struct("=B16s")


class Fate(IntEnum):
    """What the second pass does with a row."""

    SEND = 0
    LEAVE = 1


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a number: the line that has it, or the send of an earlier run and its state."""

    key: str
    line: int
    send_id: int = 0
    state: SendState | None = None


class Spool:
    """Digest and fate of every row in order, and who is to get what; gone when it is closed."""

    def __init__(self) -> None:
        """Files without a name, or that only this user may read."""
        self._fates = tempfile.TemporaryFile(prefix="mmscheck-")  # noqa: SIM115 - closed by __exit__
        # An empty name is a database on disk that SQLite removes by itself.
        self._numbers = sqlite3.connect("", isolation_level=None)
        for table in ("here", "earlier"):
            self._numbers.execute(
                f"CREATE TABLE {table} (number TEXT PRIMARY KEY, key TEXT, line INT, send INT, state TEXT)"
                " WITHOUT ROWID"
            )
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

    def here(self, number: str) -> Earlier | None:
        """The row of this file that has this number, or None."""
        return self._find("here", number)

    def keep(self, number: str, key: str, line: int) -> None:
        """Note which row has a number."""
        self._numbers.execute("INSERT OR IGNORE INTO here VALUES (?, ?, ?, 0, NULL)", (number, key, line))

    def remember(self, number: str, earlier: Earlier) -> None:
        """Keep a send of an earlier run in place of what was kept for this number."""
        row = (number, earlier.key, earlier.line, earlier.send_id, earlier.state)
        self._numbers.execute("INSERT OR REPLACE INTO earlier VALUES (?, ?, ?, ?, ?)", row)

    def earlier(self, number: str) -> Earlier | None:
        """The send of an earlier run to this number, or None."""
        return self._find("earlier", number)

    def _find(self, table: str, number: str) -> Earlier | None:
        query = f"SELECT key, line, send, state FROM {table} WHERE number = ?"  # noqa: S608 - one of two names
        row = self._numbers.execute(query, (number,)).fetchone()
        if row is None:
            return None
        key, line, send_id, state = row
        return Earlier(key=key, line=line, send_id=send_id, state=SendState(state) if state else None)

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
