"""A picture as a handset shows it: size, shape, see-through parts, colours, and stored upright or not."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

from mmscheck.base.text import LONGEST_SENTENCE, quoted
from mmscheck.checks.decoded import facts, picture
from mmscheck.model.check import Check, MediaTarget, NoParams, Result, cant_tell, failed, passed
from mmscheck.model.facts import AudioFacts, ImageFacts, VideoFacts
from mmscheck.model.words import Because, TargetKind

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
    image = _measured(target, params)
    if isinstance(image, Result):
        return image
    width, height = shown_size(image)
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
    image = picture(target, animated=False)
    if isinstance(image, Result):
        return image
    width, height = shown_size(image)
    off = abs(width * params.height / (height * params.width) - 1)
    if off <= params.tolerance:
        return passed(width=width, height=height)
    return failed(
        {"width": width, "height": height, "off": round(off, 3)},
        size=size_words(width, height),
        shape=_shape(width, height),
        advised=f"{params.width}:{params.height}",
    )


def shown_size(image: ImageFacts | VideoFacts) -> tuple[int, int]:
    """Width and height as shown: a picture whose EXIF turns it by a quarter has them exchanged."""
    if isinstance(image, ImageFacts) and image.orientation in _ON_ITS_SIDE:
        return image.height, image.width
    return image.width, image.height


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


UPRIGHT = 1
"""The EXIF orientation (CIPA DC-008, tag 274) of a picture that is stored as it is to be shown."""

_TURNS: Mapping[int, str] = MappingProxyType(
    {
        2: "mirrored",
        3: "upside down",
        4: "upside down and mirrored",
        5: "on its side and mirrored",
        6: "on its side",
        7: "on its side and mirrored",
        8: "on its side",
    }
)
"""How a picture of each other orientation is stored."""

INKS = frozenset({"CMYK"})
"""Colour modes for print, as Pillow names them."""

UNSEEN = frozenset({"HEIC", "HEIF"})
"""Formats whose decoder looks neither for transparent parts nor for an orientation."""


def opaque(target: MediaTarget, _params: NoParams) -> Result:
    """No part of the picture is see-through."""
    image = _seen(target)
    if isinstance(image, Result):
        return image
    if image.transparent:
        return failed({"mode": image.mode}, format=image.format)
    return passed(mode=image.mode)


def upright(target: MediaTarget, _params: NoParams) -> Result:
    """The picture is stored as it is to be shown, so that no handset has to turn it."""
    image = _seen(target)
    if isinstance(image, Result):
        return image
    if image.orientation == UPRIGHT:
        return passed(orientation=image.orientation)
    turn = _TURNS.get(image.orientation, "turned in a way that is not defined")
    return failed(turn=turn, orientation=image.orientation)


def screen_colours(target: MediaTarget, _params: NoParams) -> Result:
    """The picture is in the colours of screens or in grey, not in inks."""
    image = facts(target, ImageFacts)
    if isinstance(image, Result):
        return image
    if image.mode in INKS:
        return failed(mode=image.mode)
    return passed(mode=image.mode)


def flawless(target: MediaTarget, _params: NoParams) -> Result:
    """Nothing in the file is broken, not even what no phone shows."""
    image = facts(target, ImageFacts)
    if isinstance(image, Result):
        return image
    if image.flaws:
        return failed({"flaws": list(image.flaws)}, flaws=quoted(" and ".join(image.flaws), LONGEST_SENTENCE))
    return passed()


def lengths_known(target: MediaTarget, _params: NoParams) -> Result:
    """Nothing in a sound is left open or broken that only some players pass over."""
    sound = facts(target, AudioFacts)
    if isinstance(sound, Result):
        return sound
    if sound.flaws:
        return failed({"flaws": list(sound.flaws)}, flaws=quoted(" and ".join(sound.flaws), LONGEST_SENTENCE))
    return passed()


def _seen(target: MediaTarget) -> ImageFacts | Result:
    image = facts(target, ImageFacts)
    if isinstance(image, ImageFacts) and image.format in UNSEEN:
        return cant_tell(f"the decoder for {image.format} does not look for it", Because.DECODER)
    return image


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
    Check(name="opaque", target=TargetKind.MEDIA, run=opaque, reports=frozenset({"format"})),
    Check(name="screen-colours", target=TargetKind.MEDIA, run=screen_colours, reports=frozenset({"mode"})),
    Check(name="flawless", target=TargetKind.MEDIA, run=flawless, reports=frozenset({"flaws"})),
    Check(name="lengths-known", target=TargetKind.MEDIA, run=lengths_known, reports=frozenset({"flaws"})),
    Check(name="upright", target=TargetKind.MEDIA, run=upright, reports=frozenset({"turn", "orientation"})),
)
"""Every check of the family."""
