"""A postback on one line, for the log of those who run the listener."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmscheck.base.phone import another_number
from mmscheck.cli.ledger_shown import moment
from mmscheck.model.ledger import Postback, SendRecord
from mmscheck.report.escape import visible

if TYPE_CHECKING:
    from mmscheck.ledger import Concerned

_SHOWN_DIGITS = 4
_LONGEST = 60


def masked(number: str) -> str:
    """A telephone number by its last four digits: logs travel further than ledgers."""
    return f"…{number[-_SHOWN_DIGITS:]}" if len(number) > _SHOWN_DIGITS else "…"


def postback_line(postback: Postback, about: Concerned | None) -> str:
    """When it came, what it says, and what it is about; None: that could not be looked up."""
    parts = (
        moment(postback.received_at),
        _short(postback.code),
        postback.meaning.value,
        postback.status and _short(postback.status),
        postback.recipient and f"to {masked(postback.recipient)}",
        postback.mms_id and f"mms-id {_short(postback.mms_id)}",
        postback.tracking_id and f"tracking id {_short(postback.tracking_id)}",
        None if about is None else _about(postback, about),
    )
    return "  ".join(part for part in parts if part)


def _about(postback: Postback, about: Concerned) -> str | None:
    if about.sends:
        return ", ".join(_named(postback, send) for send in about.sends)
    if about.proposed:
        return f"may be about {', '.join(map(_send, about.proposed))}: not decided"
    return "matches no send" if postback.tracking_id else None


def _named(postback: Postback, send: SendRecord) -> str:
    other = another_number(postback.recipient, send.intent.to)
    return f"{_send(send)}, which went to another number" if other else _send(send)


def _send(send: SendRecord) -> str:
    return f"send {send.id} ({send.state})"


def _short(text: str) -> str:
    shown = visible(text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
