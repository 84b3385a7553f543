"""The documents of sendSavedMMS and saveMMS, exactly as they go over the wire.

Element names and order of a send: the request example of the Sinch XML API documentation (sendSavedMMS,
2021); the shape of ``data``: its earlier version and Skycore XML API 1.3. A save is the checked document
itself with ``api-key`` and ``action`` put in (Sinch XML API, saveMMS, 2021), or ``API_KEY`` and ``ACTION`` in
the legacy dialect (Skycore XML API 1.3, 2015); everything else stays as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml import etree

from mmscheck.base.secret_words import SECRET_ELEMENTS
from mmscheck.base.xml import XmlError, folded_tag, parse
from mmscheck.errors import UsageError
from mmscheck.model.request import Changes, SendRequest

REDACTED = "REDACTED"
"""Stands for the API key wherever a request is shown."""

_UNCARRIABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What the Char production of XML 1.0 (section 2.2) leaves out."""

_START = (
    "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME = re.compile(f"[{_START}][{_START}.0-9\u00b7\u0300-\u036f\u203f\u2040-]*")
"""The NCName production of Namespaces in XML 1.0: a name without a colon."""


def request_xml(request: SendRequest, api_key: str) -> bytes:
    """The document to POST, in UTF-8 with its declaration; fields that are None are left out.

    Raises UsageError, naming the field and never its value, for an empty key, for characters XML cannot
    carry, for data names that are no XML names, and for a slide or data name given twice: which of the two
    the provider would take is documented nowhere, so what was checked might not be what is sent.
    """
    if not api_key.strip():
        raise UsageError("the API key is empty")
    root = etree.Element("request")
    for name, value in _fields(request, api_key):
        _add(root, name, value)
    _add_custom_texts(root, request.changes)
    _add(root, "custom-subject", request.changes.custom_subject)
    _add_data(root, request.changes)
    _add(root, "operator-id", request.operator_id)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def delete_xml(mms_id: str, api_key: str) -> bytes:
    """The document of a deleteMMSID (Sinch XML API, 2021); raises UsageError as ``request_xml`` does."""
    root = etree.Element("request")
    for name, value in {"action": "deleteMMSID", "api-key": api_key, "mms-id": mms_id}.items():
        _add(root, name, value)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def redacted_xml(request: SendRequest) -> bytes:
    """The same document with ``REDACTED`` for the key; raises UsageError as ``request_xml`` does."""
    return request_xml(request, REDACTED)


def _fields(request: SendRequest, api_key: str) -> Iterable[tuple[str, str | None]]:
    yield "action", "sendSavedMMS"
    yield "api-key", api_key
    yield "to", request.to
    yield "from", request.from_
    yield "service-id", request.service_id
    yield "mms-id", request.mms_id
    yield "fallback-sms-text", request.fallback_sms_text
    yield "ddm-force", request.ddm_force
    yield "ddm-message-subject", request.ddm_message_subject
    yield "ddm-message-text", request.ddm_message_text
    yield "ddm-message-timeout", request.ddm_message_timeout


def _add(parent: etree._Element, name: str, value: str | None, field: str | None = None) -> None:
    """Append one element with text; ``field`` names it in errors where the element's name is not enough."""
    if value is None:
        return
    demand_carriable(field or name, value)
    etree.SubElement(parent, name).text = value


def demand_carriable(field: str, value: str) -> None:
    """Raise UsageError for characters that XML, in which messages travel, cannot carry."""
    if found := _UNCARRIABLE.search(value):
        raise UsageError(
            f"{field}: XML cannot carry the character U+{ord(found[0]):04X} at position {found.start() + 1}"
        )


def _add_custom_texts(root: etree._Element, changes: Changes) -> None:
    seen: set[int] = set()
    for text in changes.custom_texts:
        if text.slide in seen:
            raise UsageError(f"custom-text: slide {text.slide} is given twice")
        seen.add(text.slide)
        element = etree.SubElement(root, "custom-text")
        _add(element, "value", text.value, f"custom-text for slide {text.slide}")
        _add(element, "slide", str(text.slide))


def _add_data(root: etree._Element, changes: Changes) -> None:
    if not changes.data:
        return
    element = etree.SubElement(root, "data")
    seen: set[str] = set()
    for name, value in changes.data:
        if not _NAME.fullmatch(name):
            raise UsageError(f"data: {name!a} cannot be the name of an XML element")
        if name.lower() in seen:
            raise UsageError(f"data: {name} is given twice (names are matched without regard to case)")
        seen.add(name.lower())
        _add(element, name, value, f"data {name}")


ACTION = "saveMMS"

_MEANT_FOR_A_SEND = frozenset({"to", "mmsid"})


def save_xml(document: bytes, api_key: str) -> bytes:
    """The document to POST, in UTF-8; its action is saveMMS and the key that of the account at hand.

    A key in the document is replaced, because the one given decides whose message this becomes. Raises
    UsageError for a document that is no save: another action, a recipient, two keys or two actions.
    """
    if not api_key.strip():
        raise UsageError("the API key is empty")
    root = read_document(document)
    legacy = etree.QName(root).localname.isupper()
    key = only_element(root, "apikey", "API_KEY" if legacy else "api-key")
    action = only_element(root, "action", "ACTION" if legacy else "action")
    _refuse_sends(root, action)
    put_element(root, key, "API_KEY" if legacy else "api-key", api_key)
    put_element(root, action, "ACTION" if legacy else "action", ACTION)
    return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")


def redacted_save(document: bytes) -> bytes:
    """The document with ``REDACTED`` for the key and for every other secret that the document holds."""
    return without_secrets(save_xml(document, REDACTED))


def without_secrets(document: bytes) -> bytes:
    """The document with ``REDACTED`` for every secret in it."""
    root = read_document(document)
    for element in root.iter(etree.Element):
        if folded_tag(element) in SECRET_ELEMENTS:
            element.text = REDACTED
    return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")


def read_document(document: bytes, done: str = "saved") -> etree._Element:
    """The root of a document that is to be written out again, and so with all that is in it.

    ``done`` is what cannot be done with one that is no XML; raises UsageError for it.
    """
    try:
        return parse(document, as_written=True)
    except XmlError as error:
        raise UsageError(f"the document {error}, so it cannot be {done}") from None


def only_element(root: etree._Element, key: str, name: str) -> etree._Element | None:
    """The one element of this meaning, or None when there is none.

    Raises UsageError for several, and for one that is not a plain child of the root.
    """
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


def put_element(root: etree._Element, element: etree._Element | None, name: str, text: str) -> None:
    """Give the element this text; where it is None a new one becomes the first of the root."""
    if element is None:
        element = etree.Element(name)
        # White space as before the first element; a text there stays where it is.
        element.tail = None if (root.text or "").strip() else root.text
        root.insert(0, element)
    element.text = text
