"""A transaction on PostgreSQL in two round trips: one statement that reads, one that writes and commits.

Nothing is locked while this process thinks. The writing statement moves the chain's end only from where the
reading one saw it, and writes nothing when it is elsewhere: whatever the ledger holds is then newer than
what was read, because every change moves the end. Each statement is a transaction of its own, but for those
who were too late several times: they take the end's lock first, and queue.

Where nobody else writes, one round trip is enough: it is decided on the rows that are known (``KnownRows``),
and the writing statement writes only where there are no others of those that were needed, and else reads
them. On an idle machine each round trip wakes two processes, which takes longer than its statement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from sqlalchemy.exc import NoResultFound

from mmscheck.ledger.known_rows import KEPT, KnownRows, StateRead
from mmscheck.ledger.rows import Cleaner, Row
from mmscheck.ledger.schema import FIXED, HISTORY, PROJECTIONS
from mmscheck.ledger.transaction_state import Moment, RowsNeeded, TransactionState, chain, conditions, touched

T = TypeVar("T")


class AsyncpgConnection(Protocol):
    """What is used of a connection of asyncpg."""

    async def fetchrow(self, query: str, *arguments: Any) -> Any:
        """The first row."""


class Moved(Exception):  # noqa: N818 - no error: another process was faster
    """The chain's end was moved by somebody else; nothing was written."""


Outcomes = dict[str, T]
"""What was decided, by the hash of the chain's end that the statement was to write."""


class Written(msgspec.Struct, Generic[T], frozen=True):
    """What was decided, with whatever it changed durable."""

    outcome: T


class Work(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What one call of ``transact`` decides by, and what it keeps; the state may be one or another."""

    decide: Callable[[TransactionState], T]
    cleaner: Cleaner
    now: Moment
    sent: Outcomes[T]
    known: KnownRows


async def transact(
    connection: AsyncpgConnection,
    needs: RowsNeeded,
    now: Moment,
    decide: Callable[[TransactionState], T],
    cleaner: Cleaner,
    *,
    sent: Outcomes[T] | None = None,
    known: KnownRows | None = None,
) -> T:
    """What was decided, durable when this returns; raises Moved when it has to be decided anew.

    When the connection ends meanwhile, only the history can tell whether it was written: ``sent`` has what
    was, and the next call with it looks. ``known`` is what the calls before have learnt.
    """
    sent = {} if sent is None else sent
    known = KnownRows() if known is None else known
    if sent and (done := await _written(connection, sent)):
        return sent[done]
    work = Work(decide=decide, cleaner=cleaner, now=now, sent=sent, known=known)
    state = known.state(needs, now())
    tried = None if state is None else await _write(connection, state, work, guessed=needs)
    if isinstance(tried, Written):
        return tried.outcome
    read = await _read(connection, needs, now) if tried is None else tried
    known.read(read)
    written = await _write(connection, read, work)
    if not isinstance(written, Written):
        raise Moved
    return written.outcome


async def transact_in_turn(
    connection: Any,
    needs: RowsNeeded,
    now: Moment,
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
        return await transact(connection, needs, now, decide, cleaner, sent=sent)


async def _written(connection: AsyncpgConnection, sent: Outcomes[T]) -> str | None:
    """The hash under which one of these statements was written after all, or None."""
    row = await connection.fetchrow("SELECT hash FROM history WHERE hash = ANY($1::text[])", list(sent))
    return None if row is None else str(row[0])


async def _read(connection: AsyncpgConnection, needs: RowsNeeded, now: Moment) -> StateRead:
    named = needs.named()
    row = await connection.fetchrow(_reading((*named, *needs.flags())), *named.values())
    return _state(row, now())


def _state(row: Any, at: int) -> StateRead:
    """What a row with the chain's end and the rows of each table says; raises Moved where there is none."""
    if row is None:
        # There is no end to move; who asks with a lock says so.
        raise Moved
    transaction = TransactionState(seq=row["seq"], at=at)
    for name in PROJECTIONS:
        if text := row.get(name):
            transaction.load(name, msgspec.json.decode(text, type=list[Row]))
    return transaction, row["hash"]


async def _write(
    connection: AsyncpgConnection, state: StateRead, work: Work[T], *, guessed: RowsNeeded | None = None
) -> Written[T] | StateRead | None:
    """Decide, and write what was changed; where the chain's end is elsewhere, nothing is written.

    ``guessed`` is what is needed where ``state`` has only what was known of it: where there is more, nothing
    is written either, and what there is comes back. None: it has to be read.
    """
    transaction, previous = state
    ids = {name: [row["id"] for row in transaction.table(name)] for name in KEPT}
    outcome = work.decide(transaction)
    if not transaction.changes:
        # Nobody has looked yet whether what was guessed is so.
        return None if guessed else Written(outcome)
    entries, last = chain(transaction, previous, work.cleaner)
    parts = [(f"+{HISTORY.name}", entries)]
    for name, (new, old) in touched(transaction, work.cleaner).items():
        parts += [(mark + name, rows) for mark, rows in (("+", new), ("=", old)) if rows]
    named = guessed.named() if guessed else {}
    query, known = _writing(tuple(name for name, _ in parts), tuple(named), guessed=guessed is not None)
    values: list[Any] = [msgspec.json.encode(rows).decode() for _, rows in parts]
    values += [*named.values(), *(ids[name] for name in known)]
    end = (entries[-1]["seq"], last)
    work.sent[last] = outcome
    row = await connection.fetchrow(query, transaction.seq, previous, *end, *values)
    if row and row["moved"]:
        work.known.wrote(state, end, parts)
        return Written(outcome)
    del work.sent[last]
    work.known.forget()
    return _state(row, work.now()) if guessed else None


@cache
def _reading(wanted: Sequence[str]) -> str:
    """One statement, so that all it tells is of one moment."""
    columns = [f"{rows} AS {table}" for table, rows in _rows(_conditions(wanted, 1)).items()]
    return f"SELECT {', '.join(('seq', 'hash', *columns))} FROM head"  # noqa: S608 - names of ours


def _conditions(wanted: Sequence[str], first: int) -> dict[str, str]:
    """For each table what is true of the rows that are needed; their values are parameters from ``first``."""
    places = {name: f"= ANY(${number}::{_id_type(name)}[])" for number, name in enumerate(wanted, first)}
    return {table: " OR ".join(some) for table, some in conditions(wanted, places).items()}


def _rows(asked: Mapping[str, str]) -> dict[str, str]:
    return {
        table: f"(SELECT json_agg(t)::text FROM {table} t WHERE {condition})"  # noqa: S608 - names of ours
        for table, condition in asked.items()
    }


@cache
def _writing(
    parts: Sequence[str], wanted: Sequence[str] = (), *, guessed: bool = False
) -> tuple[str, tuple[str, ...]]:
    """``+table`` puts rows in, ``=table`` gives them new values; all of it only when the end was moved.

    A guess moves it only where there are no others of the rows that are wanted than known ones: the tables
    come with it whose known ids are the last parameters. Where it was not moved, it tells what there is.
    """
    after = 5 + len(parts)
    asked = _conditions(wanted, after)
    known = tuple(name for name in KEPT if name in asked)
    others = {
        name: f" AND id <> ALL(${number}::{_id_type(name)}[])"
        for number, name in enumerate(known, after + len(wanted))
    }
    alone = "".join(
        f" AND NOT EXISTS (SELECT FROM {table} WHERE ({condition}){others.get(table, '')})"
        for table, condition in asked.items()
    )
    moving = f"UPDATE head SET seq = $3, hash = $4 WHERE seq = $1 AND hash = $2{alone} RETURNING 1"  # noqa: S608 - names of ours
    written = [f"part{number} AS ({_part(name, f'${number}')})" for number, name in enumerate(parts, 5)]
    steps = ", ".join((f"moved AS ({moving})", *written))
    told = ["(SELECT count(*) FROM moved) AS moved"]
    if not guessed:
        return f"WITH {steps} SELECT {told[0]}", ()
    told += ["seq", "hash"]
    told += [
        f"CASE WHEN NOT EXISTS (SELECT FROM moved) THEN {rows} END AS {table}"
        for table, rows in _rows(asked).items()
    ]
    return f"WITH {steps} SELECT {', '.join(told)} FROM head", known  # noqa: S608 - names of ours


def _id_type(need: str) -> str:
    return "bigint" if need in {"sends", "deletions"} else "text"


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
