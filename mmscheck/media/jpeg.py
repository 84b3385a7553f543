"""JPEG files: the parts of one that make its picture, and whether these decode without a complaint.

Pillow's libjpeg fills in what is damaged and tells nobody, as a phone does. QPDF's, which it has for the
pictures in documents, stops at the first warning. Warnings about what stands between the parts of a picture
mean nothing to it, so only those parts are handed over, and all that is left to warn of is damage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

import msgspec
import pikepdf

from mmscheck.media.refusal import RefusedError, Verdicts, judging

SOI, EOI, SOS = 0xD8, 0xD9, 0xDA
"""Markers of ITU-T T.81, table B.1: start and end of the picture, start of a scan."""

DHT, AC = 0xC4, 0x10
"""Marker of Huffman tables, and the bit in their numbers that those for coefficients have."""

TABLES = frozenset({DHT, 0xDB, 0xDD})
"""Markers of Huffman and quantisation tables and of the restart interval."""

APP0, APP1, APP2, APP14 = 0xE0, 0xE1, 0xE2, 0xEE

SKIPPED = frozenset({0xDC, 0xFE, *range(0xE0, 0xF0)})
"""Markers of parts with a length that decoders pass over: comments, applications' data, number of lines."""

BARE = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers without a length."""

BASELINE, EXTENDED, PROGRESSIVE = 0xC0, 0xC1, 0xC2
"""Frames with Huffman coding, which every decoder has."""

RARE: Mapping[int, str] = MappingProxyType(
    {
        0xC3: "lossless coding (marker SOF3)",
        **{code: f"hierarchical coding (marker SOF{code - 0xC0})" for code in (0xC5, 0xC6, 0xC7)},
        **{code: f"arithmetic coding (marker SOF{code - 0xC0})" for code in (0xC9, 0xCA, 0xCB)},
        **{code: f"hierarchical, arithmetic coding (marker SOF{code - 0xC0})" for code in (0xCD, 0xCE, 0xCF)},
        0xDE: "hierarchical coding (marker DHP)",
        0xF7: "the coding of JPEG-LS (marker SOF55)",
    }
)
"""Codings (T.81, table B.1; T.87) that no browser and no phone has."""

SAMPLE_BITS, MORE_BITS = 8, 12
"""Bits of a sample: what phones take, and what else a frame with Huffman coding may have."""

INSTEAD = "save it again as a baseline or progressive JPEG"

CUT = "it is cut short: it ends within the picture"
DAMAGED = "its picture data are damaged: a part of them is missing, changed or overwritten"
NO_ROOM = ("bad_alloc", "Insufficient memory")
"""How the C++ library and libjpeg say that memory has run out, in the words that QPDF hands on."""

COMPLAINTS: tuple[type[Exception], ...] = (
    pikepdf.DataDecodingError,
    getattr(pikepdf, "QpdfRuntimeError", RuntimeError),  # which is what pikepdf 10.0 raises
)
"""What libjpeg's warnings and errors become in pikepdf."""

DCT = Verdicts(own=dict.fromkeys(COMPLAINTS, DAMAGED))
"""How pikepdf, which is QPDF, refuses a picture."""

EMPTY = bytes(32)
"""Zeros for more than a block: no picture is coded so where they stand for coefficients."""


class Part(msgspec.Struct, frozen=True):
    """One part of a file; ``body`` is what follows the length, and for a scan its compressed data too."""

    marker: int
    start: int
    end: int
    body: bytes


def essence(data: bytes) -> bytes:
    """The file with nothing but its picture, orientation and colours.

    RefusedError for one that is cut short, or coded in a way that phones do not know.
    """
    kept = [part for part in _parts(data) if _matters(part)]
    for part in kept:
        if part.marker in RARE:
            raise RefusedError(f"it has {RARE[part.marker]}, which phones do not show: {INSTEAD}")
    frame = next((part for part in kept if BASELINE <= part.marker <= PROGRESSIVE), None)
    if frame is None:
        raise RefusedError("it holds no picture")
    _check_samples(frame.body)
    return _joined(data, kept)


def bare(data: bytes) -> bytes:
    """The same without EXIF and XMP, for a picture that is upright as it is stored; RefusedError as above."""
    picture = essence(data)
    return _joined(picture, (part for part in _parts(picture) if part.marker != APP1))


def check(picture: bytes) -> None:
    """Decode an ``essence`` to its end; RefusedError when anything in it is damaged."""
    parts = [part for part in _parts(picture) if part.marker not in SKIPPED]
    _check_zeros(picture, parts)
    coded = _joined(picture, parts)
    with judging(DCT), pikepdf.new() as holder:
        stream = pikepdf.Stream(holder, coded, Filter=pikepdf.Name.DCTDecode)
        try:
            stream.get_stream_buffer(pikepdf.StreamDecodeLevel.all)
        except COMPLAINTS as error:
            if any(words in str(error) for words in NO_ROOM):
                raise MemoryError from error
            raise


def _check_zeros(picture: bytes, parts: Iterable[Part]) -> None:
    """RefusedError where zeros were written over a scan in which each stands for another coefficient.

    Blocks of these decode without a complaint. The first code of every table is all zeros (T.81, C.2): where
    it ends a block, zeros are what a plain area looks like.
    """
    meaning: dict[int, int] = {}
    sequential = False
    for part in parts:
        if part.marker == DHT:
            meaning.update(_first_codes(part.body))
        elif part.marker in {BASELINE, EXTENDED, PROGRESSIVE}:
            sequential = part.marker != PROGRESSIVE
        elif part.marker == SOS and sequential:
            tables = part.body[2 : 1 + 2 * part.body[0] : 2]
            coefficients = any(meaning.get(AC | table & 0x0F, 0) & 0x0F for table in tables)
            behind = part.start + 4 + len(part.body)
            if coefficients and picture.find(EMPTY, behind, part.end) >= 0:
                raise RefusedError(DAMAGED)


def _first_codes(body: bytes) -> Iterator[tuple[int, int]]:
    """(class and number of a Huffman table, what its first code stands for) of each in the segment."""
    place = 0
    while place + 18 <= len(body):
        yield body[place], body[place + 17]
        place += 17 + sum(body[place + 1 : place + 17])


def _joined(data: bytes, parts: Iterable[Part]) -> bytes:
    return b"".join((data[:2], *(data[part.start : part.end] for part in parts), bytes((0xFF, EOI))))


def _parts(data: bytes) -> Iterator[Part]:
    """Every part up to the end of the picture; bytes between the parts are passed over."""
    place = 2
    while (found := _marker(data, place))[0] != EOI:
        marker, start, place = found
        if marker in BARE:
            continue
        if marker == SOI or not (marker in SKIPPED or marker >= BASELINE):
            raise RefusedError(DAMAGED)
        end = place + int.from_bytes(data[place : place + 2])
        if end > len(data) or end < place + 2:
            raise RefusedError(CUT if end > len(data) else DAMAGED)
        body, place = data[place + 2 : end], end
        if marker == SOS:
            place = _behind_scan(data, end)
        yield Part(marker, start, place, body)


def _marker(data: bytes, place: int) -> tuple[int, int, int]:
    """The next marker from a place on, where it starts and what is behind it."""
    while 0 <= (start := data.find(b"\xff", place)) < len(data) - 1:
        place = start + 1
        while data[place : place + 1] == b"\xff":
            place += 1
        if place < len(data) and data[place]:
            return data[place], place - 1, place + 1
    raise RefusedError(CUT)


def _behind_scan(data: bytes, place: int) -> int:
    """Where a scan's compressed data have ended: before the next marker that is no restart."""
    while True:
        marker, start, place = _marker(data, place)
        if marker not in BARE:
            return start


def _matters(part: Part) -> bool:
    """Whether the part has a say in how the picture looks; one that is not as it should be has none."""
    if part.marker == APP0:
        return part.body.startswith(b"JFIF\0\1") and len(part.body) >= len("JFIF0vvuxxyytt")
    if part.marker == APP2:
        return part.body.startswith(b"ICC_PROFILE\0")
    if part.marker == APP14:
        return part.body.startswith(b"Adobe") and part.body[11:12] in {b"\0", b"\1", b"\2"}
    return part.marker == APP1 or part.marker not in SKIPPED


def _check_samples(body: bytes) -> None:
    """Refuse a frame whose samples phones do not take."""
    if len(body) < len("phhwwn"):
        raise RefusedError(DAMAGED)
    if body[0] == MORE_BITS:
        raise RefusedError(f"it has {MORE_BITS} bits a sample, and phones show only {SAMPLE_BITS}: {INSTEAD}")
    if body[0] != SAMPLE_BITS:
        raise RefusedError(DAMAGED)
