"""Questions to the ledger that change nothing, each asked of the database anew."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true
from sqlalchemy.engine import Connection

from mmscheck.ledger.book import Row
from mmscheck.ledger.database import Database
from mmscheck.ledger.numbers import same_number
from mmscheck.ledger.records import mms_record, postback_record, send_record
from mmscheck.ledger.tables import HISTORY, MMS, POSTBACKS, SENDS
from mmscheck.model.ledger import (
    HistoryEntry,
    MmsRecord,
    Postback,
    PostbackMeaning,
    SendRecord,
    SendState,
)

PAGE = 500
"""Rows that are read at once, so that a long list holds memory flat."""

WINDOW = (300, 4 * 24 * 3600)
"""Seconds before and after a claim in which a postback may be about it: clocks differ by some, and a message
lives three days when nothing else is said (Sinch MM7 introduction, default expiry)."""

_ABOUT_A_SEND = (
    PostbackMeaning.SENT.value,
    PostbackMeaning.STATUS.value,
    PostbackMeaning.DELIVERED_AS_SMS.value,
    PostbackMeaning.FAILED.value,
)

_MATCHED = exists().where(SENDS.c.tracking_id == POSTBACKS.c.tracking_id)

_UNMATCHED = and_(
    ~_MATCHED,
    or_(
        POSTBACKS.c.tracking_id.is_not(None),
        POSTBACKS.c.meaning.not_in((PostbackMeaning.READY.value, PostbackMeaning.CORRUPT.value)),
        ~exists().where(MMS.c.id == POSTBACKS.c.mms_id),
    ),
)

_LATE_REFUSAL = exists().where(
    POSTBACKS.c.tracking_id == SENDS.c.tracking_id,
    POSTBACKS.c.meaning == PostbackMeaning.FAILED.value,
    or_(
        POSTBACKS.c.code.like("E1__"),
        POSTBACKS.c.code.like("E01_"),
        POSTBACKS.c.code.in_(("N013", "N101", "N102")),
    ),
    func.lower(func.coalesce(POSTBACKS.c.status, "")).not_like("%expired"),
)
"""What the gate let pass, the provider accepted, and the provider's encoder or the carrier refused later.

E011 to E013 and E100 to E102, and the codes of success whose status says failure all the same; a status that
says "expired" tells of a phone that was off, and refuses nothing.
"""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which sends: in one state, of one campaign, or let through by the gate and refused later."""

    state: SendState | None = None
    campaign: str | None = None
    false_permits: bool = False

    def condition(self) -> ColumnElement[bool]:
        """As SQL."""
        parts: list[ColumnElement[bool]] = [true()]
        if self.state is not None:
            parts.append(SENDS.c.state == self.state.value)
        if self.campaign is not None:
            parts.append(SENDS.c.campaign == self.campaign)
        if self.false_permits:
            parts.append(_LATE_REFUSAL)
        return and_(*parts)


def send(connection: Connection, send_id: int) -> SendRecord | None:
    """One send, or None."""
    found = (connection.execute(select(SENDS).where(SENDS.c.id == send_id))).mappings().first()
    return None if found is None else send_record(dict(found))


def mms(connection: Connection, mms_id: str) -> MmsRecord | None:
    """One stored message, or None."""
    found = (connection.execute(select(MMS).where(MMS.c.id == mms_id))).mappings().first()
    return None if found is None else mms_record(dict(found))


def counts(connection: Connection, wanted: Filter) -> dict[SendState, int]:
    """How many sends are in each state; states that none is in are left out."""
    query = select(SENDS.c.state, func.count()).where(wanted.condition()).group_by(SENDS.c.state)
    return {SendState(state): number for state, number in connection.execute(query)}


async def sends(database: Database, wanted: Filter) -> AsyncIterator[SendRecord]:
    """The sends in the order in which they were first claimed, a page at a time."""
    last = 0
    while True:
        query = select(SENDS).where(wanted.condition(), SENDS.c.id > last).order_by(SENDS.c.id).limit(PAGE)
        rows = await database.read(partial(_rows, query=query))
        for row in rows:
            yield send_record(row)
        if len(rows) < PAGE:
            return
        last = rows[-1]["id"]


def _rows(connection: Connection, query: Select[Any]) -> list[Row]:
    return [dict(row) for row in connection.execute(query).mappings()]


def history(connection: Connection, table: str, subject: str) -> tuple[HistoryEntry, ...]:
    """Everything that happened to one row, the oldest first."""
    query = (
        select(HISTORY).where(HISTORY.c.target == table, HISTORY.c.subject == subject).order_by(HISTORY.c.seq)
    )
    return tuple(entry(row) for row in connection.execute(query))


def entry(row: Sequence[Any]) -> HistoryEntry:
    """A row of the history with its columns in their order."""
    return HistoryEntry(**dict(zip(HistoryEntry.__struct_fields__, row, strict=True)))


def postbacks(connection: Connection, tracking_id: str) -> tuple[Postback, ...]:
    """Every postback with this tracking id, in the order of arrival."""
    return _postbacks(connection, select(POSTBACKS).where(POSTBACKS.c.tracking_id == tracking_id))


async def arrivals(database: Database, *, unmatched: bool) -> AsyncIterator[Postback]:
    """The postbacks in the order of arrival, a page at a time; ``unmatched``: those that found nothing here.

    That is: no send has the tracking id; without one, all but what tells of the encoding of a known message.
    """
    last = 0
    while True:
        query = select(POSTBACKS).where(POSTBACKS.c.id > last, _UNMATCHED if unmatched else true())
        rows = await database.read(partial(_rows, query=query.order_by(POSTBACKS.c.id).limit(PAGE)))
        for row in rows:
            yield postback_record(row)
        if len(rows) < PAGE:
            return
        last = rows[-1]["id"]


def proposals(connection: Connection, about: SendRecord) -> tuple[Postback, ...]:
    """Postbacks that may be about a send without a tracking id: same stored message, number and days.

    They are for a person to judge: another send of the same message to the same phone looks no different.
    """
    if about.tracking_id:
        return ()
    before, after = (seconds * 1_000_000 for seconds in WINDOW)
    query = select(POSTBACKS).where(
        POSTBACKS.c.mms_id == about.intent.mms_id,
        POSTBACKS.c.meaning.in_(_ABOUT_A_SEND),
        POSTBACKS.c.received_at.between(about.claimed_at - before, about.claimed_at + after),
        ~_MATCHED,
    )
    found = _postbacks(connection, query)
    return tuple(postback for postback in found if same_number(postback.recipient, about.intent.to))


class Concerned(msgspec.Struct, frozen=True, kw_only=True):
    """What a postback is about: sends with its tracking id; failing that, sends that a person may match."""

    sends: tuple[SendRecord, ...] = ()
    proposed: tuple[SendRecord, ...] = ()


def concerned(connection: Connection, postback: Postback) -> Concerned:
    """The sends of a postback, and without any, those whose ``proposals`` it is among."""
    if postback.tracking_id:
        query = select(SENDS).where(SENDS.c.tracking_id == postback.tracking_id).order_by(SENDS.c.id)
        if found := tuple(map(send_record, _rows(connection, query))):
            return Concerned(sends=found)
    if postback.mms_id is None or postback.meaning.value not in _ABOUT_A_SEND:
        return Concerned()
    before, after = (seconds * 1_000_000 for seconds in WINDOW)
    query = select(SENDS).where(
        SENDS.c.mms_id == postback.mms_id,
        SENDS.c.tracking_id.is_(None),
        SENDS.c.state.in_(_UNSETTLED),
        SENDS.c.claimed_at.between(postback.received_at - after, postback.received_at + before),
    )
    rows = _rows(connection, query.order_by(SENDS.c.id))
    near = (row for row in rows if same_number(postback.recipient, row["recipient"]))
    return Concerned(proposed=tuple(map(send_record, near)))


_UNSETTLED = (SendState.INTENDED.value, SendState.UNKNOWN.value)


def _postbacks(connection: Connection, query: Select[*tuple[object, ...]]) -> tuple[Postback, ...]:
    rows = (connection.execute(query.order_by(POSTBACKS.c.id))).mappings()
    return tuple(postback_record(dict(row)) for row in rows)
