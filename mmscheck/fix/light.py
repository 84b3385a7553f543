"""Pictures with more light than screens show (HDR: PQ and HLG) to what a screen shows.

ITU-R BT.2100-2 says how much light a value is, BT.2390-11 (section 5.4.1) how more light is rolled off,
BT.2408-5 that white paper has 203 cd/m2, BT.2087-0 how colours of BT.2020 become those of BT.709.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache

from PIL import Image, ImageFilter

PQ, HLG = 16, 18
"""Transfer characteristics (ITU-T H.273, table 3)."""

STEEP = frozenset({PQ, HLG})

WHITE = 203.0
"""cd/m2 of white paper, which becomes the white of the screen."""

PEAK = 1000.0
"""cd/m2 of the brightest light that is told apart: what films are mastered for."""

GRAIN = 33
"""Steps a side of the table."""

M1, M2, C1, C2, C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
"""PQ's constants."""

A, B, C = 0.17883277, 0.28466892, 0.55991073
"""HLG's constants."""

NARROW = (
    (1.6605, -0.5876, -0.0728),
    (-0.1246, 1.1329, -0.0083),
    (-0.0182, -0.1006, 1.1187),
)
"""BT.2020 to BT.709 (BT.2087-0)."""

TOLD = "light that screens do not show (HDR) brought down to what they do"

Colour = tuple[float, float, float]


def darkened(picture: Image.Image, curve: int, done: list[str]) -> Image.Image:
    """A picture whose values are those of PQ or HLG in BT.2020, as sRGB."""
    done.append(TOLD)
    return picture.convert("RGB").filter(table(curve))


@cache
def table(curve: int) -> ImageFilter.Color3DLUT:
    """What every colour becomes."""
    levels = [at / (GRAIN - 1) for at in range(GRAIN)]
    values: list[float] = []
    for blue in levels:
        for green in levels:
            for red in levels:
                values += _shown((red, green, blue), curve)
    return ImageFilter.Color3DLUT(GRAIN, values)


def _shown(colour: Colour, curve: int) -> Iterator[float]:
    lights = tuple(map(_of_pq, colour)) if curve == PQ else _of_hlg(colour)
    most = max(lights)
    scale = 0.0 if most <= 0 else _rolled(most) / most / WHITE
    red, green, blue = (light * scale for light in lights)
    for row in NARROW:
        yield _srgb(row[0] * red + row[1] * green + row[2] * blue)


def _of_pq(value: float) -> float:
    root = value ** (1 / M2)
    return float(10_000 * (max(root - C1, 0) / (C2 - C3 * root)) ** (1 / M1))


def _to_pq(light: float) -> float:
    root = (max(light, 0) / 10_000) ** M1
    return float(((C1 + C2 * root) / (1 + C3 * root)) ** M2)


def _of_hlg(colour: Colour) -> Colour:
    """On a screen of 1,000 cd/m2, whose system gamma is 1.2."""
    red, green, blue = map(_of_one, colour)
    bright = 0.2627 * red + 0.6780 * green + 0.0593 * blue
    gain = PEAK * bright**0.2 if bright > 0 else 0.0
    return red * gain, green * gain, blue * gain


def _of_one(value: float) -> float:
    dark = value <= 0.5  # noqa: PLR2004 - BT.2100, table 5
    return value**2 / 3 if dark else (math.exp((value - C) / A) + B) / 12


def _rolled(light: float) -> float:
    """Light as it is up to a knee, and from there on more and more slowly to white."""
    top = _to_pq(PEAK)
    most = _to_pq(WHITE) / top
    knee = 1.5 * most - 0.5
    value = min(_to_pq(light) / top, 1.0)
    if value <= knee:
        return light
    part = (value - knee) / (1 - knee)
    two, three = part**2, part**3
    value = (2 * three - 3 * two + 1) * knee + (three - 2 * two + part) * (1 - knee)
    value += (3 * two - 2 * three) * most
    return _of_pq(value * top)


def _srgb(light: float) -> float:
    """By IEC 61966-2-1."""
    light = min(max(light, 0.0), 1.0)
    dark = light <= 0.0031308  # noqa: PLR2004 - see above
    return light * 12.92 if dark else float(1.055 * light ** (1 / 2.4) - 0.055)
