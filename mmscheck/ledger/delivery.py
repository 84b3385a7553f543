"""What postbacks make of the sends and stored messages they name, in whatever order they come."""

from __future__ import annotations

import re

from mmscheck.base.phone import another_number
from mmscheck.ledger.accounts import host_of, mms_id_of
from mmscheck.ledger.book import Book, Row
from mmscheck.model.ledger import MmsState, PostbackMeaning, SendState

DELIVERED = frozenset({"delivered", "retrieved"})
"""Last words of a status that say a phone has it (MM7 report statuses; N102 alone may be any change)."""

UNDELIVERED = frozenset({"failed", "messagefailed", "rejected", "expired", "notsupported", "unrecognized"})
"""Last words of a status that say no phone has it, without spaces and hyphens.

Skycore XML API 1.3 of 2013 to 2014 has them beside N101, N102, N201 and N202, Sinch's pages of 2026 tie the
words to no code, and MM7 reports an unrecognised message like a rejected one.
"""

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
