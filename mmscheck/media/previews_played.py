"""Likenesses of what FFmpeg plays: first frames of videos, HEIC images, and how loud audio is."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.video.frame import VideoFrame
from PIL import Image

from mmscheck.media import playing
from mmscheck.media.audio_video import demuxer
from mmscheck.media.previews_image import BOX, fitted, likeness
from mmscheck.model.facts import AudioFacts, ImageFacts, Preview, VideoFacts

TURNS = (None, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
"""Quarters of a turn, anticlockwise."""

MOST_PACKETS = 300
"""Packets without a whole frame after which none is expected."""

_ROTATION = re.compile(rb"\x00\x00\x00\x09irot([\x00-\x03])")
"""The box that turns a HEIC picture, quarters anticlockwise (ISO/IEC 23008-12, 6.5.10)."""

PARTS = 64
"""Equal parts that a sound is drawn in."""

LONGEST = 600.0
"""Seconds that are drawn."""

PER_SECOND = 4000
"""Samples looked at: enough to find a level, and a tenth of what there is."""

SCALES: Mapping[str, tuple[str, float, float]] = MappingProxyType(
    {
        "u8": ("B", 128, 128),
        "s16": ("h", 0, 2.0**15),
        "s32": ("i", 0, 2.0**31),
        "flt": ("f", 0, 1),
        "dbl": ("d", 0, 1),
    }
)
"""For each of FFmpeg's sample formats: the letter of its C type, its silence and its loudest."""


def draw_video(data: bytes, type_: str, facts: VideoFacts) -> Preview | None:
    """The first frame as it is shown, and the length."""
    with playing.opened(data, demuxer(data, type_)) as container:
        frame = _first(container)
        if frame is None:
            return None
        ratio = float(container.streams.video[0].sample_aspect_ratio or 1)
        found = likeness(_upright(frame, round(frame.rotation / 90), ratio))
    return Preview(
        image=found.image,
        image_type=found.image_type,
        width=found.width,
        height=found.height,
        seconds=facts.duration,
    )


def draw_heif(data: bytes, type_: str, facts: ImageFacts) -> Preview | None:
    """A HEIC picture; None for one made of tiles, which are not put together here."""
    with playing.opened(data, playing.DEMUXERS[type_]) as container:
        frame = _first(container)
        if frame is None or (frame.width, frame.height) != (facts.width, facts.height):
            return None
        turns = {int(found[0]) for found in _ROTATION.findall(data)}
        return likeness(_upright(frame, turns.pop() if len(turns) == 1 else 0, 1.0))


def _first(container: InputContainer) -> VideoFrame | None:
    streams = playing.known(tuple(container.streams.video[:1]))
    for number, packet in enumerate(container.demux(streams)):
        for frame in packet.decode():
            if isinstance(frame, VideoFrame):
                return frame
        if number == MOST_PACKETS:
            break
    return None


def _upright(frame: VideoFrame, quarters: int, ratio: float) -> Image.Image:
    """The frame small, its pixels made square (``ratio`` is their width by their height) and turned."""
    box = BOX[::-1] if quarters % 2 else BOX
    width, height = fitted(frame.width * ratio, frame.height, box)
    shown: Any = frame  # PyAV leaves the method untyped
    # A worker may start no thread, and FFmpeg would for a large frame.
    picture: Image.Image = shown.to_image(width=width, height=height, interpolation="AREA", threads=1)
    turn = TURNS[quarters % 4]
    return picture if turn is None else picture.transpose(turn)


def draw_audio(data: bytes, type_: str, facts: AudioFacts) -> Preview | None:
    """The loudest of each part, of as much as was decoded, and the length."""
    with playing.opened(data, demuxer(data, type_)) as container:
        peaks = list(_peaks(container))
    return Preview(levels=levels(peaks), seconds=facts.duration)


def levels(peaks: list[tuple[int, float]]) -> tuple[int, ...]:
    """Peaks (0 to 1) of stretches of so many samples as ``PARTS`` levels of 0 to 100; none for no sound."""
    whole = sum(samples for samples, _ in peaks)
    if not whole:
        return ()
    parts, begin = [0.0] * PARTS, 0
    for samples, peak in peaks:
        first, last = begin * PARTS // whole, (begin + samples - 1) * PARTS // whole
        for part in range(first, last + 1):
            parts[part] = max(parts[part], peak)
        begin += samples
    return tuple(min(100, round(100 * part)) for part in parts)


def _peaks(container: InputContainer) -> Iterator[tuple[int, float]]:
    """Samples and peak of each stretch, until the end or the cap."""
    streams = playing.known(tuple(container.streams.audio[:1]))
    seconds = 0.0
    for packet in container.demux(streams):
        for frame in packet.decode():
            if isinstance(frame, AudioFrame) and frame.samples and frame.sample_rate:
                seconds += frame.samples / frame.sample_rate
                yield from _stretches(frame)
        if seconds > LONGEST:
            return


def _stretches(frame: AudioFrame) -> Iterator[tuple[int, float]]:
    """The frame in pieces of at most a fiftieth of a second: some formats have one frame for all."""
    letter, silence, loudest = SCALES[frame.format.packed.name]
    channels = 1 if frame.format.is_planar else frame.layout.nb_channels
    plane: Any = memoryview(frame.planes[0]).cast("B")  # of several planes the first speaks for all
    values = plane.cast(letter)[: frame.samples * channels]
    # Odd, so that it meets both of two channels in turn.
    step = max(1, frame.sample_rate // PER_SECOND) * channels | 1
    piece = max(1, frame.sample_rate // 50)
    for begin in range(0, frame.samples, piece):
        samples = min(piece, frame.samples - begin)
        seen = values[begin * channels : (begin + samples) * channels : step]
        yield samples, _loudest(seen, silence) / loudest


def _loudest(values: Sequence[float], silence: float) -> float:
    """The largest distance from silence."""
    high, low = max(values) - silence, silence - min(values)
    found = max(high, low, 0.0)
    return found if math.isfinite(found) else 0.0
