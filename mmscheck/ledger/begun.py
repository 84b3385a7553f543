"""Saves whose end nobody wrote down: a crash in the call, and maybe a stored message without a known id."""

from __future__ import annotations

import msgspec
from sqlalchemy import select
from sqlalchemy.engine import Connection

from mmscheck.ledger.records import mms_record
from mmscheck.ledger.tables import HISTORY, MMS
from mmscheck.model.ledger import MmsRecord


class OpenSave(msgspec.Struct, frozen=True, kw_only=True):
    """A save that was begun at a time (microseconds since the epoch) and has no end in the history."""

    begun_at: int
    message_digest: str


def open_saves(connection: Connection) -> tuple[OpenSave, ...]:
    """All of them, the oldest first; one that another process is making just now is among them."""
    query = (
        select(HISTORY.c.at, HISTORY.c.kind, HISTORY.c.body)
        .where(HISTORY.c.kind.in_(("save-begun", "save-ended")))
        .order_by(HISTORY.c.seq)
    )
    found: dict[str, OpenSave] = {}
    for at, kind, body in connection.execute(query):
        note = msgspec.json.decode(body)
        if kind == "save-begun":
            found[note["save"]] = OpenSave(begun_at=at, message_digest=note["message"])
        else:
            found.pop(note["save"], None)
    return tuple(found.values())


def stored(connection: Connection) -> tuple[MmsRecord, ...]:
    """Every stored message that the ledger knows, the oldest first.

    One of nobody knows where is left out when its id has been bound since where it is.
    """
    rows = connection.execute(select(MMS).order_by(MMS.c.saved_at, MMS.c.id)).mappings()
    found = [mms_record(dict(row)) for row in rows]
    placed = {one.mms_id for one in found if one.account is not None}
    return tuple(one for one in found if one.account is not None or one.mms_id not in placed)
