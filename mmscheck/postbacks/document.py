"""A postback as names and texts, nothing left out: XML in either tag case, JSON, or one of them in a form.

The provider writes upper-case tags about saved messages and lower-case ones about sends (Sinch XML API,
saveMMS and postbacks pages); which spelling means what is for the ledger to know. What it is, is read off the
body: the type that a sender states is often another.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec

from mmscheck.base.xml import folded
from mmscheck.postbacks import form
from mmscheck.postbacks.parts import (
    DEEPEST,
    TOO_DEEP,
    NoPostbackError,
    Part,
    from_json,
    from_xml,
    unwrapped,
)

MAX_BODY_BYTES = 65_536
"""Documented postbacks are under 2 KB."""

_MOST_TEXT = 4 * MAX_BODY_BYTES
"""Characters of all names and texts: a name is repeated in those of what is inside it."""


class Unreadable(msgspec.Struct, frozen=True, kw_only=True):
    """A body that is no postback; ``why`` is a clause that can follow "it"."""

    why: str


def read_postback(body: bytes) -> dict[str, str] | Unreadable:
    """Every part's text by its name, as it was written; never raises, opens nothing, takes no entity.

    Parts inside others are named ``outer/inner``, attributes ``element/@name``; what comes again in any
    spelling gets ``#2``, ``#3`` and so on behind its name. ``notification`` and its ``body`` are no part of
    a name: what is in them is read as if it stood in the root.
    """
    try:
        return _fields(unwrapped(_root(_document(body))))
    except NoPostbackError as error:
        return Unreadable(why=str(error))


def _document(body: bytes) -> bytes:
    """The body, or the document in its form. Raises NoPostbackError for a form with several."""
    if _first(body) in {"<", "{", "["}:
        return body
    found = form.documents(body)
    if len(found) > 1:
        raise NoPostbackError(f"is a form that gives {form.FIELD} more than once")
    return found[0] if found else body


def _root(document: bytes) -> Part:
    if not document.strip():
        raise NoPostbackError("is empty")
    if _first(document) not in {"{", "["}:
        return from_xml(document.lstrip())
    try:
        return from_json(_text(document))
    except UnicodeDecodeError:
        raise NoPostbackError("is not well-formed JSON") from None


def _first(body: bytes) -> str:
    """The first character that is no white space, or nothing for bytes that are no text."""
    try:
        return _text(body).lstrip()[:1]
    except UnicodeDecodeError:
        return body.decode("latin-1").lstrip()[:1]


def _text(body: bytes) -> str:
    """Text in UTF-8, UTF-16 or UTF-32, which its first bytes tell (RFC 4627)."""
    return body.decode(json.detect_encoding(body)).removeprefix("\ufeff")


def _fields(root: Part) -> dict[str, str]:
    fields: dict[str, str] = {}
    seen: dict[str, int] = {}
    size = 0
    for name, text in _texts(root, "", DEEPEST):
        same = folded(name)
        seen[same] = seen.get(same, 0) + 1
        fields[name if seen[same] == 1 else f"{name}#{seen[same]}"] = text
        size += len(name) + len(text)
        if size > _MOST_TEXT:
            raise NoPostbackError("repeats its names too often")
    return fields


def _texts(part: Part, path: str, left: int) -> Iterator[tuple[str, str]]:
    """Names with texts in the order of the document."""
    for inner in part.inside:
        name = f"{path}/{inner.name}".lstrip("/")
        attribute = inner.name.startswith("@")
        if not left and not attribute:
            raise NoPostbackError(TOO_DEEP)
        if inner.text is not None:
            yield name, inner.text
        if not attribute:
            yield from _texts(inner, name, left - 1)
