"""What the ledger is asked about sends and postbacks, how a campaign stands, and whether it is in use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import partial

import msgspec
from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from mmscheck.base.phone import e164
from mmscheck.ledger import deletions, holds, proofs, reading, saves, sends, suppression_list
from mmscheck.ledger.database import Database
from mmscheck.ledger.forgetting import postbacks_of, sends_of
from mmscheck.ledger.holds import Look, Shared
from mmscheck.ledger.pseudonyms import Pseudonyms
from mmscheck.ledger.reading import Concerned, Filter
from mmscheck.ledger.rows import Cleaner, postback_record, same_account, stored_id
from mmscheck.ledger.saves import OpenSave, open_saves, stored
from mmscheck.ledger.schema import MMS, SENDS
from mmscheck.ledger.sends import Match
from mmscheck.ledger.suppressions import TOGETHER
from mmscheck.model.check import Binding
from mmscheck.model.ledger import (
    Claim,
    Deletion,
    HistoryEntry,
    Hold,
    MmsRecord,
    MmsState,
    Postback,
    SendIntent,
    SendRecord,
    SendState,
)
from mmscheck.model.proof import Approval, ProofStanding
from mmscheck.model.suppression import Suppression


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of sends. ``accepted`` is what the provider took: ``delivered``, ``failed`` and ``waiting``.

    ``waiting`` has no last word yet: accepted, or on its way, or found to be sent by a person. ``sends`` is
    the sum of ``accepted``, ``refused``, ``not_sent``, ``unknown`` and ``in_flight``.
    """

    sends: int
    accepted: int
    delivered: int
    failed: int
    waiting: int
    refused: int
    not_sent: int
    unknown: int
    in_flight: int


def summarise(counts: Mapping[SendState, int]) -> Summary:
    """The summary of how many sends are in each state."""

    def of(*states: SendState) -> int:
        return sum(counts.get(state, 0) for state in states)

    delivered, failed = of(SendState.DELIVERED), of(SendState.FAILED)
    waiting = of(SendState.ACCEPTED, SendState.SENT, SendState.RESOLVED_SENT)
    return Summary(
        sends=sum(counts.values()),
        accepted=delivered + failed + waiting,
        delivered=delivered,
        failed=failed,
        waiting=waiting,
        refused=of(SendState.REFUSED),
        not_sent=of(SendState.NOT_SENT, SendState.RESOLVED_NOT_SENT),
        unknown=of(SendState.UNKNOWN),
        in_flight=of(SendState.INTENDED),
    )


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
    """What is in flight now, when something was last sent, and how many ids are bound."""
    flying = select(func.count()).where(SENDS.c.state == SendState.INTENDED.value)
    return Activity(
        in_flight=connection.execute(flying).scalar() or 0,
        last=connection.execute(select(func.max(SENDS.c.claimed_at))).scalar(),
        bound=connection.execute(select(func.count()).select_from(MMS)).scalar() or 0,
    )


class KnownOfNumber(msgspec.Struct, frozen=True, kw_only=True):
    """What a ledger has of one number: for whoever asks what is kept of them."""

    number: str
    sends: tuple[SendRecord, ...]
    postbacks: tuple[Postback, ...]
    suppressions: tuple[Suppression, ...]


class Questions:
    """The part of a ledger that changes nothing; every method raises LedgerError when it cannot be read."""

    def __init__(self, database: Database, cleaner: Cleaner, names: Pseudonyms) -> None:
        """Ask this database, for texts as ``cleaner`` had them kept."""
        self._database = database
        self._cleaner = cleaner
        self._names = names
        self._look = Shared(self._read_look)
        self.shown = database.place.shown
        """Where it is, for people: without the password."""

    async def activity(self) -> Activity:
        """What goes through this ledger: whether anything does, what is in flight, when it last sent."""
        return await self._database.read(activity)

    async def held(self) -> tuple[Hold, ...]:
        """The open holds, from a read that began after this call; empty: nothing is held."""
        return (await self._look.get()).holds

    async def _read_look(self) -> Look:
        return holds.read(await self._database.rows(holds.LOOK))

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
        names = self._names
        look = partial(
            reading.earlier, numbers=numbers, keys=keys, campaign=campaign, mms_id=mms_id, names=names
        )
        return await self._database.read(look)

    async def texted(self, numbers: Sequence[str], *, service_id: str) -> frozenset[str]:
        """Those of these numbers that have, or may have, got a message under this service id."""
        return await self._database.read(partial(reading.texted, numbers=numbers, service_id=service_id))

    async def counts(self, wanted: Filter | None = None) -> dict[SendState, int]:
        """How many sends are in each state."""
        return await self._database.read(lambda connection: reading.counts(connection, wanted or Filter()))

    async def history(self, send_id: int) -> tuple[HistoryEntry, ...]:
        """Everything that happened to one send."""
        return await self._database.read(partial(reading.history, table="sends", subject=str(send_id)))

    async def matches(self, sends_: Iterable[SendRecord]) -> tuple[Match, ...]:
        """For each send the notification that certainly is about it, where it is unknown and there is one."""
        return tuple([await self._database.read(partial(sends.match, send=one)) for one in sends_])

    # Proofs and approvals

    async def proofs(
        self, *, content: str | None = None, campaign: str | None = None
    ) -> tuple[ProofStanding, ...]:
        """How the proofs of a content or of a campaign stand, or all of them."""
        return await self._database.read(partial(proofs.standings, content=content, campaign=campaign))

    async def approvals(self, content: str) -> tuple[Approval, ...]:
        """Everything that was approved of a content, the oldest first."""
        return await self._database.read(partial(proofs.approvals, content=content))

    # Who must not be texted

    async def suppressed(
        self, numbers: Sequence[str], *, ended: bool = False
    ) -> dict[str, list[Suppression]]:
        """The suppressions of those of these numbers that have any; ``ended``: also what was taken off."""
        look = partial(suppression_list.of_numbers, numbers=numbers, names=self._names, ended=ended)
        return await self._database.read(look)

    async def suppressed_since(self, claim: Claim, intent: SendIntent) -> Suppression | None:
        """A suppression that came after this send was claimed and is about it, from reads after this call."""
        if (await self._look.get()).newest <= claim.seq * TOGETHER:
            return None
        number = e164(intent.to) or intent.to
        found = (await self.suppressed([number])).get(number, [])
        list_name = intent.terms.list_name
        return suppression_list.in_force(
            found, account=intent.account, sender=intent.from_, list_name=list_name
        )

    def suppressions(self, *, ended: bool = False) -> AsyncIterator[Suppression]:
        """The suppression list, the oldest entry first, read a page at a time."""
        return suppression_list.entries(self._database, ended=ended)

    async def known_of(self, number: str) -> KnownOfNumber:
        """All that is known of a number (in E.164 form), also under its pseudonym."""
        sent = await self._database.read(partial(sends_of, number=number, names=self._names))
        rows = await self._database.read(partial(postbacks_of, number=number))
        held = await self.suppressed([number], ended=True)
        return KnownOfNumber(
            number=number,
            sends=sent,
            postbacks=tuple(map(postback_record, rows)),
            suppressions=tuple(held.get(number, ())),
        )

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

    # Stored messages

    async def mms(self, mms_id: str, account: str | None = None) -> MmsRecord | None:
        """What is known of a stored message at an account; without one, wherever it changed last; or None."""
        found = [await self._standing_now(one) for one in await self._known(mms_id, account)]
        return next((one for one in found if account is None or same_account(one.account, account)), None)

    async def _standing_now(self, record: MmsRecord) -> MmsRecord:
        """A stored message as ``mmscheck delete`` has left it."""
        gone = await self._gone(record.mms_id, record.account)
        return record if gone is None else msgspec.structs.replace(record, state=gone)

    async def _gone(self, mms_id: str, account: str | None) -> MmsState | None:
        stored = stored_id(self._cleaner.text(mms_id), account)
        return await self._database.read(partial(deletions.standing, stored=stored))

    async def deletions(self) -> tuple[Deletion, ...]:
        """Every deletion of a stored message, the oldest first."""
        return await self._database.read(deletions.every)

    async def _known(self, mms_id: str, account: str | None) -> tuple[MmsRecord, ...]:
        mms_id = self._cleaner.text(mms_id)
        return await self._database.read(partial(reading.mms, mms_id=mms_id, account=account))

    async def saves(self) -> tuple[tuple[MmsRecord, ...], tuple[OpenSave, ...]]:
        """Every stored message that is known, and saves that were begun and whose end nobody recorded."""
        gone = await self._database.read(deletions.states)
        bound = [
            msgspec.structs.replace(one, state=gone.get(stored_id(one.mms_id, one.account), one.state))
            for one in await self._database.read(stored)
        ]
        return (tuple(bound), await self._database.read(open_saves))

    async def binding(self, mms_id: str, account: str | None = None) -> Binding:
        """What the rule ``mms-id-bound`` judges; an id that nobody bound at this account has no content.

        ``account`` is ``mmscheck.send.order.stored_at`` of the client that is to use it.
        """
        known = saves.binding(mms_id, account, await self._known(mms_id, account))
        gone = await self._gone(mms_id, account)
        state = known.state if gone is None else gone.value
        return msgspec.structs.replace(known, state=state, ledger=self.shown)
