from __future__ import annotations

import io
import math
import struct
import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from mmscheck.media.decoding import decode
from mmscheck.media.previews import preview
from mmscheck.media.previews_played import PARTS, levels
from mmscheck.model.facts import ImageFacts, Preview
from tests.media.test_previews_pictures import BLUE, GREEN, RED, WHITE, corners, near, opened, quarters

FIXTURES = Path(__file__).parents[2] / "fixtures"
CLOCKWISE = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
"""The matrix of a film that was taken upright with a phone (ISO/IEC 14496-12, 8.3.2)."""


def drawn(data: bytes, type_: str) -> Preview:
    found = preview(type_, data, decode(type_, data))
    assert found is not None
    return found


def film(first: Image.Image, *, tagged: bool = False, ratio: Fraction | None = None) -> bytes:
    """Ten frames of one picture and then ten of white; ``tagged`` in the colours of high definition."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = *first.size, "yuv420p"
        if tagged:
            stream.codec_context.colorspace = 1
        if ratio:
            stream.codec_context.sample_aspect_ratio = ratio
        for picture in (*[first] * 10, *[Image.new("RGB", first.size, WHITE)] * 10):
            make: Any = av.VideoFrame  # PyAV leaves the method untyped
            frame = make.from_image(picture)
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709" if tagged else None)
            frame.pts = None
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return file.getvalue()


def with_matrix(data: bytes, matrix: bytes) -> bytes:
    place = data.index(b"tkhd") + 44
    return data[:place] + matrix + data[place + 36 :]


def test_a_film_shows_its_first_frame_in_its_colours() -> None:
    found = drawn(film(quarters(320, 240)), "video/mp4")
    assert (found.width, found.height, found.seconds) == (320, 240, 2.0)
    for seen, wanted in zip(corners(opened(found)), (RED, GREEN, BLUE, WHITE), strict=True):
        assert near(seen, wanted)


def test_a_film_in_the_colours_of_high_definition_shows_them() -> None:
    found = drawn(film(quarters(1280, 720), tagged=True), "video/mp4")
    assert (found.width, found.height) == (320, 180)
    for seen, wanted in zip(corners(opened(found)), (RED, GREEN, BLUE, WHITE), strict=True):
        assert near(seen, wanted)


def test_a_film_taken_upright_stands_upright() -> None:
    found = drawn(with_matrix(film(quarters(1138, 640)), CLOCKWISE), "video/mp4")
    assert (found.width, found.height) == (320, 569)
    for seen, wanted in zip(corners(opened(found)), (BLUE, RED, WHITE, GREEN), strict=True):
        assert near(seen, wanted)


def test_a_film_of_oblong_pixels_has_its_shape() -> None:
    found = drawn(film(quarters(160, 120), ratio=Fraction(2, 1)), "video/mp4")
    assert (found.width, found.height) == (320, 120)


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("small.mp4", "video/mp4"),
        ("small.mov", "video/quicktime"),
        ("small.mpg", "video/mpeg"),
        ("small.wmv", "video/x-ms-asf"),
        ("small.avi", "video/x-msvideo"),
        ("small.3gp", "video/3gpp"),
    ],
)
def test_every_container_gives_a_frame_and_a_length(name: str, type_: str) -> None:
    found = drawn((FIXTURES / "media" / f"clip-{name}").read_bytes(), type_)
    assert found.image_type == "image/jpeg"
    assert found.seconds == pytest.approx(1.05, abs=0.1)


def test_a_heic_photo_has_the_colours_of_the_same_photo_as_jpeg() -> None:
    found = drawn((FIXTURES / "media" / "photo-small.heic").read_bytes(), "image/heic")
    like = drawn((FIXTURES / "media" / "photo-small.jpg").read_bytes(), "image/jpeg")
    assert (found.width, found.height) == (like.width, like.height)
    for seen, wanted in zip(corners(opened(found)), corners(opened(like)), strict=True):
        assert near(seen, wanted, 25)


def test_a_heic_photo_made_of_tiles_has_none_rather_than_one_tile() -> None:
    data = (FIXTURES / "media" / "photo-small.heic").read_bytes()
    whole = ImageFacts(format="HEIC", width=320, height=284, mode="RGB")
    assert preview("image/heic", data, whole) is None


def wav(seconds: float, loudness: Callable[[float], float], width: int = 2, channels: int = 1) -> bytes:
    """A tone of 440 Hz at 8,000 samples a second, as loud at each moment as said (0 to 1)."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((channels, width, 8000, 0, "NONE", ""))
        top = 2 ** (8 * width - 1) - 1
        for number in range(int(seconds * 8000)):
            value = round(top * loudness(number / 8000) * math.sin(number / 8000 * 440 * math.tau))
            stored = value + 128 if width == 1 else value
            last = stored.to_bytes(width, "little", signed=width > 1)
            quiet = (128 if width == 1 else 0).to_bytes(width, "little")
            sound.writeframesraw(quiet * (channels - 1) + last)
    return file.getvalue()


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_silence_and_a_tone_differ_in_every_width_of_samples(width: int) -> None:
    assert drawn(wav(1, lambda _: 0, width), "audio/x-wav").levels == (0,) * PARTS
    found = drawn(wav(1, lambda _: 1, width), "audio/x-wav").levels
    assert min(found) >= 95
    assert max(found) <= 100


def test_a_sound_is_loud_where_it_is_loud() -> None:
    found = drawn(wav(4, lambda moment: 0.5 if 1 <= moment < 2 else 0.0), "audio/x-wav")
    assert found.seconds == 4.0
    assert set(found.levels[:16]) == {0}
    assert all(45 <= level <= 51 for level in found.levels[16:32])
    assert set(found.levels[33:]) == {0}  # a stretch of 20 ms may reach over into the part behind it


def test_a_second_channel_counts_though_the_first_is_silent() -> None:
    assert min(drawn(wav(1, lambda _: 1, channels=2), "audio/x-wav").levels) >= 90


def test_levels_are_of_equal_parts_whatever_the_pieces() -> None:
    assert levels([]) == ()
    assert levels([(640, 0.25)]) == (25,) * PARTS
    assert levels([(1, 0.0)] * 32 + [(1, 2.0)] * 32) == (0,) * 32 + (100,) * 32
    assert levels([(10, 0.0), (630, 1.0)]) == (0,) + (100,) * 63
