"""PDF documents: what readers open passes, and what has lost something does not."""

from __future__ import annotations

import base64
import io
import zlib
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from mmscheck.media import MediaWorkers
from mmscheck.media.decoding import decode
from mmscheck.model.facts import DocumentFacts, Undecoded

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"
PDF = "application/pdf"
DRAWING = b"BT /F1 28 Tf 40 520 Td (SUMMER SALE) Tj ET " * 20


def photo() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((64, 64), 90).save(file, "JPEG")
    return file.getvalue()


PHOTO = photo()
NO_CHECKSUM = zlib.compress(DRAWING)[:-4]
WRONG_CHECKSUM = NO_CHECKSUM + b"\0\0\0\0"


def document(
    body: bytes = DRAWING,
    filters: str | list[str] | None = None,
    *,
    picture: bytes | None = None,
    font: bytes | None = None,
    pages: int = 1,
    lock: pikepdf.Encryption | None = None,
) -> bytes:
    """A PDF with that stream, packed already in the way the filters say, on each page; written as it is."""
    file = io.BytesIO()
    with pikepdf.new() as pdf:
        resources = pikepdf.Dictionary()
        if picture is not None:
            image = pikepdf.Stream(pdf, picture, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image)
            image.Width, image.Height, image.BitsPerComponent = 64, 64, 8
            image.ColorSpace, image.Filter = pikepdf.Name.DeviceGray, pikepdf.Name.DCTDecode
            resources.XObject = pikepdf.Dictionary(Photo=pdf.make_indirect(image))
        if font is not None:
            program = pikepdf.Stream(pdf, font, Filter=pikepdf.Name.FlateDecode)
            descriptor = pikepdf.Dictionary(FontFile2=program)
            resources.Font = pikepdf.Dictionary(F1=pikepdf.Dictionary(FontDescriptor=descriptor))
        for _ in range(pages):
            pdf.add_blank_page()
            drawing = pikepdf.Stream(pdf, body)
            if filters is not None:
                names = [
                    pikepdf.Name(f"/{each}") for each in ([filters] if isinstance(filters, str) else filters)
                ]
                drawing.Filter = pikepdf.Array(names)
            pdf.pages[-1].Contents = pdf.make_indirect(drawing)
            pdf.pages[-1].Resources = resources
        pdf.save(
            file,
            compress_streams=False,
            stream_decode_level=None if lock else pikepdf.StreamDecodeLevel.none,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            encryption=lock or False,
        )
    return file.getvalue()


def facts(data: bytes) -> DocumentFacts:
    found = decode(PDF, data)
    assert isinstance(found, DocumentFacts), found
    return found


def refused(data: bytes) -> str:
    found = decode(PDF, data)
    assert isinstance(found, Undecoded), found
    assert not found.contained
    return found.reason


WHOLE = document(zlib.compress(DRAWING), "FlateDecode")


@pytest.mark.parametrize(
    "data",
    [
        WHOLE,
        document(),
        document(b""),
        document(zlib.compress(DRAWING), "Fl"),
        document(base64.a85encode(DRAWING) + b"~>", "ASCII85Decode"),
        document(base64.a85encode(zlib.compress(DRAWING)) + b"~>", ["ASCII85Decode", "FlateDecode"]),
        document(DRAWING.hex().encode() + b">", "ASCIIHexDecode"),
        document(bytes((127,)) + DRAWING[:128] + b"\x80", "RunLengthDecode"),
        document(NO_CHECKSUM, "FlateDecode"),
        document(zlib.compress(DRAWING) + b"\r\n", "FlateDecode"),
        document(picture=PHOTO),
        document(font=zlib.compress(bytes(3000))),
        document(pages=3),
    ],
)
def test_what_is_drawn_is_unpacked_in_every_way_it_may_be_packed(data: bytes) -> None:
    assert not facts(data).repaired


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (
            document(bytes(300)),
            "page 1 is damaged: what is drawn cannot be unpacked (it is nothing but zeros)",
        ),
        (document(bytes(300), "FlateDecode"), "nothing but zeros"),
        (document(bytes(300), "LZWDecode"), "nothing but zeros"),
        (document(zlib.compress(DRAWING)[:-30], "FlateDecode"), "its end is missing"),
        (
            document(zlib.compress(DRAWING)[:20] + bytes(60), "FlateDecode"),
            "what is drawn cannot be unpacked",
        ),
        (document(WRONG_CHECKSUM, "FlateDecode"), "its checksum is wrong"),
        (document(DRAWING, "FlateDecode"), "it does not begin as packed bytes do"),
        (document(b"not ASCII \x80 base 85 {|}~~", "ASCII85Decode"), "its encoded bytes are damaged"),
        (document(picture=bytes(900)), "a picture or drawing cannot be unpacked (it is nothing but zeros)"),
        (document(picture=b"GIF89a" + bytes(900)), "a picture or drawing cannot be unpacked"),
        (document(font=bytes(900)), "a font cannot be unpacked"),
        (document(font=b"x\x9cnothing packed"), "a font cannot be unpacked"),
    ],
)
def test_what_cannot_be_unpacked_is_told(data: bytes, told: str) -> None:
    assert told in refused(data)


def test_a_fault_is_told_with_its_page() -> None:
    with pikepdf.open(io.BytesIO(document(pages=3))) as pdf:
        pdf.pages[1].Contents = pikepdf.Stream(pdf, bytes(50))
        file = io.BytesIO()
        pdf.save(file, compress_streams=False)
    assert refused(file.getvalue()).startswith("page 2 is damaged")


def test_what_is_not_there_is_told() -> None:
    with pikepdf.open(io.BytesIO(WHOLE)) as pdf:
        number = pdf.pages[0].Contents.objgen[0]
    gone = WHOLE.replace(b"%d 0 obj" % number, b"%d 7 obj" % number)
    assert "parts of it are missing" in refused(gone)


@pytest.mark.parametrize(
    ("password", "locked"), [({"user": "", "owner": "o"}, False), ({"user": "u", "owner": "o"}, True)]
)
@pytest.mark.parametrize("revision", [4, 6])
def test_a_password_that_is_needed_is_told_from_restrictions(
    password: dict[str, str], revision: int, *, locked: bool
) -> None:
    allow = pikepdf.Permissions(extract=False, print_highres=False)
    lock = pikepdf.Encryption(R=revision, allow=allow, **password)  # type: ignore[arg-type] # a number of four
    found = facts(document(zlib.compress(DRAWING), "FlateDecode", lock=lock))
    assert (found.encrypted, found.pages) == (True, None if locked else 1)


START = WHOLE.rindex(b"startxref")
TABLE = WHOLE.rindex(b"xref", 0, START)


@pytest.mark.parametrize(
    ("data", "repaired"),
    [
        (WHOLE + bytes(2000), True),
        (WHOLE + b"\n" * 5000, True),
        (WHOLE + b"<!-- a comment of the server -->", False),
        (b"\r\n" + WHOLE, False),
        (b"\xef\xbb\xbf" + WHOLE, False),
        (b"\n" * 1000 + WHOLE, False),
        (WHOLE[:START] + b"startxref\n99\n%%EOF\n", True),
        (WHOLE[:START] + b"startxref\n0\n%%EOF\n", True),
        (WHOLE[:TABLE] + WHOLE[TABLE:].replace(b" 00000 n", b" 00000 x"), True),
        (WHOLE[: WHOLE.rindex(b"%%EOF")], False),
    ],
)
def test_what_readers_mend_without_loss_passes(data: bytes, *, repaired: bool) -> None:
    assert facts(data) == DocumentFacts(version="1.3", encrypted=False, pages=1, repaired=repaired)


def test_a_document_that_was_sent_as_text_is_refused() -> None:
    assert refused(WHOLE.replace(b"\n", b"\r\n"))


@pytest.mark.parametrize("left", [0.2, 0.5, 0.8, 0.95])
def test_a_document_that_is_cut_is_refused(left: float) -> None:
    assert refused(WHOLE[: int(len(WHOLE) * left)])


def test_a_document_whose_pages_are_gone_is_refused() -> None:
    assert "no pages" in refused(document(pages=0))
    whole = document(pages=3)
    place = whole.rindex(b"/Type /Page")
    first, last = whole.rfind(b" obj", 0, place), whole.index(b"endobj", place)
    assert "parts of it are missing" in refused(whole[:first] + bytes(last - first) + whole[last:])


@pytest.mark.parametrize("name", ["flyer-small.pdf", "flyer-large.pdf"])
async def test_something_before_the_mark_does_not_hide_a_document(name: str) -> None:
    data = (MEDIA / name).read_bytes()
    async with MediaWorkers(workers=1) as workers:
        for before in (b"\r\n", b"\xef\xbb\xbf", b"\n" * 500, b"printed by us\n"):
            found = await workers.inspect("https://media.example.com/x.pdf", before + data)
            assert found.sniffed.type == PDF
            assert isinstance(found.decoded, DocumentFacts), (before, found.decoded)
        late = await workers.inspect("https://media.example.com/x.pdf", b"\n" * 1100 + data)
        talk = await workers.inspect("https://media.example.com/x", b"\nIt begins with %PDF-1.4, they say.\n")
    assert late.sniffed.witness != "content"
    assert talk.sniffed.witness != "content"
