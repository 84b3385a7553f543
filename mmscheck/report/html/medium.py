"""One medium as a phone shows it: a picture, a film's first frame, a sound, a card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from mmscheck.base.redact import redact_url
from mmscheck.base.text import count
from mmscheck.model.facts import (
    AudioFacts,
    Decoded,
    DocumentFacts,
    ImageFacts,
    Preview,
    Undecoded,
    VideoFacts,
)
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import Fetched, Observation
from mmscheck.model.words import MediaKind
from mmscheck.report.html.markup import Markup, Part, cut, join, said, seconds, size, tag
from mmscheck.report.html.pictures import Gallery, Placed, icon

NAMES: Mapping[MediaKind, str] = MappingProxyType(
    {
        MediaKind.IMAGE: "Picture",
        MediaKind.AUDIO: "Sound",
        MediaKind.VIDEO: "Film",
        MediaKind.VCARD: "Contact",
        MediaKind.ICAL: "Calendar entry",
        MediaKind.PDF: "Document",
        MediaKind.PASSBOOK: "Pass",
    }
)
"""What people call each kind of medium."""

_WRITTEN = frozenset({MediaKind.VCARD, MediaKind.ICAL})

EVERYWHERE = frozenset({"image/jpeg", "image/png", "image/apng", "image/gif"})
"""Types of pictures that every phone shows."""

MOST_LINES = 8
"""Lines of a card that are drawn."""


def drawn(ref: MediaRef, seen: Observation | None, gallery: Gallery) -> Markup:
    """The medium on the phone's screen."""
    name = f"{NAMES[ref.kind]} {file_name(ref.url)}".rstrip()
    if not isinstance(seen, Fetched):
        why = seen.explanation if seen is not None else "nothing is known of it"
        return _missing(ref.kind, f"{name} missing: {why}")
    if isinstance(seen.decoded, Undecoded):
        return _missing(ref.kind, f"{name} that no decoder could open: {seen.decoded.reason}")
    if _is_a_page(ref.kind, seen.sniffed.type):
        return _missing(ref.kind, f"{name} missing: the server sent {seen.sniffed.type} in its place")
    return _likeness(ref.kind, name, seen, gallery) or _plain(ref.kind, name)


def file_name(url: str) -> str:
    """The last part of a URL's path: what people call the file; may be empty."""
    path = redact_url(url).partition("#")[0].partition("?")[0]
    return cut(path.rpartition("/")[2], 80)


def _is_a_page(kind: MediaKind, type_: str | None) -> bool:
    """Whether text came where no phone can show any: a sign-in or an error page, most of the time."""
    return type_ == "text/html" or (kind not in _WRITTEN and (type_ or "").startswith("text/"))


def _likeness(kind: MediaKind, name: str, seen: Fetched, gallery: Gallery) -> Markup | None:
    """What a worker drew or read out of the file; None where it is nothing that this kind shows."""
    preview = seen.preview or Preview()
    placed = gallery.place(preview)
    if kind is MediaKind.IMAGE and placed is not None:
        shown = _picture(placed, f"{name}{_sized(seen.decoded)}", zone(seen.decoded))
        return join(shown, *(tag("p", mark, class_="unsure") for mark in doubts(seen)))
    if kind is MediaKind.VIDEO and placed is not None:
        return _film(placed, f"{name}, first frame{_sized(seen.decoded)}", seconds(preview.seconds))
    if kind is MediaKind.AUDIO and (preview.levels or preview.seconds is not None):
        return _sound(preview)
    return _card(kind, preview, placed) if preview.lines or placed is not None else None


def doubts(seen: Fetched) -> Iterator[str]:
    """What this page draws of a picture and phones may not."""
    if seen.sniffed.type not in EVERYWHERE:
        yield f"Drawn here, but many phones show no {cut(seen.sniffed.type or 'such file', 80)}."
    if isinstance(seen.decoded, ImageFacts) and seen.decoded.transparent:
        yield "Transparent parts: black on some phones, white on others."
    if isinstance(seen.decoded, ImageFacts) and seen.decoded.mode == "CMYK":
        yield "Colours for print (CMYK): some phones show others."


def _missing(kind: MediaKind, why: str) -> Markup:
    return tag("div", icon(kind.value), tag("p", said(why, 300)), class_="missing beside")


def _plain(kind: MediaKind, name: str) -> Markup:
    """One that phones may well show, and this page cannot draw: its measures stand below the phone."""
    told = tag("p", said(name, 300), ", not drawn here")
    return tag("div", icon(kind.value), told, class_="card beside")


def _svg(placed: Placed, label: str, *above: Part) -> Markup:
    return tag(
        "svg",
        tag("use", href=f"#{placed.id}"),
        *above,
        class_="picture",
        viewBox=f"0 0 {placed.width} {placed.height}",
        role="img",
        aria_label=label,
    )


def _picture(placed: Placed, label: str, safe: Zone | None) -> Markup:
    if safe is None:
        note = tag("p", "No safe zone is published for a picture of this shape.", class_="zone-note")
        return join(_svg(placed, label), note)
    edges = f"{safe.top} px at the top, {safe.bottom} at the bottom"
    sides = f", {safe.left} at the left, {safe.right} at the right" if safe.left or safe.right else ""
    told = f"Shaded: may be cropped or covered, {edges}{sides} of {safe.width} × {safe.height} ({SOURCE})."  # noqa: RUF001 - a size
    return join(
        _svg(placed, label, tag("g", *_edges(placed, safe), class_="zone")),
        tag("p", told, class_="zone-note"),
    )


def _edges(placed: Placed, safe: Zone) -> Iterator[Markup]:
    """The four edges on the likeness, and a frame around what is left."""
    across, down = placed.width / safe.width, placed.height / safe.height
    left, right = round(safe.left * across), placed.width - round(safe.right * across)
    top, bottom = round(safe.top * down), placed.height - round(safe.bottom * down)
    for x, y, width, height in (
        (0, 0, placed.width, top),
        (0, bottom, placed.width, placed.height - bottom),
        (0, top, left, bottom - top),
        (right, top, placed.width - right, bottom - top),
    ):
        if width and height:
            yield tag("rect", x=x, y=y, width=width, height=height)
    yield tag("rect", class_="kept", x=left, y=top, width=right - left, height=bottom - top)


def _film(placed: Placed, label: str, length: str) -> Markup:
    middle, down = placed.width / 2, placed.height / 2
    mark = min(placed.width, placed.height) / 6
    play = tag(
        "g",
        tag("circle", cx=f"{middle:.0f}", cy=f"{down:.0f}", r=f"{mark:.0f}"),
        tag(
            "path",
            d=f"M{middle - mark * 0.35:.1f} {down - mark * 0.55:.1f}v{mark * 1.1:.1f}l{mark * 0.95:.1f}"
            f" {-mark * 0.55:.1f}z",
        ),
        class_="play",
    )
    told = f"{label}, {length} long" if length else label
    return join(
        tag(
            "div",
            _svg(placed, told, play),
            tag("span", length, class_="length") if length else None,
            class_="film",
        )
    )


def _sound(preview: Preview) -> Markup:
    length = seconds(preview.seconds)
    bars = [
        tag("rect", x=at * 6, y=f"{50 - level / 2:.0f}", width=4, height=max(2, level))
        for at, level in enumerate(min(100, max(0, level)) for level in preview.levels[:120])
    ]
    wave = tag(
        "svg", *bars, class_="wave", viewBox=f"0 0 {max(len(bars), 1) * 6} 100", preserveAspectRatio="none",
        aria_hidden="true",
    )  # fmt: skip
    return tag(
        "div",
        icon("audio"),
        wave if bars else None,
        tag("span", "Sound ", length or "of unknown length", class_="length"),
        class_="sound",
    )


def _card(kind: MediaKind, preview: Preview, placed: Placed | None) -> Markup:
    lines = [tag("div", tag("dt", said(label, 40)), tag("dd", said(value, 160))) for label, value in preview.lines[:MOST_LINES]]  # fmt: skip  # noqa: E501
    more = len(preview.lines) - MOST_LINES
    return tag(
        "div",
        tag("p", icon(kind.value), " ", NAMES[kind], class_="kind"),
        _svg(placed, f"Picture in the {NAMES[kind].lower()}") if placed else None,
        tag("dl", *lines) if lines else None,
        tag("p", f"and {count(more, 'more line')}") if more > 0 else None,
        class_="card",
    )


def _sized(facts: Decoded | None) -> str:
    if isinstance(facts, ImageFacts | VideoFacts):
        return f", {facts.width} by {facts.height} pixels"
    return ""


def measures(seen: Observation | None) -> str:
    """What is known of the file, in a few words, for the line below the phone."""
    return _facts(seen) if isinstance(seen, Fetched) else "not fetched"


def _facts(seen: Fetched) -> str:
    kind = cut(seen.sniffed.type, 80) if seen.sniffed.type else "of no known type"
    return ", ".join(filter(None, [kind, *_decoded(seen.decoded), size(seen.size)]))


def _decoded(facts: Decoded | None) -> Iterator[str]:
    match facts:
        case ImageFacts():
            yield f"{facts.width}×{facts.height}"  # noqa: RUF001 - a size
            yield f"{facts.frames} frames" if facts.frames > 1 else ""
        case VideoFacts():
            yield f"{facts.width}×{facts.height}"  # noqa: RUF001 - a size
            yield cut(facts.codec, 40)
            yield seconds(facts.duration)
        case AudioFacts():
            yield cut(facts.codec, 40)
            yield seconds(facts.duration)
        case DocumentFacts():
            yield count(facts.pages, "page") if facts.pages is not None else "encrypted"
        case _:
            return


SOURCE: Final = "Sinch, MMS best practices"
"""Where the numbers stand."""

_NEAR: Final = 0.02
"""How far from a canvas's shape a picture still has that shape (a judgement)."""

_TURNED: Final = frozenset({5, 6, 7, 8})
"""EXIF orientations (CIPA DC-008, tag 274) of pictures stored a quarter turn from how they are shown."""


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """A canvas in pixels, and the pixels at each of its edges that should hold nothing of interest."""

    width: int
    height: int
    top: int
    right: int = 0
    bottom: int
    left: int = 0


_PICTURES: Final = (
    Zone(width=640, height=1138, top=129, bottom=89),
    Zone(width=1080, height=1920, top=219, bottom=150),
)
_ANIMATIONS: Final = (
    Zone(width=480, height=720, top=39, right=39, bottom=39, left=44),
    Zone(width=480, height=640, top=65, right=39, bottom=58, left=39),
    Zone(width=640, height=640, top=52, right=52, bottom=52, left=58),
    Zone(width=480, height=480, top=39, right=39, bottom=39, left=43),
)


def zone(facts: Decoded | None) -> Zone | None:
    """The zone of the canvas that has the picture's shape and is nearest in size, or None."""
    if not isinstance(facts, ImageFacts) or facts.width < 1 or facts.height < 1:
        return None
    sides = (facts.width, facts.height)
    width, height = sides[::-1] if facts.orientation in _TURNED else sides
    canvases = _ANIMATIONS if facts.format.upper() == "GIF" else _PICTURES
    shape = width / height
    alike = [each for each in canvases if abs(each.width / each.height / shape - 1) <= _NEAR]
    return min(alike, key=lambda each: abs(each.width - width), default=None)
