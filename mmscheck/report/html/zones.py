"""The edges of a picture that phones and carriers may crop or cover.

Sinch, MMS best practices: pixels to keep free of content of interest, by canvas. A picture of the same shape
in another size is measured in proportion; for other shapes, and for films, nothing is published.
"""

from __future__ import annotations

from typing import Final

import msgspec

from mmscheck.model.facts import Decoded, ImageFacts

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
