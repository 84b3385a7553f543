"""Questions to the ledger that change nothing, each asked of the database anew."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.engine import Connection

from mmscheck.base.phone import digits, same_number
from mmscheck.ledger.database import Database
from mmscheck.ledger.pseudonyms import Pseudonyms
from mmscheck.ledger.rows import Row, mms_record, postback_record, same_account, send_record, stored_id
from mmscheck.ledger.schema import (
    ADDRESS,
    DELIVERY,
    HISTORY,
    MMS,
    POSTBACKS,
    SENDS,
    TAIL,
    address,
    delivery,
    tail,
)
from mmscheck.model.ledger import (
    AT_ONCE,
    NEVER_ARRIVED,
    HistoryEntry,
    MmsRecord,
    Postback,
    PostbackMeaning,
    SendRecord,
    SendState,
)

_SHORTEST = 7
"""Digits: with fewer in common, two numbers would be the same by accident."""

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
        ~exists().where(MMS.c.id == func.coalesce(POSTBACKS.c.account + " ", "") + POSTBACKS.c.mms_id),
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
    """Which sends: in one state, of one campaign or message, to one number, claimed since a time; all of it.

    ``since`` is in microseconds since the epoch. ``false_permits``: let through by the gate, refused later.
    """

    state: SendState | None = None
    campaign: str | None = None
    mms_id: str | None = None
    to: str | None = None
    since: int | None = None
    false_permits: bool = False

    @property
    def by_time_alone(self) -> bool:
        """Whether no index but that of times leads to what is wanted."""
        return all(each is None for each in (self.state, self.campaign, self.mms_id, self.to))

    def condition(self) -> ColumnElement[bool]:
        """The condition as SQL."""
        wanted: dict[ColumnElement[Any], str | None] = {
            SENDS.c.state: None if self.state is None else self.state.value,
            SENDS.c.campaign: self.campaign,
            SENDS.c.mms_id: self.mms_id,
        }
        parts: list[ColumnElement[bool]] = [true()]
        if self.to is not None:
            parts += [has_tail(SENDS, self.to), _is_number(SENDS.c.recipient, digits(self.to))]
            # Few rows have the number: the database must not look for them among a campaign's.
            wanted = {func.coalesce(column, ""): value for column, value in wanted.items()}
        parts += [column == value for column, value in wanted.items() if value is not None]
        if self.since is not None:
            parts.append(SENDS.c.claimed_at >= self.since)
        if self.false_permits:
            parts.append(_LATE_REFUSAL)
        return and_(*parts)


def send(connection: Connection, send_id: int) -> SendRecord | None:
    """One send, or None."""
    found = (connection.execute(select(SENDS).where(SENDS.c.id == send_id))).mappings().first()
    return None if found is None else send_record(dict(found))


def mms(connection: Connection, mms_id: str, account: str | None = None) -> tuple[MmsRecord, ...]:
    """What is known of an id at this account; failing that, at whatever other, what changed last first."""
    if account is not None:
        own = _rows(connection, select(MMS).where(MMS.c.id == stored_id(mms_id, account)))
        if own and same_account(own[0]["account"], account):
            return (mms_record(own[0]),)
    query = select(MMS).where(or_(MMS.c.id == mms_id, MMS.c.id.endswith(f" {mms_id}", autoescape=True)))
    found = map(mms_record, _rows(connection, query.order_by(MMS.c.changed_at.desc(), MMS.c.id)))
    return tuple(one for one in found if one.mms_id == mms_id)


def counts(connection: Connection, wanted: Filter) -> dict[SendState, int]:
    """How many sends are in each state; states that none is in are left out."""
    # All states are counted in their index; SQLite would go through all of it for what is new, too.
    by = SENDS.c.state if wanted.since is None else func.coalesce(SENDS.c.state, "")
    query = select(by, func.count()).where(wanted.condition()).group_by(by)
    return {SendState(state): number for state, number in connection.execute(query)}


async def newest(database: Database, wanted: Filter, limit: int) -> tuple[SendRecord, ...]:
    """The last of the sends, at most so many, in the order in which they were first claimed."""
    query = select(SENDS).where(wanted.condition()).order_by(SENDS.c.id.desc()).limit(limit)
    rows = await database.read(partial(_rows, query=query))
    return tuple(map(send_record, reversed(rows)))


def tracked(connection: Connection, tracking_id: str) -> tuple[SendRecord, ...]:
    """The sends with this tracking id; there should be one."""
    query = select(SENDS).where(SENDS.c.tracking_id == tracking_id).order_by(SENDS.c.id)
    return tuple(map(send_record, _rows(connection, query)))


def earlier(
    connection: Connection,
    numbers: Sequence[str],
    keys: Sequence[str],
    *,
    campaign: str,
    mms_id: str,
    names: Pseudonyms,
) -> tuple[SendRecord, ...]:
    """Sends under these keys, and to these numbers of a campaign or of a stored message; each by an index.

    What was forgotten is told by the number and the key that were asked for.
    """
    called = {names.of(value): value for value in (*numbers, *keys)}
    numbers, keys = (*numbers, *map(names.of, numbers)), (*keys, *map(names.of, keys))
    query = select(SENDS).where(
        or_(
            SENDS.c.key.in_(keys),
            literal_column(ADDRESS).in_([address(campaign, number) for number in numbers]),
            literal_column(TAIL).in_({tail(number) for number in numbers})
            & (SENDS.c.mms_id == mms_id)
            & literal_column(DELIVERY).in_([delivery(mms_id, number) for number in numbers]),
        )
    )
    rows = _rows(connection, query)
    for row in rows:
        for name in ("recipient", "key"):
            row[name] = called.get(row[name], row[name])
    return tuple(map(send_record, rows))


def texted(connection: Connection, numbers: Sequence[str], service_id: str) -> frozenset[str]:
    """Those of these numbers that have, or may have, got a message under a service id; by an index.

    Of a send that old ledgers noted without its account it is taken to be that.
    """
    query = (
        select(SENDS.c.recipient, SENDS.c.account)
        .where(
            literal_column(TAIL).in_({tail(number) for number in numbers}),
            SENDS.c.recipient.in_(numbers),
            SENDS.c.state.not_in(NEVER_ARRIVED),
        )
        .distinct()
    )
    rows = connection.execute(query).all()
    return frozenset(
        number for number, account in rows if (account or "/").partition("/")[2] in {"", service_id}
    )


async def sends(database: Database, wanted: Filter) -> AsyncIterator[SendRecord]:
    """The sends in the order in which they were first claimed, a page at a time."""
    last: int | None = 0
    if wanted.since is not None and wanted.by_time_alone:
        last = await database.read(partial(_before, since=wanted.since))
    while last is not None:
        query = select(SENDS).where(wanted.condition(), SENDS.c.id > last).order_by(SENDS.c.id).limit(PAGE)
        rows = await database.read(partial(_rows, query=query))
        for row in rows:
            yield send_record(row)
        if len(rows) < PAGE:
            return
        last = rows[-1]["id"]


def _before(connection: Connection, since: int) -> int | None:
    """An id below those of all sends that were claimed since, by the index of times; None: there are none."""
    # As id + 0: the least id would be looked for in the order of ids, through all that is older.
    first = connection.execute(select(func.min(SENDS.c.id + 0)).where(SENDS.c.claimed_at >= since)).scalar()
    return None if first is None else int(first) - 1


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
        has_tail(POSTBACKS, about.intent.to),
        # Nobody knows under which id the provider had what was sent at once.
        true() if about.intent.mms_id == AT_ONCE else POSTBACKS.c.mms_id == about.intent.mms_id,
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
    if postback.tracking_id and (found := tracked(connection, postback.tracking_id)):
        return Concerned(sends=found)
    if postback.mms_id is None or postback.meaning.value not in _ABOUT_A_SEND:
        return Concerned()
    before, after = (seconds * 1_000_000 for seconds in WINDOW)
    query = select(SENDS).where(
        has_tail(SENDS, postback.recipient),
        SENDS.c.mms_id == postback.mms_id,
        SENDS.c.tracking_id.is_(None),
        SENDS.c.state.in_(_UNSETTLED),
        SENDS.c.claimed_at.between(postback.received_at - after, postback.received_at + before),
    )
    rows = _rows(connection, query.order_by(SENDS.c.id))
    near = (row for row in rows if same_number(postback.recipient, row["recipient"]))
    return Concerned(proposed=tuple(map(send_record, near)))


def has_tail(table: Table, number: str | None) -> ColumnElement[bool]:
    """What the index by number finds: all that ``same_number`` may call the same, and little else."""
    return literal_column(TAIL.replace("recipient", f"{table.name}.recipient")) == tail(digits(number))


def _is_number(column: ColumnElement[str], number: str) -> ColumnElement[bool]:
    """Whether one ends as the other does: wider than ``same_number``, for a question of a person's.

    A number may be asked for as it is dialled at home, with its trunk prefix.
    """
    if len(number) < _SHORTEST:
        return column == number
    longer = column.like(f"%{number.lstrip('0')}")
    return or_(longer, and_(func.length(column) >= _SHORTEST, literal(number).like("%" + column)))


_UNSETTLED = (SendState.INTENDED.value, SendState.UNKNOWN.value)


def _postbacks(connection: Connection, query: Select[*tuple[object, ...]]) -> tuple[Postback, ...]:
    rows = (connection.execute(query.order_by(POSTBACKS.c.id))).mappings()
    return tuple(postback_record(dict(row)) for row in rows)
