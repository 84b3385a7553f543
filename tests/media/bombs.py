"""Small files that unpack to much, and broken passes and cards, made where they are used."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping

import pikepdf

from tests.support.signing import sign

PASS = {
    "description": "Coupon",
    "formatVersion": 1,
    "organizationName": "Shop",
    "passTypeIdentifier": "pass.example",
    "serialNumber": "1",
    "teamIdentifier": "T",
    "coupon": {"primaryFields": [{"key": "offer", "value": "20 % off"}]},
}


def chunk(name: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, *extra: bytes, mode: int = 0, pixels: bytes | None = None) -> bytes:
    """A PNG of one grey, or of that colour type and those raw lines, with more chunks before the pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, mode, 0, 0, 0)
    raw = bytes((width + 1) * height) if pixels is None else pixels
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            *extra,
            chunk(b"IDAT", zlib.compress(raw)),
            chunk(b"IEND", b""),
        )
    )


def wide_png() -> bytes:
    """50,000 by 50,000 pixels by its header, in a few bytes."""
    return png(50_000, 50_000, pixels=bytes(1000))


def text_png() -> bytes:
    """A PNG with a comment that unpacks to 80 MB."""
    return png(4, 4, chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80_000_000), 9)))


def gif(frames: int, *, first_clear: bool = False, later_clear: bool = False) -> bytes:
    """A GIF of 1 by 1 pixels, whose first or later frames name the colour of their pixel transparent."""
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\x00\x00\x00\xff\xff\xff"
    picture = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"

    def frame(*, clear: bool) -> bytes:
        return b"\x21\xf9\x04" + struct.pack("<BHB", int(clear), 10, 0) + b"\x00" + picture

    later = frame(clear=later_clear)
    return head + frame(clear=first_clear) + later * (frames - 1) + b"\x3b"


def sha1(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


def pkpass(
    changes: Mapping[str, bytes | None] | None = None,
    *,
    manifest: Mapping[str, str] | None = None,
    signature: Callable[[bytes], bytes | None] = sign,
    folder: str = "",
) -> bytes:
    """A sound pass, but for the files changed, added or (None) left out and the manifest's changes.

    ``signature`` makes the signature of a manifest, or None for none; ``folder`` is what all lies in.
    """
    files: dict[str, bytes | None] = {"pass.json": json.dumps(PASS).encode(), "icon.png": png(4, 4)}
    files.update(changes or {})
    present = {name: data for name, data in files.items() if data is not None}
    if "manifest.json" not in files:
        digests = {name: sha1(data) for name, data in present.items()} | dict(manifest or {})
        present["manifest.json"] = json.dumps(digests).encode()
    signed = signature(present.get("manifest.json", b""))
    if signed is not None:
        present["signature"] = signed
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in present.items():
            archive.writestr(folder + name, data)
    return file.getvalue()


def pdf(*, password: str | None = None, padding: int = 0, pages: int = 1) -> bytes:
    """A PDF, encrypted, or with a stream of that many zeros before packing on its first page."""
    file = io.BytesIO()
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page()
        if padding:
            document.pages[0].Contents = pikepdf.Stream(document, zlib.compress(bytes(padding), 9))
            document.pages[0].Contents.Filter = pikepdf.Name.FlateDecode
        lock = pikepdf.Encryption(user=password, owner=password) if password else None
        document.save(file, encryption=lock or False)
    return file.getvalue()


def structure_bomb(size: int) -> bytes:
    """A PDF whose cross-reference stream, which every reader must unpack, unpacks to that many zeros."""
    body = zlib.compress(bytes(size), 9)
    start = b"%PDF-1.5\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
    pages = b"2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n"
    table = b"<</Type/XRef/Size 4/Root 1 0 R/W[1 4 2]/Filter/FlateDecode/Length %d>>" % len(body)
    stream = b"3 0 obj\n" + table + b"\nstream\n" + body + b"\nendstream\nendobj\n"
    return start + pages + stream + b"startxref\n%d\n%%%%EOF\n" % len(start + pages)


def card(*lines: str, version: str = "3.0") -> bytes:
    """A vCard of these lines."""
    return "\r\n".join(("BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", "")).encode()


def photo(size: int) -> str:
    """A line of a vCard with a picture of that many bytes."""
    return "PHOTO;ENCODING=b;TYPE=JPEG:" + base64.b64encode(bytes(size)).decode()
