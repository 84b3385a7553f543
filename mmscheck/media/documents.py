"""PDF documents, by pikepdf: their structure and pages, and that what is drawn on these can be unpacked."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator

import pikepdf

from mmscheck.media import image
from mmscheck.media.refusal import RefusedError, Verdicts, judging
from mmscheck.model.facts import DocumentFacts

MOST_UNPACKED = 512 * 1024 * 1024
"""Bytes that all streams together unpack to; a page that is one picture has some 30 million."""

MOST_DEPTH = 12
"""Drawings within drawings that are followed."""

CHUNK = 1024 * 1024
_ZLIB_HEAD = 2
_DEFLATE = 8
_ZLIB_CHECK = 31
_CHECKSUM = 4
"""RFC 1950: the two bytes before the deflated ones, what tells them, and the bytes of the checksum behind.

Some programs leave the checksum out, and readers do not miss it.
"""

FLATE = frozenset({"/FlateDecode", "/Fl"})
JPEG = frozenset({"/DCTDecode", "/DCT"})
JPEG_2000 = frozenset({"/JPXDecode"})
UNPACKED_BY_QPDF = frozenset(
    {"/ASCIIHexDecode", "/AHx", "/ASCII85Decode", "/A85", "/LZWDecode", "/LZW", "/RunLengthDecode", "/RL"}
)
_JPEG_2000_STARTS = (b"\0\0\0\x0cjP", b"\xff\x4f\xff\x51")
DEFLATED = Verdicts(own={zlib.error: "its packed bytes are damaged"})
ENCODED = Verdicts(own={pikepdf.PdfError: "its encoded bytes are damaged"})
"""How zlib and QPDF refuse a stream."""

MOST_PAGES = 10_000
"""More pages are not counted."""

BROKEN = "its structure is broken: a reader would first have to repair it"
PARTS_MISSING = "parts of it are missing: a repair finds a page, or what a page shows, no more"
_MISPLACED = re.compile(r"expected (?:n n|\d+ \d+) obj")
_MISSING = re.compile(r"not found in file after regenerating|includes non-dictionary object")
"""What QPDF says of an object that is not where the document's table has it, and of one that is nowhere."""

QPDF = Verdicts(own={pikepdf.PdfError: BROKEN})
"""How pikepdf, which is QPDF, refuses a document."""

_HEADER = re.compile(rb"%PDF-(\d+\.\d+)")
_END = re.compile(rb"startxref\s+\d+\s")
_LAST_OBJECT = b"endobj"


class PageStreams:
    """Looks at the pages of one document; what several of them share is looked at once."""

    def __init__(self) -> None:
        """Nothing has been looked at so far."""
        self._seen: set[tuple[int, int]] = set()
        self._unpacked = 0

    def check(self, page: pikepdf.Page, number: int) -> None:
        """RefusedError where something on the page is missing or cannot be unpacked."""
        try:
            for stream in _contents(page.obj):
                self._look(stream, "what is drawn")
            self._resources(page.obj.get("/Resources") or page.resources, 0)
        except RefusedError as refused:
            raise RefusedError(f"page {number} is damaged: {refused}") from refused

    def _resources(self, resources: pikepdf.Object | None, depth: int) -> None:
        if not isinstance(resources, pikepdf.Dictionary) or depth > MOST_DEPTH:
            return
        for each in _values(resources.get("/XObject")):
            if isinstance(each, pikepdf.Stream) and self._look(each, "a picture or drawing"):
                self._resources(each.get("/Resources"), depth + 1)
        for font in _values(resources.get("/Font")):
            for descriptor in _descriptors(font):
                for key in ("/FontFile", "/FontFile2", "/FontFile3"):
                    if isinstance(file := descriptor.get(key), pikepdf.Stream):
                        self._look(file, "a font")

    def _look(self, stream: pikepdf.Stream, what: str) -> bool:
        """Whether it is seen for the first time; RefusedError when it cannot be unpacked."""
        if stream.objgen in self._seen:
            return False
        self._seen.add(stream.objgen)
        try:
            self._unpack(stream, is_text=what == "what is drawn")
        except RefusedError as refused:
            raise RefusedError(f"{what} cannot be unpacked ({refused})") from refused
        return True

    def _unpack(self, stream: pikepdf.Stream, *, is_text: bool) -> None:
        filters = _filters(stream)
        raw = stream.read_raw_bytes()
        if not raw or (not filters and not is_text):
            return
        if not any(raw):
            raise RefusedError("it is nothing but zeros")
        first = filters[0] if filters else ""
        if first in FLATE:
            self._inflate(raw)
        elif filters and set(filters) <= UNPACKED_BY_QPDF | FLATE:
            with judging(ENCODED):
                self._count(len(stream.read_bytes(pikepdf.StreamDecodeLevel.specialized)))
        elif first in JPEG:
            image.decode(raw, "image/jpeg")
        elif first in JPEG_2000 and not raw.startswith(_JPEG_2000_STARTS):
            raise RefusedError("it is no JPEG 2000")

    def _inflate(self, raw: bytes) -> None:
        """Unpack to the end of the last block, keeping nothing."""
        head = int.from_bytes(raw[:_ZLIB_HEAD], "big")
        if raw[0] & 0x0F != _DEFLATE or head % _ZLIB_CHECK:
            raise RefusedError("it does not begin as packed bytes do")
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        left, checksum = raw[_ZLIB_HEAD:], 1
        with judging(DEFLATED):
            while left and not inflater.eof:
                part = inflater.decompress(left, CHUNK)
                left, checksum = inflater.unconsumed_tail, zlib.adler32(part, checksum)
                self._count(len(part))
        if not inflater.eof:
            raise RefusedError("its end is missing")
        stated = inflater.unused_data[:_CHECKSUM]
        if len(stated) == _CHECKSUM and int.from_bytes(stated, "big") != checksum:
            raise RefusedError("its checksum is wrong")

    def _count(self, size: int) -> None:
        self._unpacked += size
        if self._unpacked > MOST_UNPACKED:
            raise RefusedError(f"it unpacks to more than {MOST_UNPACKED} bytes")


def _contents(page: pikepdf.Object) -> Iterator[pikepdf.Stream]:
    contents = page.get("/Contents")
    parts = contents if isinstance(contents, pikepdf.Array) else [contents]
    for each in parts:
        if isinstance(each, pikepdf.Stream):
            yield each


def _values(dictionary: pikepdf.Object | None) -> Iterator[pikepdf.Object]:
    if isinstance(dictionary, pikepdf.Dictionary):
        for key in dictionary.keys():  # noqa: SIM118 - iterating over one gives its keys only by chance
            yield dictionary[key]


def _descriptors(font: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """The descriptors of a font and of those that it is made of."""
    if not isinstance(font, pikepdf.Dictionary):
        return
    inner = font.get("/DescendantFonts")
    for each in (font, *(inner if isinstance(inner, pikepdf.Array) else ())):
        descriptor = each.get("/FontDescriptor") if isinstance(each, pikepdf.Dictionary) else None
        if isinstance(descriptor, pikepdf.Dictionary):
            yield descriptor


def _filters(stream: pikepdf.Stream) -> list[str]:
    given = stream.get("/Filter")
    names = given if isinstance(given, pikepdf.Array) else [given]
    return [str(each) for each in names if isinstance(each, pikepdf.Name)]


def decode(data: bytes, _type: str) -> DocumentFacts:
    """The facts of a PDF; RefusedError for one that is damaged, or that a reader could repair only with loss.

    A document whose table of contents (xref) is wrong or missing, though it is there to its end, is taken.
    Readers find its objects all the same.
    """
    with judging(QPDF):
        try:
            try:
                return _opened(data, repair=False)
            except pikepdf.PasswordError:
                raise
            except pikepdf.PdfError:
                _check_end(data)
                return _opened(data, repair=True)
        except pikepdf.PasswordError:
            header = _HEADER.search(data)
            version = header[1].decode("ascii") if header else "unknown"
            return DocumentFacts(version=version, encrypted=True)


def _opened(data: bytes, *, repair: bool) -> DocumentFacts:
    with pikepdf.open(io.BytesIO(data), attempt_recovery=repair, suppress_warnings=True) as document:
        facts = DocumentFacts(
            version=document.pdf_version,
            encrypted=document.is_encrypted,
            pages=_pages(document),
            repaired=repair,
        )
        streams = PageStreams()
        for number, page in enumerate(document.pages, 1):
            streams.check(page, number)
        warnings = "\n".join(document.get_warnings())
        if repair and _MISSING.search(warnings):
            raise RefusedError(PARTS_MISSING)
        if not repair and (_MISSING.search(warnings) or _MISPLACED.search(warnings)):
            raise pikepdf.PdfError(BROKEN)
        return facts


def _check_end(data: bytes) -> None:
    """RefusedError for a document whose last part is missing: whatever a repair finds, something is lost."""
    last = data.rfind(_LAST_OBJECT)
    if last < 0 or _END.search(data, last) is None:
        raise RefusedError(f"{BROKEN}, and its end is missing")


def _pages(document: pikepdf.Pdf) -> int:
    count = len(document.pages)
    if count > MOST_PAGES:
        raise RefusedError(f"it has more than {MOST_PAGES} pages")
    if not count:
        raise RefusedError("it has no pages")
    return count
