"""MPEG audio as rows of frames (ISO/IEC 11172-3 and 13818-3): where the sound lies, and what lies beside it.

Players skip what stands before the first frame and behind the last one, and the tags between two files that
were joined. What lies between two frames of one recording is damage.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from mmscheck.media.refusal import RefusedError

HEAD = 4
"""Bytes of a frame's header."""

CERTAIN = 4
"""Frames in a row that are no accident."""

MOST_BEFORE = 64 * 1024
"""Bytes before the first frame in which it is looked for, tags not counted: FFmpeg looks as far."""

LONGEST = 2881
"""Bytes of the longest frame: layer II at 160 kbit/s and 8 kHz (ISO/IEC 13818-3, and MPEG-2.5)."""

NOTE_WITHIN = 48
"""Bytes at the start of a frame within which an encoder's note of the number of frames begins."""

_FIRST = (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448)
_SECOND = (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)
_THIRD = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_LOW_FIRST = (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256)
_LOW = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
BIT_RATES = {(True, 3): _FIRST, (True, 2): _SECOND, (True, 1): _THIRD, (False, 3): _LOW_FIRST}
"""Kilobits a second, for MPEG-1 or not and the number of the layer in the header (3 is layer I)."""

SAMPLE_RATES = (44_100, 48_000, 32_000)
"""Samples a second of MPEG-1; MPEG-2 has half of it, and 2.5 a quarter."""

MPEG_1, RESERVED, MPEG_25 = 3, 1, 0
LAYER_1, LAYER_3 = 3, 1

SAME = 0xFFFE0C00
"""The bits of a header that stay the same throughout a recording."""

_MARK = re.compile(
    rb"\xff[\xe2-\xff]|ID3[\x02-\x04][^\xff][\x00-\xf0][\x00-\x7f]{4}|TAG|APETAGEX|LYRICSBEGIN", re.DOTALL
)

_TAGS = {b"TAG": 128, b"APE": 32, b"LYR": 11}
"""Bytes of the tags that are skipped as they are: the rest of the last two holds no frame."""


class Frame(msgspec.Struct, frozen=True):
    """One frame: where it begins and ends, its seconds, and what of its header stays the same."""

    begin: int
    end: int
    seconds: float
    same: int


class FrameRow(msgspec.Struct):
    """Frames of one recording without a gap; ``joined`` when a tag stands before it.

    ``stated`` is the number of frames that its encoder noted, without the one that holds the note.
    """

    begin: int
    end: int
    longest: int
    same: int
    frames: int = 0
    seconds: float = 0.0
    joined: bool = False
    stated: int | None = None


def frame_at(data: bytes, place: int) -> Frame | None:
    """The frame whose header stands there, whole or not; None for no header and for a free bit rate."""
    if place + HEAD > len(data):
        return None
    (head,) = struct.unpack_from(">I", data, place)
    version, layer = head >> 19 & 3, head >> 17 & 3
    rate, speed = head >> 12 & 15, head >> 10 & 3
    if head >> 21 != 0x7FF or version == RESERVED or not layer or rate in {0, 15} or speed == 3:  # noqa: PLR2004 - the reserved values
        return None
    first = version == MPEG_1
    bits = 1000 * BIT_RATES.get((first, layer), _LOW)[rate]
    hertz = SAMPLE_RATES[speed] >> (0 if first else 2 if version == MPEG_25 else 1)
    if layer == LAYER_1:
        samples, length = 384, 4 * (12 * bits // hertz + (head >> 9 & 1))
    else:
        samples = 1152 if first or layer != LAYER_3 else 576
        length = samples // 8 * bits // hertz + (head >> 9 & 1)
    return Frame(place, place + length, samples / hertz, head & SAME)


def stated_frames(data: bytes, begin: int) -> int | None:
    """The number of frames that an encoder noted in the frame that begins there (Xing or Info), or None."""
    for name in (b"Xing", b"Info"):
        place = data.find(name, begin, begin + NOTE_WITHIN)
        if 0 <= place <= len(data) - 12:
            flags, frames = struct.unpack_from(">II", data, place + 4)
            return frames if flags & 1 else None
    return None


def rows(data: bytes) -> Iterator[FrameRow]:
    """The rows of frames in their order; none when there is no frame, or only frames of a free bit rate."""
    place, row, joined, skipped = 0, None, False, 0
    while (mark := _MARK.search(data, place)) is not None:
        begin = mark.start()
        skipped += begin - place
        if row is None and skipped > MOST_BEFORE:
            return
        if mark[0][0] != 0xFF:  # noqa: PLR2004 - a tag
            place, joined = begin + _tag(data, begin, mark[0]), True
            continue
        frame = frame_at(data, begin)
        if frame is None or not _goes_on(data, frame, row):
            place = begin + 1
            skipped += 1
            continue
        for row in _walk(data, frame, joined=joined):
            yield row
            place = row.end
        joined, skipped = False, 0


def _tag(data: bytes, begin: int, mark: bytes) -> int:
    """Bytes of the tag that begins there."""
    if mark[:3] != b"ID3":
        return _TAGS[mark[:3]]
    first, second, third, fourth = mark[6:10]
    return 10 + (first << 21 | second << 14 | third << 7 | fourth) + (10 if data[begin + 5] & 0x10 else 0)


def _goes_on(data: bytes, frame: Frame, before: FrameRow | None) -> bool:
    """Whether it is a frame and no accident: another of its kind follows, or it is the last."""
    following = frame_at(data, frame.end)
    if following is not None:
        return following.same == frame.same
    return before is not None and frame.end == len(data) and frame.same == before.same


def _walk(data: bytes, frame: Frame | None, *, joined: bool) -> Iterator[FrameRow]:
    """The row that begins with this frame, and those that follow at once; a note begins a new row."""
    row: FrameRow | None = None
    while frame is not None and frame.end <= len(data):
        noted = stated_frames(data, frame.begin)
        if row is None or noted is not None or frame.same != row.same:
            if row is not None:
                yield row
            row = FrameRow(
                frame.begin, frame.end, 0, frame.same, joined=joined or row is not None, stated=noted
            )
        row.frames += noted is None
        row.seconds += 0.0 if noted is not None else frame.seconds
        row.end, row.longest = frame.end, max(row.longest, frame.end - frame.begin)
        frame = frame_at(data, row.end)
    if row is not None:
        yield row


def is_mpeg_audio(data: bytes) -> bool:
    """Whether a number of frames that is no accident stands in a row."""
    return any(row.frames >= CERTAIN for row in rows(data))


def begins_in_a_frame(data: bytes) -> bool:
    """Whether it is a recording that was cut from another: half a frame, then frames to the end."""
    found = list(rows(data))
    if sum(row.frames for row in found) < CERTAIN:
        return False
    beside = len(data) - sum(row.end - row.begin for row in found)
    return found[0].begin <= LONGEST and beside <= 2 * LONGEST


def sound_alone(data: bytes) -> bytes:
    """The frames without what players skip; RefusedError for damage between them and for missing ones.

    The bytes as they are where hardly any frames are found: then a decoder has to say what they are. Half a
    frame at the end is left out too: many encoders and recorders leave one.
    """
    found = list(rows(data))
    enough = sum(row.frames for row in found) >= CERTAIN
    if enough:
        _check_gaps(data, found)
    for row in found:
        if row.stated is not None and row.frames < row.stated:
            raise RefusedError(f"it is cut short: it has {row.frames} of the {row.stated} frames it states")
    whole = len(found) == 1 and not found[0].begin and found[0].end == len(data)
    return _joined(data, found) if enough and not whole else data


class Short(msgspec.Struct, frozen=True):
    """What is there of a recording that states more: its frames without the note, and both numbers."""

    data: bytes
    frames: int
    stated: int


def short_of_its_note(data: bytes) -> Short | None:
    """What there is of a recording that is shorter than its encoder noted, frame by frame as it is.

    None where no note states more frames than there are, or hardly any are there; RefusedError for damage
    between frames.
    """
    found = list(rows(data))
    frames = sum(row.frames for row in found)
    lost = sum(max(0, (row.stated or 0) - row.frames) for row in found)
    if not lost or frames < CERTAIN:
        return None
    _check_gaps(data, found)
    for row in found:
        note = frame_at(data, row.begin)
        if row.stated is not None and note is not None:
            row.begin = note.end
    return Short(_joined(data, found), frames, frames + lost)


def _check_gaps(data: bytes, found: list[FrameRow]) -> None:
    seconds = 0.0
    for one, other in pairwise(found):
        seconds += one.seconds
        gap = data[one.end : other.begin]
        if other.joined or other.stated is not None or (len(gap) < one.longest and not any(gap)):
            continue
        raise RefusedError(
            f"it is damaged at second {seconds:.1f}: {len(gap)} bytes between its frames are no sound"
        )


def _joined(data: bytes, found: list[FrameRow]) -> bytes:
    return b"".join(data[row.begin : row.end] for row in found)
