"""What the first bytes of sound and film say of themselves, where FFmpeg does not pass it on."""

from __future__ import annotations

import struct

from mmscheck.media import asf, riff
from mmscheck.media.refusal import RefusedError

FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
"""What an ISO base media or QuickTime file begins with."""

OTHER_WAVES = frozenset({b"RF64", b"RIFX"})
"""Sizes of 64 bits, and numbers of the other order."""

BOX_HEAD = 8
LONG_BOX_HEAD = 16

MOST_SLIP = 64
"""Bytes by which the box of samples may be too long when every sample is there."""

FEW = 10
"""Samples from which on a track is moving pictures or sound, and no title or time code."""

MOST_BRANDS = 1024
"""Bytes of the box of brands that are looked at."""


def brand(data: bytes) -> str | None:
    """The ISO base media major brand, without padding; None where there is none."""
    return data[8:12].decode("iso-8859-1").strip(" \0") if data[4:8] == b"ftyp" else None


def brands(data: bytes) -> tuple[str, ...]:
    """The ISO base media major brand and the compatible ones, without padding; none where there are none."""
    major = brand(data)
    if major is None:
        return ()
    listed = data[16 : min(int.from_bytes(data[:4], "big"), MOST_BRANDS)]
    names = (listed[at : at + 4].decode("iso-8859-1").strip(" \0") for at in range(0, len(listed) - 3, 4))
    return (major, *names)


def container_name(data: bytes, demuxer: str) -> str:
    """A short name: mp4, 3gp or mov by the brand, rf64 and rifx for WAV with other numbers, else FFmpeg's."""
    if demuxer == "wav" and data[:4] in OTHER_WAVES:
        return data[:4].decode("ascii").lower()
    if demuxer != "mov":
        return demuxer
    major = brand(data)
    if major is None or major == "qt":
        return "mov"
    return "3gp" if major.startswith(("3gp", "3g2")) else "mp4"


def check_length(data: bytes) -> int:
    """RefusedError for a RIFF or ISO base media file shorter than it says, and for an AVI or ASF with gaps.

    Else the bytes that the samples of an ISO base media file lack: a few may be a slip of its writer, and
    whether all samples are there shows when they are read.
    """
    if data.startswith(b"RIFF"):
        riff.check_length(data)
    elif data.startswith(asf.HEADER):
        asf.check_packets(data)
    elif data[4:8] in FIRST_BOXES:
        return _check_boxes(data)
    return 0


def _check_boxes(data: bytes) -> int:
    """Go from box to box (ISO/IEC 14496-12, 4.2); what follows the last one is not looked at."""
    place, seen = 0, set()
    while place + BOX_HEAD <= len(data) and data[place + 4 : place + 8].isalnum():
        size, name = struct.unpack_from(">I4s", data, place)
        if size == 1 and place + LONG_BOX_HEAD <= len(data):
            (size,) = struct.unpack_from(">Q", data, place + BOX_HEAD)
        if size < BOX_HEAD:  # 0: to the end of the file; else no box
            return 0
        place += size
        lacks = max(0, place - len(data))
        if lacks and (name != b"mdat" or b"moov" not in seen or b"moof" in seen or lacks > MOST_SLIP):
            raise RefusedError(f"it is cut short: {name.decode('ascii')} lacks {lacks} bytes")
        if lacks:
            return int(lacks)
        seen.add(name)
        if name == b"moov":
            _check_durations(data[place - size : place])
    return 0


def _check_durations(moov: bytes) -> None:
    """RefusedError for a track whose samples last no time (ISO/IEC 14496-12, 8.6.1.2)."""
    at = moov.find(b"stts")
    while at >= 0:
        (entries,) = struct.unpack_from(">I", moov.ljust(at + 12), at + 8)
        if moov[at - 4 : at] == struct.pack(">I", 16 + 8 * entries) and at + 12 + 8 * entries <= len(moov):
            counts = struct.unpack_from(f">{2 * entries}I", moov, at + 12)
            if sum(counts[::2]) >= FEW and not any(counts[1::2]):
                raise RefusedError(f"the {sum(counts[::2])} samples of a track have no durations")
        at = moov.find(b"stts", at + 4)
