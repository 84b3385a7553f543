"""Sounds, by PyAV."""

from __future__ import annotations

import msgspec
from av.audio.stream import AudioStream
from av.container import InputContainer

from mmscheck.media import playing, riff
from mmscheck.media.containers import check_length, container_name
from mmscheck.media.refusal import RefusedError
from mmscheck.model.facts import EVERYTHING, WHOLE, AudioFacts, Usable


def decode(data: bytes, type_: str, usable: Usable = EVERYTHING) -> AudioFacts:
    """The facts of a sound; RefusedError for a broken one."""
    demuxer = playing.DEMUXERS[type_]
    lacks = check_length(data)
    with playing.opened(data, demuxer) as container:
        heard = _hear(container, container_name(data, demuxer), lacks, usable.unneeded(type_, len(data)))
    return msgspec.structs.replace(heard, flaws=riff.flaws(data))


def _hear(container: InputContainer, name: str, lacks: int, unneeded: str) -> AudioFacts:
    streams = playing.known(tuple(container.streams.audio[:1]))  # cover pictures are no part of the sound
    if not streams:
        raise RefusedError("there is no sound in it")
    played, extent = playing.play(container, streams, unneeded=unneeded)
    playing.check_samples(streams, played, 0 if unneeded else lacks)
    one = played[streams[0].index]
    if extent == WHOLE and not one.frames:
        raise RefusedError("there is no sound in it")
    return sound_facts(streams[0], one, extent=extent, container=name)


def sound_facts(stream: AudioStream, one: playing.Played, *, extent: str, container: str) -> AudioFacts:
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
