"""Plays sound and film from memory with FFmpeg, by PyAV: every packet decoded, the first fault reported.

The container is named by us, so that no playlist is taken for a film; a file that refers to another is
refused, and no decoder starts a thread.
"""

from __future__ import annotations

import io
import math
import resource
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar

import av
import av.error
import msgspec
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from mmscheck.media.mpeg_audio import sound_alone
from mmscheck.media.refusal import RefusedError, Verdicts, judging
from mmscheck.media.riff import wave_alone
from mmscheck.media.witnesses import MOST_PIXELS
from mmscheck.model.facts import WHOLE

av.logging.set_level(av.logging.PANIC)

S = TypeVar("S", bound=Stream)

DEMUXERS: Mapping[str, str] = MappingProxyType(
    {
        "audio/3gpp": "mov",
        "audio/3gpp2": "mov",
        "audio/aac": "aac",
        "audio/amr": "amr",
        "audio/amr-wb": "amr",
        "audio/flac": "flac",
        "audio/mp4": "mov",
        "audio/mpeg": "mp3",
        "audio/ogg": "ogg",
        "audio/wav": "wav",
        "audio/webm": "matroska",
        "audio/x-aiff": "aiff",
        "audio/x-caf": "caf",
        "audio/x-flac": "flac",
        "audio/x-matroska": "matroska",
        "audio/x-ms-wma": "asf",
        "audio/x-wav": "wav",
        "image/heic": "mov",
        "image/heif": "mov",
        "video/3gpp": "mov",
        "video/3gpp2": "mov",
        "video/mp2t": "mpegts",
        "video/mp4": "mov",
        "video/mpeg": "mpeg",
        "video/ogg": "ogg",
        "video/quicktime": "mov",
        "video/webm": "matroska",
        "video/x-flv": "flv",
        "video/x-matroska": "matroska",
        "video/x-ms-asf": "asf",
        "video/x-ms-wmv": "asf",
        "video/x-msvideo": "avi",
    }
)
"""FFmpeg's demuxer for each type; it tries no other."""

FIRST_LENIENT = 19
"""The first version of PyAV that takes whatever stands in a title."""

STRICT = MappingProxyType({"err_detect": "explode", "max_pixels": str(MOST_PIXELS)})
"""Decoder options: stop at the first fault instead of guessing on."""

STRICTER = MappingProxyType({**STRICT, "err_detect": "explode+bitstream+buffer"})
"""The same for what FFmpeg else guesses on with; in MPEG films these find what every player reads."""

GUESSED = frozenset({"wmv1", "wmv2"})
"""Codings whose decoders go on behind coefficients that cannot be, unless they are told not to."""

ALONE = MappingProxyType(
    {"protocol_whitelist": "", "enable_drefs": "0", "use_absolute_path": "0", "err_detect": "explode"}
)
"""Demuxer options: no other file, no network."""

FFMPEG = Verdicts(
    own={
        av.error.InvalidDataError: "FFmpeg finds data in it that is not valid",
        av.error.EOFError: "it ends before it is whole",
        av.error.ArgumentError: "FFmpeg finds values in it that are not valid",
        av.error.OverflowError: "FFmpeg finds values in it that are not valid",
        av.error.DecoderNotFoundError: "it is in a coding that FFmpeg does not decode",
        av.error.NotImplementedError: "it uses something that FFmpeg does not decode",
        av.error.PatchWelcomeError: "it uses something that FFmpeg does not decode",
        av.error.ExperimentalError: "it uses something that FFmpeg does not decode",
        av.error.InputChangedError: "it changes in the middle in a way that FFmpeg does not decode",
        av.error.PermissionError: "it refers to another file",
        av.error.ProtocolNotFoundError: "it refers to another file",
        av.error.ExternalError: "one of FFmpeg's decoders refuses it",
        av.error.UnknownError: "FFmpeg refuses it",
        # Numbers without a name are what the parsers of AAC and AC-3 say of a head that is none.
        av.error.UndefinedError: "FFmpeg finds data in it that is not valid",
    }
)
"""FFmpeg's errors about what it reads; the rest are about options, memory, the system, and its own faults."""

LENIENT: Mapping[str, Any] = MappingProxyType(
    {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < FIRST_LENIENT else {}
)
"""A title in another encoding is no fault; PyAV has to be told so before 19, and knows no such word since."""

AS_PLAYERS_DO: Mapping[str, Callable[[bytes], bytes]] = MappingProxyType(
    {"mp3": sound_alone, "wav": wave_alone}
)
"""For demuxers that stumble over what players skip: what leaves it out, or refuses the file itself."""

NOUNS: Mapping[str, str] = MappingProxyType({"audio": "sound", "video": "picture"})
"""What a track of each type holds, in words."""

TOO_SLOW = (
    "it is too slow to be judged here: when the time for one file was up, {seconds:.1f} s of it had been"
    " decoded; a smaller or shorter file would tell, and so may another try while the machine is less busy"
)
"""The extent of what was decoded when the time was up."""

PATIENCE = 0.7
"""The part of the time for a file that decoding may take: then there is some left to say how far it came."""


class Caps(msgspec.Struct, frozen=True, kw_only=True):
    """How far a file is decoded: seconds, and frames of video."""

    seconds: float = math.inf
    frames: float = math.inf


TO_THE_END = Caps()
"""No cap: what is short enough to be sent is bounded by time alone."""


class Played(msgspec.Struct, kw_only=True):
    """What one stream gave: packets, bytes, frames, samples; seconds where it began, ended, and is."""

    packets: int = 0
    size: int = 0
    frames: int = 0
    samples: int = 0
    start: float | None = None
    end: float | None = None
    now: float = 0.0


@contextmanager
def opened(data: bytes, demuxer: str) -> Iterator[InputContainer]:
    """The container in those bytes; RefusedError for what FFmpeg refuses then or later.

    What players skip, FFmpeg is not given.
    """
    data = AS_PLAYERS_DO.get(demuxer, bytes)(data)
    how: dict[str, Any] = {"mode": "r", "options": dict(ALONE), "io_open": refuse, **LENIENT}
    with judging(FFMPEG), _as_memory(), av.open(io.BytesIO(data), format=demuxer, **how) as container:
        yield container


@contextmanager
def _as_memory() -> Iterator[None]:
    try:
        yield
    except av.error.MemoryError as error:
        raise MemoryError from error


def refuse(*_wanted: Any, **_how: Any) -> NoReturn:
    """What FFmpeg gets for any other file it asks for."""
    raise RefusedError("it refers to another file")


def known(streams: Sequence[S]) -> list[S]:
    """Those streams, ready to be decoded; RefusedError when there is no decoder for one."""
    ready = list(streams)
    for stream in ready:
        if stream.codec_context is None:
            raise RefusedError(f"its {stream.type} is in no known coding")
        stream.codec_context.thread_count = 1
        stream.codec_context.options = dict(STRICTER if codec(stream) in GUESSED else STRICT)
    return ready


def pictures(container: InputContainer) -> list[VideoStream]:
    """The track with the moving pictures, alone in a list; none where there are but covers of a sound."""
    covers = Disposition.attached_pic | Disposition.timed_thumbnails
    return [stream for stream in container.streams.video if not stream.disposition & covers][:1]


def codec(stream: Stream) -> str:
    """The coding's name, without the name of one of its decoders."""
    name: str = stream.codec_context.codec.canonical_name
    return name


def play(
    container: InputContainer, streams: Sequence[Stream], caps: Caps = TO_THE_END, *, unneeded: str = ""
) -> tuple[dict[int, Played], str]:
    """What each stream gave by its index, and the extent; RefusedError at the first fault.

    Where the time for one file is nearly up it ends with what was decoded until then: the system would end
    the process, and with it what is known by then. With a reason why it is ``unneeded`` nothing is decoded.
    """
    played = {stream.index: Played() for stream in streams}
    if unneeded:
        return played, unneeded
    late = time_limit()
    for packet in _packets(container, streams, played):
        one = played[packet.stream.index]
        _count(packet, one)
        for frame in _frames(packet, one):
            one.frames += 1
            one.samples += getattr(frame, "samples", 0)
        seconds = (one.end or 0.0) - (one.start or 0.0)
        if seconds > caps.seconds:
            return played, f"the first {caps.seconds:g} s"
        if packet.stream.type == "video" and one.frames >= caps.frames:
            return played, f"the first {caps.frames:g} frames"
        if late():
            return played, TOO_SLOW.format(seconds=seconds)
    return played, WHOLE


def check_samples(streams: Sequence[Stream], played: Mapping[int, Played], lacks: int) -> None:
    """RefusedError where a file that lacks bytes at its end gave fewer samples than its index has."""
    if (
        lacks
        and any(one.packets for one in played.values())
        and any(played[stream.index].packets < stream.frames for stream in streams)
    ):
        raise RefusedError(f"it is cut short: mdat lacks {lacks} bytes")


def time_limit() -> Callable[[], bool]:
    """Asks whether most of the CPU time that is left to this process has gone by, of CPU or of the clock."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_CPU)
    if soft == resource.RLIM_INFINITY:
        return lambda: False
    used, now = time.process_time(), time.monotonic()
    patience = PATIENCE * (soft - used)
    return lambda: time.process_time() - used > patience or time.monotonic() - now > patience


def _packets(
    container: InputContainer, streams: Sequence[Stream], played: Mapping[int, Played]
) -> Iterator[Packet[Any]]:
    """The packets in the order of the file; RefusedError says after which second there is no going on."""
    try:
        with judging(FFMPEG):
            yield from container.demux(streams)
    except RefusedError as refused:
        reached = max((one.end for one in played.values() if one.end is not None), default=0.0)
        raise RefusedError(f"it cannot be read beyond second {reached:.1f}: {refused}") from refused


def _frames(packet: Packet[Any], one: Played) -> list[Any]:
    """What the packet decodes to; RefusedError says in which track and at which second it is broken."""
    where = f"its {NOUNS.get(packet.stream.type, packet.stream.type)} is damaged at second {one.now:.1f}"
    try:
        with judging(FFMPEG):
            frames = list(packet.decode())
    except RefusedError as refused:
        raise RefusedError(f"{where}: {refused}") from refused
    if packet.is_corrupt:
        raise RefusedError(f"{where}, or the file is cut short there")
    if any(getattr(frame, "is_corrupt", False) for frame in frames):
        raise RefusedError(where)
    return frames


def _count(packet: Packet[Any], one: Played) -> None:
    if not packet.size:
        return
    one.packets += 1
    one.size += packet.size
    if packet.pts is None or packet.time_base is None:
        return
    start = float(packet.pts * packet.time_base)
    end = start + float((packet.duration or 0) * packet.time_base)
    one.now = start
    one.start = start if one.start is None else min(one.start, start)
    one.end = end if one.end is None else max(one.end, end)
