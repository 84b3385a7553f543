"""What decides over a POST: whether this send may be made now, by whoever asks."""

from __future__ import annotations

from mmscheck.ledger.book import Book, Needs, Operation, Row
from mmscheck.ledger.records import intent_columns, send_record
from mmscheck.ledger.tables import address
from mmscheck.model.ledger import (
    NEVER_ARRIVED,
    Claim,
    ClaimOutcome,
    ClaimRefused,
    MmsState,
    Recorded,
    RefusalReason,
    SendIntent,
    SendState,
)

_PAYLOAD = ("account", "mms_id", "recipient", "sender", "request_digest", "campaign")
"""What makes two sends the same under one key: who gets what in whose name. The check is no part of it."""

_CLAIMABLE = frozenset({SendState.NOT_SENT, SendState.RESOLVED_NOT_SENT})

_NO_ANSWER = {
    "detail": "",
    "tracking_id": None,
    "error_code": None,
    "error_info": None,
    "http_status": None,
    "resolved_by": None,
    "resolved_why": None,
}


def claim(intent: SendIntent, owner: str, max_attempts: int) -> Operation[ClaimOutcome]:
    """Record the intent, unless the key was used: then its answer, or why there may be no POST."""

    def decide(book: Book) -> ClaimOutcome:
        known = book.keyed.get(intent.key)
        if known is None:
            return _in_the_way(book, intent) or _first(book, intent, owner)
        return _again(book, intent, known, owner, max_attempts)

    needs = Needs(
        keys=frozenset({intent.key}),
        addressed=frozenset({_address(intent)} if intent.campaign is not None else ()),
        mms=frozenset({intent.mms_id}),
    )
    return Operation(needs, decide)


def _address(intent: SendIntent) -> str:
    return address(intent.campaign or "", intent_columns(intent)["recipient"])


def _in_the_way(book: Book, intent: SendIntent) -> ClaimRefused | None:
    """What came about since the check: the stored message is of no use, or the number has had another one."""
    mms = book.get("mms", intent.mms_id)
    if mms is not None and mms["state"] == MmsState.CORRUPT.value:
        text = f"mms-id {intent.mms_id}: the provider has told that it could not encode this message"
        return ClaimRefused(reason=RefusalReason.CORRUPT, text=text, send=None)
    if intent.campaign is None:
        return None
    for row in book.addressed.get(_address(intent), ()):
        if row["key"] == intent.key or SendState(row["state"]) in NEVER_ARRIVED:
            continue
        if row["state"] == SendState.INTENDED:
            text = "this number is being sent another message of this campaign"
            return _refused(RefusalReason.IN_FLIGHT, text, row)
        text = f"it is a message of this campaign to this number with other content, and is {row['state']}"
        return _refused(RefusalReason.OTHER_CONTENT, text, row)
    return None


def _first(book: Book, intent: SendIntent, owner: str) -> Claim:
    columns = {**intent_columns(intent), **_claimed(book, owner, 1)}
    row = book.insert("send-intended", "sends", columns)
    return Claim(send_id=row["id"], attempt=1)


def _again(book: Book, intent: SendIntent, row: Row, owner: str, max_attempts: int) -> ClaimOutcome:
    if different := [name for name in _PAYLOAD if row[name] != intent_columns(intent)[name]]:
        text = f"this idempotency key was used for another send ({', '.join(different)} differ)"
        return _refused(RefusalReason.OTHER_PAYLOAD, text, row)
    state = SendState(row["state"])
    if state is SendState.INTENDED:
        text = f"this send is being made by another worker (process {row['owner']}), or was cut short"
        return _refused(RefusalReason.IN_FLIGHT, text, row)
    if state is SendState.UNKNOWN:
        text = f"it may have been sent; find out, then: mmscheck ledger resolve {row['id']} --as ..."
        return _refused(RefusalReason.UNKNOWN, text, row)
    if state not in _CLAIMABLE:
        return Recorded(send=send_record(row))
    if state is SendState.NOT_SENT and row["attempt"] >= max_attempts:
        text = f"it was tried {row['attempt']} times, and never sent: {row['detail']}"
        return _refused(RefusalReason.ATTEMPTS_USED_UP, text, row)
    return _in_the_way(book, intent) or _once_more(book, intent, row, owner)


def _once_more(book: Book, intent: SendIntent, row: Row, owner: str) -> Claim:
    attempt = row["attempt"] + 1
    evidence = {name: intent_columns(intent)[name] for name in ("message_digest", "ruleset_digest", "line")}
    book.update("send-claimed-again", "sends", row["id"], {**evidence, **_claimed(book, owner, attempt)})
    return Claim(send_id=row["id"], attempt=attempt)


def _claimed(book: Book, owner: str, attempt: int) -> Row:
    return {
        "state": SendState.INTENDED.value,
        "attempt": attempt,
        "owner": owner,
        "claimed_at": book.at,
        "changed_at": book.at,
        **_NO_ANSWER,
    }


def _refused(reason: RefusalReason, text: str, row: Row) -> ClaimRefused:
    return ClaimRefused(reason=reason, text=f"send {row['id']}: {text}", send=send_record(row))
