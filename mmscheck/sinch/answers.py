"""The provider's answers, in XML and JSON and any of the spellings it has used, as typed values.

Tags come as ``mms-id`` (2021), ``MMSID`` (2015) and ``mmsId`` (the parameter lists of both); they are
compared without case, hyphens and underscores.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from lxml import etree

from mmscheck.base.json_text import JsonError, Kind, Node, read
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
    """Read one answer document in XML; never raises, and resolves no entity and opens nothing."""
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


def parse_json_answer(body: bytes, longest: int = MAX_ANSWER_BYTES) -> ProviderAnswer | Unparseable:
    """Read one answer of the JSON API; never raises.

    Its fields are those of XML (Sinch JSON API, 2026); whether an object ``response`` is around them is not
    shown, so both are taken. A field twice in any spelling, or of another type, makes it no answer.
    """
    if len(body) > longest:
        return Unparseable(reason=f"it is longer than {longest} bytes")
    if not body.strip():
        return Unparseable(reason="it is empty")
    try:
        root = read(body.decode("utf-8"))
    except UnicodeDecodeError:
        return Unparseable(reason="it is not in UTF-8")
    except JsonError:
        return Unparseable(reason="it is not well-formed JSON")
    if len(root.members) == 1 and folded(root.members[0].name) == "response":
        root = root.members[0].node
    if root.kind is not Kind.OBJECT:
        return Unparseable(reason="it is JSON, but no object")
    return _read_json(root)


def _read_json(root: Node) -> ProviderAnswer | Unparseable:
    values: dict[str, str] = {}
    fails_inside = False
    for member in root.members:
        name, node = _FIELDS.get(folded(member.name)), member.node
        if name is None:
            fails_inside = fails_inside or _says_failure(folded(member.name), node)
            continue
        if name in values:
            return Unparseable(reason=f"it gives {name} twice")
        if node.kind not in {Kind.TEXT, Kind.NULL} and not (name in _IDS and _is_whole(node)):
            return Unparseable(reason=f"its {name} is {node.kind}")
        values[name] = node.text.strip()
    if "status" not in values:
        return Unparseable(reason="it has no status")
    success = _SUCCESS.get(values.pop("status").lower())
    kept = {name: value for name, value in values.items() if value}
    return ProviderAnswer(success=success, inner_failure=fails_inside, **kept)


_IDS = frozenset({"to", "sender", "mms_id", "tracking_id"})
"""Fields that may stand as whole numbers."""


def _is_whole(node: Node) -> bool:
    return node.kind is Kind.NUMBER and node.text.isdigit()


def _says_failure(name: str, node: Node) -> bool:
    """Whether something that is no field of the answer says error or failure, however deep."""
    return any(
        (word.startswith("error") and text) or (word, text.lower()) in _FAILING
        for word, text in _said(name, node)
    )


def _said(name: str, node: Node) -> Iterator[tuple[str, str]]:
    """Every name with what stands under it; of objects and arrays that hold something, a word for that."""
    waiting = [(name, node)]
    while waiting:
        word, one = waiting.pop()
        yield word, one.text.strip() or (one.kind if one.flag or one.members or one.items else "")
        waiting += [(folded(member.name), member.node) for member in one.members]
        waiting += [(word, item) for item in one.items]
