"""Check, permit, claim, call, record: one send or one save, and the library's gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmscheck.base.late import names_of

if TYPE_CHECKING:
    from mmscheck.send.delete import DeleteCall as DeleteCall
    from mmscheck.send.flow import ONCE as ONCE
    from mmscheck.send.flow import CheckedMessage as CheckedMessage
    from mmscheck.send.flow import ProviderCall as ProviderCall
    from mmscheck.send.flow import check_message as check_message
    from mmscheck.send.flow import note_denial as note_denial
    from mmscheck.send.one_shot import completed as completed
    from mmscheck.send.one_shot import demand_one_shot as demand_one_shot
    from mmscheck.send.order import Order as Order
    from mmscheck.send.order import Retries as Retries
    from mmscheck.send.order import demand_stored as demand_stored
    from mmscheck.send.order import provider_account as provider_account
    from mmscheck.send.order import stored_at as stored_at
    from mmscheck.send.recipient import RecipientTerms as RecipientTerms
    from mmscheck.send.recipient import terms_of as terms_of
    from mmscheck.send.save import WAIT as WAIT
    from mmscheck.send.save import SaveCall as SaveCall
    from mmscheck.send.save import binding_of as binding_of
    from mmscheck.send.save import differences as differences
    from mmscheck.send.save import needs_no_encoding as needs_no_encoding
    from mmscheck.send.save import saveable as saveable
    from mmscheck.send.send import SendCall as SendCall
    from mmscheck.send.send import standing as standing
    from mmscheck.send.send import turned_away as turned_away

_HOMES = {
    "CheckedMessage": "flow",
    "DeleteCall": "delete",
    "ONCE": "flow",
    "Order": "order",
    "ProviderCall": "flow",
    "RecipientTerms": "recipient",
    "Retries": "order",
    "SaveCall": "save",
    "SendCall": "send",
    "WAIT": "save",
    "binding_of": "save",
    "check_message": "flow",
    "completed": "one_shot",
    "demand_one_shot": "one_shot",
    "demand_stored": "order",
    "differences": "save",
    "needs_no_encoding": "save",
    "note_denial": "flow",
    "provider_account": "order",
    "saveable": "save",
    "standing": "send",
    "stored_at": "order",
    "terms_of": "recipient",
    "turned_away": "send",
}

__getattr__ = names_of(__name__, _HOMES)

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the type checker reads the imports above
