"""The first frame of a film, and HEIC pictures, small and upright."""

from __future__ import annotations

import re
from typing import Any

from av.container import InputContainer
from av.video.frame import VideoFrame
from PIL import Image

from mmscheck.media import playing
from mmscheck.media.films import demuxer
from mmscheck.media.previews_pictures import BOX, fitted, likeness
from mmscheck.model.facts import ImageFacts, Preview, VideoFacts

TURNS = (None, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
"""Quarters of a turn, anticlockwise."""

MOST_PACKETS = 300
"""Packets without a whole frame after which none is expected."""

_ROTATION = re.compile(rb"\x00\x00\x00\x09irot([\x00-\x03])")
"""The box that turns a HEIC picture, quarters anticlockwise (ISO/IEC 23008-12, 6.5.10)."""


def draw(data: bytes, type_: str, facts: VideoFacts) -> Preview | None:
    """The first frame as it is shown, and the length."""
    with playing.opened(data, demuxer(data, type_)) as container:
        frame = _first(container)
        if frame is None:
            return None
        ratio = float(container.streams.video[0].sample_aspect_ratio or 1)
        found = likeness(_upright(frame, round(frame.rotation / 90), ratio))
    return Preview(
        image=found.image,
        image_type=found.image_type,
        width=found.width,
        height=found.height,
        seconds=facts.duration,
    )


def still(data: bytes, type_: str, facts: ImageFacts) -> Preview | None:
    """A HEIC picture; None for one made of tiles, which are not put together here."""
    with playing.opened(data, playing.DEMUXERS[type_]) as container:
        frame = _first(container)
        if frame is None or (frame.width, frame.height) != (facts.width, facts.height):
            return None
        turns = {int(found[0]) for found in _ROTATION.findall(data)}
        return likeness(_upright(frame, turns.pop() if len(turns) == 1 else 0, 1.0))


def _first(container: InputContainer) -> VideoFrame | None:
    streams = playing.known(tuple(container.streams.video[:1]))
    for number, packet in enumerate(container.demux(streams)):
        for frame in packet.decode():
            if isinstance(frame, VideoFrame):
                return frame
        if number == MOST_PACKETS:
            break
    return None


def _upright(frame: VideoFrame, quarters: int, ratio: float) -> Image.Image:
    """The frame small, its pixels made square (``ratio`` is their width by their height) and turned."""
    box = BOX[::-1] if quarters % 2 else BOX
    width, height = fitted(frame.width * ratio, frame.height, box)
    shown: Any = frame  # PyAV leaves the method untyped
    # A worker may start no thread, and FFmpeg would for a large frame.
    picture: Image.Image = shown.to_image(width=width, height=height, interpolation="AREA", threads=1)
    turn = TURNS[quarters % 4]
    return picture if turn is None else picture.transpose(turn)
