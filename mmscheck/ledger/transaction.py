"""One transaction: lock the chain's end, load what is needed, decide, and write it all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    Table,
    bindparam,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Connection

from mmscheck.ledger.book import Book, Needs, Row
from mmscheck.ledger.cleaning import Cleaner
from mmscheck.ledger.history import chained
from mmscheck.ledger.tables import (
    ADDRESS,
    DELIVERY,
    FIXED,
    HEAD,
    HISTORY,
    HOLDS,
    MMS,
    POSTBACKS,
    PROJECTIONS,
    SENDS,
    TAIL,
)
from mmscheck.model.ledger import PostbackMeaning, SendState

T = TypeVar("T")


def decided(
    connection: Connection, needs: Needs, at: int, decide: Callable[[Book], T], cleaner: Cleaner
) -> T:
    """What was decided; it is written, and durable once the connection's transaction is."""
    book, previous = begin(connection, needs, at)
    outcome = decide(book)
    finish(connection, book, previous, cleaner)
    return outcome


def begin(connection: Connection, needs: Needs, at: int) -> tuple[Book, str]:
    """Lock the end of the chain and load; returns the book and the hash that the next row follows."""
    row = (connection.execute(LOCK)).one()
    book = Book(seq=row.seq, at=at)
    _load(connection, book, needs)
    return book, row.hash


LOCK = select(HEAD.c.seq, HEAD.c.hash).with_for_update()


def _load(connection: Connection, book: Book, needs: Needs) -> None:
    """One statement for each table; what is not needed is not asked for."""
    trackings = needs.trackings | needs.reported
    of_sends = {
        "keys": needs.keys,
        "addressed": needs.addressed,
        "deliveries": needs.deliveries,
        "tails": needs.tails,
        "stored": needs.stored,
        "ids": needs.sends,
        "trackings": needs.reported,
    }
    of_postbacks = {"trackings": trackings, "encoded": needs.encoded, "digests": needs.postbacks}
    given = {
        "sends": _bound(of_sends),
        "postbacks": _bound(of_postbacks),
        "mms": _bound({"ids": needs.mms}),
    }
    extras = {"in-flight": needs.in_flight}
    for name, values in given.items():
        named = (one for one in values if one not in _BESIDE)
        wanted = (*named, *(extra for extra, asked in extras.items() if asked and name == "sends"))
        if wanted:
            rows = connection.execute(_query(name, wanted), values).mappings()
            book.load(name, map(dict, rows))
    if needs.holds:
        book.load(HOLDS.name, map(dict, connection.execute(_OPEN_HOLDS).mappings()))


_BESIDE = frozenset({"tails", "stored"})
"""What goes with the deliveries, and asks for nothing by itself."""

ENCODING = (PostbackMeaning.READY.value, PostbackMeaning.CORRUPT.value)
"""What a postback can say of a stored message."""

_CONDITIONS: Mapping[tuple[str, str], ColumnElement[bool]] = MappingProxyType(
    {
        ("sends", "keys"): SENDS.c.key.in_(bindparam("keys", expanding=True)),
        ("sends", "addressed"): literal_column(ADDRESS).in_(bindparam("addressed", expanding=True)),
        ("sends", "deliveries"): literal_column(TAIL).in_(bindparam("tails", expanding=True))
        & SENDS.c.mms_id.in_(bindparam("stored", expanding=True))
        & literal_column(DELIVERY).in_(bindparam("deliveries", expanding=True)),
        ("sends", "ids"): SENDS.c.id.in_(bindparam("ids", expanding=True)),
        ("sends", "trackings"): SENDS.c.tracking_id.in_(bindparam("trackings", expanding=True)),
        ("sends", "in-flight"): SENDS.c.state == SendState.INTENDED.value,
        ("postbacks", "trackings"): POSTBACKS.c.tracking_id.in_(bindparam("trackings", expanding=True)),
        ("postbacks", "encoded"): POSTBACKS.c.mms_id.in_(bindparam("encoded", expanding=True))
        # Not as parameters: with them a statement prepared for any could not use the index of these.
        & literal_column(f"postbacks.meaning IN {ENCODING}", Boolean),
        ("postbacks", "digests"): POSTBACKS.c.digest.in_(bindparam("digests", expanding=True)),
        ("mms", "ids"): MMS.c.id.in_(bindparam("ids", expanding=True)),
    }
)

_OPEN_HOLDS = select(HOLDS).where(HOLDS.c.released_at.is_(None))


@cache
def _query(table: str, wanted: tuple[str, ...]) -> Select[Any]:
    """Built once: building a statement costs more than running it."""
    return select(PROJECTIONS[table]).where(or_(*(_CONDITIONS[table, name] for name in wanted)))


def _bound(wanted: Mapping[str, frozenset[Any]]) -> dict[str, list[Any]]:
    size = max(map(len, wanted.values()))
    return {name: _padded(values, size) for name, values in wanted.items() if values}


def _padded(values: frozenset[T], size: int) -> list[T]:
    """The values, one of them repeated up to one of few lengths: each length is a statement to prepare."""
    length = next((one for one in _LENGTHS if one >= size), size)
    some = list(values)
    return some + some[-1:] * (length - len(some))


_LENGTHS = (1, 4, 16, 64, 256)


def finish(connection: Connection, book: Book, previous: str, cleaner: Cleaner) -> None:
    """Write the history, the projections and the chain's new end."""
    if not book.changes:
        return
    entries, last = chain(book, previous, cleaner)
    connection.execute(_INSERTS[HISTORY.name], entries)
    for name, (new, old) in touched(book, cleaner).items():
        if new:
            connection.execute(_INSERTS[name], new)
        if old:
            connection.execute(_UPDATES[name], [{**row, "key_": row["id"]} for row in old])
    connection.execute(_NEW_END, {"seq_": entries[-1]["seq"], "hash_": last})


def chain(book: Book, previous: str, cleaner: Cleaner) -> tuple[list[Row], str]:
    """The rows of the history that the changes become, and the last one's hash."""
    rows = []
    for seq, change in enumerate(book.changes, book.seq + 1):
        values = cleaner.row(change.values)
        cleaned = msgspec.structs.replace(change, values=values, subject=cleaner.text(change.subject))
        row = msgspec.structs.asdict(chained(cleaned, seq=seq, at=book.at, previous=previous))
        row["target"] = row.pop("table")
        previous = row["hash"]
        rows.append(row)
    return rows, previous


def touched(book: Book, cleaner: Cleaner) -> dict[str, tuple[list[Row], list[Row]]]:
    """For each table with changes its new rows, and its old ones without the columns that are fixed."""
    names = dict.fromkeys((change.target, change.subject) for change in book.changes if change.target)
    found: dict[str, tuple[list[Row], list[Row]]] = {}
    for table in PROJECTIONS:
        fixed = FIXED.get(table, frozenset())
        for row in book.table(table):
            if (table, str(row["id"])) not in names:
                continue
            new, old = found.setdefault(table, ([], []))
            if (table, row["id"]) in book.fresh:
                new.append(cleaner.row(row))
            else:
                old.append(cleaner.row({name: value for name, value in row.items() if name not in fixed}))
    return found


def _update_of(table: Table) -> Any:
    fixed = {"id", *FIXED.get(table.name, ())}
    columns: dict[str, Any] = {
        column.name: bindparam(column.name) for column in table.columns if column.name not in fixed
    }
    return update(table).where(table.c.id == bindparam("key_")).values(**columns)


_INSERTS = {table.name: insert(table) for table in (HISTORY, *PROJECTIONS.values())}
_NEW_END = update(HEAD).values(seq=bindparam("seq_"), hash=bindparam("hash_"))
_UPDATES = {name: _update_of(table) for name, table in PROJECTIONS.items()}
