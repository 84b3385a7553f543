"""The provider's answers, in any of the spellings it has used, as typed values.

Tags come as ``mms-id`` (2021), ``MMSID`` (2015) and ``mmsId`` (the parameter lists of both); they are
compared without case, hyphens and underscores.
"""

from __future__ import annotations

import msgspec
from lxml import etree

from mmscheck.base.xml import XmlError, folded, folded_tag, parse

MAX_ANSWER_BYTES = 65_536
"""Documented answers are under 1 KB; anything past this is no answer."""


class ProviderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One parsed answer, its values stripped of surrounding white space; None where absent or empty.

    ``success`` is True or False as the status says, and None when it says neither. ``inner_failure`` is set
    where an error or a failure stands deeper inside, as in the oldest answers about several recipients.
    """

    success: bool | None
    to: str | None = None
    sender: str | None = None
    mms_id: str | None = None
    tracking_id: str | None = None
    error_code: str | None = None
    error_info: str | None = None
    status_details: str | None = None
    inner_failure: bool = False


class Unparseable(msgspec.Struct, frozen=True, kw_only=True):
    """A body that is no answer, and why."""

    reason: str


_FIELDS = {
    "status": "status",
    "to": "to",
    "from": "sender",
    "mmsid": "mms_id",
    "trackingid": "tracking_id",
    "errorcode": "error_code",
    "errorinfo": "error_info",
    "statusdetails": "status_details",
}
_SUCCESS = {"success": True, "failure": False}
_FAILING = {("status", "failure"), ("status", "failed"), ("status", "error")}


def parse_answer(body: bytes, longest: int = MAX_ANSWER_BYTES) -> ProviderAnswer | Unparseable:
    """Read one answer document; never raises, and resolves no entity and opens nothing."""
    if len(body) > longest:
        return Unparseable(reason=f"it is longer than {longest} bytes")
    if not body.strip():
        return Unparseable(reason="it is empty")
    try:
        root = parse(body)
    except XmlError as error:
        return Unparseable(reason=f"it {error}")
    if folded(root.tag) != "response":
        return Unparseable(reason="its root element is not response")
    return _read(root)


def _read(root: etree._Element) -> ProviderAnswer | Unparseable:
    values: dict[str, str] = {}
    for child in root:
        name = _FIELDS.get(folded(child.tag))
        if name is None:
            continue
        if len(child):
            return Unparseable(reason=f"its {name} holds elements")
        if name in values:
            return Unparseable(reason=f"it gives {name} twice")
        values[name] = (child.text or "").strip()
    if "status" not in values:
        return Unparseable(reason="it has no status")
    success = _SUCCESS.get(values.pop("status").lower())
    given = {name: value for name, value in values.items() if value}
    return ProviderAnswer(success=success, inner_failure=_fails_inside(root), **given)


def _fails_inside(root: etree._Element) -> bool:
    """Whether anything that is not itself a field of the answer says error or failure."""
    fields = set(root)
    for element in root.iter(etree.Element):
        name, text = folded_tag(element), (element.text or "").strip()
        says = [] if element in fields and name in _FIELDS else [(name, text)]
        says += [(folded(key), str(value).strip()) for key, value in element.attrib.items()]
        if any(
            value and (word.startswith("error") or (word, value.lower()) in _FAILING) for word, value in says
        ):
            return True
    return False
