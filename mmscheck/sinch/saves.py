"""The saveMMS document: the checked document itself, with the API key put in.

Sinch XML API, saveMMS (2021) for ``api-key`` and ``action``; Skycore XML API 1.3 (2015) for ``API_KEY`` and
``ACTION`` of the legacy dialect. Everything else stays as it was written.
"""

from __future__ import annotations

from lxml import etree

from mmscheck.base.xml import XmlError, folded_tag, parse
from mmscheck.errors import UsageError
from mmscheck.sinch.documents import REDACTED

ACTION = "saveMMS"

_SECRETS = frozenset({"apikey", "xapikey", "pass", "password", "secret", "token", "auth", "authorization"})
_MEANT_FOR_A_SEND = frozenset({"to", "mmsid"})


def save_xml(document: bytes, api_key: str) -> bytes:
    """The document to POST, in UTF-8; its action is saveMMS and the key that of the account at hand.

    A key in the document is replaced, because the one given decides whose message this becomes. Raises
    UsageError for a document that is no save: another action, a recipient, two keys or two actions.
    """
    if not api_key.strip():
        raise UsageError("the API key is empty")
    root = _read(document)
    legacy = etree.QName(root).localname.isupper()
    key = _only(root, "apikey", "API_KEY" if legacy else "api-key")
    action = _only(root, "action", "ACTION" if legacy else "action")
    _refuse_sends(root, action)
    _set(root, key, "API_KEY" if legacy else "api-key", api_key)
    _set(root, action, "ACTION" if legacy else "action", ACTION)
    return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")


def redacted_save(document: bytes) -> bytes:
    """The same with ``REDACTED`` for the key and for every other secret that the document holds."""
    root = _read(save_xml(document, REDACTED))
    for element in root.iter(etree.Element):
        if folded_tag(element) in _SECRETS:
            element.text = REDACTED
    return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")


def _read(document: bytes) -> etree._Element:
    try:
        # Written out again, and so with all that is in it.
        return parse(document, as_written=True)
    except XmlError as error:
        raise UsageError(f"the document {error}, so it cannot be saved") from None


def _only(root: etree._Element, key: str, name: str) -> etree._Element | None:
    """The one element of this meaning, which must be a child of the root, or None when there is none."""
    found = [element for element in root.iter(etree.Element) if folded_tag(element) == key]
    if not found:
        return None
    if len(found) > 1:
        raise UsageError(f"the document holds {name} more than once: which one counts is documented nowhere")
    element = found[0]
    # One in another spelling or place may be read by nobody, or beside the one that is put in.
    if element.getparent() is not root or element.tag != name or len(element):
        raise UsageError(f"the document's {name} must be one plain <{name}> directly inside the request")
    return element


def _refuse_sends(root: etree._Element, action: etree._Element | None) -> None:
    stated = "" if action is None else (action.text or "").strip()
    if stated and stated.lower() != ACTION.lower():
        raise UsageError(f"the document's action is {stated[:40]!a}, and only a {ACTION} can be saved")
    for element in root.iter(etree.Element):
        if folded_tag(element) in _MEANT_FOR_A_SEND:
            name = ascii(str(element.tag)[:40])
            raise UsageError(f"the document holds {name}, which belongs to a send: take it out to save it")


def _set(root: etree._Element, element: etree._Element | None, name: str, text: str) -> None:
    if element is None:
        element = etree.Element(name)
        # White space as before the first element; a text there stays where it is.
        element.tail = None if (root.text or "").strip() else root.text
        root.insert(0, element)
    element.text = text
