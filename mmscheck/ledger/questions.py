"""What the ledger is asked about sends and postbacks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from functools import partial

from mmscheck.ledger import matching, reading
from mmscheck.ledger.database import Database
from mmscheck.ledger.matching import Match
from mmscheck.ledger.reading import Concerned, Filter
from mmscheck.ledger.summary import Summary, summarise
from mmscheck.model.ledger import HistoryEntry, Postback, SendRecord, SendState


class Questions:
    """The part of a ledger that changes nothing; every method raises LedgerError when it cannot be read."""

    def __init__(self, database: Database) -> None:
        """Ask this database."""
        self._database = database

    # Sends

    async def send(self, send_id: int) -> SendRecord | None:
        """One send, or None."""
        return await self._database.read(lambda connection: reading.send(connection, send_id))

    async def tracked(self, tracking_id: str) -> tuple[SendRecord, ...]:
        """The sends with a tracking id: one, or none."""
        return await self._database.read(partial(reading.tracked, tracking_id=tracking_id))

    async def newest(self, limit: int, wanted: Filter | None = None) -> tuple[SendRecord, ...]:
        """The last sends, in the order of their first claim."""
        return await reading.newest(self._database, wanted or Filter(), limit)

    async def summary(self, wanted: Filter | None = None) -> Summary:
        """What became of the sends."""
        return summarise(await self.counts(wanted))

    def sends(self, wanted: Filter | None = None) -> AsyncIterator[SendRecord]:
        """Sends in the order of their first claim, read a page at a time."""
        return reading.sends(self._database, wanted or Filter())

    async def earlier(
        self, numbers: Sequence[str], keys: Sequence[str], *, campaign: str, mms_id: str
    ) -> tuple[SendRecord, ...]:
        """Sends under any of these keys, and to any of these numbers in a campaign or of a stored message."""
        look = partial(reading.earlier, numbers=numbers, keys=keys, campaign=campaign, mms_id=mms_id)
        return await self._database.read(look)

    async def counts(self, wanted: Filter | None = None) -> dict[SendState, int]:
        """How many sends are in each state."""
        return await self._database.read(lambda connection: reading.counts(connection, wanted or Filter()))

    async def history(self, send_id: int) -> tuple[HistoryEntry, ...]:
        """Everything that happened to one send."""
        return await self._database.read(partial(reading.history, table="sends", subject=str(send_id)))

    async def matches(self, sends_: Iterable[SendRecord]) -> tuple[Match, ...]:
        """For each send the notification that certainly is about it, where it is unknown and there is one."""
        return tuple([await self._database.read(partial(matching.match, send=one)) for one in sends_])

    # Postbacks

    async def concerned(self, postback: Postback) -> Concerned:
        """Which sends a postback is about, or may be about."""
        return await self._database.read(lambda connection: reading.concerned(connection, postback))

    def arrivals(self, *, unmatched: bool = False) -> AsyncIterator[Postback]:
        """Every postback, or those that no send or stored message is about, the newest last."""
        return reading.arrivals(self._database, unmatched=unmatched)

    async def postbacks(self, send: SendRecord) -> tuple[Postback, ...]:
        """Every postback with the send's tracking id."""
        tracking = send.tracking_id
        if not tracking:
            return ()
        return await self._database.read(lambda connection: reading.postbacks(connection, tracking))

    async def proposals(self, send: SendRecord) -> tuple[Postback, ...]:
        """Postbacks that may be about a send without a tracking id, for a person to judge."""
        return await self._database.read(lambda connection: reading.proposals(connection, send))
