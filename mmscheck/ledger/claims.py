"""What decides over a POST: whether this send may be made now, by whoever asks; and the key it goes by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import msgspec

from mmscheck.base.phone import e164
from mmscheck.ledger import deletions
from mmscheck.ledger.pseudonyms import Pseudonyms
from mmscheck.ledger.rows import Row, canonical, intent_columns, same_account, send_record, stored_id
from mmscheck.ledger.saves import media_text
from mmscheck.ledger.schema import address, delivery
from mmscheck.ledger.suppressions import applies
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
    suppressed,
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
    """What is claimed: its columns, and the values by which other sends may be in its way.

    Each as it is, and as it is called where the number was forgotten: ``hidden`` are those columns.
    """

    intent: SendIntent
    columns: Row
    hidden: Row
    addressed: tuple[str, ...]
    deliveries: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, str]:
        """The idempotency key under both names."""
        return self.columns["key"], self.hidden["key"]

    @property
    def numbers(self) -> tuple[str, str]:
        """The number under both names."""
        return self.columns["recipient"], self.hidden["recipient"]

    @property
    def texted(self) -> frozenset[str]:
        """The numbers of which every send counts; none where nobody asks how often it was texted."""
        terms = self.intent.terms
        return frozenset(() if terms.gap is None and terms.per_day is None else self.numbers)


def _wanted(intent: SendIntent, names: Pseudonyms) -> _Wanted:
    columns = intent_columns(intent)
    hidden = {name: names.of(columns[name]) for name in HIDDEN}
    numbers = (columns["recipient"], hidden["recipient"])
    campaign = intent.campaign
    return _Wanted(
        intent=intent,
        columns=columns,
        hidden=hidden,
        addressed=() if campaign is None else tuple(address(campaign, number) for number in numbers),
        deliveries=tuple(delivery(intent.mms_id, number) for number in numbers),
    )


def claim(intent: SendIntent, owner: str, max_attempts: int, names: Pseudonyms) -> Operation[ClaimOutcome]:
    """Record the intent, unless the key was used: then its answer, or why there may be no POST."""
    wanted = _wanted(intent, names)
    key, hidden = wanted.keys

    def decide(transaction: TransactionState) -> ClaimOutcome:
        known = transaction.keyed.get(key) or transaction.keyed.get(hidden)
        if known is None:
            return _in_the_way(transaction, wanted) or _first(transaction, wanted, owner)
        return _again(transaction, wanted, known, owner, max_attempts)

    needs = RowsNeeded(
        keys=frozenset(wanted.keys),
        addressed=frozenset(wanted.addressed),
        deliveries=frozenset(wanted.deliveries),
        mms=_stored_ids(intent),
        suppressed=frozenset(wanted.numbers),
        texted=wanted.texted,
        approved=frozenset({intent.terms.approval} if intent.terms.approval else ()),
    )
    return Operation(needs, decide)


def refusals(intent: SendIntent, names: Pseudonyms) -> Operation[tuple[ClaimRefused, ...]]:
    """Why a claim would be refused now for its number's sake; nothing is written.

    Of a send that was made there is nothing to say: a claim gets its answer, and nothing goes out.
    """
    wanted = _wanted(intent, names)
    key, hidden = wanted.keys

    def decide(transaction: TransactionState) -> tuple[ClaimRefused, ...]:
        known = transaction.keyed.get(key) or transaction.keyed.get(hidden)
        if known is not None and SendState(known["state"]) not in _CLAIMABLE:
            return ()
        found = _suppressed(transaction, wanted)
        return (*(() if found is None else (found,)), *_untimely(transaction, wanted))

    needs = RowsNeeded(
        keys=frozenset(wanted.keys),
        # What a number was sent is found by the index of these.
        deliveries=frozenset(wanted.deliveries),
        suppressed=frozenset(wanted.numbers),
        texted=wanted.texted,
    )
    return Operation(needs, decide)


HIDDEN = ("key", "recipient", "request_digest")
"""The columns of a send that a number can be found out from."""


def _stored_id(intent: SendIntent) -> str:
    return stored_id(intent.mms_id, None if intent.expects is None else intent.expects.account)


def _stored_ids(intent: SendIntent) -> frozenset[str]:
    """The rows that may be about it: where it was checked without a ledger the provider is known."""
    host = (intent.account or "").partition("/")[0]
    return frozenset({_stored_id(intent), stored_id(intent.mms_id, host or None)})


def _in_the_way(transaction: TransactionState, wanted: _Wanted) -> ClaimRefused | None:
    """What came about since the check: of the stored message, or of what the number has had or wants."""
    return (
        _suppressed(transaction, wanted)
        or _unapproved(transaction, wanted.intent.terms.approval)
        or next(_untimely(transaction, wanted), None)
        or _stored(transaction, wanted.intent)
        or _addressed(transaction, wanted)
        or _delivered(transaction, wanted)
    )


def _suppressed(transaction: TransactionState, wanted: _Wanted) -> ClaimRefused | None:
    intent = wanted.intent
    for number in wanted.numbers:
        for row in transaction.find("suppressions", recipient=number, removed_at=None):
            if applies(row, account=intent.account, sender=intent.from_, list_name=intent.terms.list_name):
                return suppressed(row["reason"], row["who"])
    return None


def _unapproved(transaction: TransactionState, content: str) -> ClaimRefused | None:
    """Why a campaign's row may not go out yet: what it is of was not proved as it is, or not approved."""
    if not content or (
        transaction.find("proofs", content=content) and transaction.find("approvals", content=content)
    ):
        return None
    text = "nobody has approved a proof of this campaign as it is now: content, rules and rows"
    return ClaimRefused(reason=RefusalReason.NOT_APPROVED, text=text, send=None)


DAY = 24 * 3600 * 1_000_000


def _untimely(transaction: TransactionState, wanted: _Wanted) -> Iterator[ClaimRefused]:
    """Why this is not the time: quiet hours, or what the number has had lately from whatever campaign."""
    terms, at = wanted.intent.terms, transaction.at
    if terms.until is not None and at >= terms.until:
        text = "quiet hours have begun where this number may be"
        yield ClaimRefused(reason=RefusalReason.QUIET_HOURS, text=text, send=None)
    if terms.gap is None and terms.per_day is None:
        return
    had = [
        row
        for number in wanted.numbers
        for row in transaction.to.get(number, ())
        if row["key"] not in wanted.keys
        and SendState(row["state"]) not in NEVER_ARRIVED
        # The variants of one proof are one message to its phone.
        and (row["proof"] is None or row["proof"] != wanted.intent.proof)
    ]
    last = max(had, key=lambda row: row["claimed_at"], default=None)
    if terms.gap is not None and last is not None and at - last["claimed_at"] < terms.gap:
        yield _refused(RefusalReason.TOO_SOON, "this number was texted lately, and the gap is not over", last)
    today = [row for row in had if at - row["claimed_at"] < DAY]
    if terms.per_day is not None and last is not None and len(today) >= terms.per_day:
        text = f"this number had {len(today)} in 24 hours, and {terms.per_day} is the most"
        yield _refused(RefusalReason.TOO_MANY, text, last)


def _stored(transaction: TransactionState, intent: SendIntent) -> ClaimRefused | None:
    """Why the stored message may not be sent: it is of no use, or not what the check found."""
    if gone := deletions.state_of(deletions.unlifted(transaction, _stored_ids(intent))):
        text = f"mms-id {intent.mms_id} is {gone.value} at the provider (mmscheck delete)"
        return ClaimRefused(reason=RefusalReason.DELETED, text=text, send=None)
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
    for row in (row for one in wanted.addressed for row in transaction.addressed.get(one, ())):
        if row["key"] in wanted.keys or SendState(row["state"]) in NEVER_ARRIVED:
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
    for row in (row for one in wanted.deliveries for row in transaction.delivered.get(one, ())):
        state = SendState(row["state"])
        alone = row["campaign"] is None and intent.campaign is None
        if alone or row["key"] in wanted.keys or row["account"] != intent.account or state in LACKS:
            continue
        where = _where(row)
        if state is SendState.INTENDED:
            return _refused(RefusalReason.IN_FLIGHT, f"this number is being sent this message, {where}", row)
        if state is SendState.UNKNOWN:
            text = f"this number may have this message, from an unknown send {where}"
            return _refused(RefusalReason.UNKNOWN, text, row)
        return _refused(RefusalReason.HAS_IT, f"this number has this message already, {where}", row)
    return None


def _where(row: Row) -> str:
    if row["proof"] is not None:
        return "in a proof"
    return "in a send of its own" if row["campaign"] is None else f"in campaign {row['campaign']}"


def _first(transaction: TransactionState, wanted: _Wanted, owner: str) -> Claim:
    columns = {**wanted.columns, **_claimed(transaction, owner, 1)}
    row = transaction.insert("send-intended", "sends", columns)
    return Claim(send_id=row["id"], attempt=1, seq=transaction.seq)


def _again(
    transaction: TransactionState, wanted: _Wanted, row: Row, owner: str, max_attempts: int
) -> ClaimOutcome:
    asked = wanted.columns if row["key"] == wanted.columns["key"] else {**wanted.columns, **wanted.hidden}
    asked, known = _payload(asked), _payload(row)
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
    evidence |= {name: columns[name] for name in ("consent_source", "consent_at") if columns[name]}
    transaction.update(
        "send-claimed-again", "sends", row["id"], {**evidence, **_claimed(transaction, owner, attempt)}
    )
    return Claim(send_id=row["id"], attempt=attempt, seq=transaction.seq)


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
