"""What postbacks make of the sends and stored messages they name, in whatever order they come."""

from __future__ import annotations

from mmscheck.ledger.accounts import host_of, mms_id_of
from mmscheck.ledger.book import Book, Row
from mmscheck.model.ledger import MmsState, PostbackMeaning, SendState
from mmscheck.model.phone import another_number

DELIVERED = frozenset({"delivered", "retrieved"})
"""Last words of a status that say a phone has it (MM7 report statuses; N102 alone may be any change)."""

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


def effect(meaning: str, status: str | None) -> SendState | None:
    """What one postback says of its send, or None when it says nothing of it."""
    match PostbackMeaning(meaning):
        case PostbackMeaning.SENT:
            return SendState.SENT
        case PostbackMeaning.STATUS:
            last = (status or "").rpartition("/")[2].strip().lower()
            return SendState.DELIVERED if last in DELIVERED else SendState.SENT
        case PostbackMeaning.DELIVERED_AS_SMS:
            return SendState.DELIVERED
        case PostbackMeaning.FAILED:
            return SendState.FAILED
        case _:
            return None


def apply_known(book: Book, send: Row) -> None:
    """Move a send on by every postback in the book that has its tracking id, and no other number.

    One with another number contradicts itself: it is kept, and says nothing for certain. Only what a person
    took for not sent it moves all the same, so that nothing is sent twice.
    """
    if not send["tracking_id"] or SendState(send["state"]) not in _OPEN:
        return
    found = book.find("postbacks", tracking_id=send["tracking_id"])
    effects = [
        effect(postback["meaning"], postback["status"])
        for postback in found
        if send["state"] == SendState.RESOLVED_NOT_SENT
        or not another_number(postback["recipient"], send["recipient"])
    ]
    best = max((one for one in effects if one), key=_RANK.__getitem__, default=None)
    if best is None or _RANK[best] <= _RANK.get(SendState(send["state"]), 0):
        return
    book.update(f"send-{best}", "sends", send["id"], {"state": best.value, "changed_at": book.at})


def apply_encoding(book: Book, mms: Row) -> None:
    """Move a stored message on by what its provider's postbacks said of its encoding; corrupt is for ever."""
    told = book.find("postbacks", mms_id=mms_id_of(mms["id"], mms["account"]))
    meanings = {postback["meaning"] for postback in told if _about(postback, mms)}
    if PostbackMeaning.CORRUPT in meanings:
        state = MmsState.CORRUPT
    elif PostbackMeaning.READY in meanings:
        state = MmsState.READY
    else:
        return
    if mms["state"] not in {state.value, MmsState.CORRUPT.value}:
        book.update(f"mms-{state}", "mms", mms["id"], {"state": state.value, "changed_at": book.at})


def _about(postback: Row, mms: Row) -> bool:
    """Whether it tells of the message at this provider; of corruption also one from nobody knows where."""
    unplaced = postback["account"] is None and postback["meaning"] == PostbackMeaning.CORRUPT
    return bool(unplaced or postback["account"] == host_of(mms["account"]))
