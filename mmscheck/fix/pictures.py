"""Pictures: decoded, made plain, fitted, and written as the JPEG or PNG that is nearest within the bytes."""

from __future__ import annotations

import io
import math
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

from mmscheck.fix import likeness
from mmscheck.fix.bmp import masked
from mmscheck.fix.colours import ORIENTATION, plain
from mmscheck.fix.fitting import fitted, room
from mmscheck.fix.light import STEEP, darkened
from mmscheck.fix.values import Answer, Job, Measure, Mended, Unmended
from mmscheck.media import jpeg as jpeg_files
from mmscheck.media import png
from mmscheck.media.image import TOO_LARGE, verdicts
from mmscheck.media.refusal import RefusedError, judging, raised_in
from mmscheck.media.witnesses import MOST_PIXELS, PICTURES

TOP, BOTTOM = 92, 25
"""JPEG qualities of libjpeg's scale: above the first files grow and nobody sees more, below the second blocks
show (judgements, held by the measure that each report states)."""

GOOD = 75
"""The quality (libjpeg's default) below which a smaller picture is tried too; the measure decides."""

FULL = 0.96
"""The part of the bytes that is worth no further try: a step of quality is about as much."""

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

SLOPE = 0.04
"""By how much the logarithm of a JPEG's bytes grows with a step of quality: from 75 to 92 they double."""

STEPS = (1.0, 0.8, 0.64, 0.5, 0.4, 0.32, 0.25)
"""Parts of the fitted size that are tried."""

MOST_REDUCED = 256_000_000
"""Pixels of a JPEG that libjpeg may decode at a half or less: phones take 200 million."""

SAME = 0.99
"""The measure from which on a JPEG that is as fine as the one before is taken without any search."""

SIDEWAYS = frozenset({5, 6, 7, 8})
"""Orientations of a quarter turn (CIPA DC-008)."""

LARGER = 2.2
"""How much larger than a picture of good quality the first try is: coarse and large may measure better."""

HALF_COLOURS, FULL_COLOURS = "4:2:0", "4:4:4"
"""Colours at half the resolution each way, as cameras and phones have them, and at the same one."""

NOTICED = 0.0003
"""By how much the measure has to be better for colours in full, which cost decoders time and memory."""

FEW = 256
"""Colours that a PNG with a palette holds."""


class Own(msgspec.Struct, frozen=True):
    """How finely the JPEG of a picture was written: its tables, and what Pillow calls its sampling.

    Written so again, a picture whose pixels are the same loses next to nothing.
    """

    tables: tuple[tuple[int, ...], ...]
    sampling: int


class Encoded(msgspec.Struct, frozen=True):
    """A file made, the ending of its name, how, and how near it is to the picture."""

    data: bytes
    suffix: str
    how: str
    measure: Measure


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
    best = encoded(picture, job.most, None if told else own)
    if best is None:
        return Unmended(why=f"even small and coarse it does not fit into {job.most:,} bytes")
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
    if picture.format not in {"JPEG", "MPO"} or picture.mode not in {"L", "RGB"}:
        return None
    tables = [tuple(table) for _, table in sorted(picture.quantization.items())]  # type: ignore[attr-defined]
    if picture.getexif().get(ORIENTATION, 1) in SIDEWAYS:
        tables = [
            tuple(table[row * 8 + column] for column in range(8) for row in range(8)) for table in tables
        ]
    sampling = JpegImagePlugin.get_sampling(picture)
    return Own(tuple(tables), sampling) if sampling >= 0 else None


def _as_it_was(picture: Image.Image, own: Own) -> Encoded:
    """The picture as finely as it was."""
    file = io.BytesIO()
    how = {"qtables": [list(table) for table in own.tables], "subsampling": own.sampling}
    picture.save(file, "JPEG", optimize=True, progressive=True, **how)
    measure = _nearness(picture, file.getvalue())
    return Encoded(file.getvalue(), ".jpg", "written as JPEG, as finely as it was", measure)


def encoded(picture: Image.Image, most: int, own: Own | None = None) -> Encoded | None:
    """The nearest JPEG or PNG of at most so many bytes; None when there is none.

    ``own`` is how finely it was written before.
    """
    if own is not None and picture.getcolors(FEW) is None:
        same = _as_it_was(picture, own)
        if len(same.data) <= most and same.measure.value >= SAME:
            return same
    flat = _flat(picture, most)
    if flat is not None:
        photo = jpeg(picture, TOP)
        return flat if len(flat.data) <= max(len(photo), 1) else _searched(picture, most, first=photo) or flat
    return _searched(picture, most)


def _searched(picture: Image.Image, most: int, first: bytes | None = None) -> Encoded | None:
    """The best of the fitted size and of two smaller ones, as far as they come into question."""
    top = jpeg(picture, TOP) if first is None else first
    if len(top) <= most:
        return _coloured(picture, picture, _measured(picture, picture, (top, TOP)), TOP, most)
    best: Encoded | None = None
    for step in _steps(most / (len(top) / math.exp(SLOPE * (TOP - GOOD)))):
        smaller = picture if step == 1 else _scaled(picture, step)
        found = _highest(smaller, most)
        if found is None:
            continue
        made = _measured(picture, smaller, found)
        if best is not None and made.measure.value <= best.measure.value:
            return best
        best = _coloured(picture, smaller, made, found[1], most)
        if found[1] >= GOOD:
            return best
    return best


def _coloured(picture: Image.Image, smaller: Image.Image, made: Encoded, quality: int, most: int) -> Encoded:
    """The same with its colours in full where that is nearer: strong ones change brightness too."""
    if quality < GOOD or picture.mode == "L":
        return made
    full = _highest(smaller, most, FULL_COLOURS, first=quality)
    if full is None:
        return made
    tried = _measured(picture, smaller, full, ", colours in full")
    return tried if tried.measure.value > made.measure.value + NOTICED else made


def _steps(part: float) -> Iterator[float]:
    """The sizes to be tried, the largest first; ``part`` of the bytes of a good quality may be used.

    Bytes grow a little slower than the area does.
    """
    wanted = min(1.0, part) ** 0.55
    return (step for step in STEPS if step <= max(wanted * LARGER, STEPS[-1]))


def _measured(
    picture: Image.Image, smaller: Image.Image, made: tuple[bytes, int], colours: str = ""
) -> Encoded:
    data, quality = made
    size = "" if smaller is picture else f", made {smaller.width} x {smaller.height} to fit"
    how = f"written as JPEG of quality {quality}{colours}{size}"
    return Encoded(data, ".jpg", how, _nearness(picture, data))


def _nearness(picture: Image.Image, data: bytes) -> Measure:
    of = f"brightness, at {picture.width} x {picture.height}"
    return likeness.measured(picture, _back(data), of)


def _highest(
    picture: Image.Image, most: int, colours: str = HALF_COLOURS, first: int = GOOD
) -> tuple[bytes, int] | None:
    """The JPEG of the highest quality within the bytes; None when the lowest is too large."""
    best: tuple[bytes, int] | None = None
    fitting, larger = (BOTTOM - 1, 0), (TOP + 1, 0)
    quality = first
    while True:
        made = jpeg(picture, quality, colours)
        if len(made) > most:
            larger = (quality, len(made))
        else:
            best, fitting = (made, quality), (quality, len(made))
            if len(made) >= most * FULL:
                return best
        if larger[0] - fitting[0] <= 1:
            return best
        quality = _guess(fitting, larger, most)


def _guess(fitting: tuple[int, int], larger: tuple[int, int], most: int) -> int:
    """The quality between two, each with its bytes (0: not tried), whose bytes should come near to the most.

    The logarithm of the bytes is about straight in the quality.
    """
    (low, few), (high, many) = fitting, larger
    slope = math.log(many / few) / (high - low) if few and many else SLOPE
    wanted = math.log(most * (FULL + 1) / 2)
    start, size = (low, few) if few else (high, many)
    guess = start + math.floor((wanted - math.log(size)) / max(slope, 1e-6))
    return min(max(guess, low + 1), high - 1)


def jpeg(picture: Image.Image, quality: int, colours: str = HALF_COLOURS) -> bytes:
    """A progressive Huffman JPEG with nothing in it but the picture."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, optimize=True, progressive=True, subsampling=colours)
    return file.getvalue()


def _flat(picture: Image.Image, most: int) -> Encoded | None:
    """A picture of few colours as PNG, without loss, where that fits."""
    if picture.getcolors(FEW) is None:
        return None
    file = io.BytesIO()
    reduced = picture if picture.mode == "L" else picture.convert("P", palette=Image.Palette.ADAPTIVE)
    if reduced.convert(picture.mode).tobytes() != picture.tobytes():
        reduced = picture
    reduced.save(file, "PNG", optimize=True)
    data = file.getvalue()
    if len(data) > most:
        return None
    same = Measure(name="SSIM", value=1.0, of="brightness, without any loss")
    return Encoded(data, ".png", "written as PNG of 8 bits", same)


def _scaled(picture: Image.Image, step: float) -> Image.Image:
    size = (max(1, round(picture.width * step)), max(1, round(picture.height * step)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _back(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as picture:
        picture.load()
        return picture.copy()


def _bared(job: Job) -> Iterator[str]:
    """What was in the file beside the picture, as far as a person would miss it or be glad to lose it."""
    found = dict.fromkeys(name for mark, name in DATA.items() if mark in job.data)
    if found:
        yield f"metadata left out: {', '.join(found)}"
    if job.type == "image/jpeg":
        for mark, name in MORE.items():
            if mark in job.data:
                yield f"left out: {name}"


__all__ = ["Encoded", "RefusedError", "encoded", "jpeg", "mend", "opened", "still"]
