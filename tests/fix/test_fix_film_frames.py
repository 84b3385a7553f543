"""What a film's frames may be like: half pictures, odd forms, uneven times, sizes that change on the way."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import av
import pytest
from av.video.frame import VideoFrame
from PIL import Image, ImageChops, ImageStat

from mmscheck.fix.values import Aims, Job, Mended, Wishes
from mmscheck.fix.work import mend
from tests.fix.films import film, looked_at
from tests.fix.made import photo

SIZE = (320, 240)


def mended(data: bytes, type_: str = "video/mp4", **aims: Any) -> Mended:
    answer = mend(
        Job(
            data=data, type=type_, name="a", aims=Aims(**aims), wishes=Wishes(), most=900_000, findings=("x",)
        )
    )
    assert isinstance(answer, Mended), answer
    return answer


def combed(step: int = 12, frames: int = 20) -> bytes:
    """A film for television: each frame has two moments in it, in every other line."""
    file = io.BytesIO()
    whole = photo((SIZE[0] * 2, SIZE[1]))
    maker: Any = VideoFrame
    mask = Image.new("L", SIZE)
    for row in range(1, SIZE[1], 2):
        mask.paste(255, (0, row, SIZE[0], row + 1))
    with av.open(file, "w", format="mp4") as out:
        video: Any = out.add_stream("mpeg2video", rate=25, options={"flags": "+ildct+ilme", "b": "6000000"})
        video.width, video.height = SIZE
        video.pix_fmt = "yuv420p"
        for at in range(frames):
            first, second = (
                whole.crop((x, 0, x + SIZE[0], SIZE[1])) for x in (at * step, at * step + step // 2)
            )
            frame = maker.from_image(Image.composite(second, first, mask))
            frame.pts = at
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return file.getvalue()


def teeth(picture: Image.Image) -> float:
    """By how much more lines differ from the next than from the one behind that."""
    grey = picture.convert("L")
    near, far = (ImageChops.difference(grey, ImageChops.offset(grey, 0, lines)) for lines in (1, 2))
    return ImageStat.Stat(near).mean[0] / ImageStat.Stat(far).mean[0]


def test_half_pictures_are_put_together() -> None:
    data = combed()
    assert teeth(looked_at(data)["picture"]) > 1.2, "the input is combed"
    made = mended(data)
    seen = looked_at(made.data)
    assert teeth(seen["picture"]) < 0.9
    assert seen["frames"] == 20, "none is lost that a filter holds back"
    assert "half pictures put together (interlaced)" in made.done


@pytest.mark.parametrize(
    ("codec", "form"),
    [
        ("qtrle", "rgb24"),
        ("prores_ks", "yuv422p10le"),
        ("mjpeg", "yuvj444p"),
        ("png", "rgba"),
    ],
)
def test_odd_forms_of_pixels_become_the_usual_one(codec: str, form: str) -> None:
    data = film("mov", codec, form=form, sound=None)
    made = mended(data, "video/quicktime")
    seen = looked_at(made.data)
    assert (seen["form"], seen["sound"], seen["frames"]) == ("yuv420p", None, 30)
    assert made.measure is not None
    assert made.measure.value > 0.8


def uneven(sizes: tuple[tuple[int, int], ...] = (SIZE,)) -> bytes:
    """Frames whose times are those of a phone that was busy."""
    file = io.BytesIO()
    maker: Any = VideoFrame
    with av.open(file, "w", format="matroska") as out:
        video: Any = out.add_stream("mjpeg", rate=30)
        video.width, video.height = sizes[0]
        video.pix_fmt = "yuvj420p"
        video.codec_context.time_base = Fraction(1, 1000)
        for at, when in enumerate((0, 10, 40, 55, 300, 320, 333, 900, 910, 1500)):
            frame = maker.from_image(photo(sizes[0], seed=at))
            frame.pts = when
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return file.getvalue()


def test_uneven_times_stay_as_they_are() -> None:
    seen = looked_at(mended(uneven(), "video/x-matroska").data)
    assert seen["seconds"] == pytest.approx(1.5, abs=0.05)
    assert seen["frames"] == 10


@pytest.mark.parametrize("rate", [30, 31, 60])
def test_a_rate_that_is_the_most_advised_is_kept_and_not_exceeded(rate: int) -> None:
    made = mended(film("mp4", "mpeg4", rate=rate, seconds=1), film_rate=30)
    with av.open(io.BytesIO(made.data)) as container:
        average = container.streams.video[0].average_rate
    assert average is not None
    assert 25 <= float(average) <= 30.05
