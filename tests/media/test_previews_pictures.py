from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from mmscheck.media import image
from mmscheck.media.previews import preview
from mmscheck.media.previews_image import ROOM, fitted
from mmscheck.model.facts import ImageFacts, Preview
from tests.media import bombs

FIXTURES = Path(__file__).parents[2] / "fixtures"
RED, GREEN, BLUE, WHITE = (220, 20, 20), (20, 200, 20), (20, 20, 220), (255, 255, 255)
TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
}


def saved(picture: Image.Image, format_: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, format_, **options)
    return file.getvalue()


def drawn(data: bytes, type_: str) -> Preview:
    facts = image.decode(data, type_)
    found = preview(type_, data, facts)
    assert found is not None
    return found


def opened(found: Preview) -> Image.Image:
    picture = Image.open(io.BytesIO(found.image))
    assert picture.size == (found.width, found.height)
    assert Image.MIME[picture.format or ""] == found.image_type
    return picture


def quarters(width: int, height: int) -> Image.Image:
    """Red, green, blue and white from the top left to the bottom right."""
    picture = Image.new("RGB", (width, height), WHITE)
    for box, colour in (((0, 0), RED), ((width // 2, 0), GREEN), ((0, height // 2), BLUE)):
        picture.paste(colour, (*box, box[0] + width // 2, box[1] + height // 2))
    return picture


def corners(picture: Image.Image) -> list[tuple[int, ...]]:
    """The colours in the middle of each quarter."""
    width, height = picture.size
    places = [(x * width // 4, y * height // 4) for y in (1, 3) for x in (1, 3)]
    return [picture.convert("RGB").getpixel(place) for place in places]  # type: ignore[misc] # an RGB pixel


def near(seen: tuple[int, ...], wanted: tuple[int, ...], most: int = 12) -> bool:
    return all(abs(a - b) <= most for a, b in zip(seen, wanted, strict=True))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_a_picture_stands_upright_whatever_its_orientation(orientation: int, format_: str) -> None:
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = quarters(640, 1138)
    stored = upright.transpose(turns[orientation]) if orientation in turns else upright
    exif = Image.Exif()
    exif[image.ORIENTATION] = orientation
    found = drawn(saved(stored, format_, exif=exif.tobytes()), TYPES[format_])
    assert (found.width, found.height) == (320, 569)
    for seen, wanted in zip(corners(opened(found)), (RED, GREEN, BLUE, WHITE), strict=True):
        assert near(seen, wanted)


def test_the_turned_fixture_is_as_tall_as_the_photo_was_taken() -> None:
    found = drawn((FIXTURES / "odd-media" / "photo-turned.jpg").read_bytes(), "image/jpeg")
    assert (found.width, found.height) == (160, 284)
    sky, sand = (opened(found).convert("L").getpixel((80, y)) for y in (5, 278))
    assert isinstance(sky, int)
    assert isinstance(sand, int)
    assert sky < 90
    assert sand > 180


def test_what_is_transparent_stays_so_and_what_is_not_becomes_a_jpeg() -> None:
    logo = opened(drawn((FIXTURES / "media" / "logo-small.png").read_bytes(), "image/png")).convert("RGBA")
    assert logo.getpixel((0, 0))[3] == 0  # type: ignore[index] # an RGBA pixel
    assert logo.getpixel((48, 30))[3] == 255  # type: ignore[index] # see above
    opaque = Image.new("RGBA", (40, 40), (*RED, 255))
    assert drawn(saved(opaque, "PNG"), "image/png").image_type == "image/jpeg"
    assert drawn(bombs.gif(3, first_clear=True), "image/gif").image_type == "image/png"
    assert drawn(bombs.gif(3, later_clear=True), "image/gif").image_type == "image/jpeg"


@pytest.mark.parametrize("mode", ["P", "L", "RGB", "LA"])
def test_transparency_of_every_kind_stays(mode: str) -> None:
    picture = Image.new("LA" if mode == "LA" else "RGBA", (60, 60), 0)
    picture.paste((200, 255) if mode == "LA" else (*WHITE, 255), (30, 0, 60, 60))
    if mode == "RGB":
        data = saved(picture.convert("RGB"), "PNG", transparency=(0, 0, 0))
    elif mode == "LA":
        data = saved(picture, "PNG")
    else:
        data = saved(picture.convert(mode), "PNG", transparency=0)
    shown = opened(drawn(data, "image/png")).convert("RGBA")
    assert [shown.getpixel((x, 30))[3] for x in (10, 50)] == [0, 255]  # type: ignore[index] # RGBA pixels


def test_of_moving_pictures_the_first_frame_is_shown() -> None:
    frames = [Image.new("RGB", (64, 64), colour) for colour in (BLUE, RED, GREEN)]
    for format_ in ("GIF", "WEBP", "PNG"):
        data = saved(frames[0], format_, save_all=True, append_images=frames[1:], duration=100)
        shown = opened(drawn(data, TYPES[format_])).convert("RGB").getpixel((32, 32))
        assert near(shown, BLUE)  # type: ignore[arg-type] # an RGB pixel


@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
def test_nothing_but_pixels_is_copied(format_: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret description"
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "secret comment")
    options = {"pnginfo": notes} if format_ == "PNG" else {"comment": b"secret comment"}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for picture in (quarters(300, 300), quarters(300, 300).convert("RGBA")):
        if format_ == "PNG":
            picture.putalpha(128)
        shape = picture.convert("RGB") if format_ == "JPEG" else picture
        data = saved(shape, format_, exif=exif.tobytes(), icc_profile=profile, dpi=(300, 300), **options)
        assert b"secret comment" in data
        shown = opened(drawn(data, TYPES[format_]))
        assert not shown.getexif()
        assert not {"icc_profile", "comment", "Comment", "exif", "dpi"} & set(shown.info)


def swapping_profile() -> bytes:
    """A profile whose red is our green: an sRGB profile with two of its primaries exchanged."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return (
        data.replace(b"sRGB", b"odd!")
        .replace(b"rXYZ", b"tmp!")
        .replace(b"gXYZ", b"rXYZ")
        .replace(b"tmp!", b"gXYZ")
    )


def test_colours_are_those_of_the_profile() -> None:
    picture = Image.new("RGB", (64, 64), (250, 5, 5))
    shown = opened(drawn(saved(picture, "PNG", icc_profile=swapping_profile()), "image/png"))
    assert near(shown.getpixel((32, 32)), (5, 250, 5), 40)  # type: ignore[arg-type] # an RGB pixel
    broken = drawn(saved(picture, "PNG", icc_profile=b"no profile at all" * 20), "image/png")
    assert near(opened(broken).getpixel((32, 32)), (250, 5, 5))  # type: ignore[arg-type] # see above


def test_printers_colours_become_those_of_a_screen() -> None:
    found = drawn((FIXTURES / "odd-media" / "photo-cmyk.jpg").read_bytes(), "image/jpeg")
    like = drawn((FIXTURES / "media" / "photo-small.jpg").read_bytes(), "image/jpeg")
    assert opened(found).mode == "RGB"
    for seen, wanted in zip(corners(opened(found)), corners(opened(like)), strict=True):
        assert near(seen, wanted, 60)


@pytest.mark.parametrize("mode", ["1", "L", "P", "I;16"])
def test_grey_and_few_colours_keep_their_brightness(mode: str) -> None:
    picture = Image.new("L", (96, 64), 0)
    picture.paste(128, (32, 0, 64, 64))
    picture.paste(255, (64, 0, 96, 64))
    deep = picture.convert("I").point(lambda value: value * 257).convert("I;16") if mode == "I;16" else None
    shown = opened(drawn(saved(deep or picture.convert(mode), "PNG"), "image/png")).convert("L")
    black, middle, white = (shown.getpixel((x, 32)) for x in (10, 48, 86))
    assert (black, white) == (0, 255)
    assert mode == "1" or abs(128 - middle) < 4  # type: ignore[operator] # a grey pixel


@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
def test_even_noise_is_made_to_fit_and_small_pictures_are_not_enlarged(format_: str) -> None:
    noise = Image.frombytes("RGBA", (640, 1138), random.Random(1).randbytes(640 * 1138 * 4))
    found = drawn(saved(noise.convert("RGB") if format_ == "JPEG" else noise, format_), TYPES[format_])
    assert (found.width, found.height) == (320, 569)
    assert len(found.image) < 8 * ROOM
    assert fitted(3, 2) == (3, 2)
    assert fitted(10_000, 1) == (320, 1)
    assert fitted(1, 10_000) == (1, 569)


def test_a_photo_as_advised_stays_within_the_room() -> None:
    found = drawn((FIXTURES / "media" / "photo-large.jpg").read_bytes(), "image/jpeg")
    assert (found.width, found.height) == (320, 569)
    assert ROOM / 2 < len(found.image) <= ROOM


def test_a_broken_picture_has_no_likeness() -> None:
    data = (FIXTURES / "odd-media" / "cut-photo.jpg").read_bytes()
    assert preview("image/jpeg", data, ImageFacts(format="JPEG", width=1, height=1, mode="RGB")) is None
