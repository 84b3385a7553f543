"""The kill switch."""

from __future__ import annotations

from collections.abc import Iterable

from mmscheck.ledger.book import Book, Needs, Operation, Row
from mmscheck.ledger.records import hold_record
from mmscheck.model.ledger import Hold

OPEN = "SELECT id, reason, who, held_at FROM holds WHERE released_at IS NULL ORDER BY id"
"""Every open hold, the oldest first; read before every send."""


def read(rows: Iterable[Row]) -> tuple[Hold, ...]:
    """The rows of ``OPEN``."""
    return tuple(map(hold_record, rows))


def hold(reason: str, who: str) -> Operation[Hold]:
    """Pull it; more than one may do so, each for a reason of their own."""

    def decide(book: Book) -> Hold:
        columns = {"reason": reason, "who": who, "held_at": book.at, "released_by": None, "released_at": None}
        return hold_record(book.insert("hold", "holds", columns))

    return Operation(Needs(), decide)


def release(who: str) -> Operation[tuple[Hold, ...]]:
    """Let go of every hold there is; returns them."""

    def decide(book: Book) -> tuple[Hold, ...]:
        rows = book.find("holds", released_at=None)
        for row in rows:
            book.update("release", "holds", row["id"], {"released_by": who, "released_at": book.at})
        return tuple(hold_record(row) for row in rows)

    return Operation(Needs(holds=True), decide)
