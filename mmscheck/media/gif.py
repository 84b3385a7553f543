"""How a GIF ends: Pillow takes the end of the bytes for it, and so misses frames that were cut off."""

from __future__ import annotations

import enum

HEADER = 13
"""Bytes of signature and logical screen descriptor (GIF89a, sections 17 and 18)."""

EXTENSION, IMAGE, TRAILER = 0x21, 0x2C, 0x3B
"""What a block begins with."""

CONTROL = 0xF9
"""The label of the extension that announces a frame (section 23)."""

PADDING = 0x00
"""Decoders pass over it where a block should begin."""

IMAGE_HEAD = 10
"""Bytes of an image descriptor."""

TABLE = 0x80
"""The flag of a colour table."""


class Ending(enum.Enum):
    """What the blocks of a file lead to: ``OPEN`` is the end of the bytes behind a whole frame."""

    TRAILER = enum.auto()
    OPEN = enum.auto()
    CUT = enum.auto()


def ending(data: bytes) -> Ending:
    """What the blocks lead to; something that is no block counts as cut."""
    whole = False
    try:
        place = HEADER + _table(data[10])
        while place != len(data) or not whole:
            block = data[place]
            if block == TRAILER:
                return Ending.TRAILER
            if block == EXTENSION:
                whole = data[place + 1] != CONTROL
                place = _behind(data, place + 2)
            elif block == IMAGE:
                whole = True
                place = _behind(data, place + IMAGE_HEAD + _table(data[place + 9]) + 1)
            elif block == PADDING:
                whole = False
                place += 1
            else:
                return Ending.CUT
    except IndexError:
        return Ending.CUT
    return Ending.OPEN


def _table(flags: int) -> int:
    """Bytes of the colour table that the flags announce."""
    return 3 << ((flags & 7) + 1) if flags & TABLE else 0


def _behind(data: bytes, place: int) -> int:
    """Where a chain of sub-blocks has ended."""
    while data[place]:
        place += 1 + data[place]
    return place + 1
