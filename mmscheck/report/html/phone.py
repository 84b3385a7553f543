"""The slides of a message as a phone shows them, in order."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from mmscheck.base import sms
from mmscheck.base.resolved import resolved
from mmscheck.base.text import count
from mmscheck.model.mms import MediaRef
from mmscheck.model.report import MessageReport, SlideReport
from mmscheck.report.clean import clean_text
from mmscheck.report.html.markup import NOTHING, Markup, cut, join, name, on_phone, point, tag, url
from mmscheck.report.html.medium import NAMES, drawn, measures
from mmscheck.report.html.pictures import Gallery

MOST_NAMED = 5
"""Characters that are named as the cause of a longer SMS."""

LONGEST_COUNTED = 50_000
"""Characters of a text that are counted one by one; the provider takes 5,000."""

MOST_SLIDES = 40
"""Slides that are drawn; the provider takes 8."""


class SlideMarks(msgspec.Struct, frozen=True, kw_only=True):
    """How many findings a slide has, and whether any of them blocks."""

    found: int
    blocks: bool


def phones(
    message: MessageReport, gallery: Gallery, marks: Mapping[int, SlideMarks], tools: Markup = NOTHING
) -> Markup:
    """Every slide on a phone of its own; ``marks`` are by slide (0: a lone file), ``tools`` stand above."""
    slides = _slides(message)
    if not slides:
        return NOTHING
    more = len(slides) - MOST_SLIDES
    drawn_slides = [_phone(message, each, gallery, marks.get(each.number)) for each in slides[:MOST_SLIDES]]
    return tag(
        "section",
        tag("h3", "What the phone shows"),
        tools,
        tag("ol", *drawn_slides, class_="phones"),
        tag("p", f"and {count(more, 'more slide')}") if more > 0 else None,
    )


def _slides(message: MessageReport) -> tuple[SlideReport, ...]:
    """The slides; of reports made without them, or of lone files, what the media tell."""
    if message.slides:
        return message.slides
    numbers = sorted({ref.slide for ref in message.media})
    return tuple(
        SlideReport(
            number=number,
            line=0,
            text="",
            media=tuple(ref.index for ref in message.media if ref.slide == number),
        )
        for number in numbers
    )


def _phone(message: MessageReport, slide: SlideReport, gallery: Gallery, found: SlideMarks | None) -> Markup:
    refs = [ref for ref in message.media if ref.index in slide.media]
    length = f", shown for {cut(slide.duration, 20)}\u00a0s" if slide.duration else ""
    title = f"Slide {slide.number}{length}" if slide.number else "The file"
    media = [drawn(ref, message.observations.get(ref.url), gallery) for ref in refs]
    told = tag("p", on_phone(slide.text), class_="text") if slide.text else NOTHING
    empty = tag("p", "Nothing on this slide", class_="quiet") if not media and not slide.text else NOTHING
    return tag(
        "li",
        tag("h4", title, " ", _badge(found)),
        tag("div", tag("div", *media, told, empty, class_="bubble"), class_="screen"),
        tag("ul", *_below(message, refs, slide.text), class_="below"),
        class_="phone",
    )


def _badge(found: SlideMarks | None) -> Markup:
    if found is None:
        return NOTHING
    return tag("span", count(found.found, "finding"), class_=f"badge {'bad' if found.blocks else 'advice'}")


def _below(message: MessageReport, refs: list[MediaRef], words: str) -> Iterator[Markup]:
    for ref in refs:
        told = measures(message.observations.get(ref.url))
        yield tag("li", tag("strong", NAMES[ref.kind]), f": {told}", tag("br"), url(ref.url))
    if words:
        yield tag("li", tag("strong", "Text"), f": {text_counts(words)}")


def text_counts(words: str) -> str:
    """Characters, and the SMS that the text takes where a phone gets it as one."""
    if len(words) > LONGEST_COUNTED:
        return count(len(words), "character")
    encoded = sms.encode(words)
    single, part = sms.ROOM[encoded.alphabet]
    messages = sms.parts(encoded, 0, single, part)
    characters = count(len(words), "character")
    because = ""
    if encoded.outside:
        named = [char if char.isprintable() else point(char) for char in encoded.outside[:MOST_NAMED]]
        because = f" because of {' '.join(named)}"
    return f"{characters}; as a plain text message {messages:,} SMS ({encoded.alphabet}{because})"


LONGEST = 500
"""Characters of a subject that are drawn; the provider takes 80."""

MOST_CHARACTERS = 12
"""Characters that are named one by one."""

_NOT_PLAIN = re.compile(r"[^ -~]")


class Offender(msgspec.Struct, frozen=True, kw_only=True):
    """One character, or emoji of several, as the checks of subjects report it; positions count from 1."""

    codes: str
    name: str
    position: int
    suggestion: str = ""

    @property
    def length(self) -> int:
        """Characters it takes up."""
        return max(1, len(self.codes.split()))


@resolved
class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What the checks said of a subject: the characters, and the subject in plain letters."""

    offenders: tuple[Offender, ...] = ()
    suggestion: str = ""


def subject_line(message: MessageReport, name: str) -> Markup:
    """The subject with its marks, below it what is marked, and what to write instead.

    ``name`` is the message's own id on the page.
    """
    if message.subject is None:
        return tag("p", tag("em", "no subject"), class_="subject")
    told = clean_text(message.subject[: LONGEST * 4])
    named = _named(message) if told == message.subject else Named()
    found = tuple(_spans(told[:LONGEST], named))
    more = len(message.subject) - LONGEST
    line = tag(
        "p",
        tag("span", "Subject ", class_="quiet"),
        tag("bdi", *_pieces(told[:LONGEST], found)),
        f" … and {count(more, 'more character')}" if more > 0 else "",
        class_="subject",
    )
    return join(line, _legend(found), _instead(named.suggestion, name)) if found else line


def _named(message: MessageReport) -> Named:
    """What the check of plain subjects said, else that of emoji; nothing where neither found any."""
    for rule in ("subject-ascii", "subject-no-emoji"):
        for item in message.evaluations:
            if item.rule == rule and item.evidence.get("offenders"):
                return _read(item.evidence)
    return Named()


def _read(evidence: dict[str, Any]) -> Named:
    try:
        return msgspec.convert(evidence, Named)
    except msgspec.ValidationError:
        return Named()


def _spans(subject: str, named: Named) -> Iterator[Offender]:
    """Every character that is not printable ASCII; those that the checks named under their names."""
    known = {each.position: each for each in named.offenders}
    place = 1
    while place <= len(subject):
        char = subject[place - 1]
        here = known.get(place)
        if here is None and _NOT_PLAIN.match(char):
            here = Offender(codes=point(char), name=name(char), position=place)
        if here is not None:
            yield here
        place += here.length if here else 1


def _pieces(subject: str, found: Iterable[Offender]) -> Iterator[str]:
    place = 0
    for at, each in enumerate(found, start=1):
        start, end = each.position - 1, each.position - 1 + each.length
        yield subject[place:start]
        drawn = subject[start:end] if _is_seen(subject[start:end]) else each.codes
        yield tag("mark", drawn, tag("sup", str(at)), title=f"{each.codes} {each.name}")
        place = end
    yield subject[place:]


def _is_seen(glyph: str) -> bool:
    """Whether it shows by itself: a letter that sits on the one before it does not, nor does a control."""
    return any(char.isprintable() and not unicodedata.combining(char) for char in glyph)


def _legend(found: tuple[Offender, ...]) -> Markup:
    items = [
        tag(
            "li", tag("code", each.codes), f" {cut(each.name, 80)}, position {each.position}: ", _advice(each)
        )
        for each in found[:MOST_CHARACTERS]
    ]
    more = len(found) - MOST_CHARACTERS
    return join(
        tag("ol", *items, class_="offenders"),
        tag("p", f"and {count(more, 'more character')}", class_="quiet") if more > 0 else NOTHING,
    )


def _advice(each: Offender) -> str:
    if not each.suggestion:
        return "remove it"
    return join("write ", tag("kbd", "space" if each.suggestion == " " else cut(each.suggestion, 40)))


def _instead(suggestion: str, name: str) -> Markup:
    if not suggestion:
        return NOTHING
    copy = tag(
        "button", "Copy", type="button", data_copy=f"{name}-plain", hidden=True, data_needs_script=True
    )
    words = tag("kbd", cut(suggestion, LONGEST), id=f"{name}-plain")
    return tag("p", tag("span", "In plain letters: "), words, copy, class_="instead")
