"""The bodies of sendMMS and sendmms: the document as it was checked, with the fields put in that it lacks.

Fields: Sinch XML API, sendMMS (2021), and JSON API, sendmms (pages of 2026, seen in excerpts). In JSON every
byte of the document stays where it is; in XML the key, the action and what is missing are put in.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from lxml import etree

from mmscheck.base.json_text import JsonError, Kind, Node, read
from mmscheck.base.xml import folded, folded_tag
from mmscheck.errors import UsageError
from mmscheck.model.request import Changes, OneShotRequest
from mmscheck.sinch.documents import demand_carriable, only_element, put_element, read_document

XML_ACTION, JSON_ACTION = "sendMMS", "sendmms"
_KEYS = frozenset({"apikey", "xapikey"})


def one_shot_xml(request: OneShotRequest, api_key: str) -> bytes:
    """The document to POST, in UTF-8, with the account's key.

    Raises UsageError for a document that is no sendMMS, or that gives a field twice or otherwise than the
    request does: what was checked might not be what is sent.
    """
    if not api_key.strip():
        raise UsageError("the API key is empty")
    _demand_unchanged(request)
    root = read_document(request.document, "sent")
    upper = etree.QName(root).localname.isupper()
    action = only_element(root, "action", "ACTION" if upper else "action")
    _demand_action("" if action is None else (action.text or "").strip().lower(), JSON_ACTION)
    if any(folded_tag(element) == "mmsid" for element in root.iter(etree.Element)):
        raise UsageError("the document holds an mms-id, which belongs to the send of a stored message")
    # Each is put in as the first child, so the last one stands first.
    for field, value in reversed(list(_fields(request))):
        name = field.replace("-", "").upper() if upper else field
        element = only_element(root, folded(field), name)
        if element is None:
            put_element(root, None, name, value)
        else:
            _demand_same(field, element.text or "", value)
    name = "API_KEY" if upper else "api-key"
    put_element(root, only_element(root, "apikey", name), name, api_key)
    return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")


def one_shot_json(request: OneShotRequest, reference: str | None = None) -> bytes:
    """The body to POST: the document byte for byte, with the missing fields and the reference in front.

    Raises UsageError as ``one_shot_xml`` does, and for what the JSON API does not document.
    """
    _demand_unchanged(request)
    if request.operator_id:
        raise UsageError("the JSON API documents no operator-id: leave it out")
    try:
        text = request.document.decode("utf-8")
        root = read(text)
    except UnicodeDecodeError:
        raise UsageError("the document is not in UTF-8, so it cannot be sent") from None
    except JsonError as fault:
        raise UsageError(f"the document is no JSON ({fault.reason}), so it cannot be sent") from None
    if root.kind is not Kind.OBJECT:
        raise UsageError("the document is no JSON object, so it cannot be sent")
    added = _missing(root, [*_fields(request), *([("client-reference", reference)] if reference else [])])
    if not added:
        return request.document
    members = "".join(f"{_written(name)}: {_written(value)}, " for name, value in added)
    head, brace, rest = text.partition("{")
    return (head + brace + members + rest).encode()


def _missing(root: Node, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    known = {folded(member.name): member for member in root.members}
    if len(known) < len(root.members):
        raise UsageError("the document gives a field in two spellings: which one counts is not documented")
    action = known.get("action")
    plain = action is not None and action.name == "action" and action.node.kind is Kind.TEXT
    _demand_action(action.node.text if action is not None and plain else "", JSON_ACTION)
    if _KEYS & known.keys():
        raise UsageError("the document holds the account's key, which travels in a header: take it out")
    if "mmsid" in known:
        raise UsageError("the document holds an mms-id, which belongs to the send of a stored message")
    missing = []
    for name, value in fields:
        member = known.get(folded(name))
        if member is None:
            missing.append((name, value))
            continue
        if member.name != name or member.node.kind is not Kind.TEXT:
            raise UsageError(f"the document's {name} must be a text, under this very name")
        _demand_same(name, member.node.text, value)
    return missing


def _fields(request: OneShotRequest) -> Iterator[tuple[str, str]]:
    fields = {
        "to": request.to,
        "from": request.from_,
        "service-id": request.service_id,
        "fallback-sms-text": request.fallback_sms_text,
        "operator-id": request.operator_id,
    }
    for name, value in fields.items():
        if value is not None:
            demand_carriable(name, value)
            yield name, value


def _demand_action(stated: str, action: str) -> None:
    if stated != action:
        raise UsageError(
            f"the document's action is {stated[:40]!a}: sent at once is only a {XML_ACTION} or {JSON_ACTION}"
        )


def _demand_same(name: str, own: str, given: str) -> None:
    if own.strip() != given.strip():
        raise UsageError(f"the document has another {name} than the request: leave one of the two out")


def _demand_unchanged(request: OneShotRequest) -> None:
    if request.mms_id is not None:
        raise UsageError("a message that is sent at once has no mms-id")
    if request.changes != Changes():
        raise UsageError("a message that is sent at once has no other texts than its document")
    device = ("ddm_force", "ddm_message_text", "ddm_message_subject", "ddm_message_timeout")
    if any(getattr(request, name) is not None for name in device):
        raise UsageError(
            "no page about messages that are sent at once lists the fields ddm-*: leave them out"
        )


def _written(text: str) -> str:
    return msgspec.json.encode(text).decode()
