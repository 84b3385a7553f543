"""Whether a ledger in a file may be sent from: nobody else has a hand in it, and no row of it is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
from sqlalchemy import select, text
from sqlalchemy.engine import Connection

from mmscheck.errors import LedgerError
from mmscheck.ledger.database import Database
from mmscheck.ledger.ledger_file import HeadNote, beside_file, open_to_others
from mmscheck.ledger.schema import HEAD, HISTORY
from mmscheck.ledger.sqlite import SqliteFile


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger that lacks rows that were there: what was noted of them, and why nothing may be sent."""

    noted: HeadNote
    text: str


class Standing:
    """What is known of one ledger's file; a database on a server has none, and may always be sent from."""

    def __init__(self, database: Database) -> None:
        """Look at nothing yet."""
        self._database = database
        self._barred = ""

    async def look(self, *, settle: bool) -> bool:
        """Look at the file as it is now; whether it may be sent from.

        If so its commits are noted from now on, and with ``settle`` it knows where it is.
        """
        file = self._database.file
        if file is None:
            return True
        behind = await self.behind()
        self._barred = behind.text if behind else open_to_others(self._database.place.file or file.marks.file)
        if behind is None:
            await self.go_on(settle=settle)
        return not self._barred

    async def demand(self) -> None:
        """Raise LedgerError where nothing may be sent; what barred it is looked at anew."""
        if self._barred and not await self.look(settle=True):
            shown = self._database.place.shown
            raise LedgerError(f"nothing may be sent from the ledger {shown}: {self._barred}")

    async def behind(self) -> Behind | None:
        """What of this ledger is known outside of it and not in it; None for nothing."""
        file = self._database.file
        if file is None:
            return None
        ledger, home = await self._database.read(_identity)
        # Noted before the ledger is read: it may be going on at this very moment.
        marks = tuple(_marks(file, ledger, home))
        return await self._database.read(lambda connection: _compared(connection, ledger, marks))

    async def go_on(self, *, settle: bool) -> None:
        """Note this ledger's commits from now on, whatever was noted before."""
        file = self._database.file
        if file is None:
            return
        ledger, home = await self._database.read(_identity)
        file.marks.begin(ledger)
        here = str(file.marks.file)
        if settle and home != here:
            await self._database.write(lambda connection: _move(connection, here))
            # A copy of the file alone then knows at least what it is a copy of.
            await self._database.settle()


def _identity(connection: Connection) -> tuple[str, str]:
    row = connection.execute(text("SELECT id, home FROM identity")).one()
    return str(row.id), str(row.home)


def _move(connection: Connection, home: str) -> None:
    connection.execute(text("UPDATE identity SET home = :home"), {"home": home})


def _marks(file: SqliteFile, ledger: str, home: str) -> Iterator[HeadNote]:
    yield from file.marks.found()
    # It was opened there last: if it has been going on there, this one is a copy.
    left = beside_file(Path(home)) if home and home != str(file.marks.file) else None
    if left is not None and left.ledger == ledger:
        yield left


def _compared(connection: Connection, ledger: str, marks: tuple[HeadNote, ...]) -> Behind | None:
    head = connection.execute(select(HEAD.c.seq)).scalar() or 0
    for mark in marks:
        if mark.ledger != ledger:
            return Behind(noted=mark, text=f"another ledger of {mark.seq} rows was in its place. {_ADVICE}")
        if mark.seq > head:
            missing = f"it has {head} rows of history, and {mark.seq} are noted: the newest are missing"
            return Behind(noted=mark, text=f"{missing}. {_ADVICE}")
        there = connection.execute(select(HISTORY.c.hash).where(HISTORY.c.seq == mark.seq)).scalar()
        if mark.seq and there != mark.hash:
            return Behind(noted=mark, text=f"its row {mark.seq} is another than the noted one. {_ADVICE}")
    return None


_ADVICE = (
    "It is a copy, or was put back, moved or replaced without its -wal, and what was sent since would be "
    "sent again. Bring back the newest file with its -wal; or, when certainly nothing is missing: "
    "mmscheck ledger adopt --reason ..."
)
