"""Pictures: decoded, made plain, fitted, and written as the JPEG or PNG that is nearest within the bytes."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

import msgspec
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,  # noqa: F401 - naming each format spares Pillow loading all it has
    GifImagePlugin,  # noqa: F401 - see above
    Image,
    JpegImagePlugin,
    MpoImagePlugin,  # noqa: F401 - see above
    PngImagePlugin,  # noqa: F401 - see above
    TiffImagePlugin,  # noqa: F401 - see above
    WebPImagePlugin,  # noqa: F401 - see above
)

from mmscheck.fix.bmp import masked
from mmscheck.fix.colours import ORIENTATION, plain
from mmscheck.fix.fitting import fitted, room
from mmscheck.fix.light import STEEP, darkened
from mmscheck.fix.nearest import WITHOUT_LOSS, Own, encoded
from mmscheck.fix.values import Answer, Job, Mended, Unmended, too_large
from mmscheck.media import jpeg as jpeg_files
from mmscheck.media import png
from mmscheck.media.image import TOO_LARGE, verdicts
from mmscheck.media.refusal import RefusedError, judging, raised_in
from mmscheck.media.witnesses import MOST_PIXELS, PICTURES

DATA: Mapping[bytes, str] = MappingProxyType(
    {
        b"Exif\0\0": "EXIF (place, camera)",
        b"eXIf": "EXIF (place, camera)",
        b"http://ns.adobe.com/xap/": "XMP",
        b"Photoshop 3.0\0": "IPTC (captions, rights)",
    }
)
"""How metadata begin that pictures have."""

MORE: Mapping[bytes, str] = MappingProxyType(
    {
        b":MotionPhoto": "the short film of a motion photo",
        b":MicroVideo": "the short film of a motion photo",
        b":hdrgm": "the gain map of an HDR picture",
        b"MPF\0": "the other pictures in it",
    }
)
"""What phones put into a JPEG beside the picture (Google's Motion Photo and Ultra HDR 1.0, CIPA DC-007)."""

MOST_REDUCED = 256_000_000
"""Pixels of a JPEG that libjpeg may decode at a half or less: phones take 200 million."""

SIDEWAYS = frozenset({5, 6, 7, 8})
"""Orientations of a quarter turn (CIPA DC-008)."""


@contextmanager
def opened(data: bytes, most: int = MOST_PIXELS) -> Iterator[Image.Image]:
    """The picture in the bytes; RefusedError when Pillow refuses it, or it has more than ``most`` pixels."""
    Image.MAX_IMAGE_PIXELS = most
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # a confined process may start no thread
    with warnings.catch_warnings(), _refusing(), judging(verdicts("a picture")):
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(data), formats=PICTURES) as picture:
            yield picture


@contextmanager
def _refusing() -> Iterator[None]:
    """Whatever Pillow's own modules raise over a file is its refusal: nothing is made of it then."""
    try:
        yield
    except (RefusedError, MemoryError):
        raise
    except Exception as error:
        if not raised_in(error).startswith("PIL."):
            raise
        raise RefusedError("a value in it is wrong") from error


def mend(job: Job) -> Answer:
    """The picture of a job as JPEG or PNG, or an animation as GIF."""
    if job.type.startswith("image/hei"):
        from mmscheck.fix.heif import picture as decoded  # noqa: PLC0415 - PyAV is heavy, and for these alone

        return still(job, *decoded(job.data))
    if job.type == "image/jpeg" and "image-decodes" in job.findings and not _is_arithmetic(job.data):
        # libjpeg only warns of damage, and grey stripes would pass; what was too large to be judged is sound.
        jpeg_files.check(jpeg_files.essence(job.data))
    if job.type == "image/bmp" and (found := masked(job.data)) is not None:
        return still(job, *plain(found, job.wishes.background))
    try:
        return _decoded(job)
    except RefusedError:
        if not (job.type in {"image/png", "image/apng"} and "image-whole" in job.findings):
            raise
    # Its animation is broken, and every viewer shows the still picture.
    answer = _decoded(msgspec.structs.replace(job, data=png.essence(job.data)))
    if isinstance(answer, Mended):
        told = "its still picture alone, as its animation is broken"
        return msgspec.structs.replace(answer, done=(told, *answer.done))
    return answer


def _decoded(job: Job) -> Answer:
    """What comes of a picture that Pillow decodes."""
    with opened(job.data, MOST_REDUCED if job.type == "image/jpeg" else MOST_PIXELS) as picture:
        frames = getattr(picture, "n_frames", 1)
        if frames > 1 and picture.format not in {"TIFF", "JPEG", "MPO"} and not job.wishes.still:
            from mmscheck.fix.animations import mend as mend_animation  # noqa: PLC0415 - it needs this module

            return mend_animation(job, picture)
        notes = [f"the first of its {frames} pages"] if frames > 1 and picture.format == "TIFF" else []
        if frames > 1 and job.wishes.still:
            notes = ["its first frame alone"]
        original = picture.size
        _reduce_early(picture, job)
        if picture.width * picture.height > MOST_PIXELS:
            raise RefusedError(TOO_LARGE)
        own = _own(picture) if picture.size == original else None
        made, done = plain(picture, job.wishes.background)
    if job.type == "image/avif":
        made = _dark(job, made, done)
    return still(job, made, [*notes, *done], original, own)


def _dark(job: Job, picture: Image.Image, done: list[str]) -> Image.Image:
    """An AVIF picture with more light than screens show as one that they do."""
    from mmscheck.fix import heif  # noqa: PLC0415 - PyAV is heavy, and for few alone

    bright = heif.light(job.data)
    return darkened(picture, bright, done) if bright in STEEP else picture


def still(
    job: Job,
    picture: Image.Image,
    done: list[str],
    original: tuple[int, int] | None = None,
    own: Own | None = None,
) -> Answer:
    """The nearest file of one picture within the bytes; ``original`` is its size where it was reduced.

    ``own`` is how finely its JPEG was written, where its pixels are those.
    """
    picture, told = fitted(picture, job.aims, job.wishes, original or picture.size)
    if not (done or told) and (same := _as_it_is(job)) is not None:
        return same
    best = encoded(picture, job.most, None if told else own)
    if best is None:
        return Unmended(why=too_large(job))
    return Mended(
        data=best.data,
        suffix=best.suffix,
        done=(*done, *told, best.how, *_bared(job)),
        measure=best.measure,
    )


def _is_arithmetic(data: bytes) -> bool:
    """Whether a JPEG is of arithmetic coding (ITU-T T.81, table B.1: SOF9, SOF10), which few can read."""
    return any(
        mark in data[: data.find(b"\xff\xda")] for mark in (b"\xff\xc9\x00\x11\x08", b"\xff\xca\x00\x11\x08")
    )


def _reduce_early(picture: Image.Image, job: Job) -> None:
    """Have libjpeg decode a picture that is much too large at a half, a quarter or an eighth: it is quicker.

    At least twice what is wanted is left for the filter that scales.
    """
    wanted = room(picture.size, job.aims)
    if wanted is not None and picture.mode in {"L", "RGB"}:
        picture.draft(picture.mode, (wanted[0] * 2, wanted[1] * 2))


def _own(picture: Image.Image) -> Own | None:
    """How finely a JPEG is written; turned as it will be."""
    if not isinstance(picture, JpegImagePlugin.JpegImageFile) or picture.mode not in {"L", "RGB"}:
        return None
    tables = [tuple(table) for _, table in sorted(picture.quantization.items())]
    if picture.getexif().get(ORIENTATION, 1) in SIDEWAYS:
        tables = [
            tuple(table[row * 8 + column] for column in range(8) for row in range(8)) for table in tables
        ]
    sampling = JpegImagePlugin.get_sampling(picture)
    return Own(tuple(tables), sampling) if sampling >= 0 else None


def _as_it_is(job: Job) -> Mended | None:
    """A JPEG whose picture is right, without all that is beside it; None where that is too large."""
    if job.type != "image/jpeg" or "image-decodes" in job.findings:
        return None
    try:
        data = jpeg_files.bare(job.data)
    except RefusedError:
        return None
    if len(data) > job.most:
        return None
    done = ("its picture kept bit for bit, without what was beside it", *_bared(job))
    return Mended(data=data, suffix=".jpg", done=done, measure=WITHOUT_LOSS)


def _bared(job: Job) -> Iterator[str]:
    """What was in the file beside the picture, as far as a person would miss it or be glad to lose it."""
    found = dict.fromkeys(name for mark, name in DATA.items() if mark in job.data)
    if found:
        yield f"metadata left out: {', '.join(found)}"
    if job.type == "image/jpeg":
        for mark, name in MORE.items():
            if mark in job.data:
                yield f"left out: {name}"


__all__ = ["RefusedError", "mend", "opened", "still"]
