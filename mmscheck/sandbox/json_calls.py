"""Bodies of the JSON API: a call as the element that the rules of the sandbox are written for, and answers.

Names and which action takes which: Sinch JSON API, savemms, sendmms and sendsavedmms (pages of 2026, seen in
excerpts). Like all of the sandbox it shares nothing with what it is there to try, so it reads JSON by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from lxml import etree

from mmscheck.sandbox.refusals import Refusal

Pairs = list[tuple[str, object]]

_XML_NAMES = {"contact": "vcard", "calendar": "ical"}
"""Members of a slide that have another name in XML."""

_SENDS_SAVED = "sendsavedmms"
_KEYS = frozenset({"api-key", "x-api-key", "apikey"})
_XML_ONLY = frozenset(
    {"passbook", "operator-id", "data", "custom-text", "custom-subject", "ddm-force", "vcard", "ical"}
)
"""What the XML API takes and no page of the JSON API lists."""

_DEEPEST = 16


class _Object(tuple[tuple[str, object], ...]):
    """The members of an object in their order."""

    __slots__ = ()


def read_element(body: bytes, key: str) -> etree._Element:
    """The call in a body, with the key of its header put in; raises Refusal.

    E108 for what is no JSON, or gives a name twice; E100 for what is no call as documented.
    """
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refusal("E108", "The JSON cannot be parsed.") from None
    if not isinstance(value, _Object):
        raise Refusal("E100", "A call is one JSON object.")
    root = etree.Element("request")
    etree.SubElement(root, "api-key").text = _text(key)
    sends_saved = dict(value).get("action") == _SENDS_SAVED
    for name, member in value:
        if name.lower() in _KEYS:
            raise Refusal("E100", "The key belongs into the header x-api-key, not into the body.")
        if sends_saved and name == "custom-slides":
            raise Refusal("E100", "The form of custom-slides is documented nowhere that is public.")
        _add(root, "custom-subject" if sends_saved and name == "message-subject" else name, member, _DEEPEST)
    return root


def write_json(fields: Sequence[tuple[str, object]]) -> bytes:
    """Fields with texts, or with fields of their own, as a JSON object; what comes again is an array."""
    return json.dumps(_grouped(fields), ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace")


def _grouped(fields: Iterable[tuple[str, object]]) -> dict[str, object]:
    grouped: dict[str, object] = {}
    for name, value in fields:
        inner = _grouped(value) if isinstance(value, list | tuple) else value
        known = grouped.get(name)
        if known is None:
            grouped[name] = inner
        elif isinstance(known, list):
            known.append(inner)
        else:
            grouped[name] = [known, inner]
    return grouped


def _pairs(pairs: Pairs) -> _Object:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name is given twice")
    return _Object(pairs)


def _no_number(_name: str) -> object:
    raise ValueError("NaN and Infinity are no JSON")


def _add(parent: etree._Element, name: str, value: object, left: int) -> None:
    if name in _XML_ONLY:
        raise Refusal("E100", f"The JSON API has no {name}.")
    if not left:
        raise Refusal("E100", "The call is nested too deep.")
    if isinstance(value, list):
        for item in value:
            _add(parent, name, item, left - 1)
        return
    try:
        element = etree.SubElement(parent, _XML_NAMES.get(name, name))
    except ValueError:
        raise Refusal("E100", "A name in the call could be no element.") from None
    match value:
        case _Object():
            for inner, member in value:
                _add(element, inner, member, left - 1)
        case str():
            element.text = _text(value)
        case bool():
            element.text = "true" if value else "false"
        case _:
            raise Refusal(
                "E100", f"The value of {name} must be a text, true or false, an object or an array."
            )


def _text(value: str) -> str:
    """Raises Refusal for characters that the rules, written for XML, cannot hold."""
    try:
        etree.Element("text").text = value
    except ValueError:
        raise Refusal("E100", "A text holds control characters or half a character.") from None
    return value
