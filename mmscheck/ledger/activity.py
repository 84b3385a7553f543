"""What goes through a ledger: so that who holds one sees whether it is the one that sends."""

from __future__ import annotations

import msgspec
from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from mmscheck.ledger.tables import MMS, SENDS
from mmscheck.model.ledger import SendState


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """Sends that are in flight, when the last one was begun (microseconds), and how many ids are bound."""

    in_flight: int
    last: int | None
    bound: int

    @property
    def used(self) -> bool:
        """Whether anything was ever sent or bound through it."""
        return self.last is not None or self.bound > 0


def activity(connection: Connection) -> Activity:
    """As it is now."""
    flying = select(func.count()).where(SENDS.c.state == SendState.INTENDED.value)
    return Activity(
        in_flight=connection.execute(flying).scalar() or 0,
        last=connection.execute(select(func.max(SENDS.c.claimed_at))).scalar(),
        bound=connection.execute(select(func.count()).select_from(MMS)).scalar() or 0,
    )
