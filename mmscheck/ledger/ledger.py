"""The ledger as the rest of the program sees it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType, TracebackType
from typing import Self

import msgspec
from sqlalchemy.exc import IntegrityError

from mmscheck.errors import LedgerError, UsageError
from mmscheck.ledger import claims, holds, incoming, reading, saves, sends
from mmscheck.ledger.accounts import same_account
from mmscheck.ledger.begun import OpenSave, open_saves, stored
from mmscheck.ledger.book import Needs, Operation
from mmscheck.ledger.cleaning import Cleaner
from mmscheck.ledger.database import Database
from mmscheck.ledger.migrations import check_version, migrate, steps, version
from mmscheck.ledger.owner import this_process
from mmscheck.ledger.reading import Concerned, Filter
from mmscheck.ledger.saves import Save
from mmscheck.ledger.sharing import Shared
from mmscheck.ledger.verify import noted, verify
from mmscheck.ledger.where import place_of, prepare
from mmscheck.ledger.writer import Writer
from mmscheck.model.check import Binding
from mmscheck.model.ledger import (
    Claim,
    ClaimOutcome,
    HistoryEntry,
    Hold,
    MmsRecord,
    Postback,
    SendIntent,
    SendRecord,
    SendState,
    Verification,
)
from mmscheck.model.names import LONGEST_KEY, usable_name
from mmscheck.model.send import SendResult

LEASE = 0.0
"""Seconds after which an intent of a process that has ended here counts as crashed: at once."""

REMOTE_LEASE = 900.0
"""Seconds after which an intent of another machine counts as crashed; the longest POST takes a tenth."""

MAX_ATTEMPTS = 5
"""How often one send is tried as long as it certainly did not go out."""

_STATES = MappingProxyType({"sent": SendState.RESOLVED_SENT, "not-sent": SendState.RESOLVED_NOT_SENT})


class Ledger:
    """One open ledger; made by ``open_ledger``, closed by ``close`` or the end of ``async with``.

    Every method raises LedgerError when the database cannot be read or written; nothing may be sent then.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], float],
        secrets: Iterable[str],
        meanings: Mapping[str, str],
    ) -> None:
        """Use ``open_ledger``."""
        self.shown = database.place.shown
        """Where it is, for people: without the password."""
        self._database = database
        self._cleaner = Cleaner(secrets)
        self._writer = Writer(database, clock, self._cleaner)
        self._meanings = dict(meanings)
        self._owner = this_process().text()
        self._holds = Shared(self._read_holds)
        self._closed = False

    async def __aenter__(self) -> Self:
        """The ledger itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        await self.close()

    async def close(self) -> None:
        """Write what is waiting and let go of the database; a second time does nothing."""
        if self._closed:
            return
        self._closed = True
        await self._writer.close()
        await self._database.close()

    # Sends

    async def claim(self, intent: SendIntent, *, max_attempts: int = MAX_ATTEMPTS) -> ClaimOutcome:
        """Record the intent to send, durably, before the POST.

        Only a ``Claim`` allows one POST, and it must end in ``answer`` or ``not_sent``. ``Recorded`` is the
        answer that this very send has got before; ``ClaimRefused`` says why there may be none. Raises
        UsageError for a key that cannot be kept.
        """
        clean = msgspec.structs.replace(
            intent,
            key=usable_name("the idempotency key", intent.key, LONGEST_KEY),
            mms_id=self._cleaner.text(intent.mms_id),
            to=self._cleaner.text(intent.to),
        )
        return await self._writer.submit(claims.claim(clean, self._owner, max_attempts))

    async def answer(self, claim: Claim, result: SendResult) -> SendRecord:
        """Record how the POST ended; LedgerError when the send has ended already, or in another attempt.

        A result that was not attempted is recorded as certainly not sent.
        """
        tracking = result.tracking_id and self._cleaner.text(result.tracking_id)
        clean = msgspec.structs.replace(result, tracking_id=tracking)
        return await self._writer.submit(sends.answer(claim, clean))

    async def not_sent(self, claim: Claim, why: str) -> SendRecord:
        """Record that the POST certainly did not reach the provider, so that it may be claimed again."""
        return await self._writer.submit(sends.not_sent(claim, why))

    async def crashed(self, *, lease: float = LEASE, remote_lease: float = REMOTE_LEASE) -> tuple[int, ...]:
        """Make ``unknown`` of intents whose process has ended; returns the ids of those sends."""
        return await self._writer.submit(sends.crashed(lease, remote_lease))

    async def resolve(self, send_id: int, *, as_: str, reason: str, who: str) -> SendRecord:
        """Record what a person found out of an unknown send: ``sent`` or ``not-sent``.

        ``not-sent`` opens its key for another claim, also after a refusal. Raises UsageError for another
        word, no reason, no such send, or one in another state.
        """
        if as_ not in _STATES:
            raise UsageError(f"a send is resolved as {' or '.join(_STATES)}, not {as_!r}")
        _demand(reason=reason, who=who)
        return await self._writer.submit(sends.resolve(send_id, _STATES[as_], reason, who))

    # The kill switch

    async def hold(self, *, reason: str, who: str) -> Hold:
        """Stop every send from now on; raises UsageError without a reason or a name."""
        _demand(reason=reason, who=who)
        return await self._writer.submit(holds.hold(reason, who))

    async def release(self, *, who: str) -> tuple[Hold, ...]:
        """End every hold; returns what was held."""
        _demand(who=who)
        return await self._writer.submit(holds.release(who))

    async def held(self) -> tuple[Hold, ...]:
        """The open holds, from a read that began after this call; empty: nothing is held."""
        return await self._holds.get()

    async def _read_holds(self) -> tuple[Hold, ...]:
        return holds.read(await self._database.rows(holds.OPEN))

    # Stored messages

    async def record_save(self, save: Save) -> MmsRecord:
        """Bind an mms-id to content; UsageError when it is bound to other content and not to be replaced."""
        clean = msgspec.structs.replace(save, mms_id=self._cleaner.text(save.mms_id))
        return await self._writer.submit(saves.record(clean))

    async def mms(self, mms_id: str, account: str | None = None) -> MmsRecord | None:
        """What is known of a stored message at an account; without one, wherever it changed last; or None."""
        found = await self._known(mms_id, account)
        return next((one for one in found if account is None or same_account(one.account, account)), None)

    async def _known(self, mms_id: str, account: str | None) -> tuple[MmsRecord, ...]:
        mms_id = self._cleaner.text(mms_id)
        return await self._database.read(partial(reading.mms, mms_id=mms_id, account=account))

    async def saves(self) -> tuple[tuple[MmsRecord, ...], tuple[OpenSave, ...]]:
        """Every stored message that is known, and saves that were begun and whose end nobody recorded."""
        return (await self._database.read(stored), await self._database.read(open_saves))

    async def binding(self, mms_id: str, account: str | None = None) -> Binding:
        """What the rule ``mms-id-bound`` judges; an id that nobody bound at this account has no content.

        ``account`` is ``mmscheck.orders.stored_at`` of the client that is to use it.
        """
        return saves.binding(mms_id, account, await self._known(mms_id, account))

    async def record_check(self, kind: str, **facts: str | float | list[str] | None) -> None:
        """Note a check or a permit in the history, such as ``kind="permit"`` with its digests."""
        facts = self._cleaner.row(facts)
        await self._writer.submit(Operation(Needs(), lambda book: book.note(kind, facts)))

    # Postbacks

    async def record_postback(self, fields: Mapping[str, str], account: str | None = None) -> Postback:
        """Keep a postback, once, and apply it; durable when this returns.

        ``fields`` are its elements by name, in any case and spelling; ``account`` tells which provider's they
        are: what it says of an mms-id holds there. Raises UsageError when it has no code.
        """
        cleaned = {self._cleaner.text(name): self._cleaner.text(value) for name, value in fields.items()}
        arrived = incoming.arrival(cleaned, self._meanings, account)
        return await self._writer.submit(incoming.record(arrived))

    async def record_unreadable(self, body: bytes, why: str) -> Postback:
        """Keep a body that came as a postback and is none, once; ``why`` is a clause that can follow "it"."""
        text = self._cleaner.text(body.decode("utf-8", "backslashreplace"))
        return await self._writer.submit(incoming.record(incoming.stray(text, why)))

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

    # Questions

    async def send(self, send_id: int) -> SendRecord | None:
        """One send, or None."""
        return await self._database.read(lambda connection: reading.send(connection, send_id))

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

    async def verify(self, expect: str | None = None) -> Verification:
        """Look the whole ledger through for tampering.

        ``expect`` is a head noted earlier, ``ROWS``, ``HASH`` or ``ROWS:HASH``: it has to be a part of the
        history still, which tells a ledger that was cut short or written anew. Raises UsageError for another.
        """
        expected = None if expect is None else noted(expect)
        return await self._database.read(lambda connection: verify(connection, expected), whole=True)


async def open_ledger(
    where: str | None = None,
    *,
    create: bool = True,
    recover: bool = True,
    meanings: Mapping[str, str] = MappingProxyType({}),
    secrets: Iterable[str] = (),
    clock: Callable[[], float] = time.time,
) -> Ledger:
    """Open the ledger at a path, a ``postgresql://`` URL, or in the user's state folder.

    ``create`` makes what is missing and brings the schema up to date; ``recover`` makes ``unknown`` of what a
    crash cut short. ``meanings`` tells for each postback code a value of ``PostbackMeaning``; ``secrets``,
    such as the API key, are kept out of every column. Raises LedgerError, and UsageError for an address that
    is none.
    """
    place = place_of(where)
    database = Database(place)
    try:
        if place.file is not None:
            prepare(place.file, create=create)
        await _bring_up(database, create=create)
        ledger = Ledger(database, clock=clock, secrets=secrets, meanings=meanings)
        if recover:
            await ledger.crashed()
    except BaseException:
        await database.close()
        raise
    return ledger


async def _bring_up(database: Database, *, create: bool) -> None:
    plan = steps("sqlite" if database.place.file else "postgresql")
    found = await database.read(version)
    check_version(found, len(plan))
    if found == len(plan):
        return
    if found == 0 and not create:
        raise LedgerError(f"there is no ledger at {database.place.shown}")
    try:
        await database.write(lambda connection: migrate(connection, plan))
    except IntegrityError as error:
        raise LedgerError(f"the ledger {database.place.shown} cannot be set up: {error.orig}") from error


def _demand(**texts: str) -> None:
    for name, text in texts.items():
        if not text.strip():
            raise UsageError(f"a {name} is needed: say it for those who read it later")
