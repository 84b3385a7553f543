"""A form's field with a document in it: some senders post one where others post the document itself.

The maker's own receiver (Skycore PHP SDK 1.0) takes the field ``xml``, and the body where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

FIELD = "xml"
"""The field's name, in any case."""

_MOST = 64
"""Fields and parts that are looked at; a form with one document has few."""


def documents(body: bytes) -> list[bytes]:
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
