"""Unknown sends settled by notifications that came without the ledger knowing their tracking id.

Only what is certain: one tracking id that no send has, of notifications that all name the send's number and
message and came after its claim, and no other send of the same message to the same number that they could be
about. That holds as long as every send of the message goes through this ledger.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import select
from sqlalchemy.engine import Connection

from mmscheck.base.phone import another_number, same_number
from mmscheck.ledger import reading
from mmscheck.ledger.book import Book, Needs, Operation
from mmscheck.ledger.delivery import apply_known
from mmscheck.ledger.records import send_record
from mmscheck.ledger.tables import SENDS
from mmscheck.model.ledger import NEVER_ARRIVED, Postback, SendRecord, SendState


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """What may settle an unknown send: the first notification about it, or None and ``why`` there is none."""

    send: SendRecord
    postback: Postback | None
    why: str


def match(connection: Connection, send: SendRecord) -> Match:
    """The notification that certainly is about an unknown send, or why none is."""
    if send.state is not SendState.UNKNOWN:
        return Match(send=send, postback=None, why=f"it is {send.state.value}")
    found = [one for one in reading.proposals(connection, send) if one.received_at >= send.claimed_at]
    trackings = {one.tracking_id for one in found}
    if not found:
        why = "no notification names its number and message after its call"
    elif len(trackings) > 1:
        why = f"notifications with {len(trackings)} tracking ids may be about it"
    elif (tracking := found[0].tracking_id) is None:
        why = "the notification about it has no tracking id"
    elif any(_contradicts(one, send) for one in reading.postbacks(connection, tracking)):
        why = f"notifications with the tracking id {tracking} contradict each other"
    elif rivals := _rivals(connection, send, found[0]):
        why = f"they may be about send {rivals[0]} as well"
    else:
        why = f"{found[0].code} names its number and message after its call, and no other send has its id"
        return Match(send=send, postback=found[0], why=why)
    return Match(send=send, postback=None, why=why)


def _contradicts(postback: Postback, send: SendRecord) -> bool:
    other = postback.mms_id not in {None, send.intent.mms_id}
    return other or another_number(postback.recipient, send.intent.to)


def _rivals(connection: Connection, send: SendRecord, postback: Postback) -> list[int]:
    """Other sends of the message to the number, without a tracking id, that a phone may have got."""
    earliest = postback.received_at - reading.WINDOW[1] * 1_000_000
    query = select(SENDS.c.id, SENDS.c.recipient, SENDS.c.state).where(
        reading.has_tail(SENDS, send.intent.to),
        SENDS.c.mms_id == send.intent.mms_id,
        SENDS.c.tracking_id.is_(None),
        SENDS.c.id != send.id,
        SENDS.c.claimed_at.between(earliest, postback.received_at),
    )
    never = NEVER_ARRIVED - {SendState.RESOLVED_NOT_SENT}
    return [
        row.id
        for row in connection.execute(query.order_by(SENDS.c.id))
        if SendState(row.state) not in never and same_number(row.recipient, send.intent.to)
    ]


def adopt(found: Match, who: str) -> Operation[SendRecord | None]:
    """Give the send the notification's tracking id, and what notifications with it say; None: too late."""
    tracking = (found.postback and found.postback.tracking_id) or ""

    def decide(book: Book) -> SendRecord | None:
        row = book.get("sends", found.send.id)
        taken = book.find("sends", tracking_id=tracking)
        if row is None or row["state"] != SendState.UNKNOWN or row["tracking_id"] or taken:
            return None
        values = {"tracking_id": tracking, "resolved_by": who, "resolved_why": found.why}
        book.update("send-matched", "sends", found.send.id, {**values, "changed_at": book.at})
        apply_known(book, row)
        return send_record(row)

    needs = Needs(sends=frozenset({found.send.id}), reported=frozenset({tracking}))
    return Operation(needs, decide)
