"""The witnesses of a type: libmagic, Pillow and mutagen, the content of texts and archives, and names.

A text, an archive or a row of frames shows its type only in what it holds; the end of a URL's path suggests
one. Only worker processes ask: nothing here loads a library before that.
"""

from __future__ import annotations

import codecs
import functools
import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

from mmscheck.base.extensions import BY_EXTENSION
from mmscheck.media.archives import ZIP, is_pass
from mmscheck.media.mpeg_audio import begins_in_a_frame
from mmscheck.media.refusal import Verdicts, judging
from mmscheck.media.sample import Sample, ask
from mmscheck.model.observation import Witness

REGISTERED: Mapping[str, str] = MappingProxyType(
    {
        "audio/mp3": "audio/mpeg",
        "audio/x-m4a": "audio/mp4",
        "audio/x-hx-aac-adts": "audio/aac",
        "image/jpg": "image/jpeg",
        "image/mpo": "image/jpeg",
        "image/vnd.mozilla.apng": "image/apng",
        "image/x-ms-bmp": "image/bmp",
        "text/x-vcard": "text/vcard",
        "text/x-vcalendar": "text/calendar",
        "video/x-m4v": "video/mp4",
    }
)
"""Names that libmagic, Pillow and mutagen give, and the registered name of the same type (IANA, 2026)."""

NO_TYPE = frozenset({"application/octet-stream", "application/x-empty", "inode/x-empty"})
"""What libmagic says instead of a type when it found none."""

PICTURES = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF")
"""The only formats Pillow may try: others have parsers with a history (facts, section 4.3)."""

NOT_SOUND = "no sound that it can read"
MOST_PIXELS = 64_000_000
"""Larger pictures are not looked at: four bytes each of them would fill half a worker's memory."""

CONTENT = "content"
TEXT_START = 64 * 1024
"""Bytes at the start of a text that are looked at."""

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PAGE = re.compile(
    r"(?:\s|(?><!--.*?-->)|(?><\?xml\b.*?\?>))*+"  # never tried again another way: hostile pages have many
    r"<(?:!doctype\s+html|html|head|body|title|script|style|iframe|table|font|div|h1|a|b|br|p)(?=[\s>/])",
    re.IGNORECASE | re.DOTALL,
)
"""How a page begins: the tags of WHATWG MIME Sniffing, section 7.1, behind white space and comments."""

_OBJECT = re.compile(r"\s*BEGIN[ \t]*:[ \t]*(VCARD|VCALENDAR)[ \t]*[\r\n]", re.IGNORECASE)
_DOCUMENT = re.compile(rb"%PDF-\d\.\d")
DOCUMENT_WITHIN = 1024
"""Bytes at the start among which readers look for the mark of a PDF (Adobe, PDF Reference 1.7, H.3, 13)."""

_PART_OF_DOCUMENT = b"endobj"
"""What every PDF has many of, and a text about PDF has not."""


def registered(name: str) -> str:
    """The registered name of a type that a library named; lower case."""
    lower = name.lower()
    return REGISTERED.get(lower, lower)


def named_type(url: str) -> str | None:
    """The type that the last part of the URL's path suggests, or None."""
    try:
        path = urlsplit(url).path
    except ValueError:  # an unclosed bracket in the host
        return None
    return BY_EXTENSION.get(PurePosixPath(unquote(path)).suffix.lower())


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

    from mmscheck.media.image import verdicts  # noqa: PLC0415 - brings Pillow along

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


def start_of_text(data: bytes) -> str:
    """The first characters of a text, by its byte order mark or else as ISO-8859-1."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data[len(mark) : TEXT_START].decode(encoding, "replace")
    return data[:TEXT_START].decode("iso-8859-1")


def is_web_page(data: bytes) -> bool:
    """Whether the bytes begin as a page for a browser does."""
    return _PAGE.match(start_of_text(data)) is not None


def is_document(data: bytes) -> bool:
    """Whether it is a PDF with something before it, such as an empty line, that readers skip."""
    return _DOCUMENT.search(data, 0, DOCUMENT_WITHIN) is not None and _PART_OF_DOCUMENT in data


def frames_say(sample: Sample) -> Witness:
    """Whether it is MPEG audio that begins in the middle of a frame."""
    if begins_in_a_frame(sample.data):
        return Witness(
            name=CONTENT, type="audio/mpeg", detail="frames of MPEG audio from the first to the end"
        )
    return Witness(name=CONTENT, type=None, detail="no frames of MPEG audio to the end")


def text_says(sample: Sample) -> Witness:
    """The type of a text by its first line: page, contact card or calendar; or of a PDF behind one."""
    if is_web_page(sample.data):
        return Witness(name=CONTENT, type="text/html", detail="begins as a web page")
    if is_document(sample.data):
        return Witness(name=CONTENT, type="application/pdf", detail="holds a PDF, with something before it")
    found = _OBJECT.match(start_of_text(sample.data))
    if found is None:
        return Witness(name=CONTENT, type=None, detail="begins as no page, contact card or calendar")
    name = found[1].upper()
    type_ = "text/vcard" if name == "VCARD" else "text/calendar"
    return Witness(name=CONTENT, type=type_, detail=f"begins with BEGIN:{name}")


def archive_says(sample: Sample) -> Witness:
    """The type of a ZIP archive by the names in its directory; nothing is unpacked."""
    return ask(CONTENT, _archive, sample)


def _archive(sample: Sample) -> tuple[str | None, str]:
    with judging(ZIP), zipfile.ZipFile(io.BytesIO(sample.data)) as archive:
        names = set(archive.namelist())
    if is_pass(names):
        return "application/vnd.apple.pkpass", "holds pass.json, or manifest.json with a signature"
    return None, "a ZIP archive without pass.json"
