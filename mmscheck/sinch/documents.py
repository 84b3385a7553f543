"""The sendSavedMMS request document, exactly as it goes over the wire.

Element names and order: the request example of the Sinch XML API documentation (sendSavedMMS, 2021); the
shape of ``data``: its earlier version and Skycore XML API 1.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml import etree

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
    if found := _UNCARRIABLE.search(value):
        raise UsageError(
            f"{field or name}: XML cannot carry the character U+{ord(found[0]):04X}"
            f" at position {found.start() + 1}"
        )
    etree.SubElement(parent, name).text = value


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
