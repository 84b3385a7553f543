"""PNG files: the chunks that make the picture, apart from what may be broken and nobody sees it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

import msgspec

from mmscheck.media.refusal import RefusedError

SIGNATURE = 8
"""Bytes before the first chunk."""

PICTURE = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
"""The chunks without which the picture is another (W3C PNG, 11.2 and 11.3.1)."""

MOVING = frozenset({b"acTL", b"fcTL", b"fdAT"})
"""The chunks of an animation (W3C PNG, 11.3.2); who cannot read them shows the picture alone."""

SAMPLES: Mapping[int, int] = MappingProxyType({0: 1, 2: 3, 3: 1, 4: 2, 6: 4})
"""Samples of a pixel by colour type (W3C PNG, 11.2.1)."""

PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""First column, first row and steps of each pass of an interlaced picture (W3C PNG, 8.1)."""

STEP = 1 << 20
"""Bytes that are unpacked at a time."""

CUT = "it is cut short: it ends within the picture"
HEAD = "its header is damaged"
PACKED = "its pixels cannot be unpacked: their data are damaged"
XCODE = (
    "it was crushed by Xcode (chunk CgBI), and only Apple's own programs show that: take the PNG that "
    "the app was made from, or run pngcrush -revert-iphone-optimizations"
)


class PngChunk(msgspec.Struct, frozen=True):
    """One chunk as it stands in the file; ``sound`` when its checksum is right."""

    name: bytes
    raw: bytes
    sound: bool

    @property
    def body(self) -> bytes:
        """What it holds."""
        return self.raw[8:-4]


class PngParts(msgspec.Struct, frozen=True):
    """A file taken apart: the chunks that count, in order, and what is wrong with others."""

    signature: bytes
    chunks: tuple[PngChunk, ...]
    flaws: tuple[str, ...] = ()

    @property
    def frames(self) -> int:
        """The frames that an animation announces; 0 where there is no animation."""
        control = next((chunk.body for chunk in self.chunks if chunk.name == b"acTL"), b"")
        return int.from_bytes(control[:4])

    def file(self, *, moving: bool) -> bytes:
        """A file with these chunks, as a still picture or as an animation."""
        kept = (chunk.raw for chunk in self.chunks if moving or chunk.name not in MOVING)
        return b"".join((self.signature, *kept))


def essence(data: bytes) -> bytes:
    """The still picture with its colour profile, where that can be unpacked."""
    found = parts(data, also=(b"iCCP",))
    kept = tuple(chunk for chunk in found.chunks if chunk.name != b"iCCP" or _is_profile(chunk.body))
    return PngParts(found.signature, kept).file(moving=False)


def _is_profile(body: bytes) -> bool:
    _name, _zero, packed = body.partition(b"\0")
    try:
        unpacker = zlib.decompressobj()
        unpacker.decompress(packed[1:], STEP - 1)
    except zlib.error:
        return False
    return packed[:1] == b"\0" and unpacker.eof


def parts(data: bytes, also: Collection[bytes] = (b"eXIf",)) -> PngParts:
    """The picture's chunks, and those of further names that are sound; RefusedError for a broken one."""
    kept: list[PngChunk] = []
    broken: dict[str, None] = {}
    for chunk in _chunks(data):
        wanted = chunk.name in PICTURE or chunk.name in MOVING or chunk.name in also
        if chunk.name in PICTURE and not chunk.sound:
            raise RefusedError(f"it is damaged: the checksum of its {_shown(chunk.name)} is wrong")
        if chunk.name == b"CgBI":
            raise RefusedError(XCODE)
        if chunk.name not in PICTURE and chunk.name[:1].isupper():
            raise RefusedError(f"it has a part that no program knows ({_shown(chunk.name)})")
        if not chunk.sound:
            broken[f"the checksum of its {_shown(chunk.name)} is wrong"] = None
        elif wanted:
            kept.append(chunk)
    return PngParts(data[:SIGNATURE], tuple(kept), tuple(broken))


def check_pixels(found: PngParts) -> None:
    """Unpack the pixels' data; RefusedError when they are damaged or too few."""
    left = _size(found.chunks[0].body)
    unpacker = zlib.decompressobj()
    try:
        for chunk in found.chunks:
            if chunk.name == b"IDAT":
                left -= sum(_unpacked(unpacker, chunk.body, left))
    except zlib.error as error:
        raise RefusedError(PACKED) from error
    if left > 0:
        raise RefusedError("a part of its pixels is missing")


def _unpacked(unpacker: zlib._Decompress, packed: bytes, most: int) -> Iterator[int]:
    """The numbers of bytes that come out of a chunk, until it ends or more than enough have come."""
    while packed and most >= 0 and not unpacker.eof:
        length = len(unpacker.decompress(packed, STEP))
        packed, most = unpacker.unconsumed_tail, most - length
        yield length


def _chunks(data: bytes) -> Iterator[PngChunk]:
    """Every chunk up to the end of the picture."""
    place, name = SIGNATURE, b""
    while name != b"IEND":
        head = data[place : place + 8]
        if len(head) < len("sizename"):
            raise RefusedError(CUT)
        name, end = head[4:], place + 12 + int.from_bytes(head[:4])
        if not name.isalpha():
            raise RefusedError("it is damaged: one of its parts is none")
        if end > len(data):
            raise RefusedError(CUT)
        raw = data[place:end]
        if place == SIGNATURE and name not in {b"IHDR", b"CgBI"}:
            raise RefusedError(HEAD)
        yield PngChunk(name, raw, zlib.crc32(raw[4:-4]) == int.from_bytes(raw[-4:]))
        place = end


def _size(head: bytes) -> int:
    """Bytes of all lines of the picture before packing, each with its filter."""
    try:
        width, height, depth, colours, _packing, _filter, interlaced = struct.unpack(">IIBBBBB", head)
        bits = depth * SAMPLES[colours]
    except (struct.error, KeyError) as error:
        raise RefusedError(HEAD) from error
    passes = PASSES if interlaced else ((0, 0, 1, 1),)
    sizes = (
        (-(-(width - column) // across), -(-(height - row) // down)) for column, row, across, down in passes
    )
    return sum(rows * (1 + -(-columns * bits // 8)) for columns, rows in sizes if columns > 0 and rows > 0)


def _shown(name: bytes) -> str:
    return f"part {name.decode('ascii')}"
