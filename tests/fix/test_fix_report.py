"""The reports of a run, and what a kill or a full disk leaves."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mmscheck.cli.main import main
from mmscheck.errors import ReportError
from mmscheck.fix.files import PART, put, sweep
from mmscheck.fix.report import FIX_FORMATS
from mmscheck.fix.values import Action, Entry, Found, Result, Side
from tests.fix.made import photo, saved, turned, written

EVIL = "<script>alert(1)</script>\x1b[31m\u202e"


def result() -> Result:
    found = Found(rule="a", severity="error", outcome="failed", message=EVIL, fix=EVIL, owner="content")
    side = Side(size=1, sha256="", type="image/png", findings=(found,))
    entry = Entry(source=EVIL, target=None, action=Action.LEFT, before=side, why=EVIL, owner="content")
    return Result(
        tool_version="1",
        ruleset_digest="",
        entries=(entry,),
        dry=False,
        strict=False,
        passed=False,
        exit_code=1,
        unread=(EVIL,),
    )


@pytest.mark.parametrize("name", FIX_FORMATS)
def test_no_report_hands_on_what_a_file_says_as_more_than_text(name: str) -> None:
    told = FIX_FORMATS[name](result())
    assert "\x1b" not in told
    assert "\u202e" not in told
    if name == "html":
        assert "<script>" not in told


def test_the_page_shows_both_pictures_and_needs_nothing_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "media", turned__jpg=turned(photo((640, 360)), 6), right__jpg=saved(photo(), "JPEG"))
    assert main(["fix", "media", "--output", "out", "--format", "html=report.html"]) == 0
    page = Path("report.html").read_text(encoding="utf-8")
    assert len(re.findall(r'<img src="data:image/', page)) == 2
    assert "image-upright" in page
    assert "SSIM" in page
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)


def test_a_full_disk_leaves_no_half_file(tmp_path: Path) -> None:
    """With a limit on the size of files, which fails as a full disk does."""
    program = (
        "import resource, signal, sys; from pathlib import Path; from mmscheck.fix.files import put;"
        "from mmscheck.errors import ReportError;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: put(Path(sys.argv[1]), bytes(5000), Path(sys.argv[1]))\n"
        "except ReportError as error: print(error)"
    )
    target = tmp_path / "a.jpg"
    target.write_bytes(b"old")
    ended = subprocess.run(
        [sys.executable, "-c", program, str(target)], capture_output=True, text=True, check=True
    )
    assert "could not be written" in ended.stdout
    assert target.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.jpg"]


def test_what_a_kill_left_is_swept_away(tmp_path: Path) -> None:
    put(tmp_path / "deep" / "a.jpg", b"x", Path(__file__))
    (tmp_path / "deep" / f"{PART}abc").write_bytes(b"half")
    sweep(tmp_path)
    assert [each.name for each in (tmp_path / "deep").iterdir()] == ["a.jpg"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ReportError, match="could not be written"):
        put(tmp_path / "file" / "a.jpg", b"x", Path(__file__))
