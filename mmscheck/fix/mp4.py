"""The index of an MP4 file moved to its front, so that a phone can begin before it has the whole (faststart).

ISO/IEC 14496-12: the boxes ``stco`` and ``co64`` in ``moov`` say where in the file each chunk begins, and
move with what stands before them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

HOLDERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
"""The boxes on the way to the offsets."""


def index_first(data: bytes) -> bytes:
    """The same file with ``moov`` before ``mdat``; as it is where that is so already, or has no index."""
    top = {kind: (start, end) for kind, start, end in boxes(data, 0, len(data))}
    if b"moov" not in top or b"mdat" not in top or top[b"moov"][0] < top[b"mdat"][0]:
        return data
    start, end = top[b"moov"]
    moov = bytearray(data[start:end])
    _shift(moov, 8, len(moov), len(moov))
    cut = top[b"mdat"][0]
    return data[:cut] + bytes(moov) + data[cut:start] + data[end:]


def boxes(data: bytes | bytearray, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Each box with its head: type, where it begins, where it ends."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start + 8)
        size = size or end - start
        if size < 8 or start + size > end:  # noqa: PLR2004 - a head has 8 bytes
            return
        yield kind, start, start + size
        start += size


def _shift(moov: bytearray, start: int, end: int, by: int) -> None:
    for kind, at, until in boxes(moov, start, end):
        if kind in HOLDERS:
            _shift(moov, at + 8, until, by)
        elif kind in {b"stco", b"co64"}:
            form = ">I" if kind == b"stco" else ">Q"
            (count,) = struct.unpack_from(">I", moov, at + 12)
            for n in range(count):
                place = at + 16 + n * struct.calcsize(form)
                (offset,) = struct.unpack_from(form, moov, place)
                struct.pack_into(form, moov, place, offset + by)
