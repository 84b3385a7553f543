"""A notification as a tree of named parts, the same from XML and from JSON, and taken out of its wrappings.

Sinch's pages show notifications in XML and in JSON, with one set of names. Skycore XML API 1.3 of 2013 to
2014 has ``NOTIFICATION`` as the root or inside ``POSTBACK``, and most fields in its ``BODY``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import msgspec
from lxml import etree

from mmscheck.base.xml import XmlError, folded, parse

DEEPEST = 16
"""Documented are three levels (a message that came in lists its files)."""

TOO_DEEP = f"is nested deeper than {DEEPEST} elements"

_READ = 2 * DEEPEST
"""Levels that are read at all: wrappings are taken away before depth is judged."""

_ROOT = "postback"
_WRAPPINGS = frozenset({_ROOT, "notification"})
_BODY = "body"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """An element, attribute (``@name``) or JSON member; ``text`` is None where it only holds other parts."""

    name: str
    text: str | None = None
    inside: tuple[Part, ...] = ()

    @property
    def plain(self) -> str:
        """The name without case, hyphens and underscores."""
        return folded(self.name)


class NoPostbackError(Exception):
    """Something that is no notification; the message is a clause that can follow "it"."""


def from_xml(body: bytes) -> Part:
    """The root of a document; takes no entity and opens nothing. Raises NoPostbackError."""
    try:
        return _element(parse(body), _READ)
    except XmlError as error:
        raise NoPostbackError(str(error)) from None


def from_json(text: str) -> Part:
    """A JSON object as the root of a postback.

    Numbers are kept as they were written. Raises NoPostbackError, also where a name is given twice: readers
    of JSON disagree on which one counts.
    """
    try:
        value = json.loads(
            text,
            object_pairs_hook=_pairs,
            parse_int=str,
            parse_float=str,
            parse_constant=_constant,
        )
    except _GivenTwiceError:
        raise NoPostbackError("is JSON that gives a name twice") from None
    except (ValueError, RecursionError):
        raise NoPostbackError("is not well-formed JSON") from None
    if not isinstance(value, _Object):
        raise NoPostbackError("is JSON, but no object")
    return Part(name=_ROOT, inside=_members(value, _READ))


def unwrapped(root: Part) -> Part:
    """The root as if all its fields stood in it directly. Raises NoPostbackError for another document."""
    if root.plain not in _WRAPPINGS:
        raise NoPostbackError("is another document than a postback")
    fields = root.inside
    while inner := [part for part in fields if part.plain in _WRAPPINGS and part.inside]:
        if len(inner) > 1:
            raise NoPostbackError("holds several notifications")
        # What stands outside goes first: it is what a reader that knows no wrapping goes by.
        fields = (*(part for part in fields if part is not inner[0]), *inner[0].inside)
    return Part(name=root.name, text=root.text, inside=tuple(_without_body(fields)))


def _without_body(parts: Iterable[Part]) -> Iterator[Part]:
    bodies = []
    for part in parts:
        if part.plain == _BODY and part.inside:
            bodies.append(part)
        else:
            yield part
    for body in bodies:
        if body.text:
            yield Part(name=body.name, text=body.text)
        yield from body.inside


def _element(element: etree._Element, left: int) -> Part:
    name = etree.QName(element).localname
    # lxml's types allow bytes here; an element that was parsed has texts.
    attributes = [
        Part(name=f"@{etree.QName(key).localname}", text=_string(value))
        for key, value in element.attrib.items()
    ]
    children = [_element(child, left - 1) for child in element] if left else []
    texts = (element.text, *(child.tail for child in element))
    text = " ".join(part.strip() for part in texts if part and part.strip())
    return Part(name=name, text=text if text or not len(element) else None, inside=(*attributes, *children))


def _string(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "backslashreplace")


class _GivenTwiceError(ValueError):
    """A name stands twice in one object."""


class _Object(tuple[tuple[str, object], ...]):
    """The members of a JSON object in their order."""

    __slots__ = ()


def _pairs(pairs: list[tuple[str, object]]) -> _Object:
    names = [folded(name) for name, _ in pairs]
    if len(set(names)) < len(names):
        raise _GivenTwiceError
    return _Object(pairs)


def _constant(_name: str) -> str:
    raise ValueError("NaN and Infinity are no JSON")


def _members(value: _Object, left: int) -> tuple[Part, ...]:
    return tuple(part for name, inner in value for part in _member(_whole(name), inner, left))


def _member(name: str, value: object, left: int) -> Iterator[Part]:
    """The parts that a member makes: one for each item of an array."""
    if isinstance(value, _Object | list) and not left:
        raise NoPostbackError(TOO_DEEP)
    if isinstance(value, _Object):
        yield Part(name=name, inside=_members(value, left - 1))
    elif isinstance(value, list):
        for item in value:
            yield from _member(name, item, left - 1)
    else:
        yield Part(name=name, text=_scalar(value))


def _scalar(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else _whole(str(value))


def _whole(text: str) -> str:
    """The text with lone surrogates written out: they are in no encoding."""
    return text.encode("utf-8", "backslashreplace").decode()
