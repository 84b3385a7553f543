"""FFmpeg as a witness: what a file of sound or film is by its container, its brands and its tracks.

It opens only what a media type is known for, reads no other file, and says nothing about pictures: a HEIC
file is in the same container as a film.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from types import MappingProxyType

import av
from av.container import InputContainer

from mmscheck.media import playing
from mmscheck.media.containers import brand, brands
from mmscheck.media.mpeg_audio import is_mpeg_audio
from mmscheck.media.refusal import RefusedError, judging
from mmscheck.media.sample import Sample, ask
from mmscheck.model.observation import Witness

NAME = "ffmpeg"

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


def ffmpeg_says(sample: Sample) -> Witness:
    """What FFmpeg makes of a whole file, when it is sound or film."""
    return ask(NAME, _ffmpeg, sample)


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
