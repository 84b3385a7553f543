from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from mmscheck.media import image
from mmscheck.media.decoding import decode
from mmscheck.media.gif import Ending, ending
from mmscheck.model.facts import ImageFacts, Undecoded
from tests.media import bombs

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"
CUTS = [1, 2, 3, 4, 5, 8, 13, 40, 200, 1000, 2000]


def seen(type_: str, data: bytes) -> ImageFacts:
    found = decode(type_, data)
    assert isinstance(found, ImageFacts)
    return found


def refused(type_: str, data: bytes) -> str:
    found = decode(type_, data)
    assert isinstance(found, Undecoded)
    assert (found.expected, found.contained) == ("image", False)
    return found.reason


def saved(picture: Image.Image, format_: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, format_, **options)
    return file.getvalue()


@pytest.mark.parametrize("name", ["photo-small.jpg", "photo-large.jpg"])
@pytest.mark.parametrize("cut", CUTS)
def test_a_jpeg_that_lacks_its_last_bytes_is_refused_at_reduced_scale_too(name: str, cut: int) -> None:
    assert "cut short" in refused("image/jpeg", (MEDIA / name).read_bytes()[:-cut])


@pytest.mark.parametrize(
    "name", ["logo-small.png", "dance-small.gif", "photo-small.webp", "photo-small.avif"]
)
@pytest.mark.parametrize("cut", [5, 40, 564, 1150, 1156])
def test_any_other_picture_that_lacks_its_last_bytes_is_refused(name: str, cut: int) -> None:
    data = (MEDIA / name).read_bytes()
    assert refused(f"image/{name.rpartition('.')[2]}", data[:-cut])


FRAME = 8 + 15
"""Bytes of a frame of ``bombs.gif``: what announces it, and its picture."""


@pytest.mark.parametrize("cut", range(1, FRAME))
def test_a_gif_cut_off_within_a_frame_is_refused_though_pillow_takes_what_is_left(cut: int) -> None:
    whole = bombs.gif(5)
    left = whole[: -1 - cut]
    assert ending(left) is Ending.CUT
    assert refused("image/gif", left)
    zeros = left + bytes(1 + cut)  # an upload that made room and never filled it
    assert refused("image/gif", zeros)


def test_a_gif_that_lacks_only_its_trailer_passes_with_a_flaw() -> None:
    whole = bombs.gif(5)
    for data, frames in ((whole[:-1], 5), (whole[: -1 - FRAME], 4)):
        found = seen("image/gif", data)
        assert (found.frames, found.flaws) == (frames, (image.OPEN,))
    assert seen("image/gif", whole + b"trailing bytes").flaws == ()


@pytest.mark.parametrize("zeros", [1, 2, 7])
def test_zeros_between_the_blocks_of_a_gif_are_passed_over(zeros: int) -> None:
    whole = bombs.gif(5)
    for place in (-1, -1 - FRAME, -1 - 3 * FRAME):
        found = seen("image/gif", whole[:place] + bytes(zeros) + whole[place:])
        assert (found.frames, found.flaws) == (5, ())


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"GIF89a" + bytes(7) + b"\x99"])
def test_what_is_no_gif_has_no_end(data: bytes) -> None:
    assert ending(data) is Ending.CUT


def test_a_png_whose_checksum_is_wrong_is_refused_though_its_pixels_decode() -> None:
    data = bytearray(bombs.png(4, 4))
    data[-13] ^= 1  # in the checksum of IDAT
    assert "checksum" in refused("image/png", bytes(data))


@pytest.mark.parametrize(("first", "later", "clear"), [(0, 0, 0), (1, 0, 1), (0, 1, 0)])
def test_a_gif_is_transparent_when_a_pixel_as_shown_is_and_not_when_a_frame_keeps_the_one_before(
    first: int, later: int, clear: int
) -> None:
    data = bombs.gif(3, first_clear=bool(first), later_clear=bool(later))
    assert seen("image/gif", data).transparent is bool(clear)


def test_a_png_is_transparent_only_when_a_pixel_is() -> None:
    opaque = Image.new("RGBA", (4, 4), (1, 2, 3, 255))
    assert not seen("image/png", saved(opaque, "PNG")).transparent
    opaque.putpixel((3, 3), (1, 2, 3, 254))
    assert seen("image/png", saved(opaque, "PNG")).transparent
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([0, 0, 0, 255, 255, 255])
    assert seen("image/png", saved(palette, "PNG", transparency=0)).transparent
    assert not seen("image/png", saved(palette, "PNG", transparency=1)).transparent
    assert seen("image/png", bombs.png(4, 4, bombs.chunk(b"tRNS", b"\0\0"))).transparent
    assert not seen("image/png", bombs.png(4, 4, bombs.chunk(b"tRNS", b"\0\7"))).transparent


@pytest.mark.parametrize("format_", ["WEBP", "AVIF", "TIFF"])
def test_other_formats_have_their_alpha_looked_at(format_: str) -> None:
    clear = Image.new("RGBA", (16, 16), (1, 2, 3, 0))
    found = seen(f"image/{format_.lower()}", saved(clear, format_))
    assert (found.format, found.transparent) == (format_, True)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_the_exif_orientation_is_found(format_: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = saved(Image.new("RGB", (20, 10)), format_, exif=exif)
    found = seen(f"image/{format_.lower()}", data)
    assert (found.orientation, found.width, found.height) == (6, 20, 10)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_the_mode_is_the_one_of_the_file_and_not_the_one_decoded_to(mode: str) -> None:
    found = seen("image/jpeg", saved(Image.new(mode, (640, 480)), "JPEG"))
    assert (found.mode, found.width, found.height) == (mode, 640, 480)


def test_moving_pictures_of_all_formats_have_frames_and_a_rate() -> None:
    frames = [Image.new("RGB", (32, 32), (shade, 0, 0)) for shade in (0, 120, 240)]
    for format_, type_ in (("PNG", "image/apng"), ("WEBP", "image/webp"), ("AVIF", "image/avif")):
        data = saved(frames[0], format_, save_all=True, append_images=frames[1:], duration=200)
        found = seen(type_, data)
        assert (found.frames, found.frame_rate, found.duration) == (3, 5.0, 0.6), format_


def test_bitmaps_are_known() -> None:
    assert seen("image/bmp", saved(Image.new("RGB", (7, 5)), "BMP")).width == 7


def test_bombs_are_refused_by_what_they_say() -> None:
    assert refused("image/png", bombs.wide_png()) == "it has more than 64 million pixels"
    assert seen("image/png", bombs.text_png()).width == 4  # nobody unpacks what is no picture


@pytest.mark.parametrize("frames", [500, 501, 3000])
def test_no_number_of_frames_is_too_much(frames: int) -> None:
    assert seen("image/gif", bombs.gif(frames)).frames == frames


def test_a_picture_of_another_format_than_said_is_not_tried() -> None:
    assert refused("image/jpeg", bombs.png(4, 4)).startswith("it is no JPEG: it begins with 89")
