"""What one transaction needs of the ledger, has read of it and is about to write.

A batch of operations is loaded at once, decided one after the other in memory, and written at once. The
decisions are plain functions of a transaction's state. How the rows are read and written is each database's
own business (``sqlite_transaction``, ``postgresql_transaction``); which ones is said here alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import msgspec

from mmscheck.ledger.rows import Cleaner, HistoryChange, Row, chained
from mmscheck.ledger.schema import ADDRESS, DELIVERY, FIXED, HOLDS, PROJECTIONS, TAIL, address, delivery, tail
from mmscheck.model.ledger import DeletionState, PostbackMeaning, SendState

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsNeeded:
    """The rows an operation has to see before it decides.

    ``addressed`` brings what a campaign sent to a number (``tables.address``), ``deliveries`` who got a
    stored message (``tables.delivery``); ``trackings`` postbacks of these tracking ids, ``reported`` sends as
    well; ``mms`` stored messages (``accounts.stored_id``), ``encoded`` what postbacks said of the encoding
    of an mms-id; ``deletions`` some of them, and what was not lifted of a stored message comes with it;
    ``suppressed`` the open suppressions of numbers, ``texted`` all sends to them, which go with their
    ``deliveries``; ``approved`` the proofs and approvals of contents, ``proved`` the sends of their proofs;
    ``in_flight`` every intent and every deletion without an answer; ``holds`` the open ones.
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
    suppressed: frozenset[str] = frozenset()
    texted: frozenset[str] = frozenset()
    deletions: frozenset[int] = frozenset()
    approved: frozenset[str] = frozenset()
    proved: frozenset[str] = frozenset()
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

    def named(self) -> dict[str, list[Any]]:
        """The needs that name rows, with the names; those that name none are left out."""
        return {name: list(values) for name in _NAMING if (values := getattr(self, name))}

    def flags(self) -> tuple[str, ...]:
        """The needs that name no rows."""
        return tuple(name for name in _FLAGS if getattr(self, name))


_FLAGS = ("in_flight", "holds")
_NAMING = (
    *("keys", "addressed", "deliveries", "tails", "stored"),
    *("sends", "trackings", "reported", "mms", "encoded", "postbacks", "suppressed", "texted"),
    "deletions",
    *("approved", "proved"),
)

ENCODING = (PostbackMeaning.READY.value, PostbackMeaning.CORRUPT.value)
"""What a postback can say of a stored message."""

_CONDITIONS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "keys": (("sends", "key {keys}"),),
        "addressed": (("sends", f"{ADDRESS} {{addressed}}"),),
        # By the index of numbers, which is there anyhow: one more would cost each send a hundredth.
        "deliveries": (("sends", f"({TAIL} {{tails}} AND mms_id {{stored}} AND {DELIVERY} {{deliveries}})"),),
        # These go with the deliveries, and ask for nothing by themselves.
        "tails": (),
        "stored": (),
        "sends": (("sends", "id {sends}"),),
        "trackings": (("postbacks", "tracking_id {trackings}"),),
        "reported": (("sends", "tracking_id {reported}"), ("postbacks", "tracking_id {reported}")),
        "mms": (("mms", "id {mms}"), ("deletions", "(stored {mms} AND lifted_at IS NULL)")),
        # The meanings not as values: with them a statement prepared for any could not use the index of these.
        "encoded": (("postbacks", f"(mms_id {{encoded}} AND meaning IN {ENCODING})"),),
        "postbacks": (("postbacks", "digest {postbacks}"),),
        "suppressed": (("suppressions", "(recipient {suppressed} AND removed_at IS NULL)"),),
        "texted": (("sends", f"({TAIL} {{tails}} AND recipient {{texted}})"),),
        "deletions": (("deletions", "id {deletions}"),),
        "approved": (("approvals", "content {approved}"), ("proofs", "content {approved}")),
        # Told twice, because an index of some rows serves only who asks for those.
        "proved": (("sends", "(proof {proved} AND proof IS NOT NULL)"),),
        "in_flight": (
            ("sends", f"state = '{SendState.INTENDED.value}'"),
            ("deletions", f"(state = '{DeletionState.BEGUN.value}' AND lifted_at IS NULL)"),
        ),
        "holds": ((HOLDS.name, "released_at IS NULL"),),
    }
)
"""For each need the tables with its rows and what is true of them, in SQL that both databases take.

``{need}`` stands for "is one of the values of this need", which each database says in its own way.
"""


def conditions(wanted: Iterable[str], is_one_of: Mapping[str, str]) -> dict[str, list[str]]:
    """What is true of the rows that these needs ask for, by table.

    ``is_one_of`` has for each need that names rows how the database asks for one of its values.
    """
    found: dict[str, list[str]] = {}
    for name in wanted:
        for table, condition in _CONDITIONS[name]:
            found.setdefault(table, []).append(condition.format_map(is_one_of))
    return found


def together(all_needs: Iterable[RowsNeeded]) -> RowsNeeded:
    """What all of them need."""
    several = tuple(all_needs)
    if len(several) == 1:
        return several[0]
    sets = {
        one.name: frozenset[Any]().union(*(getattr(needs, one.name) for needs in several))
        for one in fields(RowsNeeded)
        if one.name not in _FLAGS
    }
    return RowsNeeded(
        **sets,
        in_flight=any(needs.in_flight for needs in several),
        holds=any(needs.holds for needs in several),
    )


Moment = Callable[[], int]
"""What the clock says when it is asked, in microseconds since the epoch."""


@dataclass(slots=True)
class TransactionState:
    """The rows of one transaction; ``seq`` is the last row of the history, ``at`` the time of the writing.

    ``keyed`` has the sends by their idempotency keys, ``addressed`` those of campaigns by who got them, and
    ``delivered`` all by who got which stored message, ``to`` all by who got them.
    """

    seq: int
    at: int
    rows: dict[str, dict[int | str, Row]] = field(default_factory=dict)
    changes: list[HistoryChange] = field(default_factory=list)
    fresh: set[tuple[str, int | str]] = field(default_factory=set)
    keyed: dict[str, Row] = field(default_factory=dict)
    addressed: dict[str, list[Row]] = field(default_factory=dict)
    delivered: dict[str, list[Row]] = field(default_factory=dict)
    to: dict[str, list[Row]] = field(default_factory=dict)

    def load(self, table: str, rows: Iterable[Row]) -> None:
        """Take rows that were read; one that is here already stays as it is."""
        known = self.rows.setdefault(table, {})
        for row in rows:
            if row["id"] not in known:
                known[row["id"]] = row
                self._index(table, row)

    def table(self, name: str) -> Iterable[Row]:
        """Every row of a table that is in the transaction."""
        return self.rows.get(name, {}).values()

    def get(self, table: str, key: int | str) -> Row | None:
        """One row, or None when there is none, or none was asked for."""
        return self.rows.get(table, {}).get(key)

    def find(self, table: str, **wanted: Any) -> list[Row]:
        """The rows in which these columns have these values."""
        return [row for row in self.table(table) if all(row[name] == value for name, value in wanted.items())]

    def insert(self, kind: str, table: str, values: Row, key: str | int | None = None) -> Row:
        """A new row; without a key its id is the number of the history row that makes it."""
        row = {"id": self.next() if key is None else key, **values}
        self.rows.setdefault(table, {})[row["id"]] = row
        self.fresh.add((table, row["id"]))
        self._index(table, row)
        self._add(kind, table, row["id"], row)
        return row

    def update(self, kind: str, table: str, key: int | str, values: Row) -> Row:
        """New values for some columns of a row that was read; ValueError for columns that are fixed."""
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
        self.changes.append(HistoryChange(kind=kind, target="", subject="", values=values))

    def _index(self, table: str, row: Row) -> None:
        if table != "sends":
            return
        self.keyed[row["key"]] = row
        if row["campaign"] is not None:
            _put(self.addressed, address(row["campaign"], row["recipient"]), row)
        _put(self.delivered, delivery(row["mms_id"], row["recipient"]), row)
        _put(self.to, row["recipient"], row)

    def next(self) -> int:
        """The number of the history's next row."""
        return self.seq + len(self.changes) + 1

    def _add(self, kind: str, table: str, key: int | str, values: Row) -> None:
        self.changes.append(HistoryChange(kind=kind, target=table, subject=str(key), values=dict(values)))


def _put(index: dict[str, list[Row]], key: str, row: Row) -> None:
    known = index.get(key)
    if known is None:
        index[key] = [row]
    elif all(other is not row for other in known):
        known.append(row)


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """One thing to do in a transaction; ``decide`` may raise an MmscheckError before it changes anything."""

    needs: RowsNeeded
    decide: Callable[[TransactionState], T]


def chain(transaction: TransactionState, previous: str, cleaner: Cleaner) -> tuple[list[Row], str]:
    """The rows of the history that the changes become, after the hash ``previous``; and the last hash."""
    rows = []
    for seq, change in enumerate(transaction.changes, transaction.seq + 1):
        values = cleaner.row(change.values)
        cleaned = msgspec.structs.replace(change, values=values, subject=cleaner.text(change.subject))
        row = msgspec.structs.asdict(chained(cleaned, seq=seq, at=transaction.at, previous=previous))
        row["target"] = row.pop("table")
        previous = row["hash"]
        rows.append(row)
    return rows, previous


def touched(transaction: TransactionState, cleaner: Cleaner) -> dict[str, tuple[list[Row], list[Row]]]:
    """For each table with changes its new rows, and its old ones without the columns that are fixed."""
    names = dict.fromkeys((change.target, change.subject) for change in transaction.changes if change.target)
    found: dict[str, tuple[list[Row], list[Row]]] = {}
    for table in PROJECTIONS:
        fixed = FIXED.get(table, frozenset())
        for row in transaction.table(table):
            if (table, str(row["id"])) not in names:
                continue
            new, old = found.setdefault(table, ([], []))
            if (table, row["id"]) in transaction.fresh:
                new.append(cleaner.row(row))
            else:
                old.append(cleaner.row({name: value for name, value in row.items() if name not in fixed}))
    return found
