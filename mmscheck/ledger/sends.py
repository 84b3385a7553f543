"""How a claimed send ends: by its answer, by certainly not going out, by a crash, by a person's word."""

from __future__ import annotations

from typing import Any

from mmscheck.errors import LedgerError, UsageError
from mmscheck.ledger.book import Book, Needs, Operation, Row
from mmscheck.ledger.delivery import apply_known
from mmscheck.ledger.owner import is_gone, is_local, owner_of
from mmscheck.ledger.records import send_record
from mmscheck.model.ledger import Claim, SendRecord, SendState
from mmscheck.model.send import SendResult, SendStatus

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
        late = row["state"] == SendState.UNKNOWN and row["detail"] == CRASHED
        if row["state"] != SendState.INTENDED and not late:
            raise LedgerError(f"send {row['id']} is {row['state']}: it takes no answer any more")
        book.update(kind, "sends", row["id"], {**columns, "changed_at": book.at})
        apply_known(book, row)
        return send_record(row)

    return Operation(Needs(sends=frozenset({claim.send_id}), trackings=trackings), decide)


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


def resolve(send_id: int, state: SendState, reason: str, who: str) -> Operation[SendRecord]:
    """Record what a person found out; raises UsageError for a send that does not ask for it."""

    def decide(book: Book) -> SendRecord:
        row = book.get("sends", send_id)
        if row is None:
            raise UsageError(f"there is no send {send_id} in the ledger")
        if SendState(row["state"]) not in _RESOLVABLE[state]:
            wanted = " or ".join(sorted(_RESOLVABLE[state]))
            raise UsageError(f"send {send_id} is {row['state']}; only what is {wanted} can be {state}")
        values = {"state": state.value, "resolved_by": who, "resolved_why": reason, "changed_at": book.at}
        book.update(f"send-{state}", "sends", send_id, values)
        return send_record(row)

    return Operation(_with_id(send_id), decide)


def _with_id(send_id: int) -> Needs:
    return Needs(sends=frozenset({send_id}))
