"""Sounds, by PyAV."""

from __future__ import annotations

from av.audio.stream import AudioStream
from av.container import InputContainer

from mmscheck.media import playing
from mmscheck.media.containers import check_length, container_name, stated_mp3_frames
from mmscheck.media.refusal import RefusedError
from mmscheck.model.facts import WHOLE, AudioFacts

CAPS = playing.Caps(seconds=600.0, frames=0)
"""Ten minutes: no sound of a message is that long."""


def decode(data: bytes, type_: str) -> AudioFacts:
    """The facts of a sound; RefusedError for a broken one."""
    demuxer = playing.DEMUXERS[type_]
    check_length(data)
    with playing.opened(data, demuxer) as container:
        facts, packets = _hear(container, container_name(data, demuxer))
    stated = stated_mp3_frames(data) if demuxer == "mp3" else None
    if stated and facts.extent == WHOLE and packets < stated:
        raise RefusedError(f"it is cut short: it has {packets} of the {stated} frames it states")
    return facts


def _hear(container: InputContainer, name: str) -> tuple[AudioFacts, int]:
    streams = playing.known(tuple(container.streams.audio[:1]))  # cover pictures are no part of the sound
    if not streams:
        raise RefusedError("there is no sound in it")
    played, extent = playing.play(container, streams, CAPS)
    one = played[streams[0].index]
    if not one.frames:
        raise RefusedError("there is no sound in it")
    return sound_facts(streams[0], one, extent=extent, container=name), one.packets


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
        duration=round(seconds, 3) if seconds else None,
        bit_rate=measured,
        sample_rate=rate or None,
        channels=stream.codec_context.channels or None,
        extent=extent,
    )
