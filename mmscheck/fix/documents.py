"""The text of a stored message mended where that can be done without guessing; layout and comments stay."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from html.entities import html5

from mmscheck.base.text import quoted as shown
from mmscheck.fix import json_documents
from mmscheck.fix.markup import Coded, Edit, Element, applied, coded, elements, escaped, pieces, renamed
from mmscheck.fix.slides import parted
from mmscheck.fix.wording import renewed
from mmscheck.model.mms import Mms
from mmscheck.slidexml import is_json, parse
from mmscheck.slidexml.names import NAME, SUBJECT, TEXT, URL, key_of

_REFERENCE = re.compile(r"&(?:#[0-9]{1,7};|#x[0-9A-Fa-f]{1,6};|(?P<name>[A-Za-z][A-Za-z0-9]{1,31};)?)")
_OF_XML = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
_ELEMENT_NAME = re.compile(r"[A-Za-z][\w.-]*\Z")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that XML 1.0 (section 2.2) does not allow."""


def mended(
    data: bytes, source: str, urls: Mapping[str, str], most_slides: int = 8
) -> tuple[bytes, list[str]]:
    """The document with every fault mended that has one right answer, and what was done, a clause each.

    ``urls`` has the new URL of each whose file got another name; ``most_slides`` are as many as may be made.
    What is right is not touched, so that the
    same bytes come back where nothing is wrong.
    """
    if is_json(data):
        return json_documents.mended(data, urls)
    document = coded(data)
    if document is None:
        return data, []
    done = [document.recoded] if document.recoded else []
    text = _parsable(document.text, done)
    message = parse(document.encoded(text), source)
    if message.problem is None:
        text = _spelled(text, message, done)
        text = applied(text, tuple(_values(text, urls, done)))
        text = parted(text, most_slides, done)
    return (document.encoded(text), done) if text != _original(document) else (data, [])


def _original(document: Coded) -> str | None:
    return None if document.recoded else document.text


def _parsable(text: str, done: list[str]) -> str:
    """The text with what keeps parsers from reading it written as it is meant."""
    edits: list[Edit] = []
    lead = len(text) - len(text.lstrip("\ufeff \t\r\n"))
    if lead and text[lead:].startswith("<?xml"):
        edits.append(Edit(0, lead, ""))
        done.append("what stood before the XML declaration removed")
    bare = entities = less = 0
    for piece in pieces(text):
        if piece.kind not in {"text", "tag"}:
            continue
        part = text[piece.start : piece.end]
        if piece.kind == "text" and part == "<":
            edits.append(Edit(piece.start, piece.end, "&lt;"))
            less += 1
            continue
        for found in _REFERENCE.finditer(part):
            new = _reference(found)
            if new is not None:
                edits.append(Edit(piece.start + found.start(), piece.start + found.end(), new))
                bare += new.startswith("&amp;")
                entities += not new.startswith("&amp;")
    forbidden = [Edit(found.start(), found.end(), "") for found in _FORBIDDEN.finditer(text)]
    edits += forbidden
    done += [told for count, told in _told(bare, entities, less, len(forbidden)) if count]
    return applied(text, edits)


def _told(bare: int, entities: int, less: int, forbidden: int) -> Iterator[tuple[int, str]]:
    yield bare, f"a bare & written as &amp; ({bare})"
    yield entities, f"entities of HTML written as the characters they mean ({entities})"
    yield less, f"a < that begins no element written as &lt; ({less})"
    yield forbidden, f"characters that XML does not allow removed ({forbidden})"


def _reference(found: re.Match[str]) -> str | None:
    """What to write for something that begins with &; None where it is right."""
    name = found["name"]
    if name is None:
        return "&amp;" if found.group() == "&" else None
    if name in _OF_XML:
        return None
    return escaped(html5[name]) if name in html5 else f"&amp;{name}"


def _spelled(text: str, message: Mms, done: list[str]) -> str:
    """Elements in the spelling that the provider documents."""
    wanted = {
        stray.name: stray.expected
        for stray in message.strays
        if stray.expected and not stray.overlooked and _ELEMENT_NAME.match(stray.expected)
    }
    edits: list[Edit] = []
    told: dict[str, None] = {}
    for element in elements(text):
        new = wanted.get(element.name)
        if new is not None and new != element.name:
            edits += renamed(text, element, new)
            told[f"<{shown(element.name)}> spelled <{new}>"] = None
    done += told
    return applied(text, edits)


def _values(text: str, urls: Mapping[str, str], done: list[str]) -> Iterator[Edit]:
    """Edits of subject, texts and URLs."""
    for element in elements(text):
        key = key_of(element.name)
        if element.inner or key not in {SUBJECT, TEXT, URL, NAME}:
            continue
        raw = text[element.opens[1] : element.closes[0]]
        if element.opens == element.closes or "<!--" in raw:
            continue
        value = _value(raw)
        new = renewed(key, value, urls, done)
        if new != value:
            yield Edit(element.opens[1], element.closes[0], escaped(new))


def _value(raw: str) -> str:
    """The text of an element as a parser gives it."""
    parts = [
        raw[piece.start + 9 : piece.end - 3]
        if piece.kind == "cdata"
        else html.unescape(raw[piece.start : piece.end])
        for piece in pieces(raw)
    ]
    return "".join(parts)


__all__ = ["Element", "mended"]
