"""The ledger as the rest of the program sees it."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import msgspec
from sqlalchemy.exc import IntegrityError

from mmscheck.base.names import LONGEST_KEY, usable_name
from mmscheck.errors import LedgerError, MissingLedgerError, UsageError
from mmscheck.ledger import (
    claims,
    deletions,
    holds,
    postbacks,
    proofs,
    saves,
    sends,
    suppression_list,
    suppressions,
)
from mmscheck.ledger.database import Database
from mmscheck.ledger.deletions import Wish
from mmscheck.ledger.forgetting import Forgotten, forget_before, forget_number
from mmscheck.ledger.owner import this_process
from mmscheck.ledger.pseudonyms import Pseudonyms, pseudonyms
from mmscheck.ledger.questions import Questions
from mmscheck.ledger.rows import Cleaner
from mmscheck.ledger.saves import Save
from mmscheck.ledger.schema import check_version, migrate, steps, version
from mmscheck.ledger.sends import Match
from mmscheck.ledger.standing import Standing
from mmscheck.ledger.transaction_state import Operation, RowsNeeded
from mmscheck.ledger.verify import noted, verify
from mmscheck.ledger.where import place_of, prepare
from mmscheck.ledger.writer import Endings, Writer
from mmscheck.model.ledger import (
    Claim,
    ClaimOutcome,
    ClaimRefused,
    Deletion,
    Hold,
    MmsRecord,
    Postback,
    SendIntent,
    SendRecord,
    SendState,
    Tampering,
    Verification,
)
from mmscheck.model.proof import Approval, Proof
from mmscheck.model.request import SendResult
from mmscheck.model.suppression import SuppressionCount, SuppressionScope

LEASE = 0.0
"""Seconds after which an intent of a process that has ended here counts as crashed: at once."""

REMOTE_LEASE = 900.0
"""Seconds after which an intent of another machine counts as crashed; the longest POST takes a tenth.

A permit lives shorter, so that no call can begin any more: also what a living process holds may be resolved.
"""

MAX_ATTEMPTS = 5
"""How often one send is tried as long as it certainly did not go out."""

_STATES = MappingProxyType({"sent": SendState.RESOLVED_SENT, "not-sent": SendState.RESOLVED_NOT_SENT})


class Ledger(Questions):
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
        names: Pseudonyms,
    ) -> None:
        """Use ``open_ledger``."""
        super().__init__(database, Cleaner(secrets), names)
        self._clock = clock
        self._standing = Standing(database)
        self._writer = Writer(database, clock, self._cleaner)
        self._endings = Endings(self._writer)
        self._meanings = dict(meanings)
        self._owner = this_process().text()
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
        await self._endings.settle()
        await self._writer.close()
        await self._database.close()

    # The file

    async def look(self, *, settle: bool = True) -> bool:
        """Whether this ledger may be sent from, as it stands now; ``open_ledger`` has looked."""
        return await self._standing.look(settle=settle)

    async def demand_sendable(self) -> None:
        """Raise LedgerError where nothing may be sent from this ledger, which every claim asks as well.

        Its file lacks rows that were there, or somebody else than this user could change it.
        """
        await self._standing.demand()

    async def adopt(self, *, reason: str, who: str) -> str:
        """Go on with a ledger that lacks rows that were there; returns what was noted of them (ROWS:HASH).

        Raises UsageError without a reason or a name, and for a ledger that lacks nothing.
        """
        _demand(reason=reason, who=who)
        behind = await self._standing.behind()
        if behind is None:
            raise UsageError(f"nothing is known to be missing from the ledger {self.shown}")
        noted_head = f"{behind.noted.seq}:{behind.noted.hash}"
        await self._standing.go_on(settle=True)
        await self.record_check("ledger-adopted", reason=reason, who=who, noted=noted_head)
        await self._standing.look(settle=True)
        return noted_head

    async def copy(self, to: Path) -> str:
        """Copy the ledger of this moment to a file that is not there yet; returns its head (ROWS:HASH).

        Raises UsageError for a file that is there, and for a ledger on a server; LedgerError when it fails.
        """
        if self._database.file is None:
            raise UsageError(
                "a ledger on PostgreSQL is copied with the server's own means (pg_dump, or a base backup)"
            )
        return await self._database.file.copy(to)

    # Sends

    async def claim(self, intent: SendIntent, *, max_attempts: int = MAX_ATTEMPTS) -> ClaimOutcome:
        """Record the intent to send, durably, before the POST.

        Only a ``Claim`` allows one POST, and it must end in ``answer`` or ``not_sent``. ``Recorded`` is the
        answer that this very send has got before; ``ClaimRefused`` says why there may be none. Raises
        UsageError for a key that cannot be kept.
        """
        await self._standing.demand()
        clean = msgspec.structs.replace(
            intent,
            key=usable_name("the idempotency key", intent.key, LONGEST_KEY),
            mms_id=self._cleaner.text(intent.mms_id),
            to=self._cleaner.text(intent.to),
        )
        await self._endings.settle()
        return await self._writer.submit(claims.claim(clean, self._owner, max_attempts, self._names))

    async def refusals(self, intent: SendIntent) -> tuple[ClaimRefused, ...]:
        """Why a claim of this send would be refused now for its number's sake; nothing is written."""
        return await self._writer.submit(claims.refusals(intent, self._names))

    async def answer(self, claim: Claim, result: SendResult) -> SendRecord:
        """Record how the POST ended; LedgerError when the send has ended otherwise, or in another attempt.

        A result that was not attempted is recorded as certainly not sent. This is tried for half a minute,
        and again with the next claim: after LedgerError it may still be recorded later.
        """
        tracking = result.tracking_id and self._cleaner.text(result.tracking_id)
        clean = msgspec.structs.replace(result, tracking_id=tracking)
        ended = await self._endings.end(claim, sends.answer(claim, clean))
        return (await self._referred((ended,)))[0]

    async def _referred(self, ended: Sequence[SendRecord]) -> tuple[SendRecord, ...]:
        """The sends, those of them settled that are unknown and whose reference a notification had repeated.

        One that comes before the answer finds a send that nobody misses yet; later ones settle it themselves.
        """
        found = list(ended)
        for at, send in enumerate(ended):
            if send.state is SendState.UNKNOWN:
                (match,) = await self.matches((send,))
                if match.by_reference:
                    found[at] = await self.settle(match, who=postbacks.NOTIFICATION) or send
        return tuple(found)

    async def not_sent(self, claim: Claim, why: str) -> SendRecord:
        """Record that the POST certainly did not go out, as ``answer`` does: it may be claimed again."""
        return await self._endings.end(claim, sends.not_sent(claim, why))

    async def crashed(self, *, lease: float = LEASE, remote_lease: float = REMOTE_LEASE) -> tuple[int, ...]:
        """Make ``unknown`` of intents whose process has ended; returns the ids of those sends."""
        lost = await self._writer.submit(sends.crashed(lease, remote_lease))
        known = [await self.send(one) for one in lost]
        await self._referred([one for one in known if one is not None])
        return lost

    async def resolve(
        self, send_id: int, *, as_: str, reason: str, who: str, force: bool = False
    ) -> SendRecord:
        """``resolve_all`` of one send."""
        return (await self.resolve_all((send_id,), as_=as_, reason=reason, who=who, force=force))[0]

    async def resolve_all(
        self, send_ids: Sequence[int], *, as_: str, reason: str, who: str, force: bool = False
    ) -> tuple[SendRecord, ...]:
        """Record what a person found out of unknown sends: ``sent`` or ``not-sent``; all of them or none.

        ``not-sent`` opens its key for another claim, also after a refusal. A send that is intended may be
        resolved once it is older than any call can be, or with ``force``. Raises UsageError for another word,
        no reason, no such send, or one in another state.
        """
        if as_ not in _STATES:
            raise UsageError(f"a send is resolved as {' or '.join(_STATES)}, not {as_!r}")
        _demand(reason=reason, who=who)
        word = sends.Word(
            state=_STATES[as_], reason=reason, who=who, age=-math.inf if force else REMOTE_LEASE
        )
        return await self._writer.submit(sends.resolve(send_ids, word))

    async def settle(self, match: Match, *, who: str) -> SendRecord | None:
        """Settle an unknown send by the notification that was found for it; None when it is too late."""
        _demand(who=who)
        return await self._writer.submit(sends.adopt(match, who))

    # The kill switch

    async def hold(self, *, reason: str, who: str) -> Hold:
        """Stop every send from now on; raises UsageError without a reason or a name."""
        _demand(reason=reason, who=who)
        return await self._writer.submit(holds.hold(reason, who))

    async def release(self, *, who: str) -> tuple[Hold, ...]:
        """End every hold; returns what was held."""
        _demand(who=who)
        return await self._writer.submit(holds.release(who))

    # Proofs and approvals

    async def begin_proof(self, proof: Proof) -> Proof:
        """Note a proof before its first message; durable when this returns."""
        _demand(who=proof.who)
        names = tuple(map(self._cleaner.text, proof.names))
        return await self._writer.submit(proofs.begin(msgspec.structs.replace(proof, names=names)))

    async def approve(
        self, content: str, *, name: str, via: str, note: str = "", despite: str = ""
    ) -> Approval:
        """Keep a named person's word that a content may go out, durable when this returns.

        ``via`` is by what it came. Raises UsageError without a name, and for a campaign's content whose proof
        did not go well, unless ``despite`` says why all the same.
        """
        _demand(name=name)
        said = self._cleaner.row({"name": name, "via": via, "note": note, "despite": despite})
        return await self._writer.submit(proofs.approve(content, **said))

    # Who must not be texted

    async def suppress(
        self, numbers: Iterable[str], *, addition: suppression_list.Addition
    ) -> SuppressionCount:
        """Put numbers on the suppression list, 20,480 in a transaction; durable when this returns.

        What is on it in this scope stays as it is. Raises UsageError for a number that is none (those before
        it are on the list then), for a scope that no send can be in, and without a reason or a name.
        """
        _demand(reason=addition.reason, who=addition.who)
        said = self._cleaner.row({"reason": addition.reason, "who": addition.who})
        narrowed = self._cleaner.row(msgspec.structs.asdict(suppressions.scope_form(addition.scope)))
        clean = msgspec.structs.replace(addition, scope=SuppressionScope(**narrowed), **said)
        added = known = 0
        forms = map(suppressions.number_form, numbers)
        while page := list(itertools.islice(forms, 20 * suppressions.TOGETHER)):
            at = int(self._clock() * 1_000_000)
            work = partial(suppression_list.add, numbers=page, addition=clean, at=at, names=self._names)
            count = await self._database.write(work)
            added, known = added + count.added, known + count.known
        return SuppressionCount(added=added, known=known)

    async def unsuppress(
        self, numbers: Sequence[str], *, scope: SuppressionScope | None, reason: str, who: str
    ) -> int:
        """Take numbers off the list, of one scope or of all; how many entries ended."""
        _demand(reason=reason, who=who)
        forms = [suppressions.number_form(number) for number in numbers]
        asked = None if scope is None else suppressions.scope_form(scope)
        return await self._writer.submit(suppressions.remove(forms, asked, (reason, who), self._names))

    # Personal data

    async def forget(self, number: str, *, reason: str, who: str) -> Forgotten:
        """Take a number out of the ledger and its history; raises UsageError for what is none.

        At most once holds as before, and the suppression list: a keyed digest stands for it.
        """
        _demand(reason=reason, who=who)
        work = partial(
            forget_number,
            number=suppressions.number_form(number),
            **self._said(reason, who),
        )
        done = await self._database.write(work)
        await self._database.settle()
        return done

    async def forget_before(self, moment: float, *, reason: str, who: str) -> Forgotten:
        """Take the numbers out of all that is settled and older than this (seconds since the epoch)."""
        _demand(reason=reason, who=who)
        done, after = Forgotten(), (0, 0)
        while True:
            said = self._said(reason, who)
            work = partial(forget_before, moment=int(moment * 1_000_000), after=after, **said)
            page, after = await self._database.write(work)
            if page == Forgotten():
                await self._database.settle()
                return done
            done += page

    def _said(self, reason: str, who: str) -> dict[str, Any]:
        at = int(self._clock() * 1_000_000)
        clean = self._cleaner.row({"reason": reason, "who": who})
        return {**clean, "at": at, "names": self._names}

    # Stored messages

    async def record_save(self, save: Save) -> MmsRecord:
        """Bind an mms-id to content; UsageError when it is bound to other content and not to be replaced."""
        clean = msgspec.structs.replace(save, mms_id=self._cleaner.text(save.mms_id))
        return await self._writer.submit(saves.record(clean))

    async def begin_deletion(self, wish: Wish) -> Deletion:
        """Record that a stored message is about to be deleted; from now on no send of it is permitted.

        Raises UsageError while it is being sent, or deleted by another process, and without a name.
        """
        _demand(who=wish.who)
        said = self._cleaner.row(msgspec.structs.asdict(wish))
        return await self._writer.submit(deletions.begin(Wish(**said), self._owner))

    async def end_deletion(self, deletion: Deletion, result: SendResult) -> Deletion:
        """Record how that call ended; durable when this returns."""
        return await self._writer.submit(deletions.end(deletion, result))

    async def record_check(self, kind: str, **facts: str | float | list[str] | None) -> None:
        """Note a check or a permit in the history, such as ``kind="permit"`` with its digests."""
        facts = self._cleaner.row(facts)
        await self._writer.submit(Operation(RowsNeeded(), lambda transaction: transaction.note(kind, facts)))

    # Postbacks

    async def record_postback(
        self, fields: Mapping[str, str], account: str | None = None, *, stop_scope: str = "everything"
    ) -> Postback:
        """Keep a postback, once, and apply it; durable when this returns.

        ``fields`` are its elements by name, in any case and spelling; ``account`` tells which provider's they
        are: what it says of an mms-id holds there. A number that asks for nothing more is on the suppression
        list when this returns: for everything, for this account or for the sender it replied to
        (``stop_scope``). Raises UsageError when it has no code.
        """
        cleaned = {self._cleaner.text(name): self._cleaner.text(value) for name, value in fields.items()}
        arrived = postbacks.arrival(cleaned, self._meanings, account)
        return await self._writer.submit(postbacks.record(arrived, stop_scope))

    async def record_unreadable(self, body: bytes, why: str) -> Postback:
        """Keep a body that came as a postback and is none, once; ``why`` is a clause that can follow "it"."""
        text = self._cleaner.text(body.decode("utf-8", "backslashreplace"))
        return await self._writer.submit(postbacks.record(postbacks.stray(text, why)))

    # The whole

    async def verify(self, expect: str | None = None) -> Verification:
        """Look the whole ledger through for tampering.

        ``expect`` is a head noted earlier, ``ROWS``, ``HASH`` or ``ROWS:HASH``: it has to be a part of the
        history still, which tells a ledger that was cut short or written anew. Raises UsageError for another.
        """
        expected = None if expect is None else noted(expect)
        found = await self._database.read(lambda connection: verify(connection, expected), whole=True)
        behind = await self._standing.behind()
        if behind is None:
            return found
        told = Tampering(seq=None, what=f"rows are missing: {behind.text}")
        return msgspec.structs.replace(found, found=(*found.found, told))


async def open_ledger(
    where: str | None = None,
    *,
    create: bool = True,
    recover: bool = True,
    meanings: Mapping[str, str] = MappingProxyType({}),
    secrets: Iterable[str] = (),
    clock: Callable[[], float] = time.time,
) -> Ledger:
    """Open the ledger at a path or a ``postgresql://`` URL.

    None is what the environment variable MMSCHECK_LEDGER names, or else a file in the user's state folder.
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
        names = await database.read(pseudonyms)
        ledger = Ledger(database, clock=clock, secrets=secrets, meanings=meanings, names=names)
        # What is behind is left as it is: whoever brings the missing rows back needs it so.
        if await ledger.look(settle=create) and recover:
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
        raise MissingLedgerError(f"there is no ledger at {database.place.shown}")
    try:
        await database.write(lambda connection: migrate(connection, plan))
    except IntegrityError as error:
        raise LedgerError(f"the ledger {database.place.shown} cannot be set up: {error.orig}") from error


def _demand(**texts: str) -> None:
    for name, text in texts.items():
        if not text.strip():
            raise UsageError(f"a {name} is needed: say it for those who read it later")
