"""Calls to the provider as XML, in the modern and the legacy dialect, however they come; and the answers.

Modern: lower case with hyphens, exactly as in the request examples of the Sinch XML API documentation
(2021). Legacy: upper case as in Skycore XML API 1.3 (2015). An answer comes in the dialect of its call.

A document is the body of a POST (Sinch XML API), or stands in a field ``xml`` of a form, or is the fields of
a GET's query (Skycore XML API 1.3 and its current pages). Public clients send all three, whatever type they
state. What the listener for notifications reads of a form is written anew here: the sandbox shares nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, unquote_to_bytes

from lxml import etree

from mmscheck.sandbox.json_calls import write_json
from mmscheck.sandbox.refusals import Refusal

Element = etree._Element  # noqa: SLF001 - lxml has no public name for its element type

_LEGACY = {
    "message-subject": "SUBJECT",
    "message-text": "TEXT",
    "ddm-message-subject": "DDMTITLE",
    "ddm-message-text": "DDMTEXT",
    "ddm-message-timeout": "DDMTIMEOUT",
}
"""Names that are more than the modern one in upper case without hyphens."""

FIELD = "xml"

_MOST_FIELDS = 64
"""Fields and parts of a form or query that are looked at."""

Fields = Sequence[tuple[str, "str | Fields"]]
"""The content of an answer: modern names with texts or with fields of their own."""


class CallForm(StrEnum):
    """How a call is written; its answer, and the notifications about what it began, are written so too."""

    MODERN = "modern"
    LEGACY = "legacy"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One element of a call, asked for its parts by their modern names."""

    element: Element
    form: CallForm

    @property
    def legacy(self) -> bool:
        """Whether it is in upper case."""
        return self.form is CallForm.LEGACY

    def all(self, name: str) -> list[Node]:
        """Every child of this name."""
        wanted = legacy_name(name) if self.legacy else name
        found = (child for child in self.element if self._name(child) == wanted)
        return [Node(element=child, form=self.form) for child in found]

    def text(self, name: str) -> str | None:
        """The text of the first child of this name, or None when there is none."""
        found = self.all(name)
        return found[0].value if found else None

    @property
    def value(self) -> str:
        """The element's own text as written."""
        return self.element.text or ""

    def children(self) -> Iterable[tuple[str, str]]:
        """Name and text of every child, as written."""
        for child in self.element:
            if isinstance(child.tag, str):
                yield child.tag, child.text or ""

    def _name(self, child: Element) -> str:
        if not isinstance(child.tag, str):
            return ""
        return child.tag.replace("_", "").replace("-", "").upper() if self.legacy else child.tag


def legacy_name(name: str) -> str:
    """The 2015 spelling of a modern name."""
    return _LEGACY.get(name, name.replace("-", "").upper())


def from_body(posted: bytes) -> bytes:
    """The XML of a POST; the body itself where no form's field holds one."""
    body = posted.lstrip()
    if body.startswith(b"<"):
        return posted
    form = _multipart(body) if body.startswith(b"--") else _urlencoded(body)
    return next((value for name, value in form if name.lower() == FIELD), posted)


def from_query(query: str) -> bytes:
    """The fields of a GET as the document in upper case that says the same."""
    root = etree.Element("REQUEST")
    for name, value in parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_FIELDS):
        etree.SubElement(root, name.upper()).text = value
    return etree.tostring(root)


def _urlencoded(body: bytes) -> Iterator[tuple[str, bytes]]:
    for pair in body.strip().split(b"&", _MOST_FIELDS)[:_MOST_FIELDS]:
        name, equals, value = (unquote_to_bytes(part.replace(b"+", b" ")) for part in pair.partition(b"="))
        if equals:
            yield name.decode("latin-1"), value


def _multipart(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The parts between lines of the boundary, which the first line tells (RFC 2046)."""
    boundary = body.split(b"\n", 1)[0].strip()
    for part in body.replace(b"\r\n", b"\n").split(b"\n" + boundary, _MOST_FIELDS)[:_MOST_FIELDS]:
        head, _, value = part.removeprefix(boundary).lstrip(b"\n").partition(b"\n\n")
        for piece in head.replace(b"\n", b";").split(b";"):
            name, _, said = piece.strip().partition(b"=")
            if name.lower() == b"name":
                yield said.strip(b'"').decode("latin-1"), value


def read_call(body: bytes) -> Node:
    """The root of a call; raises Refusal with E108 when it is no XML and E100 when it is no request."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refusal("E108", f"The XML cannot be parsed: {error}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Refusal("E108", "The XML declares a document type, which is not taken.")
    if root.tag not in {"request", "REQUEST"}:
        raise Refusal("E100", "The root element must be request.")
    return Node(element=root, form=CallForm.LEGACY if root.tag == "REQUEST" else CallForm.MODERN)


def write_answer(fields: Fields, form: CallForm) -> bytes:
    """An answer document in UTF-8."""
    if form is CallForm.JSON:
        return write_json(fields)
    return _write("response", fields, legacy=form is CallForm.LEGACY)


def write_postback(fields: Fields, form: CallForm) -> bytes:
    """A notification document in UTF-8."""
    if form is CallForm.JSON:
        return write_json(fields)
    legacy = form is CallForm.LEGACY
    # In upper case the carrier is called so (Skycore XML API 1.3, and its current pages).
    named = [("spid" if legacy and name == "operator-id" else name, value) for name, value in fields]
    return _write("postback", named, legacy=legacy)


def _write(name: str, fields: Fields, *, legacy: bool) -> bytes:
    root = etree.Element(legacy_name(name) if legacy else name)
    _fill(root, fields, legacy=legacy)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _fill(parent: Element, fields: Fields, *, legacy: bool) -> None:
    for name, value in fields:
        child = etree.SubElement(parent, legacy_name(name) if legacy else name)
        if isinstance(value, str):
            child.text = value
        else:
            _fill(child, value, legacy=legacy)
