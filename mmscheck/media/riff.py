"""Sizes in RIFF files (WAV and AVI): many programs write them before they know the end.

A sound is judged by its samples, as players judge it: a size that nobody can have meant says nothing.
"""

from __future__ import annotations

import struct

import msgspec

from mmscheck.media.refusal import RefusedError

HEAD, CHUNK_HEAD = 12, 8

PLACEHOLDER = 0x7F00_0000
"""From this size on it is no size, as no file that is looked at here is as large: 0x7FFFF000, 0xFFFFFFFF."""

LONGEST_HEAD = 64
"""Bytes by which a size may be too large as it counts the header too."""


class Chunk(msgspec.Struct, frozen=True):
    """A chunk's name, where its content begins, and the size it states."""

    name: bytes
    begin: int
    size: int


def is_wave(data: bytes) -> bool:
    """Whether it is a RIFF file of the form WAVE."""
    return data[:4] == b"RIFF" and data[8:12] == b"WAVE"


def is_unknown(size: int) -> bool:
    """Whether it was written before the size was known."""
    return not size or size >= PLACEHOLDER


def check_length(data: bytes) -> None:
    """RefusedError for a RIFF file that is shorter than it says; WAVE is judged by ``wave_alone``."""
    size = int.from_bytes(data[4:8], "little")
    # An odd size may go without its padding, and a common slip counts the eight bytes of the header.
    if not is_wave(data) and not is_unknown(size) and size > len(data):
        raise RefusedError(f"it is cut short: {len(data)} of {size + CHUNK_HEAD} bytes")


def samples(data: bytes) -> Chunk | None:
    """The chunk with the samples; None when there is none."""
    place = HEAD
    while place + CHUNK_HEAD <= len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        if name == b"data":
            return Chunk(name, place + CHUNK_HEAD, size)
        place += CHUNK_HEAD + size + size % 2
    return None


def wave_alone(data: bytes) -> bytes:
    """The file with sizes that are true; RefusedError when samples are missing.

    The bytes as they are for what is no WAVE or has no samples: a decoder has to say that.
    """
    chunk = samples(data) if is_wave(data) else None
    if chunk is None:
        return data
    there = len(data) - chunk.begin
    missing = 0 if is_unknown(chunk.size) else max(0, chunk.size - there)
    if missing > min(chunk.begin, LONGEST_HEAD):
        raise RefusedError(f"it is cut short: its sound has {there} of {chunk.size} bytes")
    if not missing and not is_unknown(chunk.size):
        return data
    whole = there - there % _block(data)
    head = data[:4] + struct.pack("<I", chunk.begin - CHUNK_HEAD + whole) + data[8 : chunk.begin - 4]
    return head + struct.pack("<I", whole) + data[chunk.begin : chunk.begin + whole]


def _block(data: bytes) -> int:
    """Bytes of one sample of all channels."""
    place = data.find(b"fmt ", HEAD)
    if place < 0 or place + 22 > len(data):
        return 1
    (block,) = struct.unpack_from("<H", data, place + 20)
    return block or 1
