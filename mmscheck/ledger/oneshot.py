"""A transaction on PostgreSQL in two round trips: one statement that reads, one that writes and commits.

Nothing is locked while this process thinks. The writing statement moves the chain's end only from where the
reading one saw it, and writes nothing when it is elsewhere: whatever the ledger holds is then newer than
what was read, because every change moves the end. Each statement is a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

import msgspec

from mmscheck.ledger.book import Book, Needs, Row
from mmscheck.ledger.cleaning import Cleaner
from mmscheck.ledger.tables import ADDRESS, DELIVERY, FIXED, HISTORY, HOLDS, PROJECTIONS, TAIL
from mmscheck.ledger.transaction import ENCODING, chain, touched
from mmscheck.model.ledger import SendState

T = TypeVar("T")


class Raw(Protocol):
    """What is used of a connection of asyncpg."""

    async def fetchrow(self, query: str, *arguments: Any) -> Any:
        """The first row."""


class Moved(Exception):  # noqa: N818 - no error: another process was faster
    """The chain's end was moved by somebody else; nothing was written."""


Sent = dict[str, T]
"""What was decided, by the hash of the chain's end that the statement was to write."""


async def transact(
    connection: Raw,
    needs: Needs,
    at: int,
    decide: Callable[[Book], T],
    cleaner: Cleaner,
    *,
    sent: Sent[T] | None = None,
) -> T:
    """What was decided, durable when this returns; raises Moved when it has to be decided anew.

    When the connection ends meanwhile, only the history can tell whether it was written: ``sent`` has then
    what ``written`` has to look for.
    """
    book, previous = await _read(connection, needs, at)
    outcome = decide(book)
    if not book.changes:
        return outcome
    entries, last = chain(book, previous, cleaner)
    parts = [(f"+{HISTORY.name}", entries)]
    for name, (new, old) in touched(book, cleaner).items():
        parts += [(mark + name, rows) for mark, rows in (("+", new), ("=", old)) if rows]
    query = _writing(tuple(name for name, _ in parts))
    values = (msgspec.json.encode(rows).decode() for _, rows in parts)
    if sent is not None:
        sent[last] = outcome
    row = await connection.fetchrow(query, book.seq, previous, entries[-1]["seq"], last, *values)
    if not row[0]:
        if sent is not None:
            del sent[last]
        raise Moved
    return outcome


async def written(connection: Raw, sent: Sent[T]) -> str | None:
    """The hash under which one of these statements was written after all, or None."""
    row = await connection.fetchrow("SELECT hash FROM history WHERE hash = ANY($1::text[])", list(sent))
    return None if row is None else str(row[0])


async def _read(connection: Raw, needs: Needs, at: int) -> tuple[Book, str]:
    given = {name: list(getattr(needs, name)) for name in FIELDS if getattr(needs, name)}
    flags = tuple(name for name in FLAGS if getattr(needs, name))
    row = await connection.fetchrow(_reading((*given, *flags)), *given.values())
    if row is None:
        # There is no end to move; who asks with a lock says so.
        raise Moved
    book = Book(seq=row["seq"], at=at)
    for name in PROJECTIONS:
        if text := row.get(name):
            book.load(name, msgspec.json.decode(text, type=list[Row]))
    return book, row["hash"]


FIELDS = (
    *("keys", "addressed", "deliveries", "tails", "stored"),
    *("sends", "trackings", "reported", "mms", "encoded", "postbacks"),
)
FLAGS = ("in_flight", "holds")
"""The needs that name rows, and those that name none."""

_NUMBER = f"{TAIL} = ANY({{tails}}::text[]) AND mms_id = ANY({{stored}}::text[])"

WANTED: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "keys": (("sends", "key = ANY({keys}::text[])"),),
        "addressed": (("sends", f"{ADDRESS} = ANY({{addressed}}::text[])"),),
        # By the index of numbers, which is there anyhow: one more would cost each send a hundredth.
        "deliveries": (("sends", f"({_NUMBER} AND {DELIVERY} = ANY({{deliveries}}::text[]))"),),
        "tails": (),
        "stored": (),
        "sends": (("sends", "id = ANY({sends}::bigint[])"),),
        "trackings": (("postbacks", "tracking_id = ANY({trackings}::text[])"),),
        "reported": (
            ("sends", "tracking_id = ANY({reported}::text[])"),
            ("postbacks", "tracking_id = ANY({reported}::text[])"),
        ),
        "mms": (("mms", "id = ANY({mms}::text[])"),),
        "encoded": (("postbacks", f"(mms_id = ANY({{encoded}}::text[]) AND meaning IN {ENCODING})"),),
        "postbacks": (("postbacks", "digest = ANY({postbacks}::text[])"),),
        "in_flight": (("sends", f"state = '{SendState.INTENDED.value}'"),),
        "holds": ((HOLDS.name, "released_at IS NULL"),),
    }
)
"""For each need the tables with the rows, a need's name for its values; ``transaction`` asks one by one."""


@cache
def _reading(wanted: Sequence[str]) -> str:
    """One statement, so that all it tells is of one moment."""
    conditions: dict[str, list[str]] = {}
    places = {name: f"${number}" for number, name in enumerate(wanted, 1)}
    for name in wanted:
        for table, condition in WANTED[name]:
            conditions.setdefault(table, []).append(condition.format(**places))
    columns = [
        f"(SELECT json_agg(t)::text FROM {table} t WHERE {' OR '.join(some)}) AS {table}"  # noqa: S608 - names of ours
        for table, some in conditions.items()
    ]
    return f"SELECT {', '.join(('seq', 'hash', *columns))} FROM head"  # noqa: S608 - names of ours


@cache
def _writing(parts: Sequence[str]) -> str:
    """``+table`` puts rows in, ``=table`` gives them new values; all of it only when the end was moved."""
    steps = [
        "moved AS (UPDATE head SET seq = $3, hash = $4 WHERE seq = $1 AND hash = $2 RETURNING 1)",
        *(f"part{number} AS ({_part(name, f'${number}')})" for number, name in enumerate(parts, 5)),
    ]
    return f"WITH {', '.join(steps)} SELECT count(*) FROM moved"  # noqa: S608 - names of ours


def _part(name: str, parameter: str) -> str:
    table = HISTORY if name[1:] == HISTORY.name else PROJECTIONS[name[1:]]
    columns = [column.name for column in table.columns]
    rows = f"json_populate_recordset(NULL::{table.name}, {parameter}::text::json) n"
    if name[0] == "+":
        named = ", ".join(columns)
        values = ", ".join(f"n.{one}" for one in columns)
        return f"INSERT INTO {table.name} ({named}) SELECT {values} FROM {rows}, moved"  # noqa: S608 - names of ours
    fixed = {"id", *FIXED.get(table.name, ())}
    changes = ", ".join(f"{one} = n.{one}" for one in columns if one not in fixed)
    return f"UPDATE {table.name} t SET {changes} FROM {rows}, moved WHERE t.id = n.id"  # noqa: S608 - names of ours
