"""The slides of a message as a phone shows them, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from mmscheck.base import sms
from mmscheck.base.text import count
from mmscheck.model.mms import MediaRef
from mmscheck.model.report import MessageReport, SlideReport
from mmscheck.report.html.markup import NOTHING, Markup, tag
from mmscheck.report.html.medium import NAMES, drawn, measures
from mmscheck.report.html.pictures import Gallery
from mmscheck.report.html.words import cut, on_phone, point, url

MOST_NAMED = 5
"""Characters that are named as the cause of a longer SMS."""

LONGEST_COUNTED = 50_000
"""Characters of a text that are counted one by one; the provider takes 5,000."""

MOST = 40
"""Slides that are drawn; the provider takes 8."""


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """How many findings a slide has, and whether any of them blocks."""

    found: int
    blocks: bool


def phones(
    message: MessageReport, gallery: Gallery, marks: Mapping[int, Marks], tools: Markup = NOTHING
) -> Markup:
    """Every slide on a phone of its own; ``marks`` are by slide (0: a lone file), ``tools`` stand above."""
    slides = _slides(message)
    if not slides:
        return NOTHING
    more = len(slides) - MOST
    drawn_slides = [_phone(message, each, gallery, marks.get(each.number)) for each in slides[:MOST]]
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


def _phone(message: MessageReport, slide: SlideReport, gallery: Gallery, found: Marks | None) -> Markup:
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


def _badge(found: Marks | None) -> Markup:
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
