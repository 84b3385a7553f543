"""Films to MP4 that every phone plays: H.264 of 4:2:0 in 8 bits and AAC, upright, index first.

Where only the container is wrong, the tracks are put into another without being touched. Else the pictures
are coded at one quality from beginning to end, which is searched for: that shares the bits out as a second
pass would, and needs no file between the two.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator

import av
import msgspec
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from PIL import Image

from mmscheck.fix import light, likeness, sounds
from mmscheck.fix.film_frames import Prepared
from mmscheck.fix.film_tracks import PictureTrack, SoundTrack, grey
from mmscheck.fix.fitting import within
from mmscheck.fix.footage import Film, Way, frames, seen
from mmscheck.fix.light import STEEP
from mmscheck.fix.mp4 import index_first
from mmscheck.fix.values import Answer, Job, Measure, Mended, Size, Unmended
from mmscheck.media import playing

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

LOOKED_AT = 6
"""Frames that are measured."""


def mend(job: Job) -> Answer:
    """The film of a job, or its sound where there are no pictures; RefusedError for a broken one."""
    film = seen(job)
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
        and not film.interlaced
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
    with (
        playing.opened(job.data, playing.DEMUXERS[job.type]) as container,
        av.open(file, "w", format="mp4") as out,
    ):
        pictures = playing.known(playing.pictures(container))[0]
        track = PictureTrack(out, film, way, _step(film))
        sound = SoundTrack(out, sounds.track(container), film, way) if film.sound is not None else None
        prepared = Prepared(film, way)
        for packet in container.demux([pictures, *((sound.source,) if sound else ())]):
            for frame in packet.decode():
                if isinstance(frame, VideoFrame):
                    track.add(prepared.ready(frame, pictures))
                elif sound is not None and isinstance(frame, AudioFrame):
                    sound.add(frame)
        track.add(prepared.rest())
        track.end()
        if sound is not None:
            sound.end()
    return index_first(file.getvalue()), track.references


def _done(film: Film, way: Way) -> Iterator[str]:
    yield from film.others
    if film.turn:
        yield "turned upright"
    if film.interlaced:
        yield "half pictures put together (interlaced)"
    if way.size != film.size:
        yield f"scaled from {film.size[0]} x {film.size[1]} to {way.size[0]} x {way.size[1]} pixels"
    if way.rate is not None:
        yield f"{film.rate:.3g} frames a second made {way.rate:g}"
    if film.light in STEEP:
        yield light.TOLD
    sound = f" and AAC of {way.sound // 1000} kbit/s" if film.sound is not None else ""
    yield f"written as MP4 with H.264 (Main, quality {way.quality}){sound}, index first"


def _step(film: Film) -> int:
    """Every how many frames one is measured."""
    return max(1, film.count // LOOKED_AT)


def _measured(data: bytes, references: list[Image.Image], step: int) -> Measure:
    """The mean over the frames that were kept, which are those of the same numbers."""
    values: list[float] = []
    with av.open(io.BytesIO(data), format="mov") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        for at, frame in enumerate(frames(container, stream)):
            number, rest = divmod(at, step)
            if not rest and number < len(references):
                values.append(likeness.ssim(references[number], grey(frame)))
    mean = round(sum(values) / len(values), 4) if values else 0.0
    return Measure(name="SSIM", value=mean, of=f"brightness, mean of {len(values)} frames at their new size")
