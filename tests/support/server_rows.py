"""Answers as the servers of ``rules/servers`` send them, and answers that only nearly look so."""

from __future__ import annotations

from pathlib import Path

import msgspec

from mmscheck.model.words import MediaKind
from tests.support.web import response

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"
JPEG = (MEDIA / "photo-small.jpg").read_bytes()
VCARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann\r\nN:Ann;;;;\r\nEND:VCARD\r\n"
LONG_VCARD = VCARD.replace(b"FN:Ann", b"FN:Ann\r\nNOTE:" + b"x" * 70_000)
GZIPPED = bytes.fromhex("1f8b08000000000000034b4c4a060041c9e6c703000000")
WEBP = (MEDIA / "photo-small.webp").read_bytes()

ENCODED = ("Content-Encoding: gzip",)
JPG = ("Content-Type: image/jpeg",)
VCF = ("Content-Type: text/vcard",)
HTML = ("Content-Type: text/html; charset=utf-8",)
OCTETS = ("Content-Type: application/octet-stream",)
XML = ("Content-Type: application/xml",)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a server sends for one URL; ``{host}`` in the URL stands for a host of the row's own."""

    url: str = "http://{host}/media/photo.jpg"
    head: tuple[str, ...] = ()
    status: int = 200
    body: bytes = JPEG
    framing: str = "length"
    then: tuple[tuple[str, bytes], ...] = ()

    @property
    def sent(self) -> bytes:
        headers = tuple(
            (name, value.strip()) for name, _, value in (line.partition(":") for line in self.head)
        )
        return response(self.body, status=self.status, headers=headers, framing=self.framing)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A server's answer, a rule that does not hold for it, and words of the fix that must be appended."""

    server: str
    rule: str
    wants: str
    answer: Answer
    kind: MediaKind = MediaKind.IMAGE


class Near(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that must not be taken for the server's."""

    server: str
    answer: Answer


def page(text: str, *head: str, status: int = 200, url: str = "http://{host}/media/photo.jpg") -> Answer:
    """An HTML page with this text in it."""
    body = f"<!DOCTYPE html><html><head>{text}</head><body>hello</body></html>".encode()
    return Answer(url=url, head=(*HTML, *head), status=status, body=body)


def chunked(*head: str, body: bytes = JPEG, url: str = "http://{host}/media/photo.jpg") -> Answer:
    """A chunked answer."""
    return Answer(url=url, head=head, body=body, framing="chunked")


def squeezed(*head: str, url: str = "http://{host}/media/photo.jpg", framing: str = "chunked") -> Answer:
    """A compressed answer, although nobody asked for compression."""
    return Answer(url=url, head=(*head, *ENCODED), body=GZIPPED, framing=framing)


def plain(
    *head: str, body: bytes = JPEG, url: str = "http://{host}/media/photo.jpg", status: int = 200
) -> Answer:
    """An answer with a length."""
    return Answer(url=url, head=head, body=body, status=status)


def xml(text: str, status: int = 403) -> Answer:
    """The error document of a bucket."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{text}</Error>'.encode()
    return Answer(head=XML, status=status, body=body)


def redirect(location: str, status: int = 302) -> Answer:
    """A redirect within the row's host to a page."""
    return Answer(
        head=(f"Location: {location}",), status=status, body=b"", then=((location, page("a page").sent),)
    )
