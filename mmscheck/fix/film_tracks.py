"""The tracks of a mended film: H.264 that every phone decodes, and AAC in time with it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from mmscheck.fix import sounds
from mmscheck.fix.film_frames import CLOCK
from mmscheck.fix.footage import Film, Way

X264 = {
    "preset": "medium",
    "profile": "main",
    "x264-params": "threads=1:lookahead-threads=1:sliced-threads=0",
}
"""How it is coded, beside the quality."""

LATE = 0.06
"""Seconds by which a sound may be behind or ahead: people see it from 45 ms ahead, 125 ms behind on (ITU-R
BT.1359)."""


class PictureTrack:
    """H.264 of the Main profile, and every so many frames as it was before, in grey, to be measured by."""

    def __init__(self, out: OutputContainer, film: Film, way: Way, step: int) -> None:
        """``step`` is every how many frames one is kept."""
        rate = Fraction(way.rate or film.rate or 25).limit_denominator(1001)
        made = out.add_stream("libx264", rate=rate, options={**X264, "crf": str(way.quality)})
        assert isinstance(made, VideoStream)  # noqa: S101 - for the type checker
        made.width, made.height = way.size
        made.pix_fmt = "yuv420p"
        made.codec_context.thread_count = 1
        made.codec_context.time_base = Fraction(1, CLOCK)
        made.time_base = Fraction(1, CLOCK)
        self.references: list[Image.Image] = []
        self._out = out
        self._made = made
        self._step = step
        self._written = 0
        self._lasting = round(CLOCK / rate)

    def add(self, ready: Iterable[VideoFrame]) -> None:
        """Code frames that are as the product has them."""
        for frame in ready:
            if self._written % self._step == 0:
                self.references.append(grey(frame))
            self._written += 1
            self._write(frame)

    def end(self) -> None:
        """Code what the coder has held back."""
        self._write(None)

    def _write(self, frame: VideoFrame | None) -> None:
        for packet in self._made.encode(frame):
            # The last has no frame behind it to say how long it lasts, and without that the rate is too high.
            packet.duration = packet.duration or self._lasting
            self._out.mux(packet)


def grey(frame: VideoFrame) -> Image.Image:
    """The brightness of a frame."""
    given: Any = frame
    picture: Image.Image = given.to_image(threads=1)
    return picture.convert("L")


class SoundTrack:
    """The sound of a film as AAC, where it is in time: silence for what is missing before it and in it."""

    def __init__(self, out: OutputContainer, source: AudioStream | None, film: Film, way: Way) -> None:
        """``source`` is the track that is coded anew."""
        assert source is not None  # noqa: S101 - for the type checker: the film has one
        self.source = source
        self._out = out
        self._start = film.start
        self._most = way.seconds if way.seconds < film.seconds else math.inf  # one may go on without pictures
        self._written = 0.0
        layout = "mono" if source.codec_context.channels == 1 or way.sound < sounds.MONO_BELOW else "stereo"
        made = out.add_stream("aac", rate=44_100)
        assert isinstance(made, AudioStream)  # noqa: S101 - for the type checker
        made.codec_context.layout = layout
        made.codec_context.bit_rate = way.sound
        made.codec_context.thread_count = 1
        self._made = made
        self._resampler = av.AudioResampler("fltp", layout, 44_100, frame_size=1024)

    def add(self, frame: AudioFrame) -> None:
        """Code what of a frame is within the film, with silence for what is missing before it."""
        if self._written >= self._most:
            return
        length = frame.samples / frame.sample_rate
        place = self._written if frame.time is None else frame.time - self._start
        if place + length <= 0:
            return  # before the first picture
        gap = min(place, self._most) - self._written
        if gap > LATE:
            for silent in _silence(frame, round(gap * frame.sample_rate)):
                self._put(silent)
        if self._written < self._most:
            self._put(frame)

    def _put(self, frame: AudioFrame) -> None:
        self._written += frame.samples / frame.sample_rate
        frame.pts = None
        self._write(frame)

    def end(self) -> None:
        """Code what the coder has held back."""
        self._write(None)
        self._out.mux(self._made.encode(None))

    def _write(self, frame: Any) -> None:
        for ready in self._resampler.resample(frame):
            self._out.mux(self._made.encode(ready))


def _silence(like: AudioFrame, samples: int) -> Iterator[AudioFrame]:
    """Frames of silence of the kind of another, so many samples in all."""
    while samples > 0:
        count = min(samples, like.sample_rate)
        silent = AudioFrame(format=like.format.name, layout=like.layout.name, samples=count)
        silent.sample_rate = like.sample_rate
        # Unsigned 8 bits rest in the middle; all other kinds at zero.
        rest = b"\x80" if like.format.name.startswith("u8") else b"\0"
        for plane in silent.planes:
            plane.update(rest * plane.buffer_size)
        samples -= count
        yield silent
