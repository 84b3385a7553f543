"""What a contact, a calendar entry, a document or a pass says of itself, in a few short lines."""

from __future__ import annotations

import io
import json
import unicodedata
import zipfile
from collections.abc import Iterator
from typing import Any

from mmscheck.media.calendars import moment
from mmscheck.media.contacts import contacts
from mmscheck.media.content_lines import Component, ContentLine, Oddities, divided, read, unescaped
from mmscheck.media.refusal import RefusedError
from mmscheck.model.facts import CalendarFacts, ContactFacts, DocumentFacts, PassFacts, Preview

MOST_LINES = 8
MOST_CHARACTERS = 80
"""Of one value; what fits a card."""

MOST_BYTES = 1024 * 1024
"""A larger card, calendar or pass.json is not read a second time."""

JOINERS = "\u200c\u200d"
"""The only format characters that stay: letters and pictures are joined by them."""

CONTACT = (
    *(("Name", "FN"), ("Organisation", "ORG"), ("Title", "TITLE")),
    *(("Phone", "TEL"), ("Email", "EMAIL")),
)
"""Labels, and the properties of a vCard that they stand for."""

PASS = (
    *(("Organisation", "organizationName"), ("Description", "description")),
    *(("Logo text", "logoText"), ("Expires", "expirationDate")),
)
"""Labels, and the keys of a pass.json."""

Facts = ContactFacts | CalendarFacts | DocumentFacts | PassFacts


def draw(data: bytes, _type: str, facts: Facts) -> Preview | None:
    """The lines; None or whatever a library raises where there are none."""
    if isinstance(facts, ContactFacts):
        return card(_contact(data, facts))
    if isinstance(facts, CalendarFacts):
        return card(_calendar(data, facts))
    if isinstance(facts, DocumentFacts):
        return card(_document(data, facts))
    return card(_pass(data))


def card(found: Iterator[tuple[str, Any]]) -> Preview | None:
    """The first lines that say anything; None when there are none."""
    lines = []
    for label, value in found:
        text = short(value)
        if text and (label, text) not in lines:
            lines.append((label, text))
        if len(lines) == MOST_LINES:
            break
    return Preview(lines=tuple(lines)) if lines else None


def short(value: Any) -> str:
    """A value on one line without control characters, cut to what fits."""
    if isinstance(value, list | tuple):
        value = ", ".join(str(each) for each in value[:MOST_LINES])
    text = str(value)[: 4 * MOST_CHARACTERS]
    plain = " ".join("".join(" " if _unseen(each) else each for each in text).split())
    return plain if len(plain) <= MOST_CHARACTERS else plain[: MOST_CHARACTERS - 1].rstrip() + "…"


def _unseen(character: str) -> bool:
    """Whether it is no part of a text as read: controls, directions, halves of characters, line ends."""
    return character not in JOINERS and unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _contact(data: bytes, facts: ContactFacts) -> Iterator[tuple[str, Any]]:
    first = contacts(_components(data))[0]
    for label, name in CONTACT:
        values = [line.text for line in first.all(name)]
        if name == "FN" and not any(values):
            values = [_in_order(line.text) for line in first.all("N")]
        for value in values:
            yield label, _joined(value) if name == "ORG" else unescaped(value).removeprefix("tel:")
    if facts.contacts > 1:
        yield "Contacts", facts.contacts


def _in_order(name: str) -> str:
    """The parts of an N as people say them: prefix, given, further, family name, suffix."""
    family, given, further, prefix, suffix = (*divided(name), *[""] * 5)[:5]
    return " ".join(each for each in (prefix, given, further, family, suffix) if each.strip())


def _joined(value: str) -> str:
    return ", ".join(each for each in map(unescaped, divided(value)) if each.strip())


def _calendar(data: bytes, facts: CalendarFacts) -> Iterator[tuple[str, Any]]:
    event = next(part for part in _components(data) if part.name == "VEVENT")
    yield "Event", unescaped(event.first("SUMMARY"))
    yield "Start", _start(event.all("DTSTART")[0])
    yield "Place", unescaped(event.first("LOCATION"))
    if facts.events > 1:
        yield "Events", facts.events


def _start(line: ContentLine) -> str:
    """A day, or a day and a time with the name of its zone, where the entry has them."""
    start = moment(line.text)
    if start is None:
        return ""
    zone = "UTC" if start.utc else line.params.get("TZID", "")
    return f"{start.when:%Y-%m-%d %H:%M} {zone}" if start.timed else f"{start.when:%Y-%m-%d}"


def _components(data: bytes) -> tuple[Component, ...]:
    if len(data) > MOST_BYTES:
        raise RefusedError("it is too long for a card")
    return read(data, Oddities())


def _document(data: bytes, facts: DocumentFacts) -> Iterator[tuple[str, Any]]:
    import pikepdf  # noqa: PLC0415 - only for documents

    if facts.pages is None:
        yield "Protected", "needs a password"
        return
    with pikepdf.open(io.BytesIO(data), attempt_recovery=facts.repaired, suppress_warnings=True) as document:
        title = document.docinfo.get("/Title")
        if isinstance(title, pikepdf.String):
            yield "Title", str(title)
    yield "Pages", facts.pages


def _pass(data: bytes) -> Iterator[tuple[str, Any]]:
    """From the first pass.json, which the decoder found fit to be unpacked."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entry = next(each for each in archive.infolist() if each.filename == "pass.json")
        with archive.open(entry) as file:
            text = file.read(MOST_BYTES)  # what is cut is no JSON any more
    content = json.loads(text)
    for label, key in PASS:
        if isinstance(value := content.get(key), str):
            yield label, value
