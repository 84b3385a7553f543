"""The width and height of pictures, animations and films against the canvases a provider advises."""

from __future__ import annotations

from typing import Literal

import msgspec

from mmscheck.checks.facts import facts, picture
from mmscheck.model.check import Check, MediaTarget, Result, failed, passed
from mmscheck.model.facts import ImageFacts, VideoFacts
from mmscheck.model.words import TargetKind

_ON_ITS_SIDE = frozenset({5, 6, 7, 8})
"""EXIF orientations (CIPA DC-008, tag 274) whose picture is shown a quarter turn from how it is stored."""


class Canvas(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A width and a height in pixels."""

    width: int
    height: int

    def holds(self, width: int, height: int) -> bool:
        """Whether something of that size fits."""
        return width <= self.width and height <= self.height

    @property
    def words(self) -> str:
        """The size for people."""
        return size_words(self.width, self.height)


class FitsParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The canvases of which one must be large enough; ``turned`` lets them lie on their side as well.

    ``subject`` is what is measured: pictures that are no animated GIF, animated GIFs, or films.
    """

    subject: Literal["picture", "animation", "film"]
    canvases: tuple[Canvas, ...]
    turned: bool = False

    def __post_init__(self) -> None:
        """Refuse an empty list, which nothing would fit."""
        if not self.canvases:
            raise ValueError("canvases is empty, expected at least one")


class AspectParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The advised shape, and how far from it is still near: 0.05 is five parts in a hundred."""

    width: int
    height: int
    tolerance: float

    def __post_init__(self) -> None:
        """Refuse numbers that no shape has."""
        if self.width < 1 or self.height < 1 or not 0 <= self.tolerance < 1:
            raise ValueError("expected a width and height of at least 1 and a tolerance from 0 to below 1")


def fits_canvas(target: MediaTarget, params: FitsParams) -> Result:
    """It fits one of the canvases; exactly as large is fine, and smaller is too."""
    found = _measured(target, params)
    if isinstance(found, Result):
        return found
    width, height = shown_size(found)
    canvases = (
        *params.canvases,
        *(Canvas(width=each.height, height=each.width) for each in params.canvases if params.turned),
    )
    if any(canvas.holds(width, height) for canvas in canvases):
        return passed(width=width, height=height)
    advised = ", ".join(canvas.words for canvas in params.canvases)
    return failed({"width": width, "height": height}, size=size_words(width, height), advised=advised)


def near_aspect(target: MediaTarget, params: AspectParams) -> Result:
    """A picture that is no animated GIF has about the advised shape as it is shown upright."""
    found = picture(target, animated=False)
    if isinstance(found, Result):
        return found
    width, height = shown_size(found)
    off = abs(width * params.height / (height * params.width) - 1)
    if off <= params.tolerance:
        return passed(width=width, height=height)
    return failed(
        {"width": width, "height": height, "off": round(off, 3)},
        size=size_words(width, height),
        shape=_shape(width, height),
        advised=f"{params.width}:{params.height}",
    )


def shown_size(found: ImageFacts | VideoFacts) -> tuple[int, int]:
    """Width and height as shown: a picture whose EXIF turns it by a quarter has them exchanged."""
    if isinstance(found, ImageFacts) and found.orientation in _ON_ITS_SIDE:
        return found.height, found.width
    return found.width, found.height


def size_words(width: int, height: int) -> str:
    """Pixels for people."""
    return f"{width} x {height}"


def _measured(target: MediaTarget, params: FitsParams) -> ImageFacts | VideoFacts | Result:
    if params.subject == "film":
        return facts(target, VideoFacts)
    return picture(target, animated=params.subject == "animation")


def _shape(width: int, height: int) -> str:
    if width == height:
        return "square"
    return "landscape" if width > height else "portrait"


CHECKS: tuple[Check, ...] = (
    Check(
        name="fits-canvas",
        target=TargetKind.MEDIA,
        run=fits_canvas,
        params=FitsParams,
        reports=frozenset({"size", "advised"}),
    ),
    Check(
        name="near-aspect",
        target=TargetKind.MEDIA,
        run=near_aspect,
        params=AspectParams,
        reports=frozenset({"size", "shape", "advised"}),
    ),
)
"""Every check of the family."""
