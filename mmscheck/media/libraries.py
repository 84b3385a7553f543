"""The witnesses that are libraries: libmagic, Pillow and mutagen.

Only worker processes ask them: nothing here loads a library before that.
"""

from __future__ import annotations

import functools
import io
import struct
import warnings
import zlib
from typing import Any

from mmscheck.media.names import registered
from mmscheck.media.refusal import Verdicts, judging
from mmscheck.media.sample import Sample, ask
from mmscheck.model.observation import Witness

NO_TYPE = frozenset({"application/octet-stream", "application/x-empty", "inode/x-empty"})
"""What libmagic says instead of a type when it found none."""

PICTURES = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF")
"""The only formats Pillow may try: others have parsers with a history (facts, section 4.3)."""

NOT_SOUND = "no sound that it can read"

MOST_PIXELS = 64_000_000
"""Larger pictures are not looked at: four bytes each of them would fill half a worker's memory."""


def libmagic_says(sample: Sample) -> Witness:
    """What libmagic makes of the bytes; the one library that needs only the first of them."""
    return ask("libmagic", _libmagic, sample)


def pillow_says(sample: Sample) -> Witness:
    """What Pillow makes of the header, when it is a picture."""
    return ask("pillow", _pillow, sample)


def mutagen_says(sample: Sample) -> Witness:
    """What mutagen makes of the bytes, when they are sound."""
    return ask("mutagen", _mutagen, sample)


@functools.cache
def _detector() -> Any:
    """One libmagic handle per process, with the database of the package and no other."""
    import pylibmagic  # noqa: I001, PLC0415 - must come first: it makes the library found that magic loads
    import magic  # noqa: PLC0415 - the parent must not load it

    return magic.Magic(mime=True, magic_file=str(pylibmagic.data.joinpath("magic.mgc")))


def _libmagic(sample: Sample) -> tuple[str | None, str]:
    detector = _detector()
    import magic  # noqa: PLC0415 - _detector() has loaded it, and the parent must not

    with judging(Verdicts(own={magic.MagicException: "libmagic could not read it"})):
        name: str = detector.from_buffer(sample.data)
    type_ = None if name in NO_TYPE else registered(name)
    said = "" if type_ == name else f"said {name}; "
    return type_, f"{said}read {sample.extent}"


def _pillow(sample: Sample) -> tuple[str | None, str]:
    from PIL import (  # noqa: PLC0415 - seldom needed, and the parent must not load it
        AvifImagePlugin,  # noqa: F401 - each format named here spares Pillow importing all it has
        Image,
        TiffImagePlugin,  # noqa: F401 - see above
        WebPImagePlugin,  # noqa: F401 - see above
    )

    from mmscheck.media.pictures import verdicts  # noqa: PLC0415 - brings Pillow along

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    any_format = f"{', '.join(PICTURES[:-1])} or {PICTURES[-1]}"
    with warnings.catch_warnings(), judging(verdicts(any_format)):
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(sample.data), formats=PICTURES) as picture:
            name = Image.MIME.get(picture.format or "")
            return registered(name) if name else None, f"opened as {picture.format}"


def _mutagen(sample: Sample) -> tuple[str | None, str]:
    import mutagen  # noqa: PLC0415 - seldom needed, and the parent must not load it
    from mutagen.mp3 import MP3, HeaderNotFoundError  # noqa: PLC0415 - see above
    from mutagen.mp4 import MP4  # noqa: PLC0415 - see above

    verdicts = Verdicts(
        own={HeaderNotFoundError: "no sound format it knows", mutagen.MutagenError: NOT_SOUND},
        inside=dict.fromkeys(
            (ValueError, IndexError, KeyError, EOFError, OverflowError, struct.error, zlib.error), NOT_SOUND
        ),
        modules=("mutagen.",),
    )
    with judging(verdicts):
        sound = mutagen.File(io.BytesIO(sample.data))
        if isinstance(sound, MP4):
            return None, "opened as MP4, as it does every ISO base media file"
        if sound is not None:
            return registered(sound.mime[0]), f"opened as {type(sound).__name__}"
        stream = MP3(io.BytesIO(sample.data))  # type: ignore[no-untyped-call] # mutagen leaves it so
    if stream.info is None or stream.info.sketchy:  # fewer than four frames in a row: noise has those too
        return None, "hardly any MPEG audio frames in a row"
    return registered(stream.mime[0]), "found MPEG audio frames in a row"
