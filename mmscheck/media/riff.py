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
    if data[8:12] == b"AVI ":
        _check_film(data)


def _check_film(data: bytes) -> None:
    """RefusedError where what should be a chunk of an AVI is none: FFmpeg silently goes on behind it."""
    place = HEAD
    while place + CHUNK_HEAD <= len(data) and _is_name(data[place : place + 4]):
        name, size = struct.unpack_from("<4sI", data, place)
        content = place + CHUNK_HEAD
        if name == b"LIST" and data[content : content + 4] == b"movi":
            end = len(data) if is_unknown(size) else min(content + size, len(data))
            _check_chunks(data, content + 4, end)
        # The parts of a long film each begin as a file of their own.
        place = content + 4 if name == b"RIFF" else content + size + size % 2


def _check_chunks(data: bytes, place: int, end: int) -> None:
    """Go from chunk to chunk; some writers leave out what makes an odd size even."""
    while place + CHUNK_HEAD <= end:
        name, size = struct.unpack_from("<4sI", data, place)
        if not _is_name(name) and _is_name(data[place - 1 : place + 3]):
            place -= 1
            continue
        if not _is_name(name) or place + CHUNK_HEAD + size > len(data):
            raise RefusedError(f"it is damaged: what begins at byte {place} is neither picture nor sound")
        place += CHUNK_HEAD + (4 if name == b"LIST" else size + size % 2)


def _is_name(name: bytes) -> bool:
    """Whether the four bytes can be the name of a chunk, such as 00dc, 01wb, ix00, JUNK or LIST."""
    return len(name) == len(b"LIST") and name.replace(b" ", b"").replace(b"_", b"").isalnum()


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


def flaws(data: bytes) -> tuple[str, ...]:
    """What players pass over, each a clause: lengths of a WAV that were written before its end was known."""
    chunk = samples(data) if is_wave(data) else None
    if chunk is None:
        return ()
    stated = {"RIFF": int.from_bytes(data[4:8], "little"), "data": chunk.size}
    left = ", ".join(f"{name}: 0x{size:08X}" for name, size in stated.items() if is_unknown(size))
    return (f"placeholders stand in its head in place of lengths ({left})",) if left else ()


def _block(data: bytes) -> int:
    """Bytes of one sample of all channels."""
    place = data.find(b"fmt ", HEAD)
    if place < 0 or place + 22 > len(data):
        return 1
    (block,) = struct.unpack_from("<H", data, place + 20)
    return block or 1
