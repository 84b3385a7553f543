"""Pictures in, pictures out: what comes of each, without processes."""

from __future__ import annotations

import io
import math
import random
import struct
import zlib

import pytest
from PIL import Image

from mmscheck.fix.aims import aims
from mmscheck.fix.likeness import ssim
from mmscheck.fix.nearest import FULL_COLOURS, TOP, jpeg
from mmscheck.fix.values import Aims, Job, Mended, Shape, Unmended, Wishes
from mmscheck.fix.work import mend
from mmscheck.judge.pipeline import load_rules
from mmscheck.model.words import SenderType
from tests.fix.made import moving, opened, photo, saved, see_through, turned

TOLL_FREE = aims(load_rules("lint", sender=SenderType.TOLL_FREE))
SMALL = 40_000


def job(data: bytes, type_: str, most: int = 525_000, wishes: Wishes | None = None, **more: object) -> Job:
    return Job(
        data=data,
        type=type_,
        name="a",
        aims=TOLL_FREE,
        wishes=wishes or Wishes(),
        most=most,
        **more,  # type: ignore[arg-type]
    )


def product(data: bytes, type_: str, most: int = 525_000, wishes: Wishes | None = None) -> Mended:
    answer = mend(job(data, type_, most, wishes))
    assert isinstance(answer, Mended), answer
    return answer


def test_the_aims_are_those_of_the_rules() -> None:
    assert TOLL_FREE.most["image"] == 525_000, "what Bandwidth takes for toll-free numbers is the tightest"
    assert TOLL_FREE.picture_canvases == ((640, 1138), (1080, 1920))
    assert (TOLL_FREE.slowest, TOLL_FREE.fastest) == (2, 4)
    assert TOLL_FREE.aspect == (9, 16, 0.05)


@pytest.mark.parametrize(
    ("format_", "type_"),
    [("WEBP", "image/webp"), ("AVIF", "image/avif"), ("TIFF", "image/tiff"), ("BMP", "image/bmp")],
)
def test_what_no_provider_lists_becomes_jpeg(format_: str, type_: str) -> None:
    picture = photo()
    made = product(saved(picture, format_), type_)
    assert made.suffix == ".jpg"
    back = opened(made.data)
    assert back.size == picture.size
    assert made.measure is not None
    assert made.measure.value > 0.9


@pytest.mark.parametrize("orientation", range(2, 9))
def test_every_orientation_is_applied(orientation: int) -> None:
    picture = photo((320, 200))
    made = opened(product(turned(picture, orientation), "image/jpeg").data)
    assert 0x0112 not in made.getexif()
    with Image.open(io.BytesIO(turned(picture, orientation))) as opened_:
        from PIL import ImageOps  # noqa: PLC0415 - for this alone

        right = ImageOps.exif_transpose(opened_)
    assert made.size == right.size
    assert ssim(right.convert("RGB"), made) > 0.95


def test_metadata_does_not_come_along() -> None:
    made = product(turned(photo(), 6), "image/jpeg")
    assert b"Camera Works" not in made.data
    assert b"Exif" not in made.data
    assert "metadata left out: EXIF (place, camera)" in made.done


def test_transparent_parts_get_the_background_that_was_chosen() -> None:
    made = opened(product(see_through(), "image/png", wishes=Wishes(background=(0, 128, 0))).data)
    corner = made.convert("RGB").getpixel((2, 2))
    assert isinstance(corner, tuple)
    assert all(abs(one - two) < 6 for one, two in zip(corner, (0, 128, 0), strict=True))


def test_a_flat_picture_stays_png_and_loses_nothing() -> None:
    flat = Image.new("RGBA", (360, 640), (255, 255, 255, 0))
    flat.paste((10, 20, 200, 255), (40, 40, 200, 200))
    made = product(saved(flat, "PNG"), "image/png")
    assert made.suffix == ".png"
    assert made.measure is not None
    assert made.measure.value == 1
    assert opened(made.data).convert("RGB").getpixel((50, 50)) == (10, 20, 200)


def test_colours_for_print_become_those_for_screens() -> None:
    made = product(saved(photo().convert("CMYK"), "JPEG", quality=90), "image/jpeg")
    assert opened(made.data).mode == "RGB"


def test_sixteen_bits_of_grey_keep_their_brightness() -> None:
    deep = Image.new("I;16", (360, 640), 40_000)
    made = opened(product(saved(deep, "TIFF"), "image/tiff").data)
    brightness = made.convert("L").getpixel((5, 5))
    assert isinstance(brightness, int)
    assert abs(brightness - 40_000 / 257) < 2


@pytest.mark.parametrize("most", [400_000, 60_000, 12_000])
def test_the_bytes_are_kept_to_and_used(most: int) -> None:
    made = product(saved(photo((1080, 1920)), "PNG"), "image/png", most)
    assert len(made.data) <= most
    assert len(made.data) > most * 0.6, "a search that stops far below the budget gives quality away"


def test_more_bytes_never_give_a_worse_picture() -> None:
    data = saved(photo((1080, 1920)), "PNG")
    values = [product(data, "image/png", most).measure for most in (12_000, 60_000, 200_000)]
    found = [value.value for value in values if value is not None]
    assert found == sorted(found)


def test_what_fits_nowhere_says_so() -> None:
    answer = mend(job(saved(photo(), "PNG"), "image/png", 300))
    assert isinstance(answer, Unmended)
    assert "300 bytes" in answer.why


@pytest.mark.parametrize("size", [(4000, 3000), (3000, 4000), (5000, 200)])
def test_large_pictures_are_made_to_fit_and_keep_their_shape(size: tuple[int, int]) -> None:
    made = opened(product(saved(photo(size), "JPEG", quality=80), "image/jpeg").data)
    assert min(made.size) <= 1080
    assert max(made.size) <= 1920
    assert math.isclose(made.width / made.height, size[0] / size[1], rel_tol=0.05)


@pytest.mark.parametrize("shape", [Shape.EXTEND, Shape.CROP])
@pytest.mark.parametrize("size", [(1600, 1200), (300, 300), (500, 2000)])
def test_the_advised_shape_is_made_where_it_is_wished_for(shape: Shape, size: tuple[int, int]) -> None:
    data = saved(photo(size), "JPEG", quality=80)
    made = opened(product(data, "image/jpeg", wishes=Wishes(shape=shape)).data)
    assert abs(made.width * 16 / (made.height * 9) - 1) <= 0.05
    assert made.width <= 1080


def test_an_animation_gets_the_advised_pace_in_the_same_time() -> None:
    data = moving(frames=40, milliseconds=50)
    made = product(data, "image/gif")
    assert made.suffix == ".gif"
    with Image.open(io.BytesIO(made.data)) as gif:
        times = []
        for at in range(gif.n_frames):  # type: ignore[attr-defined]
            gif.seek(at)
            times.append(gif.info["duration"])
    assert sum(times) == 2000
    assert 2 <= len(times) * 1000 / sum(times) <= 4


def test_a_slow_animation_keeps_its_time() -> None:
    first, *rest = (photo(seed=seed).quantize(32) for seed in range(3))
    data = saved(first, "GIF", save_all=True, append_images=rest, duration=1500, loop=0)
    made = product(data, "image/gif")
    with Image.open(io.BytesIO(made.data)) as gif:
        times = []
        for at in range(gif.n_frames):  # type: ignore[attr-defined]
            gif.seek(at)
            times.append(gif.info["duration"])
    assert sum(times) == 4500
    assert len(times) * 1000 / sum(times) >= 2


def test_an_animation_is_made_smaller_until_it_fits() -> None:
    made = product(moving(), "image/gif", SMALL)
    assert len(made.data) <= SMALL
    assert opened(made.data).size[0] <= 480


def test_a_moving_webp_becomes_gif_and_a_still_one_on_request() -> None:
    first, *rest = (photo(seed=seed) for seed in range(4))
    data = saved(first, "WEBP", save_all=True, append_images=rest, duration=300)
    assert product(data, "image/webp").suffix == ".gif"
    assert product(data, "image/webp", wishes=Wishes(still=True)).suffix == ".jpg"


def test_a_broken_picture_is_no_picture() -> None:
    answer = mend(job(saved(photo(), "PNG")[:2000], "image/png"))
    assert isinstance(answer, Unmended)


def test_a_jpeg_whose_scan_is_damaged_is_not_passed_on_as_whole() -> None:
    data = bytearray(saved(photo(), "JPEG", quality=90))
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    answer = mend(job(bytes(data), "image/jpeg", findings=("image-decodes",)))
    assert isinstance(answer, Unmended)


def test_the_measure_is_one_for_the_same_and_less_for_another() -> None:
    picture = photo()
    assert ssim(picture, picture) == pytest.approx(1, abs=1e-4)
    assert ssim(picture, photo(seed=2)) < 0.6
    assert ssim(picture, opened(saved(picture, "JPEG", quality=10))) < ssim(
        picture, opened(saved(picture, "JPEG", quality=80))
    )


def test_the_measure_is_that_of_its_definition() -> None:
    """The same by plain arithmetic, over windows of 8 x 8."""
    one = photo((64, 48)).convert("L")
    two = opened(saved(one, "JPEG", quality=20))
    values = []
    for top in range(0, 48, 8):
        for left in range(0, 64, 8):
            box = (left, top, left + 8, top + 8)
            x, y = list(one.crop(box).tobytes()), list(two.crop(box).tobytes())
            mx, my = sum(x) / 64, sum(y) / 64
            vx, vy = sum(a * a for a in x) / 64 - mx * mx, sum(b * b for b in y) / 64 - my * my
            cov = sum(a * b for a, b in zip(x, y, strict=True)) / 64 - mx * my
            c1, c2 = 2.55**2, 7.65**2
            values.append((2 * mx * my + c1) * (2 * cov + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2)))
    assert ssim(one, two) == pytest.approx(sum(values) / len(values), abs=1e-3)


def test_without_numbers_nothing_is_asked_for() -> None:
    assert Aims().bytes_for("image") is None


def test_a_jpeg_whose_pixels_stay_loses_next_to_nothing() -> None:
    for orientation in (2, 6):
        data = turned(photo((320, 240)), orientation)
        made = mend(job(data, "image/jpeg"))
        assert isinstance(made, Mended)
        assert made.measure is not None
        assert made.measure.value > 0.999
        assert len(made.data) < len(data)


def test_a_jpeg_of_more_pixels_than_are_decoded_is_decoded_smaller() -> None:
    whole = photo((820, 800)).resize((8200, 8000), Image.Resampling.NEAREST)
    data = saved(whole, "JPEG", quality=60)
    made = mend(job(data, "image/jpeg", findings=("image-decodes",)))
    assert isinstance(made, Mended)
    assert max(opened(made.data).size) <= 1920
    half = data[: len(data) // 2] + b"\xff\xd9"
    cut = mend(job(half, "image/jpeg", findings=("image-decodes",)))
    assert isinstance(cut, Unmended)
    assert "damaged" in cut.why or "cut short" in cut.why


@pytest.mark.parametrize("bits", [(5, 6, 5), (4, 4, 4), (2, 3, 1), (10, 10, 10), (11, 11, 10)])
def test_a_bmp_whose_colours_stand_in_bits_of_their_own_choice(bits: tuple[int, int, int]) -> None:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)]
    deep = 16 if sum(bits) <= 16 else 32
    shifts = (bits[1] + bits[2], bits[2], 0)
    masks = [((1 << count) - 1) << shift for count, shift in zip(bits, shifts, strict=True)]
    pixels = [sum(mask for mask, value in zip(masks, colour, strict=True) if value) for colour in colours]
    row = b"".join(pixel.to_bytes(deep // 8, "little") for pixel in pixels * 8)
    head = struct.pack("<IiiHHIIiiII", 40, 40, -40, 1, deep, 3, 0, 0, 0, 0, 0) + struct.pack("<3I", *masks)
    data = b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + len(head)) + head + row * 40
    made = opened(product(data, "image/bmp").data).convert("RGB")
    assert [made.getpixel((at, 3)) for at in range(5)] == colours
    assert isinstance(mend(job(data[:-9], "image/bmp")), Unmended)


def test_a_png_whose_animation_is_broken_keeps_its_still_picture() -> None:
    first, second = photo((90, 160)).quantize(32), photo((90, 160), seed=2).quantize(32)
    data = saved(first, "PNG", save_all=True, append_images=[second], duration=300)
    at = data.index(b"fdAT")
    broken = data[: at + 8] + bytes(len(data[at + 8 : at + 400])) + data[at + 400 :]
    size = int.from_bytes(data[at - 4 : at])
    body = broken[at : at + 4 + size]
    broken = broken[: at + 4 + size] + zlib.crc32(body).to_bytes(4) + broken[at + 8 + size :]
    made = mend(job(broken, "image/png", findings=("image-whole",)))
    assert isinstance(made, Mended), made
    assert "animation is broken" in made.done[0]
    assert ssim(first.convert("RGB"), opened(made.data).convert("RGB")) > 0.95
    assert isinstance(mend(job(broken, "image/png")), Unmended)


@pytest.mark.parametrize(("value", "shown"), [(0.5, 128), (1.0, 255), (200.0, 200)])
def test_floating_point_keeps_its_brightness(value: float, shown: int) -> None:
    made = product(saved(Image.new("F", (90, 160), value), "TIFF"), "image/tiff")
    assert "floating point made 8 bits" in made.done
    assert opened(made.data).convert("L").getpixel((3, 3)) == pytest.approx(shown, abs=1)


def test_noise_in_full_colours_has_room_to_be_written() -> None:
    size = (640, 1138)
    noise = Image.frombytes("RGB", size, random.Random(1).randbytes(size[0] * size[1] * 3))
    assert len(jpeg(noise, TOP, FULL_COLOURS)) > size[0] * size[1]
    made = product(saved(noise, "BMP"), "image/bmp", most=4_000_000)
    assert opened(made.data).size == size


def plain_png(size: tuple[int, int], colours: int) -> bytes:
    """A drawing in so many colours, of very few bytes."""
    picture = Image.new("P", size)
    picture.putpalette([value for n in range(colours) for value in (40 * n % 256, 90 * n % 256, 10)])
    for n in range(colours):
        picture.paste(n, (n * 7, n * 5, size[0], size[1] - n * 5))
    return saved(picture, "PNG", optimize=True)


@pytest.mark.parametrize("colours", [2, 4, 9])
def test_a_drawing_of_few_bytes_stays_one_of_few_bytes_and_loses_nothing(colours: int) -> None:
    data = plain_png((90, 100), colours)
    assert len(data) < 400
    made = product(data, "image/png", len(data) + 80, Wishes(shape=Shape.EXTEND))
    assert made.measure is not None
    assert made.measure.value == 1, "a palette of 256 colours alone takes 768 bytes"
    assert made.suffix == ".png"


def test_what_does_not_fit_as_it_is_loses_colours_before_it_is_given_up() -> None:
    dice = random.Random(5)
    blocks = Image.frombytes("RGB", (9, 16), dice.randbytes(9 * 16 * 3)).resize((90, 160), 0)
    made = product(saved(blocks, "TIFF"), "image/tiff", 700)
    assert made.suffix == ".png", "the tables of a JPEG alone take 600 bytes"
    assert len(made.data) <= 700


def test_a_jpeg_that_is_too_large_for_what_is_beside_it_keeps_its_picture_bit_for_bit() -> None:
    data = saved(photo(), "JPEG", quality=80)
    padded = data[:2] + b"\xff\xe1\xff\x00Exif\0\0" + bytes(0xFEF8) + data[2:] + b"a film behind it" * 9_000
    made = product(padded, "image/jpeg", len(data))
    assert made.measure is not None
    assert made.measure.value == 1
    assert opened(made.data).tobytes() == opened(data).tobytes()
    assert b"Exif" not in made.data


def test_more_bytes_are_taken_only_where_nothing_near_fits_into_those_of_the_input() -> None:
    data = plain_png((90, 100), 4)
    wishes = Wishes(shape=Shape.EXTEND)
    fits = mend(job(data, "image/png", len(data) + 80, wishes, roomy=2_000))
    assert isinstance(fits, Mended)
    assert len(fits.data) <= len(data) + 80
    tight = mend(job(data, "image/png", 90, wishes, roomy=2_000))
    assert isinstance(tight, Mended)
    assert 90 < len(tight.data) <= 2_000
    assert isinstance(mend(job(data, "image/png", 90, wishes)), Unmended)
