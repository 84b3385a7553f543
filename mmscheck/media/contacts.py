"""Contact cards, by vobject."""

from __future__ import annotations

import base64
import binascii
import codecs
import io
from collections.abc import Iterator
from typing import Any

import vobject
from vobject.base import getLogicalLines, textLineToContentLine

from mmscheck.media.refusal import RefusedError, Verdicts, judging
from mmscheck.model.facts import ContactFacts

MOST_CARDS = 1000
"""More cards in one file are not read."""


VOBJECT = Verdicts(
    own={
        vobject.base.VObjectError: "a line of it cannot be read, or a card in it is never closed",
        binascii.Error: "an embedded picture is not in base64",
        UnicodeDecodeError: "its text is not in the character set that it states",
    },
    inside=dict.fromkeys((ValueError, IndexError), "a line of it cannot be read"),
    modules=("vobject.",),
)
"""How vobject refuses a contact card."""

DATA_URI = ";base64,"
"""What stands between the type and the bytes of a data URI."""

MOST_BYTES = 8 * 1024 * 1024
"""A larger file is not read: vobject holds it many times over, and no message takes an eighth of it."""


def decode(data: bytes, _type: str) -> ContactFacts:
    """The facts of a vCard file, ``named`` when every card has a name to show.

    RefusedError for a broken one.
    """
    if len(data) > MOST_BYTES:
        raise RefusedError(f"a contact file of more than {MOST_BYTES // 1024**2} MB is not read")
    with judging(VOBJECT):
        text = as_text(data)
        cards = _cards(text)
        photos = (*_photos(cards), *_data_photos(text))
    return ContactFacts(
        contacts=len(cards),
        version=_value(cards[0], "version"),
        named=all(_named(card) for card in cards),
        largest_photo=max(photos, default=None),
    )


def _cards(text: str) -> list[Any]:
    """The cards of a file that holds nothing else."""
    cards: list[Any] = []
    for card in vobject.readComponents(text):
        if card.name.upper() != "VCARD":
            raise RefusedError(f"it holds a {card.name.upper()[:40]} beside contacts")
        if len(cards) == MOST_CARDS:
            raise RefusedError(f"it has more than {MOST_CARDS} contacts")
        cards.append(card)
    if not cards:
        raise RefusedError("there is no whole contact in it")
    return cards


def as_text(data: bytes) -> str:
    """The text, in UTF-8 or what its byte order mark says, else in ISO-8859-1 as old phones write it."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("iso-8859-1")


def _value(card: Any, name: str) -> str | None:
    """The first value of a property that is a text."""
    for line in card.contents.get(name, ()):
        if isinstance(line.value, str) and line.value.strip():
            return line.value.strip()
    return None


def _named(card: Any) -> bool:
    """Whether the card has FN, or an N with something in it (vCard 2.1 needs only N)."""
    names = [str(line.value).replace(";", "").strip() for line in card.contents.get("n", ())]
    return _value(card, "fn") is not None or any(names)


def _photos(cards: list[Any]) -> Iterator[int]:
    """Bytes of every embedded picture; one that is only linked to is a text."""
    for card in cards:
        for photo in card.contents.get("photo", ()):
            if isinstance(photo.value, bytes):
                yield len(photo.value)


def _data_photos(text: str) -> Iterator[int]:
    """Bytes of every picture in a data URI (vCard 4.0), which vobject cuts at its comma.

    binascii.Error for one that is not in base64.
    """
    if DATA_URI not in text:
        return
    for line, number in getLogicalLines(io.StringIO(text)):
        if DATA_URI not in line:
            continue
        content = textLineToContentLine(line, number)
        if content.name.upper() != "PHOTO" or not content.value.startswith("data:"):
            continue
        yield len(base64.b64decode(content.value.partition(DATA_URI)[2], validate=True))
