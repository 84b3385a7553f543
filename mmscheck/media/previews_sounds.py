"""How loud the parts of a sound are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from av.audio.frame import AudioFrame
from av.container import InputContainer

from mmscheck.media import playing
from mmscheck.media.films import demuxer
from mmscheck.model.facts import AudioFacts, Preview

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


def draw(data: bytes, type_: str, facts: AudioFacts) -> Preview | None:
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
