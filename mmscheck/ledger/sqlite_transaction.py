"""A transaction on SQLite in few statements, each with all of its rows as one JSON text.

Every step of a statement lets other threads go first, and a busy event loop then keeps the writing thread
waiting for milliseconds: one step for a hundred rows instead of a hundred. See ``writer`` for what a send may
cost. Releases before ``JSON_SINCE`` get plain values.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Table
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError, NoResultFound

from mmscheck.ledger.rows import Cleaner, Row
from mmscheck.ledger.schema import FIXED, HISTORY, PROJECTIONS
from mmscheck.ledger.transaction_state import Moment, RowsNeeded, TransactionState, chain, conditions, touched

T = TypeVar("T")

JSON_SINCE = (3, 38, 0)
"""The first release of SQLite in which JSON and ``->>`` are always built in; Ubuntu 22.04 has 3.37."""

ChainEnd = tuple[int, str]
"""The last row of the history and its hash."""


def transact(
    connection: Connection,
    needs: RowsNeeded,
    now: Moment,
    decide: Callable[[TransactionState], T],
    cleaner: Cleaner,
) -> tuple[T, ChainEnd | None]:
    """What was decided, durable when this returns, in a transaction of its own that locks out all others.

    With it the chain's new end, None where nothing was written.
    Whatever it raises, the transaction may still be open: closing the connection undoes it.
    """
    raw = connection.connection.driver_connection
    assert raw is not None  # noqa: S101 - it has been connected
    read, put = (_read, _put) if sqlite3.sqlite_version_info >= JSON_SINCE else (_read_plainly, _put_plainly)
    try:
        # IMMEDIATE locks out other writers before the first row is read (sqlite.org/lang_transaction.html): a
        # deferred transaction would decide on rows that another one changes, and fail when it comes to write.
        raw.execute("BEGIN IMMEDIATE")
        transaction, previous = read(raw, needs, now())
        outcome = decide(transaction)
        end = _write(raw, transaction, previous, cleaner, put) if transaction.changes else None
        raw.execute("COMMIT")
    except sqlite3.IntegrityError as error:
        raise IntegrityError(None, None, error) from error
    return outcome, end


def _read(raw: Any, needs: RowsNeeded, at: int) -> tuple[TransactionState, str]:
    """The rows that are needed, and the hash that the next row of the history follows."""
    named = needs.named()
    query, tables = _reading((*named, *needs.flags()))
    row = raw.execute(query, [_json(values) for values in named.values()]).fetchone()
    seq, last, *found = _existing(row)
    transaction = TransactionState(seq=seq, at=at)
    for name, text in zip(tables, found, strict=True):
        transaction.load(name, msgspec.json.decode(text, type=list[Row]))
    return transaction, last


def _existing(end: Sequence[Any] | None) -> Sequence[Any]:
    if end is None:
        raise NoResultFound("the chain has no end")
    return end


def _write(
    raw: Any,
    transaction: TransactionState,
    previous: str,
    cleaner: Cleaner,
    put: Callable[..., None],
) -> ChainEnd:
    entries, last = chain(transaction, previous, cleaner)
    put(raw, HISTORY, entries, fresh=True)
    for name, (new, old) in touched(transaction, cleaner).items():
        for rows, fresh in ((new, True), (old, False)):
            if rows:
                put(raw, PROJECTIONS[name], rows, fresh=fresh)
    raw.execute("UPDATE head SET seq = ?, hash = ?", (entries[-1]["seq"], last))
    return entries[-1]["seq"], last


def _put(raw: Any, table: Table, rows: Sequence[Row], *, fresh: bool) -> None:
    raw.execute((_inserting if fresh else _updating)(table), (_json(rows),))


def _json(values: Any) -> str:
    return msgspec.json.encode(values).decode()


@cache
def _reading(wanted: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The statement, and the tables whose rows follow the chain's end in its only row."""
    places = {
        name: f"IN (SELECT value FROM json_each(?{number}))"  # noqa: S608 - a number
        for number, name in enumerate(wanted, 1)
    }
    asked = conditions(wanted, places)
    columns = [
        f"(SELECT json_group_array({_as_object(PROJECTIONS[table])}) FROM {table} WHERE {' OR '.join(some)})"  # noqa: S608 - names of ours
        for table, some in asked.items()
    ]
    return f"SELECT {', '.join(('seq', 'hash', *columns))} FROM head", tuple(asked)  # noqa: S608 - names of ours


def _as_object(table: Table) -> str:
    pairs = (f"'{column.name}', {column.name}" for column in table.columns)
    return f"json_object({', '.join(pairs)})"


@cache
def _inserting(table: Table) -> str:
    names = ", ".join(column.name for column in table.columns)
    values = ", ".join(f"value ->> '{column.name}'" for column in table.columns)
    return f"INSERT INTO {table.name} ({names}) SELECT {values} FROM json_each(?)"  # noqa: S608 - names of ours


@cache
def _updating(table: Table) -> str:
    changes = ", ".join(f"{name} = n.value ->> '{name}'" for name in _changing(table))
    return f"UPDATE {table.name} SET {changes} FROM json_each(?) n WHERE {table.name}.id = n.value ->> 'id'"  # noqa: S608 - names of ours


def _changing(table: Table) -> list[str]:
    """The columns that an update sets."""
    fixed = {"id", *FIXED.get(table.name, ())}
    return [column.name for column in table.columns if column.name not in fixed]


def _read_plainly(raw: Any, needs: RowsNeeded, at: int) -> tuple[TransactionState, str]:
    """``_read`` without JSON: a statement for each need, and a parameter for each value."""
    seq, last = _existing(raw.execute("SELECT seq, hash FROM head").fetchone())
    transaction = TransactionState(seq=seq, at=at)
    named = needs.named()
    values = {f"{name}{number}": one for name, some in named.items() for number, one in enumerate(some)}
    places = {
        name: f"IN ({', '.join(f':{name}{number}' for number in range(len(some)))})"
        for name, some in named.items()
    }
    for name in (*named, *needs.flags()):
        for table, (condition,) in conditions((name,), places).items():
            cursor = raw.execute(f"SELECT * FROM {table} WHERE {condition}", values)  # noqa: S608 - names of ours
            columns = [column[0] for column in cursor.description]
            transaction.load(table, [dict(zip(columns, row, strict=True)) for row in cursor])
    return transaction, last


def _put_plainly(raw: Any, table: Table, rows: Sequence[Row], *, fresh: bool) -> None:
    if fresh:
        names = [column.name for column in table.columns]
        query = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES (:{', :'.join(names)})"  # noqa: S608 - names of ours
    else:
        changes = ", ".join(f"{name} = :{name}" for name in _changing(table))
        query = f"UPDATE {table.name} SET {changes} WHERE id = :id"  # noqa: S608 - names of ours
    raw.executemany(query, rows)
