"""How a claimed send ends: by its answer, by certainly not going out, by a crash, by a person's word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from mmscheck.errors import LedgerError, UsageError
from mmscheck.ledger.book import Book, Needs, Operation, Row
from mmscheck.ledger.delivery import apply_known
from mmscheck.ledger.owner import is_gone, is_local, owner_of
from mmscheck.ledger.records import send_record
from mmscheck.model.ledger import Claim, SendRecord, SendState
from mmscheck.model.request import SendResult, SendStatus

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
    def decide(book: Book) -> SendRecord:
        row = book.get("sends", claim.send_id)
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
        book.update(kind, "sends", row["id"], {**columns, "changed_at": book.at})
        apply_known(book, row)
        return send_record(row)

    return Operation(Needs(sends=frozenset({claim.send_id}), trackings=trackings), decide)


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
    """Make ``unknown`` of every intent whose process is gone; the leases are seconds since the claim.

    Of a process here it is known whether it has ended. Of one elsewhere only time tells, so that lease must
    be much longer than the longest POST.
    """

    def decide(book: Book) -> tuple[int, ...]:
        lost = [
            row
            for row in book.find("sends", state=SendState.INTENDED.value)
            if _lost(row, (book.at - row["claimed_at"]) / 1_000_000, lease, remote_lease)
        ]
        for row in lost:
            values = {"state": SendState.UNKNOWN.value, "detail": CRASHED, "changed_at": book.at}
            book.update("send-crashed", "sends", row["id"], values)
        return tuple(row["id"] for row in lost)

    return Operation(Needs(in_flight=True), decide)


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

    def decide(book: Book) -> tuple[SendRecord, ...]:
        rows = [book.get("sends", one) for one in send_ids]
        faults = [_unresolvable(book, one, row, word) for one, row in zip(send_ids, rows, strict=True)]
        if any(faults):
            raise UsageError("; ".join(fault for fault in faults if fault))
        values = {"state": word.state.value, "resolved_by": word.who, "resolved_why": word.reason}
        for one in send_ids:
            book.update(f"send-{word.state}", "sends", one, {**values, "changed_at": book.at})
        return tuple(send_record(row) for row in rows if row is not None)

    return Operation(Needs(sends=frozenset(send_ids)), decide)


def _unresolvable(book: Book, send_id: int, row: Row | None, word: Word) -> str | None:
    """Why this send cannot be resolved so, or None."""
    if row is None:
        return f"there is no send {send_id} in the ledger"
    state = SendState(row["state"])
    if state is SendState.INTENDED:
        left = row["claimed_at"] / 1_000_000 + word.age - book.at / 1_000_000
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
