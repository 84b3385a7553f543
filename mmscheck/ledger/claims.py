"""What decides over a POST: whether this send may be made now, by whoever asks; and the key it goes by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from mmscheck.base.phone import e164
from mmscheck.ledger.rows import Row, canonical, intent_columns, same_account, send_record, stored_id
from mmscheck.ledger.saves import media_text
from mmscheck.ledger.schema import address, delivery
from mmscheck.ledger.transaction_state import Operation, RowsNeeded, TransactionState
from mmscheck.model.effective import key_of
from mmscheck.model.ledger import (
    LACKS,
    NEVER_ARRIVED,
    Claim,
    ClaimOutcome,
    ClaimRefused,
    Expected,
    MmsState,
    Recorded,
    RefusalReason,
    SendIntent,
    SendState,
)
from mmscheck.model.request import CustomText


def idempotency_key(
    *,
    account: str | None,
    to: str,
    mms_id: str,
    subject: str | None,
    custom_texts: Iterable[CustomText] = (),
    data: Iterable[tuple[str, str]] = (),
    campaign: str | None = None,
) -> str:
    """``sha256:`` and a digest of who gets what: the same message to the same phone has the same key.

    ``subject`` is the final one, after merging. Of a slide's texts, and of the values of a name, the last
    counts, as in the send. A number is its E.164 form, however it is written.
    """
    parts = {
        "account": account,
        "to": e164(to) or to,
        "mms-id": mms_id.strip(),
        "subject": subject,
        "texts": sorted({text.slide: text.value for text in custom_texts}.items()),
        "data": sorted({key_of(name): value for name, value in data}.items()),
        "campaign": campaign,
    }
    return "sha256:" + hashlib.sha256(canonical(parts).encode()).hexdigest()


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


class _Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is claimed: its columns, and the values by which other sends may be in its way."""

    intent: SendIntent
    columns: Row
    addressed: str | None
    delivery: str


def claim(intent: SendIntent, owner: str, max_attempts: int) -> Operation[ClaimOutcome]:
    """Record the intent, unless the key was used: then its answer, or why there may be no POST."""
    columns = intent_columns(intent)
    to = columns["recipient"]
    addressed = None if intent.campaign is None else address(intent.campaign, to)
    wanted = _Wanted(
        intent=intent, columns=columns, addressed=addressed, delivery=delivery(intent.mms_id, to)
    )

    def decide(transaction: TransactionState) -> ClaimOutcome:
        known = transaction.keyed.get(intent.key)
        if known is None:
            return _in_the_way(transaction, wanted) or _first(transaction, wanted, owner)
        return _again(transaction, wanted, known, owner, max_attempts)

    needs = RowsNeeded(
        keys=frozenset({intent.key}),
        addressed=frozenset({addressed} if addressed is not None else ()),
        deliveries=frozenset({wanted.delivery}),
        mms=frozenset({_stored_id(intent)}),
    )
    return Operation(needs, decide)


def _stored_id(intent: SendIntent) -> str:
    return stored_id(intent.mms_id, None if intent.expects is None else intent.expects.account)


def _in_the_way(transaction: TransactionState, wanted: _Wanted) -> ClaimRefused | None:
    """What came about since the check: of the stored message, or of what the number has had."""
    return (
        _stored(transaction, wanted.intent)
        or _addressed(transaction, wanted)
        or _delivered(transaction, wanted)
    )


def _stored(transaction: TransactionState, intent: SendIntent) -> ClaimRefused | None:
    """Why the stored message may not be sent: it is of no use, or not what the check found."""
    mms = transaction.get("mms", _stored_id(intent))
    if mms is not None and mms["state"] == MmsState.CORRUPT.value:
        text = f"mms-id {intent.mms_id}: the provider has told that it could not encode this message"
        return ClaimRefused(reason=RefusalReason.CORRUPT, text=text, send=None)
    if intent.expects is None or not (wrong := _changed(mms, intent, intent.expects)):
        return None
    text = f"mms-id {intent.mms_id} {wrong} than when the message was checked"
    return ClaimRefused(reason=RefusalReason.NOT_AS_CHECKED, text=text, send=None)


def _changed(mms: Row | None, intent: SendIntent, expects: Expected) -> str | None:
    if mms is None or not same_account(mms["account"], expects.account):
        return "is not bound at this provider and account any more: it stands otherwise in the ledger"
    if mms["digest"] != intent.message_digest:
        return "is bound to other content"
    if mms["state"] != MmsState.READY.value:
        return f"is {mms['state']}, and so in another state"
    return None if mms["media"] == media_text(expects.media) else "is bound with other media"


def _addressed(transaction: TransactionState, wanted: _Wanted) -> ClaimRefused | None:
    if wanted.addressed is None:
        return None
    for row in transaction.addressed.get(wanted.addressed, ()):
        if row["key"] == wanted.intent.key or SendState(row["state"]) in NEVER_ARRIVED:
            continue
        if row["state"] == SendState.INTENDED:
            text = "this number is being sent another message of this campaign"
            return _refused(RefusalReason.IN_FLIGHT, text, row)
        text = f"it is a message of this campaign to this number with other content, and is {row['state']}"
        return _refused(RefusalReason.OTHER_CONTENT, text, row)
    return None


def _delivered(transaction: TransactionState, wanted: _Wanted) -> ClaimRefused | None:
    """Whether the number has this stored message from this account, may have it, or is being sent it.

    Of two sends that belong to no campaign the keys alone decide: each is somebody's one send to one phone.
    """
    intent = wanted.intent
    if intent.again:
        return None
    for row in transaction.delivered.get(wanted.delivery, ()):
        state = SendState(row["state"])
        alone = row["campaign"] is None and intent.campaign is None
        if alone or row["key"] == intent.key or row["account"] != intent.account or state in LACKS:
            continue
        where = "in a send of its own" if row["campaign"] is None else f"in campaign {row['campaign']}"
        if state is SendState.INTENDED:
            return _refused(RefusalReason.IN_FLIGHT, f"this number is being sent this message, {where}", row)
        if state is SendState.UNKNOWN:
            text = f"this number may have this message, from an unknown send {where}"
            return _refused(RefusalReason.UNKNOWN, text, row)
        return _refused(RefusalReason.HAS_IT, f"this number has this message already, {where}", row)
    return None


def _first(transaction: TransactionState, wanted: _Wanted, owner: str) -> Claim:
    columns = {**wanted.columns, **_claimed(transaction, owner, 1)}
    row = transaction.insert("send-intended", "sends", columns)
    return Claim(send_id=row["id"], attempt=1)


def _again(
    transaction: TransactionState, wanted: _Wanted, row: Row, owner: str, max_attempts: int
) -> ClaimOutcome:
    asked, known = _payload(wanted.columns), _payload(row)
    if different := [name for name in _PAYLOAD if asked[name] != known[name]]:
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
    return _in_the_way(transaction, wanted) or _once_more(transaction, wanted, row, owner)


def _payload(columns: Row) -> Row:
    """Who gets what in whose name; a campaign that nobody named is no other send than one by itself."""
    named = columns["campaign"] if columns["campaign"] != columns["mms_id"] else None
    return {**{name: columns[name] for name in _PAYLOAD}, "campaign": named}


def _once_more(transaction: TransactionState, wanted: _Wanted, row: Row, owner: str) -> Claim:
    attempt, columns = row["attempt"] + 1, wanted.columns
    evidence = {name: columns[name] for name in ("message_digest", "ruleset_digest", "line")}
    # What one send began and a campaign takes up is the campaign's: it has had this number.
    evidence["campaign"] = columns["campaign"] or row["campaign"]
    transaction.update(
        "send-claimed-again", "sends", row["id"], {**evidence, **_claimed(transaction, owner, attempt)}
    )
    return Claim(send_id=row["id"], attempt=attempt)


def _claimed(transaction: TransactionState, owner: str, attempt: int) -> Row:
    return {
        "state": SendState.INTENDED.value,
        "attempt": attempt,
        "owner": owner,
        "claimed_at": transaction.at,
        "changed_at": transaction.at,
        **_NO_ANSWER,
    }


def _refused(reason: RefusalReason, text: str, row: Row) -> ClaimRefused:
    return ClaimRefused(reason=reason, text=f"send {row['id']}: {text}", send=send_record(row))
