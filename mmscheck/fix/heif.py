"""HEIC pictures, by PyAV: one coded picture, or a grid of tiles as phones store photographs.

FFmpeg decodes the tiles and leaves it to others to put them together; how is read from the file's boxes
(ISO/IEC 23008-12, 6.6.2.3, and ISO/IEC 14496-12, 8.11).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any

import msgspec
from PIL import Image

from mmscheck.fix.colours import screen
from mmscheck.media import playing
from mmscheck.media.refusal import RefusedError
from mmscheck.media.witnesses import MOST_PIXELS

Box = tuple[bytes, int, int]
"""A box: its type, and where its content begins and ends."""

LARGE = 1
"""The size that says that 64 bits of size follow."""


class Grid(msgspec.Struct, frozen=True):
    """How tiles lie: rows and columns, the size of the whole, and the numbers of the items."""

    rows: int
    columns: int
    width: int
    height: int
    tiles: tuple[int, ...]


class Layout(msgspec.Struct, frozen=True):
    """What the boxes say: the main item, its grid where it is one, quarter turns, mirroring and profile."""

    main: int
    grid: Grid | None
    turns: int = 0
    mirror: int | None = None
    profile: bytes = b""


def picture(data: bytes) -> tuple[Image.Image, list[str]]:
    """The main picture, upright and in sRGB, and what was done; RefusedError for what cannot be read."""
    try:
        layout = _layout(data)
    except (struct.error, IndexError, KeyError, StopIteration) as error:
        raise RefusedError("its boxes do not say how its picture is put together") from error
    if layout.grid is None:
        made = _decoded(data, (layout.main,))[layout.main]
    else:
        made = _joined(layout.grid, _decoded(data, layout.grid.tiles))
    done = ["decoded from HEIC"]
    if layout.profile:
        made = screen(made, layout.profile, done)
    if layout.turns or layout.mirror is not None:
        done.append("stored upright")
    # Turned counter-clockwise, then mirrored: the order of files (23008-12, 6.5.10, 6.5.12).
    made = made.rotate(90 * layout.turns, expand=True) if layout.turns else made
    if layout.mirror is not None:
        way = Image.Transpose.FLIP_LEFT_RIGHT if layout.mirror else Image.Transpose.FLIP_TOP_BOTTOM
        made = made.transpose(way)
    return made.convert("RGB"), done


def _joined(grid: Grid, tiles: dict[int, Image.Image]) -> Image.Image:
    if grid.width * grid.height > MOST_PIXELS or len(grid.tiles) != grid.rows * grid.columns:
        raise RefusedError("its tiles do not make a picture")
    whole = Image.new("RGB", (grid.width, grid.height))
    first = tiles[grid.tiles[0]]
    for at, number in enumerate(grid.tiles):
        row, column = divmod(at, grid.columns)
        whole.paste(tiles[number], (column * first.width, row * first.height))
    return whole


def _decoded(data: bytes, items: tuple[int, ...]) -> dict[int, Image.Image]:
    """The pictures of those items; RefusedError where one is missing."""
    found: dict[int, Image.Image] = {}
    with playing.opened(data, "mov") as container:
        wanted = [stream for stream in container.streams.video if stream.id in items]
        streams = playing.known(wanted or list(container.streams.video)[:1])
        numbers = {stream.index: stream.id if wanted else items[0] for stream in streams}
        for packet in container.demux(streams):
            for frame in packet.decode():
                decoded: Any = frame
                found.setdefault(numbers[packet.stream.index], decoded.to_image(threads=1))
    if set(items) - found.keys():
        raise RefusedError("a part of the picture is missing")
    return found


def _layout(data: bytes) -> Layout:
    meta = next(box for box in _boxes(data, 0, len(data)) if box[0] == b"meta")
    inner = {kind: (start, end) for kind, start, end in _boxes(data, meta[1] + 4, meta[2])}
    main = _number(data, inner[b"pitm"][0] + 4, wide=data[inner[b"pitm"][0]] > 0)
    kinds = dict(_items(data, *inner[b"iinf"]))
    properties = list(_properties(data, inner[b"iprp"], main))
    turns = next((data[start] & 3 for kind, start, _ in properties if kind == b"irot"), 0)
    mirror = next((data[start] & 1 for kind, start, _ in properties if kind == b"imir"), None)
    profile = next(
        (
            data[start + 4 : end]
            for kind, start, end in properties
            if kind == b"colr" and data[start : start + 4] in {b"prof", b"rICC"}
        ),
        b"",
    )
    grid = _grid(data, inner, main) if kinds.get(main) == b"grid" else None
    return Layout(main, grid, turns, mirror, profile)


def _boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == LARGE:
            (size,) = struct.unpack_from(">Q", data, start + 8)
            head = 16
        size = size or end - start
        if size < head or start + size > end:
            return
        yield kind, start + head, start + size
        start += size


def _number(data: bytes, at: int, *, wide: bool) -> int:
    number: int = struct.unpack_from(">I" if wide else ">H", data, at)[0]
    return number


def _items(data: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """The type of each item."""
    for kind, at, _ in _boxes(data, start + (6 if data[start] == 0 else 8), end):
        if kind == b"infe" and data[at] in {2, 3}:
            wide = data[at] == 3  # noqa: PLR2004 - the version with numbers of 32 bits
            place = at + (10 if wide else 8)
            yield _number(data, at + 4, wide=wide), data[place : place + 4]


def _properties(data: bytes, place: tuple[int, int], item: int) -> Iterator[Box]:
    """The properties that an item is given."""
    inner = {kind: (start, end) for kind, start, end in _boxes(data, *place)}
    all_ = list(_boxes(data, *inner[b"ipco"]))
    at, _ = inner[b"ipma"]
    wide, large = data[at] > 0, data[at + 3] & 1
    (count,) = struct.unpack_from(">I", data, at + 4)
    at += 8
    for _ in range(count):
        number = _number(data, at, wide=wide)
        at += 4 if wide else 2
        given = data[at]
        at += 1
        for _ in range(given):
            index = _number(data, at, wide=False) & 0x7FFF if large else data[at] & 0x7F
            at += 2 if large else 1
            if number == item and 0 < index <= len(all_):
                yield all_[index - 1]


def _grid(data: bytes, inner: dict[bytes, tuple[int, int]], main: int) -> Grid:
    start, end = inner[b"iref"]
    wide = data[start] > 0
    tiles = next(
        found
        for kind, at, _ in _boxes(data, start + 4, end)
        if kind == b"dimg" and (found := _tiles(data, at, main, wide=wide))
    )
    at = _place(data, inner, main)
    rows, columns = data[at + 2] + 1, data[at + 3] + 1
    width, height = struct.unpack_from(">II" if data[at + 1] & 1 else ">HH", data, at + 4)
    return Grid(rows, columns, width, height, tiles)


def _tiles(data: bytes, at: int, main: int, *, wide: bool) -> tuple[int, ...]:
    if _number(data, at, wide=wide) != main:
        return ()
    at += 4 if wide else 2
    (count,) = struct.unpack_from(">H", data, at)
    return struct.unpack_from(f">{count}{'I' if wide else 'H'}", data, at + 2)


def _place(data: bytes, inner: dict[bytes, tuple[int, int]], item: int) -> int:
    """Where the content of an item begins."""
    stream = io.BytesIO(data)
    stream.seek(inner[b"iloc"][0])

    def number(size: int) -> int:
        return int.from_bytes(stream.read(size), "big")

    version, _ = number(1), number(3)
    sizes, more = number(1), number(1)
    offset, length, base, index = sizes >> 4, sizes & 15, more >> 4, more & 15 if version else 0
    for _ in range(number(2 if version < 2 else 4)):  # noqa: PLR2004 - the version with numbers of 32 bits
        here = number(2 if version < 2 else 4)  # noqa: PLR2004 - see above
        inside = number(2) & 15 if version else 0
        number(2)
        start = number(base)
        for _ in range(number(2)):
            number(index)
            place = start + number(offset)
            number(length)
            if here == item:
                return place + (inner[b"idat"][0] if inside else 0)
    raise KeyError(item)
