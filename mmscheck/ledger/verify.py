"""Look the whole ledger through for what was changed behind its back.

Who can write to the database and reckons every later hash, the chain's end and the projections anew leaves no
trace in it: only a hash noted elsewhere then tells. Everything less is found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, Text, and_, cast, false, func, not_, select
from sqlalchemy.engine import Connection

from mmscheck.errors import UsageError
from mmscheck.ledger.guards import guards
from mmscheck.ledger.reading import PAGE, entry
from mmscheck.ledger.rows import GENESIS, Row, digest
from mmscheck.ledger.schema import HEAD, HISTORY, PROJECTIONS, REDACTIONS, SUPPRESSIONS
from mmscheck.ledger.suppression_list import lost, made_together
from mmscheck.model.ledger import HistoryEntry, Tampering, Verification

MOST = 1000
"""Findings that are told; what is more of the same helps nobody."""


class _Chain:
    """The state of a walk along the history."""

    def __init__(self) -> None:
        self.seq = 0
        self.hash = GENESIS

    def step(self, row: HistoryEntry, redacted: Callable[[HistoryEntry], bool]) -> Iterator[Tampering]:
        """What is wrong with the next row, seen from the one before; ``redacted``: the chain tells."""
        if row.seq != self.seq + 1:
            gone = (
                f"row {self.seq + 1}" if row.seq == self.seq + 2 else f"rows {self.seq + 1} to {row.seq - 1}"
            )
            what = f"{gone} missing" if row.seq > self.seq else "numbered out of order"
            yield Tampering(seq=self.seq + 1 if row.seq > self.seq else row.seq, what=what)
        if row.previous != self.hash:
            yield Tampering(
                seq=row.seq,
                what="it does not follow the row before it: one was changed, moved, removed or put in",
            )
        if row.hash != digest(row) and not redacted(row):
            yield Tampering(
                seq=row.seq, what=f"its content was changed ({row.kind} of {row.table} {row.subject})"
            )
        self.seq, self.hash = row.seq, row.hash


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """A head that was noted earlier: how many rows there were, the hash of the last one, or both."""

    seq: int | None = None
    hash: str | None = None


def noted(text: str) -> Noted:
    """What ``ROWS``, ``HASH`` or ``ROWS:HASH``, as a verification prints it, says; raises UsageError."""
    first, mark, last = text.strip().lower().partition(":")
    rows, digest_ = (first, last) if mark else (first, "") if len(first) < _HASH_LENGTH else ("", first)
    right = (not rows or _ROWS.fullmatch(rows)) and (not digest_ or _HASH.fullmatch(digest_))
    if not right or not (rows or digest_) or (mark and not (rows and digest_)):
        raise UsageError(f"a noted head is ROWS, HASH or ROWS:HASH as verify prints it, not {text!a}")
    return Noted(seq=int(rows) if rows else None, hash=digest_ or None)


_HASH_LENGTH = len(GENESIS)
_HASH = re.compile(r"[0-9a-f]{64}")
_ROWS = re.compile(r"[0-9]{1,18}")


def verify(connection: Connection, expected: Noted | None = None) -> Verification:
    """Every fault of history, end, noted head, projections and schema, in this order.

    The connection sees one moment.
    """
    chain, findings, rows = _Chain(), _unnumbered(connection), 0
    for row in _history(connection):
        rows += 1
        findings += chain.step(row, partial(_is_redacted, connection))
        if len(findings) >= MOST:
            break
    else:
        findings += _counted(connection, rows)
        findings += _end(connection, chain)
        if expected is not None:
            findings += _noted(connection, chain, expected)
        for table in PROJECTIONS.values():
            findings += _projection(connection, table)
        findings += lost(connection, _decoded)
        findings += guards(connection)
    return Verification(rows=rows, head=f"{chain.seq}:{chain.hash}", found=tuple(findings[:MOST]))


def _is_redacted(connection: Connection, row: HistoryEntry) -> bool:
    """Whether a later row of the chain says that a number was taken out of this one, and what it is since."""
    query = select(REDACTIONS.c.digest).where(REDACTIONS.c.id == row.seq)
    return connection.execute(query).scalar() == digest(row)


def _numbered(connection: Connection) -> ColumnElement[bool]:
    """Which rows are walked: numbers from 1. SQLite would take anything for a number, and none as well."""
    # Reckoned with, so that no index is chosen for it: every row but the forged ones passes.
    positive = HISTORY.c.seq + 0 > 0
    if connection.dialect.name != "sqlite":
        return positive
    return and_(func.typeof(HISTORY.c.seq) == "integer", positive)


def _unnumbered(connection: Connection) -> list[Tampering]:
    """The rows that no walk comes by: no mmscheck ever wrote one."""
    columns = (cast(HISTORY.c.seq, Text), HISTORY.c.kind, HISTORY.c.target, HISTORY.c.subject)
    # What is no number is neither greater than 0 nor not.
    walked = func.coalesce(_numbered(connection), false())
    query = select(*columns).where(not_(walked)).limit(MOST)
    return [
        Tampering(
            seq=None,
            what=f"a row numbered {seq} was put in beside the history ({kind} of {target} {subject})",
        )
        for seq, kind, target, subject in connection.execute(query)
    ]


def _history(connection: Connection) -> Iterator[HistoryEntry]:
    last = 0
    while True:
        later = and_(_numbered(connection), HISTORY.c.seq > last)
        rows = (connection.execute(select(HISTORY).where(later).order_by(HISTORY.c.seq).limit(PAGE))).all()
        for row in rows:
            yield entry(row)
        if len(rows) < PAGE:
            return
        last = rows[-1].seq


def _counted(connection: Connection, walked: int) -> list[Tampering]:
    """Rows that are there, and that an index which was tampered with keeps from the walk."""
    numbered = connection.execute(select(func.count()).where(_numbered(connection))).scalar() or 0
    if numbered == walked:
        return []
    return [Tampering(seq=None, what=f"{walked} rows of the history can be read, and {numbered} are in it")]


def _end(connection: Connection, chain: _Chain) -> list[Tampering]:
    head = (connection.execute(select(HEAD.c.seq, HEAD.c.hash))).first()
    if head is None:
        return [Tampering(seq=None, what="the note of the last row is missing")]
    if head.seq > chain.seq:
        what = (
            f"the history ends at row {chain.seq}, and its last row was row {head.seq}: the rest was cut off"
        )
        return [Tampering(seq=chain.seq + 1, what=what)]
    if head.seq < chain.seq:
        what = (
            f"row {head.seq} was the last one, and rows up to {chain.seq} were added behind the ledger's back"
        )
        return [Tampering(seq=head.seq + 1, what=what)]
    if head.hash != chain.hash:
        return [Tampering(seq=head.seq, what="the last row is not the one that was written last")]
    return []


def _noted(connection: Connection, chain: _Chain, expected: Noted) -> list[Tampering]:
    """What was the last row once has to be a row still; later ones do no harm."""
    if expected.seq is not None and expected.seq > chain.seq:
        what = f"there were {expected.seq} rows when this was noted, and there are {chain.seq} now"
        return [Tampering(seq=chain.seq + 1, what=what)]
    if expected.hash is None or (expected.hash == GENESIS and not expected.seq):
        return []
    query = select(HISTORY.c.seq).where(HISTORY.c.hash == expected.hash)
    seq = connection.execute(query).scalar()
    if seq is None:
        what = "the row that was the last one when this was noted is gone: cut off, or written anew"
        return [Tampering(seq=expected.seq, what=what)]
    if expected.seq not in {None, seq}:
        return [Tampering(seq=seq, what=f"the row noted as row {expected.seq} is row {seq}")]
    return []


def _projection(connection: Connection, table: Table) -> list[Tampering]:
    findings = _orphans(connection, table)
    nameless = connection.execute(select(func.count()).where(table.c.id.is_(None))).scalar() or 0
    if nameless:
        findings.append(
            Tampering(seq=None, what=f"{table.name}: {nameless} rows without an id stand in no history")
        )
    last: Any = None
    while True:
        query = select(table).where(table.c.id.is_not(None)).order_by(table.c.id).limit(PAGE)
        if last is not None:
            query = query.where(table.c.id > last)
        rows = [dict(row) for row in (connection.execute(query)).mappings()]
        findings += _page(connection, table, rows)
        if len(rows) < PAGE or len(findings) >= MOST:
            return findings
        last = rows[-1]["id"]


def _page(connection: Connection, table: Table, rows: Sequence[Row]) -> list[Tampering]:
    wanted, last = _replayed(connection, table, [str(row["id"]) for row in rows])
    findings = []
    for row in rows:
        subject = str(row["id"])
        if subject not in wanted:
            findings.append(Tampering(seq=None, what=f"{table.name} {subject} stands in no history"))
            continue
        wrong = sorted(name for name, value in row.items() if wanted[subject].get(name) != value)
        if wrong:
            what = f"{table.name} {subject} is not what this row left it as: {', '.join(wrong)} differ"
            findings.append(Tampering(seq=last[subject], what=what))
    return findings


def _replayed(
    connection: Connection, table: Table, subjects: Sequence[str]
) -> tuple[dict[str, Row], dict[str, int]]:
    """What the history makes of these rows, and the last row of the history of each."""
    states: dict[str, Row] = {}
    last: dict[str, int] = {}
    if table is SUPPRESSIONS:
        for subject, seq, columns in made_together(connection, subjects, _decoded):
            states[subject], last[subject] = dict(columns), seq
    query = (
        select(HISTORY.c.seq, HISTORY.c.subject, HISTORY.c.body)
        .where(_numbered(connection), HISTORY.c.target == table.name, HISTORY.c.subject.in_(subjects))
        .order_by(HISTORY.c.seq)
    )
    for seq, subject, body in connection.execute(query):
        states.setdefault(subject, {}).update(_decoded(body))
        last[subject] = seq
    return states, last


def _decoded(body: str) -> Row:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}


def _orphans(connection: Connection, table: Table) -> list[Tampering]:
    """Rows of the history about something that is no longer there."""
    named = select(HISTORY.c.subject).where(_numbered(connection), HISTORY.c.target == table.name)
    gone = named.except_(select(cast(table.c.id, Text))).subquery()
    query = (
        select(HISTORY.c.subject, func.max(HISTORY.c.seq).label("last"))
        .where(
            _numbered(connection),
            HISTORY.c.target == table.name,
            HISTORY.c.subject.in_(select(gone.c.subject)),
        )
        .group_by(HISTORY.c.subject)
        .order_by("last")
        .limit(MOST)
    )
    return [
        Tampering(seq=seq, what=f"{table.name} {subject}, which this row last changed, was removed")
        for subject, seq in connection.execute(query)
    ]
