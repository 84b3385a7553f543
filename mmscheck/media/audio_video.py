"""Audio, video and HEIC images, by PyAV: their facts, and FFmpeg as a witness of what a file is.

As a witness it opens only what a media type is known for, reads no other file, and says nothing about images:
a HEIC file is in the same container as a video. A file without moving pictures of a type for video has the
facts of audio.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Mapping
from types import MappingProxyType

import av
import msgspec
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from mmscheck.media import playing, riff
from mmscheck.media.containers import brand, brands, check_length, container_name
from mmscheck.media.mpeg_audio import is_mpeg_audio
from mmscheck.media.refusal import RefusedError, judging
from mmscheck.media.sample import Sample, ask
from mmscheck.model.facts import EVERYTHING, WHOLE, AudioFacts, ImageFacts, Usable, VideoFacts
from mmscheck.model.observation import Witness

FFMPEG = "ffmpeg"
TYPES: Mapping[str, tuple[str | None, str | None]] = MappingProxyType(
    {
        "aac": ("audio/aac", None),
        "aiff": ("audio/x-aiff", None),
        "amr": ("audio/amr", None),
        "asf": ("audio/x-ms-wma", "video/x-ms-asf"),
        "avi": ("video/x-msvideo", "video/x-msvideo"),
        "caf": ("audio/x-caf", None),
        "flac": ("audio/flac", None),
        "flv": ("video/x-flv", "video/x-flv"),
        "mp3": ("audio/mpeg", None),
        "mpeg": ("video/mpeg", "video/mpeg"),
        "mpegts": ("video/mp2t", "video/mp2t"),
        "mpegvideo": (None, "video/mpeg"),
        "ogg": ("audio/ogg", "video/ogg"),
        "wav": ("audio/x-wav", None),
    }
)
"""For each of FFmpeg's demuxers the type of a file with sound alone, and of one with moving pictures."""

ISO, MATROSKA = "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"
"""Demuxers for files of several types."""

DOCTYPE_WITHIN = 64
"""Bytes at the start of a Matroska file within which it says whether it is WebM."""

STILL = frozenset(
    {"mif1", "msf1", "heic", "heix", "heim", "heis", "hevc", "hevx", "avif", "avis", "jp2", "jpx"}
)
"""Brands of pictures (ISO/IEC 23008-12, the AVIF specification, and JPEG 2000)."""

PLAIN = ("iso", "mp4", "avc", "M4", "f4v", "F4V", "dash", "mmp4", "MSNV", "cmf")
"""How the brands of MP4 begin (the registry of MP4RA, and what cameras and phones write)."""

CAPS = playing.Caps(seconds=60.0, frames=500)
"""As for other pictures; a picture of tiles has a frame for each."""

_EXTENT = re.compile(rb"\x00\x00\x00\x14ispe\x00{4}(.{8})", re.DOTALL)
"""The box of a picture's or a tile's dimensions (ISO/IEC 23008-12, 6.5.3)."""


def ffmpeg_says(sample: Sample) -> Witness:
    """What FFmpeg makes of a whole file, when it is sound or film."""
    return ask(FFMPEG, _ffmpeg, sample)


def _ffmpeg(sample: Sample) -> tuple[str | None, str]:
    options = dict(playing.ALONE) | {"format_whitelist": ",".join((*TYPES, ISO, MATROSKA))}
    try:
        with (
            judging(playing.FFMPEG),
            av.open(
                io.BytesIO(sample.data), "r", options=options, io_open=playing.refuse, **playing.LENIENT
            ) as container,
        ):
            film, sound = bool(playing.pictures(container)), bool(container.streams.audio)
            return _by_tracks(container, sample.data, film=film, sound=sound)
    except RefusedError:
        if brand(sample.data) is None:
            raise
        film = not str(brand(sample.data)).startswith("M4A")
        return iso_type(sample.data, film=film), "could not open it, and went by its brands"


def _by_tracks(container: InputContainer, data: bytes, *, film: bool, sound: bool) -> tuple[str | None, str]:
    name = container.format.name
    if not film and not sound:
        return None, "found neither sound nor film in it"
    detail = f"opened as {name.partition(',')[0]}, with {'moving pictures' if film else 'sound alone'}"
    if name == ISO:
        return iso_type(data, film=film), detail
    if name == MATROSKA:
        subtype = "webm" if b"webm" in data[:DOCTYPE_WITHIN] else "x-matroska"
        return f"{'video' if film else 'audio'}/{subtype}", detail
    if name == "mp3" and not is_mpeg_audio(data):
        return None, "hardly any MPEG audio frames in a row"
    return TYPES[name][film], detail


def iso_type(data: bytes, *, film: bool) -> str | None:
    """The type of an ISO base media file by its brands; None for pictures."""
    named = brands(data)
    if not named:  # made before there were brands; only QuickTime calls its handlers by this name
        return "video/quicktime" if b"mhlr" in data else f"{'video' if film else 'audio'}/mp4"
    for name in (named[0], *sorted(named[1:], key=lambda name: not name.startswith(PLAIN))):
        if name == "qt":
            return "video/quicktime"
        if name.startswith(("3g2", "3gp", "3gr", "3gs", "3ge")):
            return f"{'video' if film else 'audio'}/{'3gpp2' if name.startswith('3g2') else '3gpp'}"
        if name.startswith(PLAIN):
            break
        if name in STILL:
            return None
    return f"{'video' if film else 'audio'}/mp4"


def decode_heif(data: bytes, type_: str) -> ImageFacts:
    """The facts of a picture whose parts all decode; RefusedError for a broken one.

    ``transparent`` and ``orientation`` are not looked for.
    """
    with playing.opened(data, playing.DEMUXERS[type_]) as container:
        streams = playing.known(tuple(container.streams.video))
        if not streams:
            raise RefusedError("there is no picture in it")
        played, extent = playing.play(container, streams, CAPS)
        if not all(one.frames for one in played.values()):
            raise RefusedError("a part of the picture is missing")
        first = streams[0].codec_context
        sizes = [struct.unpack(">II", found) for found in _EXTENT.findall(data)]
        width, height = max(sizes, key=lambda size: size[0] * size[1], default=(first.width, first.height))
        format_ = (
            "HEIC"
            if (brand(data) or "").startswith(("hei", "hev")) or playing.codec(streams[0]) == "hevc"
            else "HEIF"
        )
        return ImageFacts(format=format_, width=width, height=height, mode="RGB", extent=extent)


def decode_audio(data: bytes, type_: str, usable: Usable = EVERYTHING) -> AudioFacts:
    """The facts of a sound; RefusedError for a broken one."""
    demuxer = playing.DEMUXERS[type_]
    lacks = check_length(data)
    with playing.opened(data, demuxer) as container:
        facts = _play_audio(
            container, container_name(data, demuxer), lacks, usable.unneeded(type_, len(data))
        )
    return msgspec.structs.replace(facts, flaws=riff.flaws(data))


def _play_audio(container: InputContainer, name: str, lacks: int, unneeded: str) -> AudioFacts:
    streams = playing.known(tuple(container.streams.audio[:1]))  # cover pictures are no part of the sound
    if not streams:
        raise RefusedError("there is no sound in it")
    played, extent = playing.play(container, streams, unneeded=unneeded)
    playing.check_samples(streams, played, 0 if unneeded else lacks)
    one = played[streams[0].index]
    if extent == WHOLE and not one.frames:
        raise RefusedError("there is no sound in it")
    return audio_facts(streams[0], one, extent=extent, container=name)


def audio_facts(stream: AudioStream, one: playing.Played, *, extent: str, container: str) -> AudioFacts:
    """The facts of the one stream, its duration and bit rate as decoded where that is all of it."""
    rate = stream.codec_context.sample_rate
    seconds = one.samples / rate if rate else 0.0
    measured = round(one.size * 8 / seconds) if seconds else None
    if extent != WHOLE and stream.duration and stream.time_base:
        seconds = max(seconds, float(stream.duration * stream.time_base))
    return AudioFacts(
        container=container,
        codec=playing.codec(stream),
        profile=stream.codec_context.profile,
        duration=round(seconds, 3) if seconds else None,
        bit_rate=measured,
        sample_rate=rate or None,
        channels=stream.codec_context.channels or None,
        extent=extent,
    )


def decode_video(data: bytes, type_: str, usable: Usable = EVERYTHING) -> VideoFacts | AudioFacts:
    """The facts of a film; RefusedError for a broken one."""
    name = demuxer(data, type_)
    lacks = check_length(data)
    with playing.opened(data, name) as container:
        file = _VideoFile(data, container_name(data, name), lacks, usable, usable.unneeded(type_, len(data)))
        return _play_video(container, file)


def demuxer(data: bytes, type_: str) -> str:
    """FFmpeg's demuxer for these bytes of that type."""
    return "mpegvideo" if data.startswith(b"\x00\x00\x01\xb3") else playing.DEMUXERS[type_]


class _VideoFile(msgspec.Struct, frozen=True):
    """A film: its bytes, its container's name, the bytes it lacks, and why it may need no decoding."""

    data: bytes
    name: str
    lacks: int
    usable: Usable
    unneeded: str


def _play_video(container: InputContainer, file: _VideoFile) -> VideoFacts | AudioFacts:
    films = playing.known(playing.pictures(container))
    sounds = playing.known(tuple(container.streams.audio))
    streams = [*films, *sounds]
    if not streams:
        raise RefusedError("there is neither film nor sound in it")
    unneeded = file.unneeded or (file.usable.unplayed(playing.codec(films[0])) if films else "")
    played, extent = playing.play(container, streams, unneeded=unneeded)
    playing.check_samples(streams, played, 0 if unneeded else file.lacks)
    if extent == WHOLE and not played[streams[0].index].frames:
        raise RefusedError(f"there is no {streams[0].type} in it")
    if not films:
        return audio_facts(sounds[0], played[sounds[0].index], extent=extent, container=file.name)
    film = films[0]
    return VideoFacts(
        container=file.name,
        codec=playing.codec(film),
        width=film.codec_context.width,
        height=film.codec_context.height,
        brand=brand(file.data),
        frame_rate=_frame_rate(film),
        duration=_duration(container, played, extent),
        audio_codec=playing.codec(sounds[0]) if sounds else None,
        profile=film.codec_context.profile,
        pixel_format=film.codec_context.pix_fmt,
        audio_profile=sounds[0].codec_context.profile if sounds else None,
        extent=extent,
    )


def _frame_rate(film: VideoStream) -> float | None:
    rate = film.average_rate or film.guessed_rate
    return round(float(rate), 3) if rate else None


def _duration(container: InputContainer, played: dict[int, playing.Played], extent: str) -> float | None:
    """Seconds from the first moment decoded to the last; what the file states where there is more."""
    starts = [one.start for one in played.values() if one.start is not None]
    ends = [one.end for one in played.values() if one.end is not None]
    seconds = max(ends) - min(starts) if starts and ends else 0.0
    if (extent != WHOLE or not seconds) and container.duration:
        seconds = max(seconds, container.duration / 1_000_000)  # AV_TIME_BASE
    return round(seconds, 3) if seconds else None
