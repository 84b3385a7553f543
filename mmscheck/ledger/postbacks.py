"""Postbacks: kept as they come, each once, and applied to the sends and messages they name, in any order."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from mmscheck.base.phone import another_number, digits
from mmscheck.base.reference import client_reference
from mmscheck.base.xml import folded
from mmscheck.errors import UsageError
from mmscheck.ledger.rows import Row, canonical, host_of, mms_id_of, postback_record, stored_id
from mmscheck.ledger.schema import delivery
from mmscheck.ledger.suppressions import (
    BLACKLISTED,
    REPLIED,
    UNSUBSCRIBED_THERE,
    Reply,
    obey,
    readings,
)
from mmscheck.ledger.transaction_state import ENCODING, Operation, RowsNeeded, TransactionState
from mmscheck.model.ledger import AT_ONCE, UNREADABLE, MmsState, Postback, PostbackMeaning, SendState
from mmscheck.model.replies import ReplyWish, wish_of
from mmscheck.model.suppression import SuppressionSource

DELIVERED = frozenset({"delivered", "retrieved"})
"""Last words of a status that say a phone has it (MM7 report statuses; N102 alone may be any change)."""

UNDELIVERED = frozenset({"failed", "messagefailed", "rejected", "expired", "notsupported", "unrecognized"})
"""Last words of a status that say no phone has it, without spaces and hyphens.

Skycore XML API 1.3 of 2013 to 2014 has them beside N101, N102, N201 and N202, Sinch's pages of 2026 tie the
words to no code, and MM7 reports an unrecognised message like a rejected one.
"""

_UNSETTLED = frozenset({SendState.UNKNOWN, SendState.RESOLVED_NOT_SENT})
"""What nobody knows, and what a person took for not sent, which a notification may belie."""

REFERENCE = "client-reference"
"""The field of a JSON notification that repeats what the send gave (Sinch JSON API, 2026)."""

NOTIFICATION = "a notification"
"""Who settled a send that the provider's own word settled."""

_RANK = {SendState.SENT: 1, SendState.FAILED: 2, SendState.DELIVERED: 3}
"""Of contradicting postbacks the highest counts, so that their order does not matter.

Delivered beats failed: what a phone may have is never sent again.
"""

_OPEN = frozenset(
    {
        *(SendState.ACCEPTED, SendState.UNKNOWN, SendState.RESOLVED_SENT, SendState.RESOLVED_NOT_SENT),
        *_RANK,
    }
)
"""States that a postback with the send's tracking id moves on; others keep it on record only.

Also what a person took for not sent: the provider had it, so it must not be sent again.
"""


def told(code_says: PostbackMeaning, status: str | None) -> PostbackMeaning:
    """What a postback says by code and status together: a word of failure outweighs a code of success."""
    of_success = {PostbackMeaning.SENT, PostbackMeaning.STATUS, PostbackMeaning.DELIVERED_AS_SMS}
    return (
        PostbackMeaning.FAILED if code_says in of_success and _last_word(status) in UNDELIVERED else code_says
    )


def effect(meaning: str, status: str | None) -> SendState | None:
    """What one postback says of its send, or None when it says nothing of it."""
    word = _last_word(status)
    match told(PostbackMeaning(meaning), status):
        case PostbackMeaning.SENT:
            return SendState.SENT
        case PostbackMeaning.STATUS:
            return SendState.DELIVERED if word in DELIVERED else SendState.SENT
        case PostbackMeaning.DELIVERED_AS_SMS:
            # Documented with this word only; without any word the code is all there is to go by.
            return SendState.DELIVERED if word in DELIVERED or not word else SendState.SENT
        case PostbackMeaning.FAILED:
            return SendState.FAILED
        case _:
            return None


def _last_word(status: str | None) -> str:
    """``rejected`` of ``Message Sent/Rejected``, ``notsupported`` of ``Not Supported``; may be empty."""
    words = [re.sub(r"[\s._-]", "", part).lower() for part in (status or "").split("/")]
    return next((word for word in reversed(words) if word), "").replace("unrecognised", "unrecognized")


def apply_known(transaction: TransactionState, send: Row) -> None:
    """Move a send on by every postback in the transaction that has its tracking id, and no other number.

    One with another number contradicts itself: it is kept, and says nothing for certain. Only what a person
    took for not sent it moves all the same, so that nothing is sent twice.
    """
    if not send["tracking_id"] or SendState(send["state"]) not in _OPEN:
        return
    found = transaction.find("postbacks", tracking_id=send["tracking_id"])
    effects = [
        effect(postback["meaning"], postback["status"])
        for postback in found
        if send["state"] == SendState.RESOLVED_NOT_SENT
        or not another_number(postback["recipient"], send["recipient"])
    ]
    best = max((one for one in effects if one), key=_RANK.__getitem__, default=None)
    if best is None or _RANK[best] <= _RANK.get(SendState(send["state"]), 0):
        return
    transaction.update(
        f"send-{best}", "sends", send["id"], {"state": best.value, "changed_at": transaction.at}
    )


def apply_reference(transaction: TransactionState, arrived: Arrival, postback: Row) -> None:
    """Move the one send on that went out under the reference of this postback, and carries no tracking id.

    The reference is a digest of the send's idempotency key, which no other send has, so nothing else need be
    asked; number, stored message and provider must be the send's all the same.
    """
    reference, recipient = arrived.field(REFERENCE), postback["recipient"]
    if reference is None or recipient is None:
        return
    # What was sent at once had no mms-id when it was claimed.
    about = [
        send
        for mms_id in dict.fromkeys((postback["mms_id"], AT_ONCE))
        for send in transaction.find("sends", mms_id=mms_id, recipient=recipient, tracking_id=None)
    ]
    own = [send for send in about if _is_of(send, reference, arrived.account)]
    state = effect(postback["meaning"], postback["status"])
    if len(own) != 1 or state is None:
        return
    (send,) = own
    if SendState(send["state"]) not in _OPEN or _RANK[state] <= _RANK.get(SendState(send["state"]), 0):
        return
    values = {}
    if (tracking := postback["tracking_id"]) and not transaction.find("sends", tracking_id=tracking):
        values["tracking_id"] = tracking
    if SendState(send["state"]) in _UNSETTLED:
        why = f"{postback['code']} came with its {REFERENCE}"
        values |= {"resolved_by": NOTIFICATION, "resolved_why": why}
    if values:
        transaction.update("send-matched", "sends", send["id"], {**values, "changed_at": transaction.at})
    transaction.update(
        f"send-{state}", "sends", send["id"], {"state": state.value, "changed_at": transaction.at}
    )


def _is_of(send: Row, reference: str, account: str | None) -> bool:
    """Whether a send went out under this reference, and to the provider that the postback is from."""
    return from_its_provider(send["account"], account) and client_reference(send["key"]) == reference


def from_its_provider(sends_account: str | None, postbacks_account: str | None) -> bool:
    """Whether a postback of this provider may be about a send of this account; either may be unnoted."""
    host = (sends_account or "").partition("/")[0]
    return postbacks_account is None or not host or host == postbacks_account


def apply_encoding(transaction: TransactionState, mms: Row, *, since: int = 0) -> None:
    """Move a stored message on by what its provider's postbacks said of its encoding; corrupt is for ever.

    What was ready before ``since`` (microseconds) was other content under this id, which is deleted.
    """
    told = transaction.find("postbacks", mms_id=mms_id_of(mms["id"], mms["account"]))
    meanings = {
        postback["meaning"]
        for postback in told
        if _about(postback, mms)
        and (postback["received_at"] >= since or postback["meaning"] == PostbackMeaning.CORRUPT)
    }
    if PostbackMeaning.CORRUPT in meanings:
        state = MmsState.CORRUPT
    elif PostbackMeaning.READY in meanings:
        state = MmsState.READY
    else:
        return
    if mms["state"] not in {state.value, MmsState.CORRUPT.value}:
        transaction.update(
            f"mms-{state}", "mms", mms["id"], {"state": state.value, "changed_at": transaction.at}
        )


def _about(postback: Row, mms: Row) -> bool:
    """Whether it tells of the message at this provider; of corruption also one from nobody knows where."""
    unplaced = postback["account"] is None and postback["meaning"] == PostbackMeaning.CORRUPT
    return bool(unplaced or postback["account"] == host_of(mms["account"]))


_SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        "code": "code",
        "trackingid": "tracking-id",
        "mmsid": "mms-id",
        "to": "to",
        "from": "from",
        "status": "status",
        "clientreference": "client-reference",
    }
)
"""Names in lower case and without ``-`` and ``_``: there are ``mms-id``, ``MMSID`` and ``mmsId``."""


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A postback before it is recorded; ``digest`` is over all of it and tells a repetition.

    ``account`` is the provider that it came from, None where nobody says.
    """

    fields: Mapping[str, str]
    meaning: PostbackMeaning
    digest: str
    account: str | None = None

    def field(self, name: str) -> str | None:
        """``field_of`` of its fields."""
        return field_of(self.fields, name)


def field_of(fields: Mapping[str, str], name: str) -> str | None:
    """A field that the ledger reads; None when it is missing or blank, or comes again with another text.

    What contradicts itself is kept, and proves nothing: neither a delivery nor whose it is.
    """
    text = fields.get(name, "").strip()
    again = (one for other, one in fields.items() if _name(other.partition("#")[0]) == name)
    return text if text and all(one.strip() == text for one in again) else None


def arrival(fields: Mapping[str, str], meanings: Mapping[str, str], account: str | None = None) -> Arrival:
    """A postback from the elements it came with; raises UsageError when it has no code.

    ``meanings`` tells for each code, in capitals, a value of ``PostbackMeaning``; a status of failure wins.
    """
    named = {_name(name): value for name, value in fields.items()}
    code = named.get("code", "").strip().upper()
    if not code:
        raise UsageError("a postback has a code, and this one has none")
    named["code"] = code
    host = host_of(account)
    # The same words of two providers are about two messages.
    whole = canonical(named) if host is None else f"{host}\n{canonical(named)}"
    digest = "sha256:" + hashlib.sha256(whole.encode()).hexdigest()
    arrived = Arrival(fields=named, meaning=PostbackMeaning.UNKNOWN, digest=digest, account=host)
    # Of two codes neither is believed: field() has none then.
    says = PostbackMeaning(meanings.get(arrived.field("code") or "", PostbackMeaning.UNKNOWN))
    return msgspec.structs.replace(arrived, meaning=told(says, arrived.field("status")))


def stray(body: str, why: str) -> Arrival:
    """A body that is no postback, kept as it came: nobody may ever send it again."""
    fields = {"code": UNREADABLE, "why": f"it {why}", "body": body}
    return Arrival(
        fields=fields,
        meaning=PostbackMeaning.UNKNOWN,
        digest="sha256:" + hashlib.sha256(canonical(fields).encode()).hexdigest(),
    )


def _name(name: str) -> str:
    return _SPELLINGS.get(folded(name), name.lower())


OPT_OUT_CODES = frozenset({"E114"})
"""Codes by which the provider refuses a number for good: it is on a blacklist (Skycore, Sinch)."""


def reply_of(arrived: Arrival) -> Reply | None:
    """What a notification says of a number's wish, None where it says nothing of it.

    What came in is from the number and to the account's; of a send ``to`` is the number.
    """
    code, meaning = arrived.fields["code"], arrived.meaning
    to, own = arrived.field("to"), arrived.field("from")
    about, at = [to], own
    if meaning is PostbackMeaning.INBOUND:
        about, at = [own], to
        wish, source, reason = wish_of(arrived.fields), SuppressionSource.REPLY, REPLIED
    elif code in OPT_OUT_CODES:
        wish, source, reason = ReplyWish.STOP, SuppressionSource.REFUSED, BLACKLISTED
    elif meaning is PostbackMeaning.UNSUBSCRIBED:
        about, at = _subscribers(to, own)
        wish, source, reason = ReplyWish.STOP, SuppressionSource.UNSUBSCRIBED, UNSUBSCRIBED_THERE
    elif meaning is PostbackMeaning.SUBSCRIBED:
        about, at = _subscribers(to, own)
        wish, source, reason = ReplyWish.START, SuppressionSource.UNSUBSCRIBED, ""
    else:
        return None
    numbers = frozenset().union(*map(readings, about))
    if wish is None or not numbers:
        return None
    account, sender = arrived.account or "", digits(at)
    return Reply(numbers=numbers, wish=wish, source=source, reason=reason, account=account, sender=sender)


_SHORT_CODE = 6
"""Digits of the longest."""


def _subscribers(to: str | None, own: str | None) -> tuple[list[str | None], str | None]:
    """Whose subscription N301 and N302 tell of, and at which number.

    The provider's code list does not say which field is the phone (Sinch, appendix D): whatever is no
    short code may be, and nobody texts the other one.
    """
    both = [one for one in (to, own) if one]
    phones = [one for one in both if len(digits(one)) > _SHORT_CODE]
    short = [one for one in both if one not in phones]
    return [*phones], short[0] if phones and short else None


def record(arrived: Arrival, breadth: str = "everything") -> Operation[Postback]:
    """Keep the postback and apply it; one that is known already changes nothing, but STOP counts again.

    ``breadth`` is what a STOP is about (``suppressions.BREADTHS``).
    """
    tracking, mms = arrived.field("tracking-id"), arrived.field("mms-id")
    # What is told of a send moves no stored message: of a large campaign there is no end of it.
    encoded = frozenset({mms} if mms and arrived.meaning.value in ENCODING else ())
    stored = stored_id(mms, arrived.account) if mms else None
    reply = reply_of(arrived)
    recipient = digits(arrived.field("to"))
    referred = arrived.field(REFERENCE) is not None and mms and recipient

    def decide(transaction: TransactionState) -> Postback:
        known = transaction.find("postbacks", digest=arrived.digest)
        if reply is not None:
            obey(transaction, reply, breadth, repeated=bool(known))
        if known:
            return postback_record(known[0])
        columns = {
            "digest": arrived.digest,
            "received_at": transaction.at,
            "code": arrived.fields["code"],
            "meaning": arrived.meaning.value,
            "tracking_id": tracking,
            "mms_id": mms,
            "recipient": recipient or None,
            "status": arrived.field("status"),
            "fields": canonical(dict(arrived.fields)),
            "account": arrived.account,
        }
        row = transaction.insert("postback", "postbacks", columns)
        for send in transaction.find("sends", tracking_id=tracking) if tracking else ():
            apply_known(transaction, send)
        apply_reference(transaction, arrived, row)
        for saved in transaction.find("mms", id=stored) if encoded else ():
            apply_encoding(transaction, saved)
        return postback_record(row)

    needs = RowsNeeded(
        reported=frozenset({tracking} if tracking else ()),
        mms=frozenset({stored} if encoded and stored else ()),
        encoded=encoded,
        postbacks=frozenset({arrived.digest}),
        suppressed=frozenset() if reply is None else reply.numbers,
        deliveries=frozenset(
            delivery(one, recipient) for one in ((mms, AT_ONCE) if referred and mms else ())
        ),
    )
    return Operation(needs, decide)
