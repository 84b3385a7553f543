"""A postback's XML as names and texts, nothing left out, in either tag case.

The provider writes upper-case tags about saved messages and lower-case ones about sends (Sinch XML API,
saveMMS and postbacks pages); which spelling means what is for the ledger to know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
from lxml import etree

MAX_BODY_BYTES = 65_536
"""Documented postbacks are under 2 KB."""

_DEEPEST = 16
"""Documented are three levels (a message that came in lists its files)."""

_MOST_TEXT = 4 * MAX_BODY_BYTES
"""Characters of all names and texts: a name is repeated in those of what is inside it."""


class Unreadable(msgspec.Struct, frozen=True, kw_only=True):
    """A body that is no postback; ``why`` is a clause that can follow "it"."""

    why: str


def read_postback(body: bytes) -> dict[str, str] | Unreadable:
    """Every element's text by its name, as it was written; never raises, opens nothing, takes no entity.

    Elements inside others are named ``outer/inner``, attributes ``element/@name``; what comes again in any
    spelling gets ``#2``, ``#3`` and so on behind its name.
    """
    if not body.strip():
        return Unreadable(why="is empty")
    try:
        root = etree.fromstring(body, _parser())
    except (etree.XMLSyntaxError, ValueError):
        return Unreadable(why="is not well-formed XML")
    if root.getroottree().docinfo.internalDTD is not None:
        return Unreadable(why="declares a document type")
    if _name(root).lower() != "postback":
        return Unreadable(why="is another document than a postback")
    return _fields(root)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _fields(root: etree._Element) -> dict[str, str] | Unreadable:
    fields: dict[str, str] = {}
    seen: dict[str, int] = {}
    size = 0
    for name, text in _texts(root, "", _DEEPEST):
        if text is None:
            return Unreadable(why=f"is nested deeper than {_DEEPEST} elements")
        plain = re.sub(r"[-_]", "", name.lower())
        seen[plain] = seen.get(plain, 0) + 1
        fields[name if seen[plain] == 1 else f"{name}#{seen[plain]}"] = text
        size += len(name) + len(text)
        if size > _MOST_TEXT:
            return Unreadable(why="repeats its names too often")
    return fields


def _texts(element: etree._Element, path: str, left: int) -> Iterator[tuple[str, str | None]]:
    """Names with texts in the order of the document; None: it goes deeper than is looked."""
    for name, value in element.attrib.items():
        # lxml's types allow bytes here; an element that was parsed has texts.
        yield f"{path}/@{etree.QName(name).localname}".lstrip("/"), _string(value)
    for child in element:
        inner = f"{path}/{_name(child)}".lstrip("/")
        if not left:
            yield inner, None
            return
        text = _text(child)
        if text or not len(child):
            yield inner, text
        yield from _texts(child, inner, left - 1)


def _text(element: etree._Element) -> str:
    """The element's own text, also what stands behind elements inside it."""
    parts = (element.text, *(child.tail for child in element))
    return " ".join(part.strip() for part in parts if part and part.strip())


def _string(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "backslashreplace")


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname
