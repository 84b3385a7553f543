"""Films and sounds as phones, editors and recorders write them, made on the spot."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from tests.fix.made import photo

SIDEWAYS = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
"""The matrix of a phone held upright: a quarter turn clockwise to be shown (ISO/IEC 14496-12, 6.2.2)."""

STRAIGHT = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def film(
    muxer: str = "mp4",
    codec: str = "libx264",
    *,
    form: str = "yuv420p",
    size: tuple[int, int] = (320, 240),
    seconds: float = 2,
    rate: int = 15,
    sound: str | None = "aac",
    sounds: int = 1,
    late: float = 0,
    wide: Fraction | None = None,
    **options: str,
) -> bytes:
    """A film of a picture that moves across, with a tone.

    ``sounds`` tracks of it, ``late`` seconds behind; ``wide`` is how wide its pixels are for their height.
    """
    file = io.BytesIO()
    maker: Any = VideoFrame
    whole = photo((size[0] * 2, size[1] * 2))
    with av.open(file, "w", format=muxer) as out:
        video: Any = out.add_stream(codec, rate=rate, options=options)
        assert isinstance(video, VideoStream)
        video.width, video.height = size
        video.pix_fmt = form
        video.codec_context.time_base = Fraction(1, rate)
        if wide is not None:
            video.codec_context.sample_aspect_ratio = wide
        tracks = [_audio(out, sound) for _ in range(sounds)] if sound else []
        for at in range(int(seconds * rate)):
            box = (at % size[0], at % size[1], at % size[0] + size[0], at % size[1] + size[1])
            frame = maker.from_image(whole.crop(box))
            frame.pts = at
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for audio in tracks:
            _fill(out, audio, seconds, late)
    return file.getvalue()


def tone(muxer: str = "wav", codec: str = "pcm_s16le", seconds: float = 2, rate: int = 44_100) -> bytes:
    """A sound."""
    file = io.BytesIO()
    with av.open(file, "w", format=muxer) as out:
        _fill(out, _audio(out, codec, rate), seconds)
    return file.getvalue()


def turned(data: bytes) -> bytes:
    """The film with the matrix of a phone that was held upright."""
    assert STRAIGHT in data
    at = data.rindex(b"trak")
    first = data.index(STRAIGHT, data.index(b"tkhd"))
    assert first < at or data.count(STRAIGHT) > 1
    return data[:first] + SIDEWAYS + data[first + len(SIDEWAYS) :]


def _audio(out: Any, codec: str, rate: int = 44_100) -> AudioStream:
    made: Any = out.add_stream(codec, rate=rate)
    made.codec_context.layout = "mono"
    return made  # type: ignore[no-any-return]


def _fill(out: Any, stream: AudioStream, seconds: float, late: float = 0) -> None:
    context = stream.codec_context
    resampler = av.AudioResampler(
        context.format, "mono", context.sample_rate, frame_size=context.frame_size or None
    )
    count = int(seconds * context.sample_rate)
    wave = b"".join(struct.pack("<h", (n * 500) % 20_000 - 10_000) for n in range(count))
    frame = AudioFrame(format="s16", layout="mono", samples=count)
    frame.planes[0].update(wave.ljust(frame.planes[0].buffer_size, b"\0"))
    frame.sample_rate = context.sample_rate
    frame.time_base = Fraction(1, context.sample_rate)
    frame.pts = int(late * context.sample_rate)
    for ready in (*resampler.resample(frame), *resampler.resample(None)):
        out.mux(stream.encode(ready))
    out.mux(stream.encode(None))


def looked_at(data: bytes) -> dict[str, Any]:
    """What a decoder finds in a film, to its end."""
    container: Any
    with av.open(io.BytesIO(data)) as container:
        video = container.streams.video[0]
        audio = next(iter(container.streams.audio), None)
        frames = [frame for frame in container.decode(video) if isinstance(frame, VideoFrame)]
        context = video.codec_context
        return {
            "codec": context.name,
            "profile": context.profile,
            "form": context.pix_fmt,
            "size": (frames[0].width, frames[0].height),
            "rotation": frames[0].rotation,
            "frames": len(frames),
            "seconds": float(frames[-1].time - frames[0].time),
            "sound": None if audio is None else audio.codec_context.name,
            "picture": _picture(frames[0]),
        }


def _picture(frame: Any) -> Image.Image:
    return frame.to_image()  # type: ignore[no-any-return]


__all__ = ["Image", "film", "looked_at", "tone", "turned"]
