"""Pictures, by Pillow: every frame decoded to its end."""

from __future__ import annotations

import importlib
import io
import itertools
import struct
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from PIL import Image, UnidentifiedImageError

from mmscheck.media import heads, jpeg
from mmscheck.media.gif import has_end
from mmscheck.media.libraries import MOST_PIXELS
from mmscheck.media.refusal import RefusedError, Verdicts, judging, raised_in
from mmscheck.model.facts import ImageFacts

MOST_FRAMES = 500
"""More frames are not decoded: at ten a second they run for close to a minute."""

FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "image/jpeg": "JPEG",
        "image/png": "PNG",
        "image/apng": "PNG",
        "image/gif": "GIF",
        "image/webp": "WEBP",
        "image/avif": "AVIF",
        "image/bmp": "BMP",
        "image/tiff": "TIFF",
    }
)
"""Pillow's format for each type; it tries no other."""

PLUGINS: Mapping[str, str] = MappingProxyType(
    {"WEBP": "WebPImagePlugin", "AVIF": "AvifImagePlugin", "TIFF": "TiffImagePlugin"}
)
"""Formats that Pillow does not know from the start; naming one spares it loading all it has."""

TOO_LARGE = f"it has more than {MOST_PIXELS // 1_000_000} million pixels"

READERS = (
    *("PIL.ImageFile", "PIL._binary", "PIL.JpegImagePlugin", "PIL.MpoImagePlugin", "PIL.PngImagePlugin"),
    *("PIL.GifImagePlugin", "PIL.WebPImagePlugin", "PIL.AvifImagePlugin", "PIL.BmpImagePlugin"),
    "PIL.TiffImagePlugin",
)
"""Pillow's modules that read files."""

DAMAGES: Mapping[type[Exception], str] = MappingProxyType(
    {
        OSError: "its data are damaged or cut short",
        SyntaxError: "its structure is damaged: a part of it or a checksum is wrong",
        EOFError: "it is cut short",
        IndexError: "it is cut short",
        struct.error: "it is cut short",
        ValueError: "a value in it is wrong, or a part of it unpacks to too much",
        OverflowError: "a value in it is wrong, or a part of it unpacks to too much",
        RuntimeError: "its pixels cannot be decoded",  # AVIF
    }
)
"""The exceptions that those modules have for broken files; to the world Pillow promises only OSError."""

ORIENTATION = 0x0112
"""The EXIF tag of the orientation."""

UPRIGHT = 1
OPAQUE = 255


def decode(data: bytes, type_: str) -> ImageFacts:
    """The facts of a picture, ``transparent`` when a pixel of a frame as shown is not opaque.

    RefusedError for a broken one.
    """
    format_ = FORMATS[type_]
    heads.check(data, format_)
    if format_ == "JPEG":
        return _jpeg(data)
    with guarded(format_), Image.open(io.BytesIO(data), formats=(format_,)) as picture:
        facts = _facts(picture, format_)
        seen = _play(picture, facts)
        if format_ == "PNG":
            _verify(data)
    if format_ == "GIF" and not has_end(data):
        raise RefusedError(f"it is cut short: {seen.frames} frames and no end", _size(facts))
    return seen


def _jpeg(data: bytes) -> ImageFacts:
    """The facts of a JPEG; a second picture in the file (MPO) is a depth map or a preview."""
    picture = jpeg.essence(data)
    with guarded("JPEG"), Image.open(io.BytesIO(picture), formats=("JPEG",)) as opened:
        facts = _facts(opened, "JPEG")
    jpeg.check(picture)
    return facts


def verdicts(format_: str) -> Verdicts:
    """How Pillow refuses a picture of one of its formats."""
    return Verdicts(
        own={
            Image.DecompressionBombError: TOO_LARGE,
            Image.DecompressionBombWarning: TOO_LARGE,
            UnidentifiedImageError: f"it does not open as {format_}",
        },
        inside=DAMAGES,
        modules=READERS,
    )


@contextmanager
def guarded(format_: str) -> Iterator[None]:
    """Set Pillow's limits, and put in our words how it refuses a file."""
    _set_up(format_)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with judging(verdicts(format_)):
            yield


def _set_up(format_: str) -> None:
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    if format_ in PLUGINS:
        plugin = importlib.import_module(f"PIL.{PLUGINS[format_]}")
        if format_ == "AVIF":
            plugin.DEFAULT_MAX_THREADS = 1  # type: ignore[attr-defined] # a worker may start no thread


def _facts(picture: Image.Image, format_: str) -> ImageFacts:
    """What the header says."""
    return ImageFacts(
        format=format_,
        width=picture.width,
        height=picture.height,
        mode=picture.mode,
        orientation=_orientation(picture),
        progressive=bool(picture.info.get("progressive")),
    )


def _orientation(picture: Image.Image) -> int:
    try:
        value = picture.getexif().get(ORIENTATION, UPRIGHT)
    except Exception as error:
        if not raised_in(error).startswith("PIL."):
            raise
        return UPRIGHT  # who cannot read the EXIF data shows the picture as it is
    return value if isinstance(value, int) else UPRIGHT


def _play(picture: Image.Image, facts: ImageFacts) -> ImageFacts:
    """The facts after all frames have been decoded."""
    milliseconds, transparent, frames = 0.0, False, 0
    for number in itertools.count():
        if not _go_to(picture, number):
            break
        if number == MOST_FRAMES:
            raise RefusedError(f"it has more than {MOST_FRAMES} frames", _size(facts))
        picture.load()
        milliseconds += float(picture.info.get("duration") or 0)
        transparent = transparent or see_through(picture)
        frames += 1
    seconds = milliseconds / 1000 if frames > 1 and milliseconds else None
    changes: dict[str, Any] = {
        "frames": frames,
        "duration": round(seconds, 3) if seconds else None,
        "frame_rate": round(frames / seconds, 3) if seconds else None,
        "transparent": transparent,
        "orientation": _orientation(picture),  # PNG may keep it behind the pixels
    }
    return type(facts)(**{**{name: getattr(facts, name) for name in facts.__struct_fields__}, **changes})


def _size(facts: ImageFacts) -> dict[str, Any]:
    return {"width": facts.width, "height": facts.height}


def _go_to(picture: Image.Image, number: int) -> bool:
    """Whether there is a frame of that number; it is then the picture's current one."""
    try:
        picture.seek(number)
    except EOFError:
        return False
    return True


def see_through(picture: Image.Image) -> bool:
    """Whether a pixel of a decoded frame is less than opaque."""
    if "A" in picture.getbands():
        return bool(picture.getchannel("A").getextrema()[0] < OPAQUE)  # type: ignore[operator] # one band, one pair
    key = picture.info.get("transparency")
    if key is None:
        return False
    if picture.mode == "P":
        alphas = key if isinstance(key, bytes) else bytes([OPAQUE]) * key + b"\0"
        return any(
            count and alpha < OPAQUE for count, alpha in zip(picture.histogram(), alphas, strict=False)
        )
    if picture.mode not in {"1", "L", "RGB"}:
        return True  # nothing says that the colour named is not used
    return see_through(picture.convert("RGBA"))


def _verify(data: bytes) -> None:
    """Refuse a PNG whose chunks disagree with their checksums, or which has no end."""
    with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
        picture.verify()
