"""Pictures of few colours as PNG: without loss in the fewest bytes, or in fewer colours until they fit."""

from __future__ import annotations

import io
from collections.abc import Iterator

from PIL import Image

FEW = 256
"""Colours that a palette holds."""

FEWER = (128, 64, 32, 16, 8, 4, 2)
"""Colours that are tried: a palette takes 3 bytes for each, and 16, 4 and 2 need fewer bits for a pixel."""

EXTREMES = frozenset({0, 255})


def lossless(picture: Image.Image) -> bytes | None:
    """The smallest PNG of the same pixels in 8 bits or fewer; None where there are too many colours."""
    colours = picture.getcolors(FEW)
    if colours is None:
        return None
    same = (
        each for each in _forms(picture, len(colours)) if _pixels(each, picture.mode) == picture.tobytes()
    )
    return min((png(each) for each in same), key=len)


def coarser(picture: Image.Image, most: int) -> tuple[bytes, int] | None:
    """The PNG of the most colours within the bytes, and their number; None where even two are too many."""
    had = picture.getcolors(FEW)
    for count in FEWER:
        if had is not None and len(had) <= count:
            continue
        data = png(picture.quantize(count, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE))
        if len(data) <= most:
            return data, count
    return None


def png(picture: Image.Image) -> bytes:
    """A PNG with nothing in it but the picture."""
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def _forms(picture: Image.Image, colours: int) -> Iterator[Image.Image]:
    """The picture in each way in which a PNG may have it; some may have changed it."""
    yield picture
    grey = picture if picture.mode == "L" else picture.convert("L")
    if picture.mode != "L":
        yield grey
    yield picture.convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE, colors=colours)
    if {value for value, count in enumerate(grey.histogram()) if count} <= EXTREMES:
        yield grey.convert("1", dither=Image.Dither.NONE)


def _pixels(picture: Image.Image, mode: str) -> bytes:
    return picture.convert(mode).tobytes()
