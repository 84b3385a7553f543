"""The two calls that a permit is for, and how one ended, as far as anybody can know."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class SendStatus(StrEnum):
    """``unknown`` means the provider may have sent it: never repeat it without looking."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NOT_ATTEMPTED = "not-attempted"


class CallKind(msgspec.Struct, frozen=True, kw_only=True):
    """A send or a save, in the words that tell how one ended.

    ``done`` and ``doing`` are forms of ``name``. ``may_repeat``: one of unknown outcome may be made again.
    ``doubt`` is the sentence on an unknown outcome: what may have happened, and what to do.
    """

    name: str
    done: str
    doing: str
    may_repeat: bool
    doubt: str


SEND_CALL = CallKind(
    name="send",
    done="sent",
    doing="sending",
    may_repeat=False,
    doubt=(
        "It may have been sent: do not repeat it before a delivery report or the provider has told how it "
        "ended."
    ),
)
SAVE_CALL = CallKind(
    name="save",
    done="saved",
    doing="saving",
    may_repeat=True,
    # At worst the provider keeps a stored message under an id that nobody knows.
    doubt=(
        "It may have been saved, and nobody knows its id. A save reaches no phone: it may be made again, and "
        "leaves at worst a stored message that nobody uses."
    ),
)


class SendResult(msgspec.Struct, frozen=True, kw_only=True):
    """The end of one send: the provider's ids and codes as given, and a sentence for people.

    ``http_status`` is None when no response head arrived. ``recorded``: this is the answer that the same send
    got earlier, out of the ledger, and nothing was sent now. ``refusal`` is why the ledger gave no leave to
    make the call (a value of ``mmscheck.model.ledger.RefusalReason``), None when it was made or failed;
    ``campaign`` is that of the send which was in the way. ``may_repeat``: it may be made again whatever
    became of it, because it is a save and reaches no phone.
    """

    status: SendStatus
    detail: str
    tracking_id: str | None = None
    mms_id: str | None = None
    error_code: str | None = None
    error_info: str | None = None
    http_status: int | None = None
    recorded: bool = False
    refusal: str | None = None
    campaign: str | None = None
    may_repeat: bool = False
