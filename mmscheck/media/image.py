"""Images, by Pillow: how they have to begin, and every frame decoded to its end."""

from __future__ import annotations

import importlib
import io
import itertools
import struct
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace
from PIL import Image, ImageFile, UnidentifiedImageError

from mmscheck.media import gif, jpeg, png
from mmscheck.media.refusal import RefusedError, Verdicts, judging, raised_in
from mmscheck.media.witnesses import MOST_PIXELS
from mmscheck.model.facts import ImageFacts

STARTS: Mapping[str, tuple[bytes, ...]] = MappingProxyType(
    {
        "JPEG": (b"\xff\xd8\xff",),
        "PNG": (b"\x89PNG\r\n\x1a\n",),
        "GIF": (b"GIF89a", b"GIF87a"),
    }
)
"""The first bytes (ITU-T T.81, B.1.1; W3C PNG, 5.2; GIF89a, 17)."""

BINARY = "send it again in binary mode"
CAUSES: Mapping[str, str] = MappingProxyType(
    {
        "89504e470a": f"a transfer as text has changed its line ends: {BINARY}",
        "89504e470d0d": f"a transfer as text has changed its line ends: {BINARY}",
        "89504e470d1a": f"a transfer as text has changed its line ends: {BINARY}",
        "09504e47": f"a transfer of 7 bits has changed it: {BINARY}",
        "7f587f": f"a transfer of 7 bits has changed it: {BINARY}",
        "efbfbd": "it was read as text and written again, and bytes got lost: upload the original",
        "3f504e47": "it was read as text and written again, and bytes got lost: upload the original",
        "3f3f3f": "it was read as text and written again, and bytes got lost: upload the original",
        "c3bfc398": "its bytes were taken for letters and written as UTF-8: upload the original",
        "c289504e47": "its bytes were taken for letters and written as UTF-8: upload the original",
        "00000000": "it begins with zeros, as after an upload that never finished: upload it again",
    }
)
"""What the first bytes (hexadecimal) of a file that was one of these tell of it."""

BYTES_SHOWN = 4
"""Bytes that are told where nothing is known of them."""

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

OPEN = "its end (the trailer) is missing, and with it maybe its last frames"
BROKEN = "its animation is broken, and only a still picture is shown"
"""Flaws of a GIF and of an animated PNG that shows nevertheless."""

UPRIGHT = 1
OPAQUE = 255


def check_start(data: bytes, format_: str) -> None:
    """Refuse a file that does not begin as those of its format do."""
    starts = STARTS.get(format_, (b"",))
    if data.startswith(starts):
        return
    why = next((words for start, words in CAUSES.items() if data.startswith(bytes.fromhex(start))), None)
    begins = data[:BYTES_SHOWN].hex(" ").upper()
    expected = starts[0].hex(" ").upper()
    raise RefusedError(f"it is no {format_}: {why or f'it begins with {begins} and not with {expected}'}")


def decode(data: bytes, type_: str) -> ImageFacts:
    """The facts of a picture, ``transparent`` when a pixel of a frame as shown is not opaque.

    RefusedError for a broken one.
    """
    format_ = FORMATS[type_]
    check_start(data, format_)
    return READ.get(format_, _other)(data, format_)


def _jpeg(data: bytes, format_: str) -> ImageFacts:
    """The facts of a JPEG; a second picture in the file (MPO) is a depth map or a preview."""
    picture = jpeg.essence(data)
    with _opened(picture, format_) as opened:
        facts = _facts(opened, format_)
        orientation = _orientation(opened)
    jpeg.check(picture)
    return replace(facts, orientation=orientation)


def _png(data: bytes, format_: str) -> ImageFacts:
    """The facts of a PNG; where its animation is broken, those of the picture that is shown instead."""
    found = png.parts(data)
    with _opened(found.file(moving=False), format_) as picture:
        facts = _facts(picture, format_)
        png.check_pixels(found)
        facts = replace(_play(picture, facts), flaws=found.flaws)
    return _moving(found, facts) if found.frames else facts


def _moving(found: png.PngParts, still: ImageFacts) -> ImageFacts:
    """The facts of an animated PNG, by those of its still picture."""
    try:
        with _opened(found.file(moving=True), still.format) as picture:
            seen = _play(picture, still)
    except RefusedError:
        seen = still
    if seen.frames >= found.frames:
        return seen
    return replace(still, flaws=(*still.flaws, BROKEN))


def _gif(data: bytes, format_: str) -> ImageFacts:
    seen, end = _other(data, format_), gif.ending(data)
    if end is gif.Ending.CUT:
        many = "" if seen.frames == 1 else "s"
        raise RefusedError(f"it is cut short: {seen.frames} frame{many} and no end", _size(seen))
    return seen if end is gif.Ending.TRAILER else replace(seen, flaws=(OPEN,))


def _other(data: bytes, format_: str) -> ImageFacts:
    with _opened(data, format_) as picture:
        return _play(picture, _facts(picture, format_))


@contextmanager
def first(data: bytes, format_: str) -> Iterator[ImageFile.ImageFile]:
    """The first picture of a file that was decoded before, with its colours, and opened but not loaded."""
    shown = {"JPEG": jpeg.essence, "PNG": png.essence}.get(format_, bytes)
    with _opened(shown(data), format_) as picture:
        yield picture


@contextmanager
def _opened(data: bytes, format_: str) -> Iterator[ImageFile.ImageFile]:
    with guarded(format_), Image.open(io.BytesIO(data), formats=(format_,)) as picture:
        yield picture


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


def _play(picture: ImageFile.ImageFile, facts: ImageFacts) -> ImageFacts:
    """The facts after all frames have been decoded."""
    milliseconds, transparent, frames = 0.0, False, 0
    for number in itertools.count():
        if not _go_to(picture, number):
            break
        if facts.format == "PNG":
            picture.decoderconfig = ()  # Pillow 13 adds one for interlacing with every frame
        picture.load()
        milliseconds += float(picture.info.get("duration") or 0)
        transparent = transparent or see_through(picture)
        frames += 1
    seconds = milliseconds / 1000 if frames > 1 and milliseconds else None
    return replace(
        facts,
        frames=frames,
        duration=round(seconds, 3) if seconds else None,
        frame_rate=round(frames / seconds, 3) if seconds else None,
        transparent=transparent,
        # Asking for it loads a picture, and loading again one that did not decode does nothing.
        orientation=_orientation(picture),
    )


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


READ: Mapping[str, Callable[[bytes, str], ImageFacts]] = MappingProxyType(
    {"JPEG": _jpeg, "PNG": _png, "GIF": _gif}
)
"""How the facts of a format are read where Pillow alone is no judge."""
