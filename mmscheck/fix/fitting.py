"""A picture to the dimensions and the shape that are advised."""

from __future__ import annotations

from collections.abc import Iterable

from PIL import Image, ImageOps

from mmscheck.fix.values import Aims, Shape, Size, Wishes

SMALLEST = 10
"""How many times the advised shape, 9 x 16, is the least: below that whole pixels are too coarse for it."""


def room(size: Size, aims: Aims) -> Size | None:
    """The largest size of the same shape that some canvas holds; None where it fits as it is."""
    canvases = [*aims.picture_canvases]
    if aims.turned:
        canvases += [(height, width) for width, height in aims.picture_canvases]
    return within(size, canvases)


def within(size: Size, canvases: Iterable[Size]) -> Size | None:
    """The largest size of the same shape that one of the canvases holds; None where one holds it as it is."""
    canvases = tuple(canvases)
    width, height = size
    if not canvases or any(width <= wide and height <= high for wide, high in canvases):
        return None
    factor = max(min(wide / width, high / height) for wide, high in canvases)
    return max(1, int(width * factor + 1e-9)), max(1, int(height * factor + 1e-9))


def fitted(picture: Image.Image, aims: Aims, wishes: Wishes, original: Size) -> tuple[Image.Image, list[str]]:
    """The picture in the advised dimensions, and in the advised shape where that is wished for."""
    done: list[str] = []
    # A quarter turn may have exchanged the two.
    if (picture.width > picture.height) != (original[0] > original[1]):
        original = (original[1], original[0])
    if aims.aspect is not None and wishes.shape is not Shape.KEEP and _is_off(picture.size, aims.aspect):
        return _shaped(picture, aims, wishes, done), done
    size = room(original, aims)
    if size is not None:
        done.append(f"scaled from {original[0]} x {original[1]} to {size[0]} x {size[1]} pixels")
        picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return picture, done


def _is_off(size: Size, aspect: tuple[int, int, float]) -> bool:
    wide, high, tolerance = aspect
    return abs(size[0] * high / (size[1] * wide) - 1) > tolerance


def _shaped(picture: Image.Image, aims: Aims, wishes: Wishes, done: list[str]) -> Image.Image:
    size = _whole(picture.size, aims, grow=wishes.shape is Shape.EXTEND)
    if wishes.shape is Shape.CROP:
        done.append(f"cropped around its middle to {size[0]} x {size[1]} pixels")
        return ImageOps.fit(picture, size, Image.Resampling.LANCZOS)
    done.append(f"extended with #{bytes(wishes.background).hex()} to {size[0]} x {size[1]} pixels")
    colour = wishes.background if picture.mode == "RGB" else picture_grey(wishes.background)
    return ImageOps.pad(picture, size, Image.Resampling.LANCZOS, color=colour)


def picture_grey(colour: tuple[int, int, int]) -> int:
    """The brightness of a colour, by ITU-R BT.601 as Pillow's own conversion."""
    red, green, blue = colour
    return (red * 299 + green * 587 + blue * 114) // 1000


def _whole(size: Size, aims: Aims, *, grow: bool) -> Size:
    """A size of the advised shape: around the picture or within it, and no larger than the canvases allow."""
    wide, high = (aims.aspect or (9, 16, 0.0))[:2]
    width, height = size
    by_width = (width, round(width * high / wide))
    by_height = (round(height * wide / high), height)
    target = max(by_width, by_height) if grow else min(by_width, by_height)
    if target[0] < SMALLEST * wide:
        target = (SMALLEST * wide, SMALLEST * high)
    return room(target, aims) or target
