"""Pictures and films with more light than screens show."""

from __future__ import annotations

import pytest
from PIL import Image, ImageStat

from mmscheck.fix.aims import aims
from mmscheck.fix.light import HLG, PQ, TOLD, darkened
from mmscheck.fix.likeness import ssim
from mmscheck.fix.values import Job, Mended, Wishes
from mmscheck.fix.work import mend
from mmscheck.judge.pipeline import load_rules
from tests.fix.films import film, looked_at
from tests.fix.made import opened, photo, saved

AIMS = aims(load_rules("lint"))
FILM = {"form": "yuv420p10le", "codec": "libx265", "seconds": 0.5, "sound": None}
TAGS = "log-level=none:colorprim=bt2020:colormatrix=bt2020nc:transfer="


def product(data: bytes, type_: str) -> Mended:
    made = mend(Job(data=data, type=type_, name="a", aims=AIMS, wishes=Wishes(), most=500_000))
    assert isinstance(made, Mended), made
    return made


@pytest.mark.parametrize(
    ("curve", "value", "shown"),
    [
        (PQ, 0, 0),
        (PQ, 0.58, 229),  # BT.2408, table 1: white paper, 203 cd/m2
        (PQ, 0.38, 102),  # 18 % grey, 26 cd/m2
        (PQ, 1, 255),
        (HLG, 0, 0),
        (HLG, 0.75, 229),  # the same two
        (HLG, 0.38, 102),
        (HLG, 1, 255),
    ],
)
def test_white_paper_stays_white_and_grey_grey(curve: int, value: float, shown: int) -> None:
    done: list[str] = []
    made = darkened(Image.new("RGB", (4, 4), (round(value * 255),) * 3), curve, done)
    red, green, blue = made.getpixel((1, 1))  # type: ignore[misc]
    assert (red, green, blue) == pytest.approx((shown, shown, shown), abs=8)
    assert done == [TOLD]


def test_an_avif_that_says_so_is_brought_down() -> None:
    picture = photo((160, 284))
    data = saved(picture, "AVIF", quality=95)
    at = data.index(b"nclx") + 6
    made = product(data[:at] + bytes((0, PQ)) + data[at + 2 :], "image/avif")
    assert TOLD in made.done
    assert ssim(darkened(opened(data), PQ, []), opened(made.data)) > 0.95
    assert TOLD not in product(data, "image/avif").done


def test_a_film_of_a_phone_is_brought_down() -> None:
    steep = product(film("mov", **{**FILM, "x265-params": TAGS + "arib-std-b67"}), "video/quicktime")  # type: ignore[arg-type]
    flat = product(film("mov", **{**FILM, "x265-params": TAGS + "bt709"}), "video/quicktime")  # type: ignore[arg-type]
    assert TOLD in steep.done
    assert TOLD not in flat.done
    shown, wanted = (
        looked_at(steep.data)["picture"],
        darkened(looked_at(flat.data)["picture"], HLG, []),
    )
    assert ssim(wanted, shown) > 0.9
    assert ImageStat.Stat(shown).mean == pytest.approx(ImageStat.Stat(wanted).mean, abs=8)
