"""HEIC pictures, by PyAV: one coded picture, or a grid of tiles as phones store photographs.

FFmpeg decodes the tiles; where they are and how they are put together is read from the file's boxes
(ISO/IEC 23008-12, 6.6.2.3, and ISO/IEC 14496-12, 8.11).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any

import av
import msgspec
from PIL import Image

from mmscheck.fix.colours import screen
from mmscheck.fix.light import STEEP, darkened
from mmscheck.media import playing
from mmscheck.media.refusal import RefusedError, judging
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
    """What the boxes say: the main item, its grid, quarter turns, mirroring, profile, and coding of light."""

    main: int
    grid: Grid | None
    turns: int = 0
    mirror: int | None = None
    profile: bytes = b""
    light: int = 0


def picture(data: bytes) -> tuple[Image.Image, list[str]]:
    """The main picture, upright and in sRGB, and what was done; RefusedError for what cannot be read."""
    try:
        layout = _layout(data)
        tiles = _decoded(data, layout.grid.tiles if layout.grid else (layout.main,))
    except (struct.error, IndexError, KeyError, StopIteration) as error:
        raise RefusedError("its boxes do not say how its picture is put together") from error
    made = _joined(layout.grid, tiles) if layout.grid else tiles[layout.main]
    done = ["decoded from HEIC"]
    if layout.light in STEEP:
        made = darkened(made, layout.light, done)
    elif layout.profile:
        made = screen(made, layout.profile, done)
    if layout.turns or layout.mirror is not None:
        done.append("stored upright")
    # Turned counter-clockwise, then mirrored: the order of files (23008-12, 6.5.10, 6.5.12).
    made = made.rotate(90 * layout.turns, expand=True) if layout.turns else made
    if layout.mirror is not None:
        way = Image.Transpose.FLIP_LEFT_RIGHT if layout.mirror else Image.Transpose.FLIP_TOP_BOTTOM
        made = made.transpose(way)
    return made.convert("RGB"), done


def light(data: bytes) -> int:
    """The transfer characteristics that the boxes of a HEIC or AVIF state (ITU-T H.273, table 3); 0: none."""
    try:
        return _layout(data).light
    except (struct.error, IndexError, KeyError, StopIteration):
        return 0


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
    """The pictures of those items; RefusedError where one cannot be decoded.

    Each is decoded by itself: FFmpeg's own reader of these files refuses what some phones write.
    """
    inner = _meta(data)
    found: dict[int, Image.Image] = {}
    for item in items:
        setup = next(
            (data[at:end] for kind, at, end in _properties(data, inner[b"iprp"], item) if kind == b"hvcC"),
            b"",
        )
        if not setup:
            raise RefusedError("a part of the picture is missing")
        found[item] = _one(_content(data, inner, item), setup)
    return found


def _one(data: bytes, setup: bytes) -> Image.Image:
    """One picture as FFmpeg decodes it; RefusedError where it does not."""
    context: Any = av.CodecContext.create("hevc", "r")
    context.thread_count = 1
    context.options = dict(playing.STRICT)
    context.extradata = setup
    with judging(playing.FFMPEG):
        frames = [*context.decode(av.Packet(data)), *context.decode(None)]
    if not frames:
        raise RefusedError("there is no picture in it")
    made: Image.Image = frames[0].to_image(threads=1)
    return made


def _meta(data: bytes) -> dict[bytes, tuple[int, int]]:
    """The boxes that say what the file holds, by their type."""
    meta = next(box for box in _boxes(data, 0, len(data)) if box[0] == b"meta")
    return {kind: (start, end) for kind, start, end in _boxes(data, meta[1] + 4, meta[2])}


def _layout(data: bytes) -> Layout:
    inner = _meta(data)
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
    stated = (
        start for kind, start, _ in properties if kind == b"colr" and data[start : start + 4] == b"nclx"
    )
    shown = next(stated, None)
    bright = 0 if shown is None else _number(data, shown + 6, wide=False)
    return Layout(main, grid, turns, mirror, profile, bright)


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
    said = _content(data, inner, main)
    rows, columns = said[2] + 1, said[3] + 1
    width, height = struct.unpack_from(">II" if said[1] & 1 else ">HH", said, 4)
    return Grid(rows, columns, width, height, tiles)


def _tiles(data: bytes, at: int, main: int, *, wide: bool) -> tuple[int, ...]:
    if _number(data, at, wide=wide) != main:
        return ()
    at += 4 if wide else 2
    (count,) = struct.unpack_from(">H", data, at)
    return struct.unpack_from(f">{count}{'I' if wide else 'H'}", data, at + 2)


def _content(data: bytes, inner: dict[bytes, tuple[int, int]], item: int) -> bytes:
    """The bytes of an item."""
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
        start = number(base) + (inner[b"idat"][0] if inside else 0)
        extents = [(number(index), number(offset), number(length)) for _ in range(number(2))]
        if here == item:
            return b"".join(
                data[start + at : start + at + size] if size else data[start + at :]
                for _, at, size in extents
            )
    raise KeyError(item)
