"""A postback as names and texts, nothing left out: XML in either tag case, JSON, or one of them in a form.

The provider writes upper-case tags about saved messages and lower-case ones about sends (Sinch XML API,
saveMMS and postbacks pages); which spelling means what is for the ledger to know. What it is, is read off the
body: the type that a sender states is often another. Sinch's pages show notifications in XML and in JSON,
with one set of names. Skycore XML API 1.3 of 2013 to 2014 has ``NOTIFICATION`` as the root or inside
``POSTBACK``, and most fields in its ``BODY``. The maker's own receiver (Skycore PHP SDK 1.0) takes a document
from a form's field ``xml``, and the body where there is none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from urllib.parse import unquote_to_bytes

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


class PostbackPart(msgspec.Struct, frozen=True, kw_only=True):
    """An element, attribute (``@name``) or JSON member; ``text`` is None where it only holds other parts."""

    name: str
    text: str | None = None
    inside: tuple[PostbackPart, ...] = ()

    @property
    def plain(self) -> str:
        """The name without case, hyphens and underscores."""
        return folded(self.name)


class NoPostbackError(Exception):
    """Something that is no notification; the message is a clause that can follow "it"."""


def from_xml(body: bytes) -> PostbackPart:
    """The root of a document; takes no entity and opens nothing. Raises NoPostbackError."""
    try:
        return _element(parse(body), _READ)
    except XmlError as error:
        raise NoPostbackError(str(error)) from None


def from_json(text: str) -> PostbackPart:
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
    return PostbackPart(name=_ROOT, inside=_members(value, _READ))


def unwrapped(root: PostbackPart) -> PostbackPart:
    """The root as if all its fields stood in it directly. Raises NoPostbackError for another document."""
    if root.plain not in _WRAPPINGS:
        raise NoPostbackError("is another document than a postback")
    fields = root.inside
    while inner := [part for part in fields if part.plain in _WRAPPINGS and part.inside]:
        if len(inner) > 1:
            raise NoPostbackError("holds several notifications")
        # What stands outside goes first: it is what a reader that knows no wrapping goes by.
        fields = (*(part for part in fields if part is not inner[0]), *inner[0].inside)
    return PostbackPart(name=root.name, text=root.text, inside=tuple(_without_body(fields)))


def _without_body(parts: Iterable[PostbackPart]) -> Iterator[PostbackPart]:
    bodies = []
    for part in parts:
        if part.plain == _BODY and part.inside:
            bodies.append(part)
        else:
            yield part
    for body in bodies:
        if body.text:
            yield PostbackPart(name=body.name, text=body.text)
        yield from body.inside


def _element(element: etree._Element, left: int) -> PostbackPart:
    name = etree.QName(element).localname
    # lxml's types allow bytes here; an element that was parsed has texts.
    attributes = [
        PostbackPart(name=f"@{etree.QName(key).localname}", text=_string(value))
        for key, value in element.attrib.items()
    ]
    children = [_element(child, left - 1) for child in element] if left else []
    texts = (element.text, *(child.tail for child in element))
    text = " ".join(part.strip() for part in texts if part and part.strip())
    return PostbackPart(
        name=name, text=text if text or not len(element) else None, inside=(*attributes, *children)
    )


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


def _members(value: _Object, left: int) -> tuple[PostbackPart, ...]:
    return tuple(part for name, inner in value for part in _member(_whole(name), inner, left))


def _member(name: str, value: object, left: int) -> Iterator[PostbackPart]:
    """The parts that a member makes: one for each item of an array."""
    if isinstance(value, _Object | list) and not left:
        raise NoPostbackError(TOO_DEEP)
    if isinstance(value, _Object):
        yield PostbackPart(name=name, inside=_members(value, left - 1))
    elif isinstance(value, list):
        for item in value:
            yield from _member(name, item, left - 1)
    else:
        yield PostbackPart(name=name, text=_scalar(value))


def _scalar(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else _whole(str(value))


def _whole(text: str) -> str:
    """The text with lone surrogates written out: they are in no encoding."""
    return text.encode("utf-8", "backslashreplace").decode()


FIELD = "xml"
"""The field's name, in any case."""

_MOST = 64
"""Fields and parts that are looked at; a form with one document has few."""


def _in_form(body: bytes) -> list[bytes]:
    """What each field of that name holds; empty for what is no form."""
    form = _multipart(body) if body.startswith(b"--") else _urlencoded(body)
    return [value for name, value in form if name.lower() == FIELD]


def _urlencoded(body: bytes) -> Iterator[tuple[str, bytes]]:
    for pair in body.strip().split(b"&", _MOST)[:_MOST]:
        name, equals, value = pair.partition(b"=")
        if equals:
            yield _decoded(name).decode("latin-1"), _decoded(value)


def _decoded(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))


def _multipart(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The parts between lines of the boundary, which the first line tells (RFC 2046)."""
    boundary = body.split(b"\n", 1)[0].strip()
    for part in body.replace(b"\r\n", b"\n").split(b"\n" + boundary, _MOST)[:_MOST]:
        head, _, value = part.removeprefix(boundary).lstrip(b"\n").partition(b"\n\n")
        for line in head.lower().split(b"\n"):
            if line.startswith(b"content-disposition:"):
                yield _name(line), value
                break


def _name(line: bytes) -> str:
    found = (piece.strip().partition(b"=") for piece in line.split(b";"))
    return next((value.strip(b'"').decode("latin-1") for name, _, value in found if name == b"name"), "")


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


def is_json(body: bytes) -> bool:
    """Whether a body is meant as JSON, by its first character."""
    return _first(body) in {"{", "["}


def _document(body: bytes) -> bytes:
    """The body, or the document in its form. Raises NoPostbackError for a form with several."""
    if is_json(body) or _first(body) == "<":
        return body
    found = _in_form(body)
    if len(found) > 1:
        raise NoPostbackError(f"is a form that gives {FIELD} more than once")
    return found[0] if found else body


def _root(document: bytes) -> PostbackPart:
    if not document.strip():
        raise NoPostbackError("is empty")
    if not is_json(document):
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


def _fields(root: PostbackPart) -> dict[str, str]:
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


def _texts(part: PostbackPart, path: str, left: int) -> Iterator[tuple[str, str]]:
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
