"""The content witness: types that show only in what a text, an archive or a row of frames holds."""

from __future__ import annotations

import codecs
import io
import re
import zipfile

from mmscheck.media.archives import ZIP, is_pass
from mmscheck.media.mpeg_audio import begins_in_a_frame
from mmscheck.media.refusal import judging
from mmscheck.media.sample import Sample, ask
from mmscheck.model.observation import Witness

NAME = "content"

START = 64 * 1024
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


def start_of_text(data: bytes) -> str:
    """The first characters of a text, by its byte order mark or else as ISO-8859-1."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data[len(mark) : START].decode(encoding, "replace")
    return data[:START].decode("iso-8859-1")


def is_web_page(data: bytes) -> bool:
    """Whether the bytes begin as a page for a browser does."""
    return _PAGE.match(start_of_text(data)) is not None


def is_document(data: bytes) -> bool:
    """Whether it is a PDF with something before it, such as an empty line, that readers skip."""
    return _DOCUMENT.search(data, 0, DOCUMENT_WITHIN) is not None and _PART_OF_DOCUMENT in data


def frames_say(sample: Sample) -> Witness:
    """Whether it is MPEG audio that begins in the middle of a frame."""
    if begins_in_a_frame(sample.data):
        return Witness(name=NAME, type="audio/mpeg", detail="frames of MPEG audio from the first to the end")
    return Witness(name=NAME, type=None, detail="no frames of MPEG audio to the end")


def text_says(sample: Sample) -> Witness:
    """The type of a text by its first line: page, contact card or calendar; or of a PDF behind one."""
    if is_web_page(sample.data):
        return Witness(name=NAME, type="text/html", detail="begins as a web page")
    if is_document(sample.data):
        return Witness(name=NAME, type="application/pdf", detail="holds a PDF, with something before it")
    found = _OBJECT.match(start_of_text(sample.data))
    if found is None:
        return Witness(name=NAME, type=None, detail="begins as no page, contact card or calendar")
    name = found[1].upper()
    type_ = "text/vcard" if name == "VCARD" else "text/calendar"
    return Witness(name=NAME, type=type_, detail=f"begins with BEGIN:{name}")


def archive_says(sample: Sample) -> Witness:
    """The type of a ZIP archive by the names in its directory; nothing is unpacked."""
    return ask(NAME, _archive, sample)


def _archive(sample: Sample) -> tuple[str | None, str]:
    with judging(ZIP), zipfile.ZipFile(io.BytesIO(sample.data)) as archive:
        names = set(archive.namelist())
    if is_pass(names):
        return "application/vnd.apple.pkpass", "holds pass.json, or manifest.json with a signature"
    return None, "a ZIP archive without pass.json"
