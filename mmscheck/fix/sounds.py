"""Sounds to MP3, AAC or AMR, as they are listed, of the highest rate that fits; WAV whose head is true."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import av
import msgspec
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream

from mmscheck.fix.mp4 import index_first
from mmscheck.fix.values import Answer, Job, Mended, Unmended
from mmscheck.media import playing
from mmscheck.media.mpeg_audio import Short, short_of_its_note
from mmscheck.media.refusal import RefusedError

MONO_BELOW = 64_000
"""Bits per second below which two channels sound worse than one (a judgement)."""

HEAD = 4_000
"""Bytes of a file beside its sound: heads and tables."""

SHORTEST = 1.0
"""Seconds below which there is no use in saying how long a sound may be."""


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of file: its type, FFmpeg's names for it, and the bits per second that it may have."""

    type: str
    name: str
    suffix: str
    muxer: str
    codec: str
    sample: str
    rates: tuple[int, ...] = ()
    fixed: int = 0
    mono: bool = False
    options: tuple[tuple[str, str], ...] = ()

    def samples(self, rate: int | None) -> int:
        """Samples a second; 0 where they stay as they are."""
        if self.fixed or rate is None:
            return self.fixed
        # MPEG-2 has half the rates of MPEG-1, and those for few bits (ISO/IEC 13818-3, 2.4.2.3).
        return 44_100 if rate >= MONO_BELOW else 22_050


_FEW = (128_000, 96_000, 64_000, 48_000, 32_000, 24_000)
"""Bits per second: above 128,000 nobody hears more on a phone (a judgement)."""

FORMS = (
    Form(
        type="audio/mpeg",
        name="MP3",
        suffix=".mp3",
        muxer="mp3",
        codec="libmp3lame",
        sample="s16p",
        rates=_FEW,
        options=(("id3v2_version", "3"),),
    ),
    Form(
        type="audio/mp4",
        name="AAC in MP4",
        suffix=".m4a",
        muxer="ipod",
        codec="aac",
        sample="fltp",
        rates=_FEW,
    ),
    Form(type="audio/aac", name="AAC", suffix=".aac", muxer="adts", codec="aac", sample="fltp", rates=_FEW),
    Form(
        type="audio/amr",
        name="AMR",
        suffix=".amr",
        muxer="amr",
        codec="libopencore_amrnb",
        sample="s16",
        # The modes of 3GPP TS 26.071.
        rates=(12_200, 10_200, 7_950, 7_400, 6_700, 5_900, 5_150, 4_750),
        fixed=8_000,
        mono=True,
    ),
)
"""What sounds become, the first that is listed."""

WAVE = Form(type="audio/x-wav", name="WAV", suffix=".wav", muxer="wav", codec="pcm_s16le", sample="s16")


class Heard(msgspec.Struct, frozen=True):
    """What was read of a sound: its seconds, samples a second, channels, and what it holds beside."""

    seconds: float
    rate: int
    channels: int
    others: tuple[str, ...] = ()


def mend(job: Job) -> Answer:
    """The sound of a job; RefusedError when it cannot be decoded to its end."""
    short = short_of_its_note(job.data) if job.type == "audio/mpeg" else None
    if short is not None:
        return _short(job, short)
    return _mended(job)


def _short(job: Job, short: Short) -> Answer:
    """What there is of a recording that states more, where cuts are allowed: bit for bit if that fits."""
    there = f"{short.frames:,} of the {short.stated:,} frames it states"
    if not job.wishes.trim:
        return Unmended(why=f"it has {there}: export it again, or give --trim, which takes what is there")
    job = msgspec.structs.replace(job, data=short.data)
    cut = f"cut short as it was, with {there}"
    seconds = _heard(job).seconds
    if len(job.data) <= job.most and seconds <= (job.aims.sound_seconds or seconds):
        done = (cut, "its sound kept bit for bit, without the wrong number")
        return Mended(data=job.data, suffix=".mp3", done=done)
    answer = _mended(job)
    return msgspec.structs.replace(answer, done=(cut, *answer.done)) if isinstance(answer, Mended) else answer


def _mended(job: Job) -> Answer:
    """A sound coded anew, as long and as fine as fits."""
    heard = _heard(job)
    seconds, told = kept(heard.seconds, job.aims.sound_seconds, job)
    if seconds <= 0:
        return Unmended(why="there is no sound in it")
    if job.type in {"audio/x-wav", "audio/wav"} and set(job.findings) == {"audio-whole"}:
        data = _wave(job, heard, seconds)
        if len(data) <= job.most:
            return Mended(
                data=data, suffix=".wav", done=(*told, "written anew with its true lengths", *heard.others)
            )
    listed = job.aims.accepted.get("audio", ())
    form = next((form for form in FORMS if form.type in listed), FORMS[0])
    for rate in form.rates:
        if rate * seconds / 8 + HEAD > job.most:
            continue
        data = _encoded(job, seconds, form, rate, heard)
        if len(data) <= job.most:
            how = f"written as {form.name} of {rate / 1000:g} kbit/s"
            return Mended(data=data, suffix=form.suffix, done=(*told, how, *heard.others))
    return Unmended(why=too_long(seconds, form.rates[-1], job.most))


def kept(seconds: float, advised: float | None, job: Job) -> tuple[float, list[str]]:
    """How long the product is to be, and the clause that says so where that is less."""
    if advised is None or not job.wishes.trim or seconds <= advised:
        return seconds, []
    return float(advised), [f"cut from {seconds:.3g} to {advised:g} seconds"]


def too_long(seconds: float, lowest: float, most: int) -> str:
    """How long it may be to fit, as a sentence."""
    fits = max(0.0, (most - HEAD) * 8 / lowest)
    if fits < SHORTEST:
        return f"nothing of it fits into {most:,} bytes"
    return f"it lasts {seconds:.3g} seconds; into {most:,} bytes fit about {fits:.3g}: cut it, or give --trim"


def track(container: InputContainer) -> AudioStream | None:
    """The first track of sound, ready to be decoded."""
    return next(iter(playing.known(tuple(container.streams.audio)[:1])), None)


KEPT_TRACKS = 1
"""Tracks of a kind that a product has."""

NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "audio": ("another sound", "other sounds"),
        "video": ("another picture track", "other picture tracks"),
        "subtitle": ("a track of captions", "tracks of captions"),
        "data": ("a track of data (place, time codes)", "tracks of data (place, time codes)"),
        "attachment": ("an attached file", "attached files"),
    }
)
"""What tracks of each type are called, one and several."""


def others(container: InputContainer) -> Iterator[str]:
    """What does not come along, a clause each: tracks beside the first of a kind, covers, titles."""
    covers = [stream for stream in container.streams.video if _is_cover(stream)]
    if covers:
        yield "left out: the cover picture"
    for type_, (one, several) in NAMES.items():
        tracks = [stream for stream in container.streams if stream.type == type_ and stream not in covers]
        count = len(tracks) - (KEPT_TRACKS if type_ in {"audio", "video"} else 0)
        if count > 0:
            spoken = sorted({found for stream in tracks if (found := _language(stream))})
            languages = f" ({', '.join(spoken)})" if type_ != "data" and spoken else ""
            yield f"left out: {one if count == 1 else f'{count} {several}'}{languages}"
    told: list[str] = [name for name in ("title", "artist", "album", "lyrics") if name in container.metadata]
    if any("location" in name.lower() for name in container.metadata):
        told.append("place")
    if told:
        yield f"left out: {', '.join(told)} of its metadata"


def _is_cover(stream: Stream) -> bool:
    return bool(stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails))


def _language(stream: Stream) -> str:
    """ISO 639's letters for it; empty where none are stated."""
    stated = stream.metadata.get("language", "und")
    return stated if re.fullmatch("[a-z]{2,3}", stated) and stated != "und" else ""


def frames(container: InputContainer, stream: AudioStream, seconds: float) -> Iterator[AudioFrame]:
    """The frames of a track from its beginning, for so many seconds."""
    samples, most = 0, None
    for packet in container.demux(stream):
        for frame in packet.decode():
            if not isinstance(frame, AudioFrame):
                continue
            most = most if most is not None else seconds * frame.sample_rate
            if samples >= most:
                return
            samples += frame.samples
            frame.pts = None
            yield frame


def _heard(job: Job) -> Heard:
    with playing.opened(job.data, playing.DEMUXERS[job.type]) as container:
        stream = track(container)
        if stream is None:
            raise RefusedError("there is no sound in it")
        samples = rate = channels = 0
        for frame in frames(container, stream, float("inf")):
            samples += frame.samples
            rate, channels = frame.sample_rate, frame.layout.nb_channels
        beside = (*others(container),)
    return Heard(samples / rate if rate else 0.0, rate, channels, beside)


def _wave(job: Job, heard: Heard, seconds: float) -> bytes:
    return _encoded(job, seconds, WAVE, None, heard)


def _encoded(job: Job, seconds: float, form: Form, rate: int | None, heard: Heard) -> bytes:
    narrow = form.mono or heard.channels == 1 or (rate is not None and rate < MONO_BELOW)
    layout = "mono" if narrow else "stereo"
    samples = form.samples(rate) or heard.rate
    file = io.BytesIO()
    with (
        playing.opened(job.data, playing.DEMUXERS[job.type]) as container,
        av.open(file, "w", format=form.muxer, options=dict(form.options)) as out,
    ):
        stream = track(container)
        assert stream is not None  # noqa: S101 - for the type checker: it was there before
        made = out.add_stream(form.codec, rate=samples)
        assert isinstance(made, AudioStream)  # noqa: S101 - for the type checker
        made.codec_context.layout = layout
        made.codec_context.format = form.sample
        if rate is not None:
            made.codec_context.bit_rate = rate
        made.codec_context.thread_count = 1
        resampler = av.AudioResampler(
            form.sample, layout, samples, frame_size=made.codec_context.frame_size or None
        )
        for frame in (*frames(container, stream, seconds), None):
            for ready in resampler.resample(frame):
                out.mux(made.encode(ready))
        out.mux(made.encode(None))
    return index_first(file.getvalue()) if form.suffix == ".m4a" else file.getvalue()
