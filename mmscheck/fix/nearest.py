"""The JPEG or PNG that is nearest to a picture within a number of bytes: the search for size and quality."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from typing import Any

import msgspec
from PIL import Image, ImageFile

from mmscheck.fix import flat, likeness
from mmscheck.fix.values import Measure

TOP, BOTTOM = 92, 25
"""JPEG qualities of libjpeg's scale: above the first files grow and nobody sees more, below the second blocks
show (judgements, held by the measure that each report states)."""

GOOD = 75
"""The quality (libjpeg's default) below which a smaller picture is tried too; the measure decides."""

FULL = 0.96
"""The part of the bytes that is worth no further try: a step of quality is about as much."""

SLOPE = 0.04
"""By how much the logarithm of a JPEG's bytes grows with a step of quality: from 75 to 92 they double."""

STEPS = (1.0, 0.8, 0.64, 0.5, 0.4, 0.32, 0.25)
"""Parts of the fitted size that are tried."""

SAME = 0.99
"""The measure from which on a JPEG that is as fine as the one before is taken without any search."""

LARGER = 2.2
"""How much larger than a picture of good quality the first try is: coarse and large may measure better."""

HALF_COLOURS, FULL_COLOURS = "4:2:0", "4:4:4"
"""Colours at half the resolution each way, as cameras and phones have them, and at the same one."""

NOTICED = 0.0003
"""By how much the measure has to be better for colours in full, which cost decoders time and memory."""

TINY = 8_192
"""Bytes below which fewer colours as PNG are tried: the tables of a JPEG take 600 of them."""

WITHOUT_LOSS = Measure(name="SSIM", value=1.0, of="brightness, without any loss")


class Own(msgspec.Struct, frozen=True):
    """How finely the JPEG of a picture was written: its tables, and what Pillow calls its sampling.

    Written so again, a picture whose pixels are the same loses next to nothing.
    """

    tables: tuple[tuple[int, ...], ...]
    sampling: int


class Encoded(msgspec.Struct, frozen=True):
    """A file made, the ending of its name, how, and how near it is to the picture."""

    data: bytes
    suffix: str
    how: str
    measure: Measure


def _as_it_was(picture: Image.Image, own: Own) -> Encoded:
    """The picture as finely as it was."""
    tables = [list(table) for table in own.tables]
    data = _written(picture, qtables=tables, subsampling=own.sampling)
    return Encoded(data, ".jpg", "written as JPEG, as finely as it was", _nearness(picture, data))


def encoded(picture: Image.Image, most: int, own: Own | None = None) -> Encoded | None:
    """The nearest JPEG or PNG of at most so many bytes; None when there is none.

    ``own`` is how finely it was written before.
    """
    plain = flat.lossless(picture)
    if own is not None and plain is None:
        same = _as_it_was(picture, own)
        if len(same.data) <= most and same.measure.value >= SAME:
            return same
    if plain is None or len(plain) > most:
        return _nearer(_searched(picture, most), _coarser(picture, most))
    photo = jpeg(picture, TOP)
    drawn = Encoded(plain, ".png", "written as PNG of 8 bits", WITHOUT_LOSS)
    return drawn if len(plain) <= len(photo) else _searched(picture, most, first=photo) or drawn


def _coarser(picture: Image.Image, most: int) -> Encoded | None:
    """In fewer colours as PNG, where there are so few bytes that a JPEG's tables take most of them."""
    found = flat.coarser(picture, most) if most <= TINY else None
    if found is None:
        return None
    data, colours = found
    return Encoded(data, ".png", f"written as PNG in {colours} colours", _nearness(picture, data))


def _nearer(one: Encoded | None, other: Encoded | None) -> Encoded | None:
    both = [each for each in (one, other) if each is not None]
    return max(both, key=lambda each: each.measure.value, default=None)


def _searched(picture: Image.Image, most: int, first: bytes | None = None) -> Encoded | None:
    """The best of the fitted size and of two smaller ones, as far as they come into question."""
    top = jpeg(picture, TOP) if first is None else first
    if len(top) <= most:
        return _coloured(picture, picture, _measured(picture, picture, (top, TOP)), TOP, most)
    best: Encoded | None = None
    for step in _steps(most / (len(top) / math.exp(SLOPE * (TOP - GOOD)))):
        smaller = picture if step == 1 else _scaled(picture, step)
        found = _highest(smaller, most)
        if found is None:
            continue
        made = _measured(picture, smaller, found)
        if best is not None and made.measure.value <= best.measure.value:
            return best
        best = _coloured(picture, smaller, made, found[1], most)
        if found[1] >= GOOD:
            return best
    return best


def _coloured(picture: Image.Image, smaller: Image.Image, made: Encoded, quality: int, most: int) -> Encoded:
    """The same with its colours in full where that is nearer: strong ones change brightness too."""
    if quality < GOOD or picture.mode == "L":
        return made
    full = _highest(smaller, most, FULL_COLOURS, first=quality)
    if full is None:
        return made
    tried = _measured(picture, smaller, full, ", colours in full")
    return tried if tried.measure.value > made.measure.value + NOTICED else made


def _steps(part: float) -> Iterator[float]:
    """The sizes to be tried, the largest first; ``part`` of the bytes of a good quality may be used.

    Bytes grow a little slower than the area does.
    """
    wanted = min(1.0, part) ** 0.55
    return (step for step in STEPS if step <= max(wanted * LARGER, STEPS[-1]))


def _measured(
    picture: Image.Image, smaller: Image.Image, made: tuple[bytes, int], colours: str = ""
) -> Encoded:
    data, quality = made
    size = "" if smaller is picture else f", made {smaller.width} x {smaller.height} to fit"
    how = f"written as JPEG of quality {quality}{colours}{size}"
    return Encoded(data, ".jpg", how, _nearness(picture, data))


def _nearness(picture: Image.Image, data: bytes) -> Measure:
    of = f"brightness, at {picture.width} x {picture.height}"
    return likeness.measured(picture, _back(data), of)


def _highest(
    picture: Image.Image, most: int, colours: str = HALF_COLOURS, first: int = GOOD
) -> tuple[bytes, int] | None:
    """The JPEG of the highest quality within the bytes; None when the lowest is too large."""
    best: tuple[bytes, int] | None = None
    fitting, larger = (BOTTOM - 1, 0), (TOP + 1, 0)
    quality = first
    while True:
        made = jpeg(picture, quality, colours)
        if len(made) > most:
            larger = (quality, len(made))
        else:
            best, fitting = (made, quality), (quality, len(made))
            if len(made) >= most * FULL:
                return best
        if larger[0] - fitting[0] <= 1:
            return best
        quality = _guess(fitting, larger, most)


def _guess(fitting: tuple[int, int], larger: tuple[int, int], most: int) -> int:
    """The quality between two, each with its bytes (0: not tried), whose bytes should come near to the most.

    The logarithm of the bytes is about straight in the quality.
    """
    (low, few), (high, many) = fitting, larger
    slope = math.log(many / few) / (high - low) if few and many else SLOPE
    wanted = math.log(most * (FULL + 1) / 2)
    start, size = (low, few) if few else (high, many)
    guess = start + math.floor((wanted - math.log(size)) / max(slope, 1e-6))
    return min(max(guess, low + 1), high - 1)


def jpeg(picture: Image.Image, quality: int, colours: str = HALF_COLOURS) -> bytes:
    """A progressive Huffman JPEG with nothing in it but the picture."""
    return _written(picture, quality=quality, subsampling=colours)


def _written(picture: Image.Image, **how: Any) -> bytes:
    # Pillow holds all of such a file at once, and gives it but a byte for each pixel: noise takes more.
    ImageFile.MAXBLOCK = max(ImageFile.MAXBLOCK, 4 * picture.width * picture.height)
    file = io.BytesIO()
    picture.save(file, "JPEG", optimize=True, progressive=True, **how)
    return file.getvalue()


def _scaled(picture: Image.Image, step: float) -> Image.Image:
    size = (max(1, round(picture.width * step)), max(1, round(picture.height * step)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _back(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as picture:
        picture.load()
        return picture.copy()
