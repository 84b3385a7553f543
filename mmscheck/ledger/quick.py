"""A transaction on SQLite in few statements, each with all of its rows as one JSON text.

Every step of a statement lets other threads go first, and a busy event loop then keeps the writing thread
waiting for milliseconds: one step for a hundred rows instead of a hundred.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Table
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError, NoResultFound

from mmscheck.ledger.book import Book, Needs, Row
from mmscheck.ledger.cleaning import Cleaner
from mmscheck.ledger.oneshot import FIELDS, FLAGS, WANTED
from mmscheck.ledger.tables import FIXED, HISTORY, PROJECTIONS
from mmscheck.ledger.transaction import chain, touched

T = TypeVar("T")

OLDEST = (3, 38, 0)
"""The first release of SQLite in which all that is used here is always built in."""


End = tuple[int, str]
"""The last row of the history and its hash."""


def transact(
    connection: Connection, needs: Needs, at: int, decide: Callable[[Book], T], cleaner: Cleaner
) -> tuple[T, End | None]:
    """What was decided, durable when this returns, in a transaction of its own that locks out all others.

    With it the chain's new end, None where nothing was written.
    Whatever it raises, the transaction may still be open: closing the connection undoes it.
    """
    raw = connection.connection.driver_connection
    assert raw is not None  # noqa: S101 - it has been connected
    try:
        raw.execute("BEGIN IMMEDIATE")
        book, previous = _read(raw, needs, at)
        outcome = decide(book)
        end = _write(raw, book, previous, cleaner) if book.changes else None
        raw.execute("COMMIT")
    except sqlite3.IntegrityError as error:
        raise IntegrityError(None, None, error) from error
    return outcome, end


def _read(raw: Any, needs: Needs, at: int) -> tuple[Book, str]:
    given = {name: list(getattr(needs, name)) for name in FIELDS if getattr(needs, name)}
    flags = tuple(name for name in FLAGS if getattr(needs, name))
    query, tables = _reading((*given, *flags))
    row = raw.execute(query, [_json(values) for values in given.values()]).fetchone()
    if row is None:
        raise NoResultFound("the chain has no end")
    seq, last, *found = row
    book = Book(seq=seq, at=at)
    for name, text in zip(tables, found, strict=True):
        book.load(name, msgspec.json.decode(text, type=list[Row]))
    return book, last


def _write(raw: Any, book: Book, previous: str, cleaner: Cleaner) -> End:
    entries, last = chain(book, previous, cleaner)
    raw.execute(_inserting(HISTORY), (_json(entries),))
    for name, (new, old) in touched(book, cleaner).items():
        if new:
            raw.execute(_inserting(PROJECTIONS[name]), (_json(new),))
        if old:
            raw.execute(_updating(PROJECTIONS[name]), (_json(old),))
    raw.execute("UPDATE head SET seq = ?, hash = ?", (entries[-1]["seq"], last))
    return entries[-1]["seq"], last


def _json(values: Any) -> str:
    return msgspec.json.encode(values).decode()


_ANY = re.compile(r"= ANY\(\{(\w+)\}::\w+\[\]\)")
"""How PostgreSQL asks for one of several values; the name of the need stands for them."""

_VALUES = "SELECT value FROM json_each"


@cache
def _reading(wanted: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The statement, and the tables whose rows follow the chain's end in its only row."""
    conditions: dict[str, list[str]] = {}
    places = {name: f"?{number}" for number, name in enumerate(wanted, 1)}
    for name in wanted:
        for table, condition in WANTED[name]:
            asked = _ANY.sub(lambda one: f"IN ({_VALUES}({places[one[1]]}))", condition)
            conditions.setdefault(table, []).append(asked)
    columns = [
        f"(SELECT json_group_array({_as_object(PROJECTIONS[table])}) FROM {table} WHERE {' OR '.join(some)})"  # noqa: S608 - names of ours
        for table, some in conditions.items()
    ]
    return f"SELECT {', '.join(('seq', 'hash', *columns))} FROM head", tuple(conditions)  # noqa: S608 - names of ours


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
    fixed = {"id", *FIXED.get(table.name, ())}
    changes = ", ".join(
        f"{column.name} = n.value ->> '{column.name}'" for column in table.columns if column.name not in fixed
    )
    return f"UPDATE {table.name} SET {changes} FROM json_each(?) n WHERE {table.name}.id = n.value ->> 'id'"  # noqa: S608 - names of ours
