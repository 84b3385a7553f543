"""Sounds and films, made by FFmpeg for the test that asks; and how lint judges such bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import msgspec
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from mmscheck.checks import CHECKS
from mmscheck.checks.media_types import kind_of
from mmscheck.judge.engine import judge_alone
from mmscheck.media.decoding import decode
from mmscheck.media.sample import Sample
from mmscheck.media.sniffing import sniff
from mmscheck.media.witnesses import named_type
from mmscheck.model.observation import Fetched
from mmscheck.model.report import Evaluation
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import MediaKind, Outcome, Severity
from mmscheck.ruleset import load_ruleset
from tests.support.media_targets import fetched

RATE = 44_100
NOT_BUILT = frozenset({"libopencore_amrnb"} - set(av.codecs_available))
"""Encoders that this build of FFmpeg lacks: the wheels of PyAV 19 write no AMR. It is read by all of them."""

RATES: Mapping[str, int] = {"libopencore_amrnb": 8000, "libopus": 48_000}


def film(
    container: str = "mp4",
    coding: str = "libx264",
    pixels: str = "yuv420p",
    *,
    sound: str | None = None,
    seconds: float = 1.0,
    rate: int = 10,
    options: Mapping[str, str] | None = None,
    muxing: Mapping[str, str] | None = None,
) -> bytes:
    """A film of 128 x 96 pixels with that sound track, none by default."""
    with _written(container, dict(muxing or {})) as (output, file):
        track = output.add_stream(coding, rate=rate, options=dict(options or {}))
        assert isinstance(track, VideoStream)
        track.width, track.height, track.pix_fmt = 128, 96, pixels
        track.codec_context.thread_count = 1
        heard = _track(output, sound) if sound else None
        for number in range(int(seconds * rate)):
            frame = VideoFrame(128, 96, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes((number * 37 + each) % 256 for each in range(plane.buffer_size)))
            frame = frame.reformat(format=pixels)
            frame.pts, frame.time_base = number, Fraction(1, rate)
            output.mux(track.encode(frame))
        output.mux(track.encode(None))
        if heard is not None:
            _fill(output, heard, seconds)
        output.close()
        return file.read_bytes()


def sound(
    container: str = "mp3", coding: str = "libmp3lame", *, seconds: float = 1.0, **muxing: str
) -> bytes:
    """A sound of one channel."""
    with _written(container, muxing) as (output, file):
        _fill(output, _track(output, coding), seconds)
        output.close()
        return file.read_bytes()


@contextmanager
def _same_priority() -> Iterator[None]:
    kind, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, kind, priority)


@contextmanager
def _written(container: str, muxing: dict[str, str]) -> Iterator[tuple[OutputContainer, Path]]:
    """A container to be filled, and its file: FFmpeg reads what it wrote to put the index first.

    SVT-AV1 gives the process of root the highest real-time priority, which whatever it starts would inherit:
    servers and commands that nothing else on the machine could interrupt.
    """
    with TemporaryDirectory() as folder, _same_priority():
        file = Path(folder, "file")
        with av.open(str(file), "w", format=container, container_options=muxing) as output:
            yield output, file


def _track(output: OutputContainer, coding: str) -> AudioStream:
    track = output.add_stream(coding, rate=RATES.get(coding, RATE), layout="mono")
    assert isinstance(track, AudioStream)
    return track


def _fill(output: OutputContainer, track: AudioStream, seconds: float) -> None:
    context = track.codec_context
    assert isinstance(context, AudioCodecContext)
    format_, rate = context.format.name, context.sample_rate
    if not context.is_open:
        context.open()
    size = context.frame_size or 1024
    for begin in count(0, size):
        if begin >= seconds * rate:
            break
        frame = AudioFrame(format=format_, layout="mono", samples=size)
        for plane in frame.planes:
            plane.update(_noise(plane.buffer_size, loud=format_.startswith(("s16", "u8", "s32"))))
        frame.sample_rate, frame.pts = rate, begin
        frame.time_base = Fraction(1, rate)
        output.mux(track.encode(frame))
    output.mux(track.encode(None))


@cache
def _noise(size: int, *, loud: bool) -> bytes:
    return bytes((each * 31) % 251 for each in range(size)) if loud else bytes(size)


@cache
def lint_rules() -> RuleSet:
    """The rules of the profile lint."""
    return load_ruleset(checks=CHECKS, profile="lint", sender=None, config=None)


def observed(data: bytes, name: str) -> Fetched:
    """A local file of that name, looked at in this process as a worker does."""
    found = sniff(Sample(data=data, size=len(data), named=named_type(name)))
    assert found is not None
    decoded = decode(found.type, data)
    seen = fetched(sniffed=found, decoded=decoded, size=len(data))
    return msgspec.structs.replace(seen, url=name, hops=())


def judged(data: bytes, name: str, kind: MediaKind | None = None) -> dict[str, Evaluation]:
    """What every rule of lint says of a local file of that name."""
    seen = observed(data, name)
    found = judge_alone(lint_rules(), name, kind or kind_of(name, seen), seen)
    return {each.rule: each for each in found.evaluations}


def stopped(data: bytes, name: str) -> set[str]:
    """The rules that keep a file of that name from being sent."""
    fine = {Outcome.PASSED, Outcome.INAPPLICABLE}
    found = judged(data, name).values()
    return {one.rule for one in found if one.severity is Severity.ERROR and one.outcome not in fine}
