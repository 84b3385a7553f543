"""Films to MP4 that every phone plays: H.264 of 4:2:0 in 8 bits and AAC, upright, index first.

Where only the container is wrong, the tracks are put into another without being touched. Else the pictures
are coded at one quality from beginning to end, which is searched for: that shares the bits out as a second
pass would, and needs no file between the two.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import msgspec
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from mmscheck.fix import light, likeness, sounds
from mmscheck.fix.fitting import within
from mmscheck.fix.light import STEEP
from mmscheck.fix.mp4 import index_first
from mmscheck.fix.values import Answer, Job, Measure, Mended, Size, Unmended
from mmscheck.media import playing
from mmscheck.media.refusal import RefusedError
from mmscheck.media.witnesses import MOST_PIXELS

CLOCK = 90_000
"""Ticks a second of the product's time, as MPEG has them."""

FINEST, COARSEST = 21, 38
"""x264's quality: below the first nobody sees more on a phone, above the second blocks show (judgements)."""

TRIES = 5
"""How often a film is coded at most in the search for its quality."""

FULL = 0.85
"""The part of the bytes that is worth no further try."""

SCALES = (1.0, 0.75, 0.5625, 0.42)
"""Parts of the fitted size that are tried."""

THIN = 0.02
"""Bits for each pixel below which a smaller picture looks better than a coarse one (a judgement)."""

SOUND_RATES = (96_000, 64_000, 40_000)
"""Bits per second of AAC, by how many there are in all."""

SOUND_SHARE = 0.25
"""The most of all bits that go to the sound."""

LATE = 0.06
"""Seconds by which a sound may be behind or ahead: people see it from 45 ms ahead, 125 ms behind on (ITU-R
BT.1359)."""

LOOKED_AT = 6
"""Frames that are measured."""


class Film(msgspec.Struct, frozen=True):
    """What was read of a film: size as shown, degrees clockwise to be turned, seconds, frames, coding.

    ``start`` is the time of its first frame, ``light`` how its light is coded (ITU-T H.273, table 3),
    ``others`` what it holds beside one picture and one sound.
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


def mend(job: Job) -> Answer:
    """The film of a job, or its sound where there are no pictures; RefusedError for a broken one."""
    film = _seen(job)
    if film is None:
        return sounds.mend(job)
    aims = job.aims
    limit = aims.film_seconds
    if aims.hd_seconds is not None and aims.hd_from is not None and min(film.size) >= aims.hd_from:
        limit = aims.hd_seconds
    seconds, told = sounds.kept(film.seconds, limit, job)
    if _is_right(film, job) and not told and len(job.data) <= job.most * 1.02:
        data = _put_over(job)
        if data is not None and len(data := index_first(data)) <= job.most:
            done = ("put into MP4 without touching its tracks", *film.others)
            return Mended(data=data, suffix=".mp4", done=done)
    return _coded(job, film, seconds, told)


def _seen(job: Job) -> Film | None:
    """What the film is, every frame of it decoded; None where it has no pictures."""
    with playing.opened(job.data, playing.DEMUXERS[job.type]) as container:
        streams = playing.known(playing.pictures(container))
        if not streams:
            return None
        stream = streams[0]
        audio = next(iter(playing.known(tuple(container.streams.audio)[:1])), None)
        count, last, turn, curve, size = 0, 0.0, 0, 0, (0, 0)
        first: float | None = None
        for frame in _frames(container, stream):
            if not count:
                turn, size = _turn(frame), (frame.width, frame.height)
                curve = int(frame.color_trc)
            count += 1
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


def _frames(container: Any, stream: VideoStream) -> Iterator[VideoFrame]:
    for packet in container.demux(stream):
        for frame in packet.decode():
            if isinstance(frame, VideoFrame):
                yield frame


def _is_right(film: Film, job: Job) -> bool:
    """Whether every track is as phones have it, so that the container alone is at fault."""
    aims = job.aims
    return (
        playing.DEMUXERS[job.type] == "mov"
        and film.codec == "h264"
        and film.form in {"yuv420p", "yuvj420p"}
        and film.profile in {"Constrained Baseline", "Baseline", "Main", "High"}
        and film.sound in {None, "aac"}
        and not film.turn
        and within(film.size, aims.film_canvases) is None
        and (aims.film_rate is None or film.rate <= aims.film_rate + 0.5)
    )


def _put_over(job: Job) -> bytes | None:
    """The same tracks in MP4; None where an edit list hides pictures, which only coding anew leaves out."""
    file = io.BytesIO()
    with (
        playing.opened(job.data, playing.DEMUXERS[job.type]) as container,
        av.open(file, "w", format="mp4") as out,
    ):
        wanted = [*playing.pictures(container), *tuple(container.streams.audio)[:1]]
        made = {stream.index: out.add_stream_from_template(stream) for stream in wanted}
        for packet in container.demux(wanted):
            if packet.is_discard and packet.stream.type == "video":
                return None
            if packet.dts is not None:
                packet.stream = made[packet.stream.index]
                out.mux(packet)
    return file.getvalue()


def _coded(job: Job, film: Film, seconds: float, told: list[str]) -> Answer:
    """The film coded anew at the best quality that fits, smaller where that would be too coarse."""
    aims = job.aims
    fitted = within(film.size, aims.film_canvases) or film.size
    rate = aims.film_rate if aims.film_rate is not None and film.rate > aims.film_rate else None
    if rate is None and aims.film_rate is not None and "video-frame-rate-advised" in job.findings:
        rate = aims.film_rate - 1  # counted without the time of the last frame it is a little above
    per_second = (job.most - sounds.HEAD) * 8 / seconds
    sound = 0
    if film.sound is not None:
        sound = next((bits for bits in SOUND_RATES if bits <= per_second * SOUND_SHARE), SOUND_RATES[-1])
    for scale in SCALES:
        size = _even(fitted, scale)
        bits = (per_second - sound) / (size[0] * size[1] * min(film.rate, rate or film.rate))
        if bits < THIN and scale != SCALES[-1]:
            continue
        found = _searched(job, film, Way(size, rate, seconds, FINEST, sound))
        if found is not None:
            data, way, references = found
            return Mended(
                data=data,
                suffix=".mp4",
                done=(*told, *_done(film, way)),
                measure=_measured(data, references, _step(film)),
            )
    return Unmended(why=sounds.too_long(seconds, _lowest(fitted, film, sound), job.most))


def _lowest(fitted: Size, film: Film, sound: int) -> float:
    """Bits per second of the smallest and coarsest that is made."""
    width, height = _even(fitted, SCALES[-1])
    return width * height * min(film.rate, 30) * THIN + sound


def _even(size: Size, scale: float) -> Size:
    """4:2:0 has one sample of colour for two pixels each way."""
    return max(2, int(size[0] * scale) // 2 * 2), max(2, int(size[1] * scale) // 2 * 2)


def _searched(job: Job, film: Film, way: Way) -> tuple[bytes, Way, list[Image.Image]] | None:
    """The film at the finest quality that fits, with the frames to measure it by; None when none does."""
    best: tuple[bytes, Way, list[Image.Image]] | None = None
    low, high = FINEST, COARSEST + 1
    quality = FINEST
    for _ in range(TRIES):
        tried = msgspec.structs.replace(way, quality=quality)
        data, references = _made(job, film, tried)
        if len(data) <= job.most:
            best, high = (data, tried, references), quality
            if quality == FINEST or len(data) >= job.most * FULL:
                break
        else:
            low = quality + 1
        if low >= high:
            break
        # Six steps of x264's scale double or halve the bits.
        guess = quality + math.ceil(6 * math.log2(len(data) / (job.most * 0.97)))
        quality = min(max(guess, low), high - 1)
        if quality > COARSEST:
            break
    return best


def _made(job: Job, film: Film, way: Way) -> tuple[bytes, list[Image.Image]]:
    """The film coded this way, and some of its frames as they were before that."""
    file = io.BytesIO()
    references: list[Image.Image] = []
    with (
        playing.opened(job.data, playing.DEMUXERS[job.type]) as container,
        av.open(file, "w", format="mp4") as out,
    ):
        pictures = playing.known(playing.pictures(container))[0]
        made = _picture_track(out, film, way)
        sound = _SoundTrack(out, sounds.track(container), film, way) if film.sound is not None else None
        step = _step(film)
        prepared = _Prepared(film, way)
        written = 0
        for packet in container.demux([pictures, *((sound.source,) if sound else ())]):
            for frame in packet.decode():
                if isinstance(frame, VideoFrame):
                    for ready in prepared.ready(frame, pictures):
                        if written % step == 0:
                            references.append(_grey(ready))
                        written += 1
                        out.mux(made.encode(ready))
                elif sound is not None and isinstance(frame, AudioFrame):
                    sound.add(frame)
        out.mux(made.encode(None))
        if sound is not None:
            sound.end()
    return index_first(file.getvalue()), references


def _picture_track(out: OutputContainer, film: Film, way: Way) -> VideoStream:
    options = {
        "preset": "medium",
        "profile": "main",
        "crf": str(way.quality),
        "x264-params": "threads=1:lookahead-threads=1:sliced-threads=0",
    }
    rate = Fraction(way.rate or film.rate or 25).limit_denominator(1001)
    made = out.add_stream("libx264", rate=rate, options=options)
    assert isinstance(made, VideoStream)  # noqa: S101 - for the type checker
    made.width, made.height = way.size
    made.pix_fmt = "yuv420p"
    made.codec_context.thread_count = 1
    made.codec_context.time_base = Fraction(1, CLOCK)
    made.time_base = Fraction(1, CLOCK)
    return made


class _Prepared:
    """Frames turned, scaled, in 4:2:0, at most so many a second, with the product's time."""

    def __init__(self, film: Film, way: Way) -> None:
        self._film = film
        self._way = way
        self._graph: Graph | None = None
        self._start: float | None = None
        self._next = 0.0

    def ready(self, frame: VideoFrame, stream: VideoStream) -> Iterator[VideoFrame]:
        time = float(frame.time or 0)
        self._start = time if self._start is None else self._start
        time -= self._start
        if time >= self._way.seconds or (self._way.rate is not None and time + 1e-4 < self._next):
            return
        if self._way.rate is not None:
            self._next = max(self._next + 1 / self._way.rate, time)
        graph = self._graph = self._graph or self._made(stream, frame)
        graph.vpush(frame)
        made = graph.vpull()
        assert isinstance(made, VideoFrame)  # noqa: S101 - for the type checker
        if self._film.light in STEEP:
            made = _darkened(made, self._film.light)
        made.pts = round(time * CLOCK)
        made.time_base = Fraction(1, CLOCK)
        made.pict_type = 0
        yield made

    def _made(self, stream: VideoStream, frame: VideoFrame) -> Graph:
        graph = Graph()
        graph.threads = 1
        width, height = self._way.size
        steps: list[tuple[str, str]] = []
        if self._film.turn in {90, 270}:
            steps.append(("transpose", "clock" if self._film.turn == 90 else "cclock"))  # noqa: PLR2004 - degrees
        elif self._film.turn:
            steps += [("hflip", ""), ("vflip", "")]
        steps += [("scale", f"{width}:{height}:flags=bicubic"), ("setsar", "1")]
        steps.append(("format", "rgb24" if self._film.light in STEEP else "yuv420p"))
        node = graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=stream.time_base or Fraction(1, CLOCK),
        )
        for name, given in steps:
            after = graph.add(name, given or None)
            node.link_to(after)
            node = after
        node.link_to(graph.add("buffersink"))
        graph.configure()
        return graph


def _darkened(frame: VideoFrame, curve: int) -> VideoFrame:
    """A frame with more light than screens show, as one that they do."""
    given: Any = frame
    maker: Any = VideoFrame
    picture = given.to_image(threads=1).filter(light.table(curve))
    made: VideoFrame = maker.from_image(picture).reformat(format="yuv420p", threads=1)
    return made


class _SoundTrack:
    """The sound of a film as AAC, where it is in time: silence for what is missing before it and in it."""

    def __init__(self, out: OutputContainer, source: AudioStream | None, film: Film, way: Way) -> None:
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


def _done(film: Film, way: Way) -> Iterator[str]:
    yield from film.others
    if film.turn:
        yield "turned upright"
    if way.size != film.size:
        yield f"scaled from {film.size[0]} x {film.size[1]} to {way.size[0]} x {way.size[1]} pixels"
    if way.rate is not None:
        yield f"{film.rate:.3g} frames a second made {way.rate:g}"
    if film.light in STEEP:
        yield light.TOLD
    sound = f" and AAC of {way.sound // 1000} kbit/s" if film.sound is not None else ""
    yield f"written as MP4 with H.264 (Main, quality {way.quality}){sound}, index first"


def _grey(frame: Any) -> Image.Image:
    picture: Image.Image = frame.to_image(threads=1)
    return picture.convert("L")


def _step(film: Film) -> int:
    """Every how many frames one is measured."""
    return max(1, film.count // LOOKED_AT)


def _measured(data: bytes, references: list[Image.Image], step: int) -> Measure:
    """The mean over the frames that were kept, which are those of the same numbers."""
    values: list[float] = []
    with av.open(io.BytesIO(data), format="mov") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for at, frame in enumerate(_frames(container, stream)):
            number, rest = divmod(at, step)
            if not rest and number < len(references):
                values.append(likeness.ssim(references[number], _grey(frame)))
    mean = round(sum(values) / len(values), 4) if values else 0.0
    return Measure(name="SSIM", value=mean, of=f"brightness, mean of {len(values)} frames at their new size")
