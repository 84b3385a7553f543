"""Contact cards, read by our own reader of content lines: libraries refuse what the big exporters write."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from mmscheck.media.content_lines import BASE64, Component, ContentLine, Oddities, read
from mmscheck.media.refusal import RefusedError
from mmscheck.model.facts import ContactFacts

MOST_CARDS = 1000
"""More cards in one file are not read."""

NAMES = ("FN", "N", "ORG")
"""What a phone shows a contact by; a company has only the last."""

PICTURE = "PHOTO"

DATA_URI = ";base64,"
"""What stands between the type and the bytes of a data URI."""

SHORTEST_NUMBER = 7
"""Digits of a number that may be a national one; shorter ones are the codes of services."""

_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=]")
_LINK = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)
_VERSIONS = {
    "2.1": None,
    "3.0": None,
    "4.0": "VERSION:4.0, which the Contacts app of Android does not import",
    "": "a contact without a VERSION",
}


def decode(data: bytes, _type: str) -> ContactFacts:
    """The facts of a vCard file, ``named`` when a card has a name to show.

    RefusedError for one that no phone can read: without a whole contact, or with a picture that is cut off.
    """
    odd = Oddities()
    cards = _cards(read(data, odd), odd)
    for card in cards:
        _note(card, odd)
    photos = [len(photo) for card in cards for photo in _photos(card, odd)]
    return ContactFacts(
        contacts=len(cards),
        version=cards[0].first("VERSION") or None,
        named=any(map(named, cards)),
        largest_photo=max(photos, default=None),
        oddities=odd.told(),
    )


def contacts(components: tuple[Component, ...]) -> list[Component]:
    """The cards among them; one inside another is its AGENT and no contact of its own."""
    return [part for part in components if part.name == "VCARD" and part.within != "VCARD"]


def named(card: Component) -> bool:
    """Whether one of the properties that phones show a contact by says anything (vCard 2.1 needs only N)."""
    return any(card.first(name).replace(";", "").strip() for name in NAMES)


def _cards(components: tuple[Component, ...], odd: Oddities) -> list[Component]:
    """The cards of a file, all of them whole."""
    cards = contacts(components)
    if not cards:
        raise RefusedError("there is no contact in it")
    if len(cards) > MOST_CARDS:
        raise RefusedError(f"it has more than {MOST_CARDS} contacts")
    for card in cards:
        if not card.whole:
            raise RefusedError(
                f"the contact that begins in line {card.number} is cut off: END:VCARD is missing"
            )
    for part in components:
        if part.name != "VCARD":
            odd.add("something that is no contact", part.number)
    return cards


def _note(card: Component, odd: Oddities) -> None:
    """Note what some phones do not read as it is meant."""
    version = card.first("VERSION")
    if what := _VERSIONS.get(version, "a VERSION that does not exist"):
        odd.add(what, card.number)
    if not named(card):
        odd.add("a contact without a name, which is shown by its number if at all", card.number)
    elif version != "4.0" and not card.all("N"):
        odd.add("a contact without N, which vCard 2.1 and 3.0 demand", card.number)
    for line in card.lines:
        if not line.readable:
            odd.add("text that is neither in UTF-8 nor in the character set that it states", line.number)
        if line.name == "TEL" and _is_national(line.text):
            odd.add("a telephone number without + and country code", line.number)


def _is_national(number: str) -> bool:
    number = number.lower().removeprefix("tel:").lstrip(" (")
    signs = sum(map(str.isalnum, number.partition(";")[0]))
    return number[:1] not in {"+", "*", "#"} and signs >= SHORTEST_NUMBER and any(map(str.isdigit, number))


def _photos(card: Component, odd: Oddities) -> Iterator[bytes]:
    """Every embedded picture; one that is only linked to is none."""
    for line in card.all(PICTURE):
        packed = _packed(line)
        if not packed:
            continue
        plain = _NOT_BASE64.sub("", packed)
        photo = _unpacked(plain)
        if len(plain) % 4 and not plain.endswith("=") and not _ends(photo):
            raise RefusedError(f"the picture in line {line.number} is cut off or not in base64")
        if len(plain) % 4 or "=" in plain.rstrip("=") or _ends(photo) is False:
            odd.add("a picture that some phones cannot show", line.number)
        yield photo


def _packed(line: ContentLine) -> str:
    """The base64 of a picture, also out of a data URI (vCard 4.0), whose comma some exporters escape."""
    value = line.raw.strip()
    if value[:5].lower() == "data:":
        return value.replace("\\,", ",").partition(DATA_URI)[2]
    inside = line.encoding == BASE64 or line.params.get("VALUE", "").upper() == "BINARY"
    return value if inside and not _LINK.match(value) else ""


def _unpacked(plain: str) -> bytes:
    """The bytes, however the end is marked, without a rest that fills none."""
    bare = plain.replace("=", "")
    whole = bare[: len(bare) - (len(bare) % 4 == 1)]
    return base64.b64decode(whole + "=" * (-len(whole) % 4))


def _ends(picture: bytes) -> bool | None:
    """Whether a JPEG or a PNG has its end; None for other kinds."""
    if picture.startswith(b"\xff\xd8"):
        return picture.rfind(b"\xff\xd9") > picture.rfind(b"\xff\xda")
    return b"IEND" in picture if picture.startswith(b"\x89PNG") else None
