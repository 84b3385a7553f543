"""How a claimed send ends: by its answer, by certainly not going out, by a crash, by a person's word.

An unknown one may also be settled by notifications that came without the ledger knowing their tracking id.
Only by what is certain: one tracking id that no send has, of notifications that all name the send's number
and message and came after its claim, and no other send of the same message to the same number that they
could be about. That holds as long as every send of the message goes through this ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.engine import Connection

from mmscheck.base.phone import another_number, same_number
from mmscheck.base.reference import client_reference
from mmscheck.errors import LedgerError, UsageError
from mmscheck.ledger import deletions, reading
from mmscheck.ledger.owner import is_gone, is_local, owner_of
from mmscheck.ledger.postbacks import OPT_OUT_CODES, REFERENCE, apply_known, field_of, from_its_provider
from mmscheck.ledger.rows import Row, send_record
from mmscheck.ledger.schema import SENDS
from mmscheck.ledger.suppressions import BLACKLISTED, put_on
from mmscheck.ledger.transaction_state import Operation, RowsNeeded, TransactionState
from mmscheck.model.ledger import (
    AT_ONCE,
    NEVER_ARRIVED,
    Claim,
    DeletionState,
    Postback,
    SendRecord,
    SendState,
)
from mmscheck.model.request import SendResult, SendStatus
from mmscheck.model.suppression import EVERYTHING, SuppressionSource

_ANSWERS = {
    SendStatus.ACCEPTED: SendState.ACCEPTED,
    SendStatus.REFUSED: SendState.REFUSED,
    SendStatus.UNKNOWN: SendState.UNKNOWN,
}

CRASHED = "The process that was sending it ended before it recorded an answer: it may have been sent."
"""The detail of a send whose process is gone."""

_RESOLVABLE = {
    SendState.RESOLVED_SENT: frozenset({SendState.UNKNOWN}),
    # A refusal is certain; this opens the key again once its cause has been mended.
    SendState.RESOLVED_NOT_SENT: frozenset({SendState.UNKNOWN, SendState.REFUSED}),
}


def answer(claim: Claim, result: SendResult) -> Operation[SendRecord]:
    """Record how the provider answered; what no answer can follow is a LedgerError."""
    if result.status is SendStatus.NOT_ATTEMPTED:
        return not_sent(claim, result.detail)
    columns = {
        "detail": result.detail,
        "tracking_id": result.tracking_id,
        "error_code": result.error_code,
        "error_info": result.error_info,
        "http_status": result.http_status,
    }
    state = _ANSWERS[result.status]
    trackings = frozenset({result.tracking_id} if result.tracking_id else ())
    return _end(claim, f"send-{state}", {"state": state.value, **columns}, trackings)


def not_sent(claim: Claim, why: str) -> Operation[SendRecord]:
    """Record that this attempt certainly did not go out, so that the send may be claimed again."""
    return _end(claim, "send-not-sent", {"state": SendState.NOT_SENT.value, "detail": why})


_LATER = frozenset({SendState.SENT, SendState.DELIVERED, SendState.FAILED})
"""What postbacks make of an answer."""

_WORDS = frozenset({SendState.RESOLVED_SENT, SendState.RESOLVED_NOT_SENT})
"""What a person says of a send."""

_CERTAIN = frozenset({SendState.ACCEPTED.value, SendState.REFUSED.value})
"""What the provider itself says of a send."""


def _end(
    claim: Claim, kind: str, columns: dict[str, Any], trackings: frozenset[str] = frozenset()
) -> Operation[SendRecord]:
    def decide(transaction: TransactionState) -> SendRecord:
        row = transaction.get("sends", claim.send_id)
        if row is None:
            raise LedgerError(f"there is no send {claim.send_id} in the ledger")
        if row["attempt"] != claim.attempt:
            raise LedgerError(
                f"send {row['id']} is at attempt {row['attempt']}: no answer of attempt {claim.attempt} fits"
            )
        if _is_written(row, columns):
            return send_record(row)
        if not _is_awaited(row):
            raise LedgerError(f"send {row['id']} is {row['state']}: it takes no answer any more")
        if row["state"] in _WORDS and columns["state"] not in _CERTAIN:
            return send_record(row)
        transaction.update(kind, "sends", row["id"], {**columns, "changed_at": transaction.at})
        if columns.get("error_code") in OPT_OUT_CODES:
            said = (BLACKLISTED, "the provider's answer")
            put_on(transaction, {row["recipient"]}, EVERYTHING, SuppressionSource.REFUSED, said)
        apply_known(transaction, row)
        return send_record(row)

    return Operation(RowsNeeded(sends=frozenset({claim.send_id}), trackings=trackings), decide)


def _is_written(row: Row, columns: Row) -> bool:
    """Whether this very ending is there, from a try whose success nobody heard of."""
    state = SendState(row["state"])
    same = all(row[name] == value for name, value in columns.items() if name != "state")
    return same and (state == columns["state"] or (state in _LATER and columns["state"] in _MOVED))


_MOVED = frozenset({SendState.ACCEPTED.value, SendState.UNKNOWN.value})


def _is_awaited(row: Row) -> bool:
    """Whether this attempt has got no answer yet, also where it was given up for crashed, or by a person."""
    if row["state"] == SendState.INTENDED:
        return True
    return row["detail"] in {"", CRASHED} and row["state"] in {SendState.UNKNOWN, *_WORDS}


def crashed(lease: float, remote_lease: float) -> Operation[tuple[int, ...]]:
    """Make ``unknown`` of intents and deletions whose process is gone; the leases are seconds.

    Of a process here it is known whether it has ended. Of one elsewhere only time tells, so that lease must
    be much longer than the longest POST.
    """

    def decide(transaction: TransactionState) -> tuple[int, ...]:
        lost = [
            row
            for row in transaction.find("sends", state=SendState.INTENDED.value)
            if _lost(row, (transaction.at - row["claimed_at"]) / 1_000_000, lease, remote_lease)
        ]
        deletions.crash(
            transaction,
            [
                row
                for row in transaction.find("deletions", state=DeletionState.BEGUN.value, lifted_at=None)
                if _lost(row, (transaction.at - row["begun_at"]) / 1_000_000, lease, remote_lease)
            ],
        )
        for row in lost:
            values = {"state": SendState.UNKNOWN.value, "detail": CRASHED, "changed_at": transaction.at}
            transaction.update("send-crashed", "sends", row["id"], values)
        return tuple(row["id"] for row in lost)

    return Operation(RowsNeeded(in_flight=True), decide)


def _lost(row: Row, age: float, lease: float, remote_lease: float) -> bool:
    owner = owner_of(row["owner"])
    if owner is None or not is_local(owner):
        return age >= remote_lease
    return age >= lease and is_gone(owner)


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What a person found out; ``age``: how many seconds ago an intent was made that may be given up."""

    state: SendState
    reason: str
    who: str
    age: float


def resolve(send_ids: Sequence[int], word: Word) -> Operation[tuple[SendRecord, ...]]:
    """Record what a person found out; raises UsageError when one of the sends does not ask for it."""

    def decide(transaction: TransactionState) -> tuple[SendRecord, ...]:
        rows = [transaction.get("sends", one) for one in send_ids]
        faults = [_unresolvable(transaction, one, row, word) for one, row in zip(send_ids, rows, strict=True)]
        if any(faults):
            raise UsageError("; ".join(fault for fault in faults if fault))
        values = {"state": word.state.value, "resolved_by": word.who, "resolved_why": word.reason}
        for one in send_ids:
            transaction.update(f"send-{word.state}", "sends", one, {**values, "changed_at": transaction.at})
        return tuple(send_record(row) for row in rows if row is not None)

    return Operation(RowsNeeded(sends=frozenset(send_ids)), decide)


def _unresolvable(transaction: TransactionState, send_id: int, row: Row | None, word: Word) -> str | None:
    """Why this send cannot be resolved so, or None."""
    if row is None:
        return f"there is no send {send_id} in the ledger"
    state = SendState(row["state"])
    if state is SendState.INTENDED:
        left = row["claimed_at"] / 1_000_000 + word.age - transaction.at / 1_000_000
        if left <= 0:
            return None
        return (
            f"send {send_id} is intended: process {row['owner']} is making it, or has given it up. "
            f"In {left / 60:.0f} minutes no call can be under way any more; who knows it earlier adds --force"
        )
    if state in _RESOLVABLE[word.state]:
        return None
    wanted = " or ".join(sorted(_RESOLVABLE[word.state]))
    return f"send {send_id} is {row['state']}; only what is {wanted} can be {word.state}"


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """What may settle an unknown send: the first notification about it, or None and ``why`` there is none.

    ``by_reference``: it repeats what this send alone told the provider, so that nobody need ask for it.
    """

    send: SendRecord
    postback: Postback | None
    why: str
    by_reference: bool = False


def match(connection: Connection, send: SendRecord) -> Match:
    """The notification that certainly is about an unknown send, or why none is."""
    if send.state is not SendState.UNKNOWN:
        return Match(send=send, postback=None, why=f"it is {send.state.value}")
    found = [one for one in reading.proposals(connection, send) if one.received_at >= send.claimed_at]
    references = {one.id: field_of(one.fields, REFERENCE) for one in found}
    reference = client_reference(send.intent.key)
    if own := _with_its_reference([one for one in found if references[one.id] == reference], send):
        return own
    if send.intent.mms_id == AT_ONCE:
        why = f"it was sent at once, under no mms-id, and no notification has its {REFERENCE}"
        return Match(send=send, postback=None, why=why)
    # What repeats another reference is about another send, whatever else it names.
    found = [one for one in found if REFERENCE not in one.fields]
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


def _with_its_reference(own: Sequence[Postback], send: SendRecord) -> Match | None:
    """The match by notifications with what only this send told the provider."""
    placed = [one for one in own if one.tracking_id and from_its_provider(send.intent.account, one.account)]
    if not placed or len({one.tracking_id for one in placed}) > 1:
        return None
    why = f"{placed[0].code} came with its {REFERENCE}"
    return Match(send=send, postback=placed[0], why=why, by_reference=True)


def _contradicts(postback: Postback, send: SendRecord) -> bool:
    other = send.intent.mms_id != AT_ONCE and postback.mms_id not in {None, send.intent.mms_id}
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

    def decide(transaction: TransactionState) -> SendRecord | None:
        row = transaction.get("sends", found.send.id)
        taken = transaction.find("sends", tracking_id=tracking)
        if row is None or row["state"] != SendState.UNKNOWN or row["tracking_id"] or taken:
            return None
        values = {"tracking_id": tracking, "resolved_by": who, "resolved_why": found.why}
        transaction.update("send-matched", "sends", found.send.id, {**values, "changed_at": transaction.at})
        apply_known(transaction, row)
        return send_record(row)

    needs = RowsNeeded(sends=frozenset({found.send.id}), reported=frozenset({tracking}))
    return Operation(needs, decide)
