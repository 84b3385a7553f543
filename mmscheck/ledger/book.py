"""What one transaction has read and is about to write.

A batch of operations is loaded at once, decided one after the other in memory, and written at once. The
decisions are plain functions of a book.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import Any, Generic, TypeVar

from mmscheck.ledger.history import Change
from mmscheck.ledger.tables import FIXED, address, delivery, tail

T = TypeVar("T")

Row = dict[str, Any]
"""One row of a projection by column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """The rows an operation has to see before it decides.

    ``addressed`` brings what a campaign sent to a number (``tables.address``), ``deliveries`` who got a
    stored message (``tables.delivery``); ``trackings`` postbacks of these tracking ids, ``reported`` sends as
    well; ``mms`` stored messages (``accounts.stored_id``), ``encoded`` what postbacks said of the encoding
    of an mms-id; ``in_flight`` every intent without an answer; ``holds`` the open ones.
    """

    keys: frozenset[str] = frozenset()
    addressed: frozenset[str] = frozenset()
    deliveries: frozenset[str] = frozenset()
    sends: frozenset[int] = frozenset()
    trackings: frozenset[str] = frozenset()
    reported: frozenset[str] = frozenset()
    mms: frozenset[str] = frozenset()
    encoded: frozenset[str] = frozenset()
    postbacks: frozenset[str] = frozenset()
    in_flight: bool = False
    holds: bool = False

    @property
    def tails(self) -> frozenset[str]:
        """The last digits of the numbers of ``deliveries``, by which an index finds them."""
        return frozenset(tail(one.rpartition(" ")[2]) for one in self.deliveries)

    @property
    def stored(self) -> frozenset[str]:
        """The mms-ids of ``deliveries``, which the same index has next."""
        return frozenset(one.rpartition(" ")[0] for one in self.deliveries)


def together(all_needs: Iterable[Needs]) -> Needs:
    """What all of them need."""
    several = tuple(all_needs)
    if len(several) == 1:
        return several[0]
    sets = {
        one.name: frozenset[Any]().union(*(getattr(needs, one.name) for needs in several))
        for one in fields(Needs)
        if one.name not in {"in_flight", "holds"}
    }
    return Needs(
        **sets,
        in_flight=any(needs.in_flight for needs in several),
        holds=any(needs.holds for needs in several),
    )


@dataclass(slots=True)
class Book:
    """The rows of one transaction; ``seq`` is the last row of the history, ``at`` the time of the writing.

    ``keyed`` has the sends by their idempotency keys, ``addressed`` those of campaigns by who got them, and
    ``delivered`` all by who got which stored message.
    """

    seq: int
    at: int
    rows: dict[str, dict[int | str, Row]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    fresh: set[tuple[str, int | str]] = field(default_factory=set)
    keyed: dict[str, Row] = field(default_factory=dict)
    addressed: dict[str, list[Row]] = field(default_factory=dict)
    delivered: dict[str, list[Row]] = field(default_factory=dict)

    def load(self, table: str, rows: Iterable[Row]) -> None:
        """Take rows that were read; one that is here already stays as it is."""
        known = self.rows.setdefault(table, {})
        for row in rows:
            if row["id"] not in known:
                known[row["id"]] = row
                self._index(table, row)

    def table(self, name: str) -> Iterable[Row]:
        """Every row of a table that is in the book."""
        return self.rows.get(name, {}).values()

    def get(self, table: str, key: int | str) -> Row | None:
        """One row, or None when there is none, or none was asked for."""
        return self.rows.get(table, {}).get(key)

    def find(self, table: str, **wanted: Any) -> list[Row]:
        """The rows in which these columns have these values."""
        return [row for row in self.table(table) if all(row[name] == value for name, value in wanted.items())]

    def insert(self, kind: str, table: str, values: Row, key: str | None = None) -> Row:
        """A new row; without a key its id is the number of the history row that makes it."""
        row = {"id": self._next() if key is None else key, **values}
        self.rows.setdefault(table, {})[row["id"]] = row
        self.fresh.add((table, row["id"]))
        self._index(table, row)
        self._add(kind, table, row["id"], row)
        return row

    def update(self, kind: str, table: str, key: int | str, values: Row) -> Row:
        """New values for some columns of a row that is in the book; ValueError for columns that are fixed."""
        if FIXED.get(table, frozenset()) & values.keys():
            raise ValueError(f"a fixed column of {table} was to be changed")
        row = self.rows[table][key]
        row.update(values)
        if "campaign" in values:
            self._index(table, row)
        self._add(kind, table, key, values)
        return row

    def note(self, kind: str, values: Row) -> None:
        """A row of the history that changes nothing else."""
        self.changes.append(Change(kind=kind, target="", subject="", values=values))

    def _index(self, table: str, row: Row) -> None:
        if table != "sends":
            return
        self.keyed[row["key"]] = row
        if row["campaign"] is not None:
            _put(self.addressed, address(row["campaign"], row["recipient"]), row)
        _put(self.delivered, delivery(row["mms_id"], row["recipient"]), row)

    def _next(self) -> int:
        return self.seq + len(self.changes) + 1

    def _add(self, kind: str, table: str, key: int | str, values: Row) -> None:
        self.changes.append(Change(kind=kind, target=table, subject=str(key), values=dict(values)))


def _put(index: dict[str, list[Row]], key: str, row: Row) -> None:
    known = index.get(key)
    if known is None:
        index[key] = [row]
    elif all(other is not row for other in known):
        known.append(row)


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """One thing to do in a transaction; ``decide`` may raise an MmscheckError before it changes anything."""

    needs: Needs
    decide: Callable[[Book], T]
