"""One subject, URL, name or header of the largest size that is taken in holds up no report."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from mmscheck.formats import FORMATS, View
from mmscheck.model.observation import Hop
from tests.support.command import image, message, mmscheck
from tests.support.reports import fetched, good_message, judged, report

LARGEST = 9_900_000
"""Characters: what the XML reader takes of one text."""

FIELDS = {
    "subject": lambda text: message(image("a.jpg"), subject=text),
    "name": lambda text: message(image("a.jpg"), name=text),
    "url": lambda text: message(image(text)),
    "text": lambda text: message(f"<message-text>{text}</message-text>" + image("a.jpg")),
}


@pytest.mark.parametrize(
    ("field", "unit"), [("subject", "http://"), ("url", "%3f"), ("name", "http://"), ("text", "=?")]
)
async def test_a_text_of_ten_megabytes_holds_up_no_report(field: str, unit: str, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(FIELDS[field](unit * (LARGEST // len(unit))))
    formats = ["--format=text", *(f"--format={name}=r.{name}" for name in ("json", "csv"))]
    ran = await mmscheck("lint", "a.xml", *formats, cwd=tmp_path)
    assert ran.code in {0, 1}, ran.err
    for written in (ran.out, *((tmp_path / f"r.{name}").read_text("utf-8") for name in ("json", "csv"))):
        assert 0 < len(written) < 2_000_000


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("unit", ["http://", "%3f", "=?", ";a", "eyJ", "token="])
def test_a_header_that_fills_the_head_holds_up_no_report(form: str, unit: str) -> None:
    value = unit * (60_000 // len(unit))
    sound = good_message()
    hostile = {
        url: fetched(url, hops=(Hop(url=url, status=200, headers=(("Content-Type", value), (value, "x"))),))
        for url in sound.observations
    }
    run = report(replace(sound, observations=hostile))
    assert FORMATS[form](View(report=run, verdict=judged(run, 0)))
