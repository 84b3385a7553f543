"""Every kind of damage in every coding of a JPEG is found, and nothing that is no damage is taken for it."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from mmscheck.media import jpeg
from mmscheck.media.decoding import decode
from mmscheck.media.jpeg import CUT, DAMAGED
from mmscheck.model.facts import ImageFacts, Undecoded
from tests.media.test_pictures import MEDIA, refused, saved, seen

SIDE = 320


def noisy(mode: str, side: int = SIDE, seed: int = 7) -> Image.Image:
    """A picture with an edge in every block, so that every block has coefficients to damage."""
    chance = random.Random(seed)
    bands = len(Image.new(mode, (1, 1)).getbands())
    small = Image.frombytes(mode, (side // 4, side // 4), chance.randbytes(bands * (side // 4) ** 2))
    return small.resize((side, side), Image.Resampling.BILINEAR)


CODINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "baseline 4:4:4": ("RGB", {"subsampling": 0}),
    "baseline 4:2:2": ("RGB", {"subsampling": 1}),
    "baseline 4:2:0": ("RGB", {"subsampling": 2}),
    "baseline, own tables": ("RGB", {"subsampling": 2, "optimize": True}),
    "grey": ("L", {}),
    "CMYK": ("CMYK", {}),
    "progressive 4:4:4": ("RGB", {"subsampling": 0, "progressive": True}),
    "progressive 4:2:2": ("RGB", {"subsampling": 1, "progressive": True}),
    "progressive 4:2:0": ("RGB", {"subsampling": 2, "progressive": True}),
    "progressive grey": ("L", {"progressive": True}),
    "progressive CMYK": ("CMYK", {"progressive": True}),
    "restarts 4:4:4": ("RGB", {"subsampling": 0, "restart_marker_blocks": 5}),
    "restarts 4:2:0": ("RGB", {"subsampling": 2, "restart_marker_rows": 1}),
    "progressive, restarts": ("RGB", {"progressive": True, "restart_marker_rows": 1}),
    "grey, restarts": ("L", {"restart_marker_blocks": 3}),
}


def coded(coding: str) -> bytes:
    mode, options = CODINGS[coding]
    return saved(noisy(mode), "JPEG", quality=92, **options)


def scan(data: bytes) -> tuple[int, int]:
    """Where the compressed data of the longest scan begin and end."""
    scans = [part for part in jpeg._parts(data) if part.marker == jpeg.SOS]
    longest = max(scans, key=lambda part: part.end - part.start)
    return longest.start + 4 + len(longest.body), longest.end


def zeros(data: bytes, at: int, _end: int) -> bytes:
    return data[:at] + bytes(1000) + data[at + 1000 :]


def hole(data: bytes, at: int, _end: int) -> bytes:
    return data[:at] + data[at + 1001 :]


def changes(data: bytes, at: int, end: int) -> bytes:
    chance, changed = random.Random(at), bytearray(data)
    for _ in range(40):
        changed[chance.randrange(at, end)] = chance.randrange(255)
    return bytes(changed)


def blocks_of_another_place(data: bytes, at: int, end: int) -> bytes:
    moved = bytearray(data)
    for place in range(at, end - 400, 700):
        moved[place : place + 301] = data[place - 1033 : place - 732]
    return bytes(moved)


def text_mode(data: bytes, at: int, end: int) -> bytes:
    return data[:at] + data[at:end].replace(b"\n", b"\r\n") + data[end:]


def letters(data: bytes, at: int, _end: int) -> bytes:
    words = b"<html>502 Bad Gateway</html>" * 40
    return data[:at] + words + data[at + len(words) :]


def end_too_soon(data: bytes, at: int, _end: int) -> bytes:
    return data[:at] + b"\xff\xd9"


def cut(data: bytes, at: int, _end: int) -> bytes:
    return data[:at]


def tail_of_zeros(data: bytes, at: int, _end: int) -> bytes:
    return data[:at] + bytes(len(data) - at)


DAMAGES = (
    *(zeros, hole, changes, blocks_of_another_place, text_mode),
    *(letters, end_too_soon, cut, tail_of_zeros),
)
PLACES = range(3, 8)
"""Twelfths of a scan."""


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("coding", CODINGS)
def test_damage_within_a_scan_is_found(coding: str, damage: Callable[[bytes, int, int], bytes]) -> None:
    data = coded(coding)
    start, end = scan(data)
    found = [decode("image/jpeg", damage(data, start + (end - start) * at // 12, end)) for at in PLACES]
    refusals = [one.reason for one in found if isinstance(one, Undecoded)]
    assert set(refusals) <= {DAMAGED, CUT}
    # Huffman codes fall into step again by themselves: where the blocks by chance do, no decoder can tell.
    assert len(refusals) >= len(PLACES) - 2


def test_zeros_over_a_scan_are_found_where_the_codes_fall_into_step_again() -> None:
    """Each zero is a coefficient by the usual tables: blocks of them end as any others do."""
    chance = random.Random(7)
    grain = Image.frombytes("L", (240, 240), bytes(chance.randrange(108, 148) for _ in range(240 * 240)))
    data = saved(grain.convert("RGB"), "JPEG", quality=85, subsampling=0)
    start, end = scan(data)
    for at in range(start + 500, end - 1000, (end - start) // 150):
        spoilt = data[:at] + bytes(200) + data[at + 200 :]
        assert isinstance(decode("image/jpeg", spoilt), Undecoded), f"zeros at byte {at}"


@pytest.mark.parametrize("options", [{"optimize": True}, {"progressive": True}, {}])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_plain_area_is_no_damage_however_many_zeros_it_has(mode: str, options: dict[str, Any]) -> None:
    plain = Image.new(mode, (1600, 1600))
    assert seen("image/jpeg", saved(plain, "JPEG", **options)).width == plain.width


@pytest.mark.parametrize("coding", CODINGS)
def test_a_sound_one_of_every_coding_passes(coding: str) -> None:
    found = seen("image/jpeg", coded(coding))
    assert (found.width, found.height, found.mode) == (SIDE, SIDE, CODINGS[coding][0])
    assert found.progressive is ("progressive" in coding)


def part(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def behind_start(data: bytes, *parts: bytes) -> bytes:
    return b"".join((data[:2], *parts, data[2:]))


BASE = saved(noisy("RGB"), "JPEG")
TABLES = BASE.index(b"\xff\xdb")
FRAME = BASE.index(b"\xff\xc0")
SOUND = {
    "junk between parts": BASE[:TABLES] + b"junk\0junk" + BASE[TABLES:],
    "every byte between parts": BASE[:TABLES] + bytes(range(255)) + BASE[TABLES:],
    "fill bytes before a marker": BASE[:FRAME] + b"\xff" * 5 + BASE[FRAME:],
    "fill bytes before the end": BASE[:-2] + b"\xff\xff\xff" + BASE[-2:],
    "an empty JFIF part": behind_start(BASE[:2] + BASE[TABLES:], part(0xE0, b"")),
    "a JFIF part of another version": behind_start(BASE, part(0xE0, b"JFIF\0\7\1" + bytes(7))),
    "Adobe's part with a transform nobody knows": behind_start(BASE, part(0xEE, b"Adobe\0\x64\0\0\0\0\7")),
    "Adobe's part of four colours in a picture of three": behind_start(
        BASE, part(0xEE, b"Adobe\0\x64\0\0\0\0\2")
    ),
    "Adobe's part cut short": behind_start(BASE, part(0xEE, b"Adobe")),
    "a colour profile that is none": behind_start(BASE, part(0xE2, b"ICC_PROFILE\0\1\2junk")),
    "half a colour profile": behind_start(BASE, part(0xE2, b"ICC_PROFILE\0\2\2" + bytes(400))),
    "EXIF data that are none": behind_start(BASE, part(0xE1, b"Exif\0\0MM\0\x2a\xff\xff\xff\xff")),
    "a thumbnail": behind_start(BASE, part(0xE1, b"Exif\0\0" + saved(noisy("RGB", 40), "JPEG"))),
    "a broken thumbnail": behind_start(BASE, part(0xE1, b"Exif\0\0" + BASE[:900])),
    "Photoshop's part cut short": behind_start(BASE, part(0xED, b"Photoshop 3.0\08BIM\4\4\0\0\0\0\xff\xff")),
    "a comment": behind_start(BASE, part(0xFE, b"\xff\xd9\xff\xda")),
    "an index of pictures that is none": behind_start(BASE, part(0xE2, b"MPF\0II*\0\xff\xff\xff\xff")),
    "a film behind it": BASE + (MEDIA / "clip-small.mp4").read_bytes(),
    "zeros behind it": BASE + bytes(4000),
    "a page behind it": BASE + b"<!-- cached -->\n",
    "half a picture behind it": BASE + BASE[:3000],
}


@pytest.mark.parametrize("name", SOUND)
def test_what_is_odd_beside_the_picture_is_no_damage(name: str) -> None:
    assert seen("image/jpeg", SOUND[name]).width == SIDE


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_still_read(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert seen("image/jpeg", saved(noisy("RGB"), "JPEG", exif=exif)).orientation == orientation


def test_a_file_of_two_pictures_is_judged_by_its_first() -> None:
    file = io.BytesIO()
    noisy("RGB").save(file, "MPO", save_all=True, append_images=[noisy("RGB", 80)])
    assert seen("image/jpeg", file.getvalue()).width == SIDE
    assert seen("image/jpeg", file.getvalue()[:-900]).frames == 1
    start, end = scan(file.getvalue())
    assert refused("image/jpeg", hole(file.getvalue(), (start + end) // 2, end)) == DAMAGED


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        (0xC3, "lossless coding (marker SOF3)"),
        (0xC5, "hierarchical coding (marker SOF5)"),
        (0xC9, "arithmetic coding (marker SOF9)"),
        (0xCA, "arithmetic coding (marker SOF10)"),
        (0xCB, "arithmetic coding (marker SOF11)"),
        (0xCD, "hierarchical, arithmetic coding (marker SOF13)"),
        (0xDE, "hierarchical coding (marker DHP)"),
        (0xF7, "JPEG-LS"),
    ],
)
def test_a_coding_that_phones_do_not_have_is_named_with_what_to_do(marker: int, words: str) -> None:
    why = refused("image/jpeg", BASE[: FRAME + 1] + bytes([marker]) + BASE[FRAME + 2 :])
    assert words in why
    assert "save it again as a baseline or progressive JPEG" in why


def test_twelve_bits_a_sample_are_named_and_extended_coding_with_eight_passes() -> None:
    body = BASE[FRAME + 4 :]
    extended = BASE[: FRAME + 1] + b"\xc1" + BASE[FRAME + 2 : FRAME + 4]
    assert "12 bits a sample" in refused("image/jpeg", extended + b"\x0c" + body[1:])
    assert seen("image/jpeg", extended + body).width == SIDE
    assert refused("image/jpeg", BASE[: FRAME + 4] + b"\x99" + body[1:]) == DAMAGED


@pytest.mark.parametrize("gone", [b"\xff\xdb", b"\xff\xc0", b"\xff\xda"])
def test_a_jpeg_without_one_of_its_parts_is_refused(gone: bytes) -> None:
    at = BASE.index(gone)
    length = int.from_bytes(BASE[at + 2 : at + 4])
    found = decode("image/jpeg", BASE[:at] + BASE[at + 2 + length :])
    assert isinstance(found, Undecoded)
    assert not found.contained


def test_a_picture_too_large_for_a_worker_is_not_called_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: object) -> None:
        raise jpeg.COMPLAINTS[0]("Insufficient memory (case 4)")

    monkeypatch.setattr("pikepdf.Object.get_stream_buffer", full)
    found = decode("image/jpeg", BASE)
    assert isinstance(found, Undecoded)
    assert "memory" in found.reason
    assert found.contained


def test_the_facts_are_those_of_the_whole_file() -> None:
    assert isinstance(decode("image/jpeg", (MEDIA / "photo-large.jpg").read_bytes()), ImageFacts)
