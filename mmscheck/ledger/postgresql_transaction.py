"""A transaction on PostgreSQL in two round trips: one statement that reads, one that writes and commits.

Nothing is locked while this process thinks. The writing statement moves the chain's end only from where the
reading one saw it, and writes nothing when it is elsewhere: whatever the ledger holds is then newer than
what was read, because every change moves the end. Each statement is a transaction of its own, but for those
who were too late several times: they take the end's lock first, and queue.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Protocol, TypeVar

import msgspec
from sqlalchemy.exc import NoResultFound

from mmscheck.ledger.rows import Cleaner, Row
from mmscheck.ledger.schema import FIXED, HISTORY, PROJECTIONS
from mmscheck.ledger.transaction_state import RowsNeeded, TransactionState, chain, conditions, touched

T = TypeVar("T")


class AsyncpgConnection(Protocol):
    """What is used of a connection of asyncpg."""

    async def fetchrow(self, query: str, *arguments: Any) -> Any:
        """The first row."""


class Moved(Exception):  # noqa: N818 - no error: another process was faster
    """The chain's end was moved by somebody else; nothing was written."""


Outcomes = dict[str, T]
"""What was decided, by the hash of the chain's end that the statement was to write."""


async def transact(
    connection: AsyncpgConnection,
    needs: RowsNeeded,
    at: int,
    decide: Callable[[TransactionState], T],
    cleaner: Cleaner,
    *,
    sent: Outcomes[T] | None = None,
) -> T:
    """What was decided, durable when this returns; raises Moved when it has to be decided anew.

    When the connection ends meanwhile, only the history can tell whether it was written: ``sent`` has what
    was, and the next call with it looks.
    """
    if sent and (done := await _written(connection, sent)):
        return sent[done]
    transaction, previous = await _read(connection, needs, at)
    outcome = decide(transaction)
    if not transaction.changes:
        return outcome
    entries, last = chain(transaction, previous, cleaner)
    parts = [(f"+{HISTORY.name}", entries)]
    for name, (new, old) in touched(transaction, cleaner).items():
        parts += [(mark + name, rows) for mark, rows in (("+", new), ("=", old)) if rows]
    query = _writing(tuple(name for name, _ in parts))
    values = (msgspec.json.encode(rows).decode() for _, rows in parts)
    if sent is not None:
        sent[last] = outcome
    row = await connection.fetchrow(query, transaction.seq, previous, entries[-1]["seq"], last, *values)
    if not row[0]:
        if sent is not None:
            del sent[last]
        raise Moved
    return outcome


async def transact_in_turn(
    connection: Any,
    needs: RowsNeeded,
    at: int,
    decide: Callable[[TransactionState], T],
    cleaner: Cleaner,
    *,
    sent: Outcomes[T],
) -> T:
    """``transact`` with the chain's end locked, so that nobody can be faster; waits for whoever has the lock.

    What was sent before has ended by then, and is seen.
    """
    async with connection.transaction():
        if await connection.fetchrow("SELECT seq FROM head FOR UPDATE") is None:
            raise NoResultFound("the chain has no end")
        return await transact(connection, needs, at, decide, cleaner, sent=sent)


async def _written(connection: AsyncpgConnection, sent: Outcomes[T]) -> str | None:
    """The hash under which one of these statements was written after all, or None."""
    row = await connection.fetchrow("SELECT hash FROM history WHERE hash = ANY($1::text[])", list(sent))
    return None if row is None else str(row[0])


async def _read(connection: AsyncpgConnection, needs: RowsNeeded, at: int) -> tuple[TransactionState, str]:
    named = needs.named()
    row = await connection.fetchrow(_reading((*named, *needs.flags())), *named.values())
    if row is None:
        # There is no end to move; who asks with a lock says so.
        raise Moved
    transaction = TransactionState(seq=row["seq"], at=at)
    for name in PROJECTIONS:
        if text := row.get(name):
            transaction.load(name, msgspec.json.decode(text, type=list[Row]))
    return transaction, row["hash"]


@cache
def _reading(wanted: Sequence[str]) -> str:
    """One statement, so that all it tells is of one moment."""
    places = {
        name: f"= ANY(${number}::{'bigint' if name in {'sends', 'deletions'} else 'text'}[])"
        for number, name in enumerate(wanted, 1)
    }
    columns = [
        f"(SELECT json_agg(t)::text FROM {table} t WHERE {' OR '.join(some)}) AS {table}"  # noqa: S608 - names of ours
        for table, some in conditions(wanted, places).items()
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
