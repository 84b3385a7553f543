"""One subject, URL, name or header of the largest size that is taken in holds up no report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from mmscheck.model.observation import Hop
from mmscheck.report import FORMATS, View
from tests.support.command import image, message, mmscheck
from tests.support.rawserver import serve
from tests.support.reports import fetched, good_message, judged, report

LARGEST = 9_900_000
"""Characters: what the XML reader takes of one text."""

FIELDS = {
    "subject": lambda text: message(image("a.jpg"), subject=text),
    "name": lambda text: message(image("a.jpg"), name=text),
    "url": lambda text: message(image(text)),
    "text": lambda text: message(f"<message-text>{text}</message-text>" + image("a.jpg")),
}


@pytest.mark.long
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


async def test_heads_of_very_many_lines_do_not_swell_a_report(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n" + b"a:\r\n" * 15_000
    async with serve(head + b"Content-Length: 3\r\n\r\nabc") as server:
        (tmp_path / "a.xml").write_text(message(*(image(f"{number}.jpg") for number in range(4))))
        net = ("--connect-to", f"media.example.com:80:127.0.0.1:{server.port}", "--allow-net", "127.0.0.1/32")
        formats = ("--format=json", "--format=html=r.html")
        ran = await mmscheck("check", "a.xml", "--no-progress", *net, *formats, cwd=tmp_path)
    hops = [
        hop for item in json.loads(ran.out)["messages"][0]["media"] for hop in item["observation"]["hops"]
    ]
    assert [hop["headers_left_out"] for hop in hops] == [14_800] * 4
    assert len(ran.out) < 800_000
    # Beside those that the page shows of each head.
    assert "more headers" in (tmp_path / "r.html").read_text("utf-8")
