"""BMP pictures whose colours stand in bits of their own choice, which Pillow knows a few of.

Microsoft's BITMAPINFOHEADER and BITMAPV4HEADER: with compression 3 or 6 masks say which bits of a pixel of 16
or 32 bits are red, green, blue and, in the fourth version, see-through.
"""

from __future__ import annotations

import struct

from PIL import Image, ImageMath

from mmscheck.media.refusal import RefusedError
from mmscheck.media.witnesses import MOST_PIXELS

MASKED = frozenset({3, 6})
"""The compressions that come with masks."""

HEAD, PLAIN, FOURTH = 14, 40, 56
"""Bytes of the file's head, of the plain header, and of the first one that has a mask of alpha."""

MOST_BITS = 16
"""Bits of one colour that are scaled without leaving 32 bits."""


def masked(data: bytes) -> Image.Image | None:
    """The picture; None where it is none of these. RefusedError where it is cut short or makes no sense."""
    try:
        (offset,) = struct.unpack_from("<I", data, 10)
        header, width, height, _, bits, compression = struct.unpack_from("<IiiHHI", data, HEAD)
        if header < PLAIN or bits not in {16, 32} or compression not in MASKED:
            return None
        masks = struct.unpack_from("<4I", data, HEAD + PLAIN)
    except struct.error:
        return None
    stride = (width * bits // 8 + 3) // 4 * 4
    rows = data[offset : offset + stride * abs(height)]
    if not 0 < width * abs(height) <= MOST_PIXELS or width < 1 or len(rows) < stride * abs(height):
        raise RefusedError("it is cut short, or of no size")
    mode = "I;16" if bits == 16 else "I"  # noqa: PLR2004 - see above
    whole = Image.frombytes(mode, (width, abs(height)), rows, "raw", mode, stride, -1 if height > 0 else 1)
    whole = whole.convert("I")
    red, green, blue = (_channel(whole, mask) for mask in masks[:3])
    made = Image.merge("RGB", (red, green, blue))
    if (header >= FOURTH or compression == 6) and masks[3]:  # noqa: PLR2004 - see above
        alpha = _channel(whole, masks[3])
        if alpha.getextrema() != (0, 0):
            made.putalpha(alpha)
    return made


def _channel(whole: Image.Image, mask: int) -> Image.Image:
    """The bits of one mask, as 8 of them."""
    if not mask:
        return Image.new("L", whole.size)
    shift = (mask & -mask).bit_length() - 1
    most = mask >> shift
    if most & (most + 1) or most.bit_length() > MOST_BITS:
        raise RefusedError("its colours are in bits that do not stand side by side")
    made: Image.Image = ImageMath.lambda_eval(
        lambda each: (((each["pixel"] >> shift) & most) * 255 + most // 2) / most, pixel=whole
    )
    return made.convert("L")
