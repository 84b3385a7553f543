"""What the first bytes of sound and film say of themselves, where FFmpeg does not pass it on."""

from __future__ import annotations

import struct

from mmscheck.media.refusal import RefusedError

UNKNOWN_SIZES = frozenset({0, 0xFFFFFFFF})
"""Sizes in a RIFF header that was written before its end was known."""

ID3_HEADER = 10
"""Bytes of an ID3v2 header, before the tag's own size."""

FRAME_AND_SIDE_INFO = 200
"""Bytes at the start of an MP3 frame, in which an encoder's note of the number of frames lies."""


FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
"""What an ISO base media or QuickTime file begins with."""

BOX_HEAD = 8
LONG_BOX_HEAD = 16


def brand(data: bytes) -> str | None:
    """The ISO base media major brand, without padding; None where there is none."""
    return data[8:12].decode("iso-8859-1").strip(" \0") if data[4:8] == b"ftyp" else None


def container_name(data: bytes, demuxer: str) -> str:
    """A short name: mp4, 3gp or mov by the brand, else FFmpeg's."""
    if demuxer != "mov":
        return demuxer
    major = brand(data)
    if major is None or major == "qt":
        return "mov"
    return "3gp" if major.startswith(("3gp", "3g2")) else "mp4"


def check_length(data: bytes) -> None:
    """RefusedError for a RIFF file (WAV, AVI) or an ISO base media file shorter than it says."""
    if data.startswith(b"RIFF"):
        _check_riff(data)
    elif data[4:8] in FIRST_BOXES:
        _check_boxes(data)


def _check_boxes(data: bytes) -> None:
    """Go from box to box (ISO/IEC 14496-12, 4.2); what follows the last one is not looked at."""
    place = 0
    while place + BOX_HEAD <= len(data) and data[place + 4 : place + 8].isalnum():
        size, name = struct.unpack_from(">I4s", data, place)
        if size == 1 and place + LONG_BOX_HEAD <= len(data):
            (size,) = struct.unpack_from(">Q", data, place + BOX_HEAD)
        if size < BOX_HEAD:  # 0: to the end of the file; else no box
            return
        place += size
        if place > len(data):
            raise RefusedError(f"it is cut short: {name.decode('ascii')} lacks {place - len(data)} bytes")


def _check_riff(data: bytes) -> None:
    size = int.from_bytes(data[4:8], "little")
    if size not in UNKNOWN_SIZES and size + 8 > len(data) + 1:  # an odd size may go without its padding
        raise RefusedError(f"it is cut short: {len(data)} of {size + 8} bytes")


def stated_mp3_frames(data: bytes) -> int | None:
    """The number of frames that the encoder noted in the first frame (Xing or Info), or None."""
    start = _behind_tag(data)
    for name in (b"Xing", b"Info"):
        place = data.find(name, start, start + FRAME_AND_SIDE_INFO)
        if place < 0 or len(data) < place + 12:
            continue
        flags, frames = struct.unpack_from(">II", data, place + 4)
        return frames if flags & 1 else None
    return None


def _behind_tag(data: bytes) -> int:
    """Where the first frame starts."""
    if data[:3] != b"ID3" or len(data) < ID3_HEADER:
        return 0
    first, second, third, fourth = data[6:10]
    return ID3_HEADER + (first << 21 | second << 14 | third << 7 | fourth)
