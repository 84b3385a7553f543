"""HEIC pictures, by PyAV, as Pillow does not read them."""

from __future__ import annotations

import re
import struct

from mmscheck.media import playing
from mmscheck.media.containers import brand
from mmscheck.media.refusal import RefusedError
from mmscheck.model.facts import ImageFacts

CAPS = playing.Caps(seconds=60.0, frames=500)
"""As for other pictures; a picture of tiles has a frame for each."""

_EXTENT = re.compile(rb"\x00\x00\x00\x14ispe\x00{4}(.{8})", re.DOTALL)
"""The box of a picture's or a tile's dimensions (ISO/IEC 23008-12, 6.5.3)."""


def decode(data: bytes, type_: str) -> ImageFacts:
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
