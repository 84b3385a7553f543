"""The bodies of sendsavedmms and savemms, exactly as they go over the wire; the key travels in a header.

Names: Sinch JSON API (pages of 2026, seen in excerpts). What the XML API takes and these pages do not list,
or list without its form (``custom-slides``), is refused here and never left out in silence.
"""

from __future__ import annotations

import msgspec

from mmscheck.base.json_text import JsonError, Kind, Node, read
from mmscheck.base.xml import folded
from mmscheck.errors import UsageError
from mmscheck.model.request import SendRequest
from mmscheck.sinch.documents import demand_carriable

SAVE_ACTION = "savemms"
_SENDS = frozenset({"to", "from", "mmsid", "serviceid"})
_KEYS = frozenset({"apikey", "xapikey"})


def request_json(request: SendRequest, reference: str | None = None) -> bytes:
    """The body to POST; fields that are None are left out.

    Raises UsageError, naming the field and never its value, for one that the JSON API does not document, and
    for characters that a message cannot carry.
    """
    changes = request.changes
    unlisted = {
        "custom texts (the form of custom-slides is published nowhere)": changes.custom_texts,
        "merge data": changes.data,
        "operator-id": request.operator_id,
        "ddm-force": request.ddm_force,
        "ddm-message-text": request.ddm_message_text,
        "ddm-message-subject": request.ddm_message_subject,
        "ddm-message-timeout": request.ddm_message_timeout,
    }
    if named := [name for name, value in unlisted.items() if value]:
        raise UsageError(f"the JSON API documents no {named[0]}: leave it out, or use --api xml")
    fields = {
        "action": "sendsavedmms",
        "mms-id": request.mms_id,
        "to": request.to,
        "from": request.from_,
        "service-id": request.service_id,
        "fallback-sms-text": request.fallback_sms_text,
        "message-subject": changes.custom_subject,
        "client-reference": reference,
    }
    written = {name: value for name, value in fields.items() if value is not None}
    for name, value in written.items():
        demand_carriable(name, value)
    return msgspec.json.format(msgspec.json.encode(written), indent=2)


def save_json(document: bytes) -> bytes:
    """The body to POST: the document as it was checked, byte for byte.

    Raises UsageError for a document that is no save: another action or none, a recipient, a key.
    """
    try:
        root = read(document.decode("utf-8"))
    except UnicodeDecodeError:
        raise UsageError("the document is not in UTF-8, so it cannot be saved") from None
    except JsonError as fault:
        raise UsageError(f"the document is no JSON ({fault.reason}), so it cannot be saved") from None
    _demand_save(root)
    return document


def _demand_save(root: Node) -> None:
    if root.kind is not Kind.OBJECT:
        raise UsageError("the document is no JSON object, so it cannot be saved")
    members = {folded(member.name): member.node for member in root.members}
    action = members.get("action")
    stated = action.text if action is not None and action.kind is Kind.TEXT else ""
    if stated != SAVE_ACTION:
        raise UsageError(f"the document's action is {stated[:40]!a}, and only a {SAVE_ACTION} can be saved")
    for member in root.members:
        if folded(member.name) in _SENDS:
            raise UsageError(
                f"the document holds {member.name[:40]!a}, which belongs to a send: take it out to save it"
            )
        if folded(member.name) in _KEYS:
            raise UsageError("the document holds the account's key, which travels in a header: take it out")
