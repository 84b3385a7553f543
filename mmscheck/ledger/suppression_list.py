"""The list as a whole: numbers put on it by the thousand, read page by page, and held against the history."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Text, and_, any_, func, insert, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Connection

from mmscheck.ledger.bulk import ChainEnd
from mmscheck.ledger.database import Database
from mmscheck.ledger.pseudonyms import Pseudonyms
from mmscheck.ledger.rows import HistoryChange, Row
from mmscheck.ledger.schema import HISTORY, SUPPRESSIONS
from mmscheck.ledger.suppressions import MANY, TOGETHER, applies, entry, suppression
from mmscheck.model.ledger import Tampering
from mmscheck.model.suppression import Suppression, SuppressionCount, SuppressionScope, SuppressionSource

PAGE = 500

_OPEN = SUPPRESSIONS.c.removed_at.is_(None)


class Addition(msgspec.Struct, frozen=True, kw_only=True):
    """What all numbers of one import have in common."""

    scope: SuppressionScope
    source: SuppressionSource
    reason: str
    who: str


def add(
    connection: Connection, numbers: Sequence[str], addition: Addition, at: int, names: Pseudonyms
) -> SuppressionCount:
    """Put these numbers on the list, each once, in one transaction; those that are on it stay as they are."""
    end, added = ChainEnd(connection, at), 0
    common = entry(addition.scope, addition.source, addition.reason, addition.who, at)
    fresh = dict.fromkeys(numbers)
    for number in _known(connection, list(fresh), addition.scope, names):
        del fresh[number]
    todo = list(fresh)
    for start in range(0, len(todo), TOGETHER):
        page = todo[start : start + TOGETHER]
        first = (end.seq + 1) * TOGETHER
        end.append([HistoryChange(kind=MANY, target="", subject="", values={"numbers": page, **common})])
        rows = [{"id": first + place, "recipient": number, **common} for place, number in enumerate(page)]
        connection.execute(insert(SUPPRESSIONS), rows)
        added += len(page)
    return SuppressionCount(added=added, known=len(numbers) - added)


def _known(
    connection: Connection, numbers: Sequence[str], scope: SuppressionScope, names: Pseudonyms
) -> set[str]:
    """Those that are on the list in this very scope, under their pseudonyms too."""
    found: set[str] = set()
    for start in range(0, len(numbers), PAGE):
        called = {
            name: number for number in numbers[start : start + PAGE] for name in (number, names.of(number))
        }
        query = select(SUPPRESSIONS.c.recipient).where(
            _is_one_of(connection, called),
            _OPEN,
            SUPPRESSIONS.c.account == scope.account,
            SUPPRESSIONS.c.sender == scope.sender,
            SUPPRESSIONS.c.list_name == scope.list_name,
        )
        found |= {called[name] for (name,) in connection.execute(query)}
    return found


def _is_one_of(connection: Connection, numbers: Mapping[str, str]) -> ColumnElement[bool]:
    """Whether an entry is of one of these; in one parameter where there are lists: a thousand are slow."""
    if connection.dialect.name == "sqlite":
        return SUPPRESSIONS.c.recipient.in_(numbers)
    return SUPPRESSIONS.c.recipient == any_(literal(list(numbers), ARRAY(Text)))


def of_numbers(
    connection: Connection, numbers: Sequence[str], names: Pseudonyms, *, ended: bool = False
) -> dict[str, list[Suppression]]:
    """The entries of each of these numbers that has any; ``ended``: also those that were taken off."""
    called = {name: number for number in numbers for name in (number, names.of(number))}
    query = select(SUPPRESSIONS).where(_is_one_of(connection, called), true() if ended else _OPEN)
    found: dict[str, list[Suppression]] = {}
    for row in connection.execute(query.order_by(SUPPRESSIONS.c.id)).mappings():
        found.setdefault(called[row["recipient"]], []).append(suppression(dict(row)))
    return found


async def entries(database: Database, *, ended: bool) -> AsyncIterator[Suppression]:
    """Every entry, the oldest first, a page at a time."""
    last = 0
    while True:
        wanted = and_(SUPPRESSIONS.c.id > last, true() if ended else _OPEN)
        rows = await database.read(partial(_page, wanted=wanted))
        for row in rows:
            yield suppression(row)
        if len(rows) < PAGE:
            return
        last = rows[-1]["id"]


def _page(connection: Connection, wanted: ColumnElement[bool]) -> list[Row]:
    query = select(SUPPRESSIONS).where(wanted).order_by(SUPPRESSIONS.c.id).limit(PAGE)
    return [dict(row) for row in connection.execute(query).mappings()]


def in_force(
    found: Sequence[Suppression], *, account: str | None, sender: str, list_name: str
) -> Suppression | None:
    """The first of these entries that is about such a send."""
    for one in found:
        columns = {**msgspec.structs.asdict(one.scope)}
        if one.removed_at is None and applies(columns, account=account, sender=sender, list_name=list_name):
            return one
    return None


# Against the history


def made_together(
    connection: Connection, ids: Sequence[str], decoded: Any
) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """Of these entries those of imports, as their rows of the history made them: id, row, columns."""
    rows = sorted({int(one) // TOGETHER for one in ids})
    query = select(HISTORY.c.seq, HISTORY.c.body).where(HISTORY.c.seq.in_(rows), HISTORY.c.kind == MANY)
    for seq, body in connection.execute(query):
        values = decoded(body)
        numbers = values.pop("numbers", ())
        for place, number in enumerate(numbers):
            own = seq * TOGETHER + place
            yield str(own), seq, {"id": own, "recipient": number, **values}


def lost(connection: Connection, decoded: Any) -> list[Tampering]:
    """The imports of which entries are no longer there."""
    findings, last = [], 0
    while True:
        query = select(HISTORY.c.seq, HISTORY.c.body).where(HISTORY.c.seq > last, HISTORY.c.kind == MANY)
        rows = connection.execute(query.order_by(HISTORY.c.seq).limit(PAGE)).all()
        for seq, body in rows:
            wanted = len(decoded(body).get("numbers", ()))
            within = SUPPRESSIONS.c.id.between(seq * TOGETHER, seq * TOGETHER + TOGETHER - 1)
            found = connection.execute(select(func.count()).where(within)).scalar() or 0
            if found != wanted:
                what = f"{wanted} suppressions were made by this row, and {found} of them are there"
                findings.append(Tampering(seq=seq, what=what))
        if len(rows) < PAGE:
            return findings
        last = rows[-1][0]
