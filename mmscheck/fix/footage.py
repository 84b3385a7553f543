"""What there is in a film: every frame of it decoded, its size as shown, its rate, its coding."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import msgspec
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from mmscheck.fix import sounds
from mmscheck.fix.values import Job, Size
from mmscheck.media import playing
from mmscheck.media.refusal import RefusedError
from mmscheck.media.witnesses import MOST_PIXELS


class Film(msgspec.Struct, frozen=True):
    """What was read of a film: size as shown, degrees clockwise to be turned, seconds, frames, coding.

    ``start`` is the time of its first frame, ``light`` how its light is coded (ITU-T H.273, table 3),
    ``others`` what it holds beside one picture and one sound, ``interlaced`` whether any of its frames has
    two moments in it, in every other line.
    """

    size: Size
    turn: int
    start: float
    seconds: float
    count: int
    codec: str
    profile: str
    form: str
    sound: str | None
    light: int
    others: tuple[str, ...] = ()
    interlaced: bool = False

    @property
    def rate(self) -> float:
        """Frames a second."""
        return self.count / self.seconds if self.seconds else 0.0


class Way(msgspec.Struct, frozen=True):
    """How to code a film: size, frames a second (None: as they are), seconds, quality, sound's bits."""

    size: Size
    rate: float | None
    seconds: float
    quality: int
    sound: int


def seen(job: Job) -> Film | None:
    """What the film is, every frame of it decoded; None where it has no pictures."""
    with playing.opened(job.data, playing.DEMUXERS[job.type]) as container:
        streams = playing.known(playing.pictures(container))
        if not streams:
            return None
        stream = streams[0]
        audio = next(iter(playing.known(tuple(container.streams.audio)[:1])), None)
        count, last, turn, curve, size, combed = 0, 0.0, 0, 0, (0, 0), False
        first: float | None = None
        for frame in frames(container, stream):
            if not count:
                turn, size = _turn(frame), (frame.width, frame.height)
                curve = int(frame.color_trc)
            count += 1
            combed |= frame.interlaced_frame
            time = float(frame.time or 0)
            first = time if first is None else first
            last = max(last, time)
        if not count or not all(size):
            raise RefusedError("there is no picture in it")
        span = last - (first or 0.0)
        each = span / (count - 1) if count > 1 and span > 0 else 0.04
        context = stream.codec_context
        size = _square(size, stream.sample_aspect_ratio)
        shown = size if turn % 180 == 0 else (size[1], size[0])
        return Film(
            shown,
            turn,
            first or 0.0,
            max(span, 0.0) + each,
            count,
            playing.codec(stream) or "",
            str(context.profile or ""),
            context.pix_fmt or "",
            None if audio is None else playing.codec(audio),
            curve,
            (*sounds.others(container),),
            combed,
        )


def _square(size: Size, ratio: Fraction | None) -> Size:
    """The size in square pixels: nothing is made smaller by it (ITU-T H.264, table E-1 has the ratios)."""
    if ratio is None or ratio <= 0 or ratio == 1:
        return size
    wide = (round(size[0] * ratio), size[1]) if ratio > 1 else (size[0], round(size[1] / ratio))
    return wide if wide[0] * wide[1] <= MOST_PIXELS else size


def _turn(frame: VideoFrame) -> int:
    """Degrees clockwise by which it is to be turned to be shown."""
    return -round(frame.rotation / 90) * 90 % 360


def frames(container: Any, stream: VideoStream) -> Iterator[VideoFrame]:
    """Every frame of a track."""
    for packet in container.demux(stream):
        for frame in packet.decode():
            if isinstance(frame, VideoFrame):
                yield frame
