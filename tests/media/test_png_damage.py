"""Every kind of damage in every kind of PNG is found, and nothing that does not show is taken for it."""

from __future__ import annotations

import io
import itertools
import random
import struct
import zlib
from collections.abc import Callable, Iterator

import pytest
from PIL import Image

from mmscheck.media import png
from mmscheck.media.decoding import decode
from mmscheck.media.previews import preview
from mmscheck.model.facts import Undecoded
from tests.media.bombs import chunk
from tests.media.test_pictures import refused, saved, seen

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SIDE = 13
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
KINDS = [
    (colours, depth, interlaced)
    for colours, depths in DEPTHS.items()
    for depth in depths
    for interlaced in (False, True)
]
Chunks = list[tuple[bytes, bytes]]


def lines(colours: int, depth: int, *, interlaced: bool, side: int = SIDE, seed: int = 5) -> bytes:
    """Random pixels with their filters, before packing; those of a palette have two colours."""
    chance = random.Random(seed)
    passes = png.PASSES if interlaced else ((0, 0, 1, 1),)
    raw = []
    for column, row, across, down in passes:
        columns, rows = -(-(side - column) // across), -(-(side - row) // down)
        length = -(-columns * depth * png.SAMPLES[colours] // 8)
        for _ in range(rows if columns > 0 else 0):
            line = bytes(chance.choice((0, 1)) for _ in range(length)) if colours == 3 else None
            raw.append(b"\0" + (line or chance.randbytes(length)))
    return b"".join(raw)


def chunks(colours: int, depth: int, interlaced: bool) -> Chunks:  # noqa: FBT001 - KINDS has no names
    head = struct.pack(">IIBBBBB", SIDE, SIDE, depth, colours, 0, 0, int(interlaced))
    packed = zlib.compress(lines(colours, depth, interlaced=interlaced))
    half = len(packed) // 2
    palette = [(b"PLTE", bytes(768)[: 3 << depth]), (b"tRNS", b"\x80")] if colours == 3 else []
    return [(b"IHDR", head), *palette, (b"IDAT", packed[:half]), (b"IDAT", packed[half:]), (b"IEND", b"")]


def file(parts: Chunks) -> bytes:
    return SIGNATURE + b"".join(chunk(name, body) for name, body in parts)


def repacked(parts: Chunks, change: Callable[[bytes], bytes]) -> bytes:
    """The file with its packed pixels changed, under right checksums."""
    packed = change(b"".join(body for name, body in parts if name == b"IDAT"))
    rest = [(name, body) for name, body in parts if name != b"IDAT"]
    return file([*rest[:-1], (b"IDAT", packed), rest[-1]])


def zeros(parts: Chunks) -> bytes:
    return repacked(parts, lambda packed: bytes(len(packed)))


def zeros_behind_the_head(parts: Chunks) -> bytes:
    return repacked(parts, lambda packed: packed[:2] + bytes(len(packed) - 2))


def a_byte_changed(parts: Chunks) -> bytes:
    return repacked(
        parts, lambda packed: packed[:-4] + bytes([packed[-4] ^ 1]) + packed[-3:]
    )  # the sum over all pixels


def half_of_the_pixels(parts: Chunks) -> bytes:
    return repacked(parts, lambda packed: zlib.compress(zlib.decompress(packed)[: len(packed) // 3]))


def packed_data_cut(parts: Chunks) -> bytes:
    return repacked(parts, lambda packed: packed[: len(packed) // 2])


def an_unknown_filter(parts: Chunks) -> bytes:
    return repacked(parts, lambda packed: zlib.compress(b"\x09" + zlib.decompress(packed)[1:]))


def as_xcode_crushes(parts: Chunks) -> bytes:
    return file([(b"CgBI", b"\x50\0\x20\x02"), *parts])


def no_pixels(parts: Chunks) -> bytes:
    return file([part for part in parts if part[0] != b"IDAT"])


def no_end(parts: Chunks) -> bytes:
    return file(parts[:-1])


def cut(parts: Chunks) -> bytes:
    data = file(parts)
    return data[: data.rindex(b"IDAT") + 10]


def a_part_that_must_be_known(parts: Chunks) -> bytes:
    return file([*parts[:-1], (b"IDOT", b""), parts[-1]])


DAMAGES = (
    *(zeros, zeros_behind_the_head, a_byte_changed, half_of_the_pixels, packed_data_cut),
    *(an_unknown_filter, as_xcode_crushes, no_pixels, no_end, cut, a_part_that_must_be_known),
)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(str, kind)))
def test_damage_to_the_picture_is_found(
    kind: tuple[int, int, bool], damage: Callable[[Chunks], bytes]
) -> None:
    assert refused("image/png", damage(chunks(*kind)))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(str, kind)))
def test_a_wrong_checksum_of_each_part_of_the_picture_is_found(kind: tuple[int, int, bool]) -> None:
    data = file(chunks(*kind))
    for found in png.parts(data).chunks:
        at = data.index(found.raw) + len(found.raw) - 1
        damaged = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        assert "checksum of its part" in refused("image/png", damaged)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(str, kind)))
def test_a_sound_one_of_every_kind_passes(kind: tuple[int, int, bool]) -> None:
    found = seen("image/png", file(chunks(*kind)))
    assert (found.width, found.height, found.frames, found.flaws) == (SIDE, SIDE, 1, ())


def test_what_xcode_has_crushed_is_named_with_what_to_do() -> None:
    assert "Xcode" in refused("image/png", as_xcode_crushes(chunks(2, 8, interlaced=False)))


PARTS = chunks(6, 8, False)  # noqa: FBT003 - KINDS has no names


def beside(*extra: tuple[bytes, bytes], last: bool = False) -> bytes:
    return file([*PARTS[:-1], *extra, PARTS[-1]] if last else [PARTS[0], *extra, *PARTS[1:]])


def wrong_sum(data: bytes, name: bytes) -> bytes:
    at = data.index(name) + 4 + int.from_bytes(data[data.index(name) - 4 : data.index(name)])
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


HISTORY = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"<rdf:li>saved</rdf:li>" * 80_000)
SOUND = {
    "1.5 MB of history": beside((b"iTXt", HISTORY)),
    "1.5 MB of history behind the pixels": beside((b"iTXt", HISTORY), last=True),
    "a text that unpacks to much": beside((b"zTXt", b"Comment\0\0" + zlib.compress(bytes(9_000_000)))),
    "a text that cannot be unpacked": beside((b"zTXt", b"Comment\0\0junk")),
    "a profile that cannot be unpacked": beside((b"iCCP", b"sRGB\0\0junk")),
    "a profile packed in a way nobody knows": beside((b"iCCP", b"sRGB\0\7junk")),
    "orientation that cannot be read": beside((b"eXIf", b"MM\0\x2a\xff\xff\xff\xff")),
    "a time of no length": beside((b"tIME", b"")),
    "a gamma of no length": beside((b"gAMA", b"")),
    "resolution of no length": beside((b"pHYs", b"")),
    "a private part": beside((b"prVt", b"x" * 3000)),
    "an empty part of the pixels": file([*PARTS[:2], (b"IDAT", b""), *PARTS[2:]]),
    "bytes behind it": file(PARTS) + bytes(3000) + b"trailing",
    "half of an earlier file behind it": file(PARTS) + file(PARTS)[40:],
    "more pixels than are shown": repacked(
        PARTS, lambda packed: zlib.compress(zlib.decompress(packed) + bytes(4000))
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_what_is_odd_beside_the_picture_is_no_damage_and_it_has_a_likeness(name: str) -> None:
    found = seen("image/png", SOUND[name])
    assert (found.width, found.flaws) == (SIDE, ())
    assert preview("image/png", SOUND[name], found) is not None


@pytest.mark.parametrize("name", [b"tEXt", b"iTXt", b"zTXt", b"gAMA", b"iCCP", b"pHYs", b"eXIf", b"prVt"])
def test_a_wrong_checksum_beside_the_picture_is_a_flaw(name: bytes) -> None:
    data = wrong_sum(beside((name, b"Title\0\0x")), name)
    found = seen("image/png", data)
    assert found.flaws == (f"the checksum of its part {name.decode()} is wrong",)
    assert preview("image/png", data, found) is not None


def animated(*, frames: int = 3, mode: str = "RGB") -> bytes:
    pictures = [Image.new(mode, (16, 16), tuple([shade] * len(mode))) for shade in range(frames)]
    return saved(pictures[0], "PNG", save_all=True, append_images=pictures[1:], duration=100)


def taken_apart(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    return ((found.name, found.body) for found in png._chunks(data))


def interlaced(frames: int = 3) -> Chunks:
    """An animation whose frames are interlaced; Pillow reads but does not write them."""
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 1)
    number = itertools.count()
    parts: Chunks = [(b"IHDR", head), (b"acTL", struct.pack(">II", frames, 0))]
    for frame in range(frames):
        control = struct.pack(">IIIIIHHBB", next(number), SIDE, SIDE, 0, 0, 1, 10, 0, 0)
        packed = zlib.compress(lines(2, 8, interlaced=True, seed=frame))
        body = (b"fdAT", struct.pack(">I", next(number)) + packed) if frame else (b"IDAT", packed)
        parts += [(b"fcTL", control), body]
    return [*parts, (b"IEND", b"")]


def test_an_interlaced_animation_plays_and_one_that_is_cut_is_refused_in_our_words() -> None:
    data = file(interlaced(4))
    found = seen("image/png", data)
    assert (found.frames, found.duration, found.flaws) == (4, 0.4, ())
    for length in range(60, len(data) - 1, 97):
        assert refused("image/png", data[:length]) == png.CUT


def no_frame(parts: Chunks) -> Chunks:
    return [part for part in parts if part[0] != b"fdAT"]


def frames_in_another_order(parts: Chunks) -> Chunks:
    return [*parts[:-3], parts[-2], parts[-3], parts[-1]]


def a_number_missing(parts: Chunks) -> Chunks:
    last = parts[-2][1]
    return [*parts[:-2], (b"fdAT", b"\0\0\0\x63" + last[4:]), parts[-1]]


def more_frames_announced(parts: Chunks) -> Chunks:
    return [(name, b"\0\0\0\x09" + body[4:] if name == b"acTL" else body) for name, body in parts]


def a_broken_frame(parts: Chunks) -> Chunks:
    last = parts[-2][1]
    return [*parts[:-2], (b"fdAT", last[:4] + bytes(len(last) - 4)), parts[-1]]


BREAKS = (no_frame, frames_in_another_order, a_number_missing, more_frames_announced, a_broken_frame)


@pytest.mark.parametrize("parts", [list(taken_apart(animated())), interlaced()], ids=["plain", "interlaced"])
@pytest.mark.parametrize("change", BREAKS, ids=lambda change: change.__name__)
def test_a_broken_animation_of_a_whole_picture_is_a_flaw(
    change: Callable[[Chunks], Chunks], parts: Chunks
) -> None:
    found = seen("image/png", file(change(parts)))
    assert (found.frames, found.duration) == (1, None)
    assert found.flaws == ("its animation is broken, and only a still picture is shown",)


def test_an_animation_whose_first_picture_is_broken_is_refused() -> None:
    parts = list(taken_apart(animated()))
    assert refused("image/png", zeros(parts))


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "TIFF", "AVIF", "GIF", "BMP"])
def test_what_fails_while_it_is_asked_for_something_else_never_passes(format_: str) -> None:
    picture = Image.effect_noise((64, 64), 90).convert("RGB")
    data = saved(picture, format_)
    type_ = Image.MIME[format_]
    for at in range(len(data) // 3, len(data) - 400, len(data) // 5):
        damaged = data[:at] + bytes(300) + data[at + 300 :]
        ours, pillows = decode(type_, damaged), _loads(damaged)
        assert isinstance(ours, Undecoded) or pillows


def _loads(data: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
    except Exception:  # noqa: BLE001 - whatever it raises, it refuses
        return False
    return True
