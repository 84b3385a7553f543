"""Where a GIF ends: Pillow takes the end of the bytes for it, and so misses frames that were cut off."""

from __future__ import annotations

HEADER = 13
"""Bytes of signature and logical screen descriptor (GIF89a, sections 17 and 18)."""

EXTENSION, IMAGE, TRAILER = 0x21, 0x2C, 0x3B
"""What a block begins with."""

IMAGE_HEAD = 10
"""Bytes of an image descriptor."""

TABLE = 0x80
"""The flag of a colour table."""


def has_end(data: bytes) -> bool:
    """Whether the blocks of the file lead to a trailer."""
    try:
        place = HEADER + _table(data[10])
        while data[place] != TRAILER:
            if data[place] == EXTENSION:
                place = _behind(data, place + 2)
            elif data[place] == IMAGE:
                place = _behind(data, place + IMAGE_HEAD + _table(data[place + 9]) + 1)
            else:
                return False
    except IndexError:
        return False
    return True


def _table(flags: int) -> int:
    """Bytes of the colour table that the flags announce."""
    return 3 << ((flags & 7) + 1) if flags & TABLE else 0


def _behind(data: bytes, place: int) -> int:
    """Where a chain of sub-blocks has ended."""
    while data[place]:
        place += 1 + data[place]
    return place + 1
