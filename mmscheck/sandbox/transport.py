"""The ways in which a call's document comes: as the body, in a form's field, or as the fields of a query.

Skycore XML API 1.3 and Skycore's current pages: a POST of the XML in a field ``xml``, or a GET with the
fields in the query. Sinch XML API: a POST of the XML itself. Public clients send all three, whatever type
they state. What the listener for notifications reads of a form is written anew here: the sandbox shares
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote_to_bytes

from lxml import etree

from mmscheck.sandbox.http import Request

FIELD = "xml"

_MOST = 64
"""Fields and parts that are looked at."""


def document(request: Request) -> bytes:
    """The XML of a POST; the body itself where no form's field holds one."""
    body = request.body.lstrip()
    if body.startswith(b"<"):
        return request.body
    form = _multipart(body) if body.startswith(b"--") else _urlencoded(body)
    return next((value for name, value in form if name.lower() == FIELD), request.body)


def from_query(query: str) -> bytes:
    """The fields of a GET as the document in upper case that says the same."""
    root = etree.Element("REQUEST")
    for name, value in parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST):
        etree.SubElement(root, name.upper()).text = value
    return etree.tostring(root)


def _urlencoded(body: bytes) -> Iterator[tuple[str, bytes]]:
    for pair in body.strip().split(b"&", _MOST)[:_MOST]:
        name, equals, value = (unquote_to_bytes(part.replace(b"+", b" ")) for part in pair.partition(b"="))
        if equals:
            yield name.decode("latin-1"), value


def _multipart(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The parts between lines of the boundary, which the first line tells (RFC 2046)."""
    boundary = body.split(b"\n", 1)[0].strip()
    for part in body.replace(b"\r\n", b"\n").split(b"\n" + boundary, _MOST)[:_MOST]:
        head, _, value = part.removeprefix(boundary).lstrip(b"\n").partition(b"\n\n")
        for piece in head.replace(b"\n", b";").split(b";"):
            name, _, said = piece.strip().partition(b"=")
            if name.lower() == b"name":
                yield said.strip(b'"').decode("latin-1"), value
