"""Films, by PyAV; a file without pictures of a type for films has the facts of a sound."""

from __future__ import annotations

import msgspec
from av.container import InputContainer
from av.video.stream import VideoStream

from mmscheck.media import playing
from mmscheck.media.containers import brand, check_length, container_name
from mmscheck.media.refusal import RefusedError
from mmscheck.media.sounds import sound_facts
from mmscheck.model.facts import EVERYTHING, WHOLE, AudioFacts, Usable, VideoFacts


def decode(data: bytes, type_: str, usable: Usable = EVERYTHING) -> VideoFacts | AudioFacts:
    """The facts of a film; RefusedError for a broken one."""
    name = demuxer(data, type_)
    lacks = check_length(data)
    with playing.opened(data, name) as container:
        watched = _Watched(data, container_name(data, name), lacks, usable, usable.unneeded(type_, len(data)))
        return _watch(container, watched)


def demuxer(data: bytes, type_: str) -> str:
    """FFmpeg's demuxer for these bytes of that type."""
    return "mpegvideo" if data.startswith(b"\x00\x00\x01\xb3") else playing.DEMUXERS[type_]


class _Watched(msgspec.Struct, frozen=True):
    """A film: its bytes, its container's name, the bytes it lacks, and why it may need no decoding."""

    data: bytes
    name: str
    lacks: int
    usable: Usable
    unneeded: str


def _watch(container: InputContainer, file: _Watched) -> VideoFacts | AudioFacts:
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
        return sound_facts(sounds[0], played[sounds[0].index], extent=extent, container=file.name)
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
