"""Changes of many rows at once, with the end of the chain locked: what came before is in front of them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from mmscheck.errors import LedgerError
from mmscheck.ledger.rows import HistoryChange, Row, chained
from mmscheck.ledger.schema import HEAD, HISTORY


class ChainEnd:
    """The end of the history in one transaction that writes; whoever else writes waits for it."""

    def __init__(self, connection: Connection, at: int) -> None:
        """Lock it (SQLite has locked the file); ``at`` is the time of the writing, in microseconds."""
        self._connection = connection
        end = connection.execute(select(HEAD.c.seq, HEAD.c.hash).with_for_update()).first()
        if end is None:
            raise LedgerError("the chain of the ledger has no end")
        self.at = at
        self.seq, self._hash = int(end[0]), str(end[1])

    def append(self, changes: Sequence[HistoryChange]) -> None:
        """Write the rows of these changes and move the end; the projections are the caller's."""
        rows: list[Row] = []
        for change in changes:
            self.seq += 1
            row = msgspec.structs.asdict(chained(change, seq=self.seq, at=self.at, previous=self._hash))
            row["target"] = row.pop("table")
            self._hash = row["hash"]
            rows.append(row)
        self._connection.execute(insert(HISTORY), rows)
        self._connection.execute(update(HEAD).values(seq=self.seq, hash=self._hash))
