"""The words of reports: lone files are files, and numbers are those of the findings that are told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mmscheck.report import FORMATS
from tests.cli.test_lint import MEDIA, lint, put
from tests.support.agreeing import EVERY
from tests.support.command import message


def folder(tmp_path: Path, good: int, bad: int, messages: int = 0) -> Path:
    for at in range(good):
        put(tmp_path / "all" / f"good{at}.jpg", MEDIA / "photo-small.jpg")
    for at in range(bad):
        put(tmp_path / "all" / f"bad{at}.jpg", "this is no picture")
    for at in range(messages):
        put(tmp_path / "all" / f"m{at}.xml", message("<message-text>Hello</message-text>"))
    return tmp_path


def test_lone_files_are_files(tmp_path: Path) -> None:
    out = lint(folder(tmp_path, 3, 2), "all").out
    flat = " ".join(out.split())
    assert re.search(r"Checked 5 files \(profile lint\) in [\d,]+ ms\. 3 of the files can be used, ", flat)
    assert "5 messages" not in out
    assert re.search(r"2 files denied, for this alone", out)
    page = lint(tmp_path, "all", "--format", "html").out
    assert "5 files: 3 can be used, 2 cannot" in page


def test_files_beside_messages_are_counted_apart(tmp_path: Path) -> None:
    out = " ".join(lint(folder(tmp_path, 2, 1, messages=2), "all").out.split())
    assert "Checked 2 messages with 0 media files and 3 files (" in out
    assert "2 of the files can be used, 1 cannot." in out


def test_many_lone_files_are_files(tmp_path: Path) -> None:
    out = lint(folder(tmp_path, 22, 3), "all").out
    assert "PASS  22 files" in out
    assert "2 more files are denied by the same rules" in out


@pytest.mark.parametrize("name", EVERY)
def test_the_verdict_counts_what_the_report_numbers(name: str) -> None:
    view = EVERY[name]
    told = FORMATS["text"](view)
    if not (counts := re.search(r"(?:DENY|FAIL): (.*)", " ".join(told.split()))):
        return
    blocks = len(re.findall(r"^ *\[\d+\] (?:ERROR|WARNING), blocks: ", told, re.MULTILINE))
    unsure = len(re.findall(r"^ *\[\d+\] CANNOT TELL, blocks: ", told, re.MULTILINE))
    if blocks:
        assert f"{blocks} fault{'s block' if blocks > 1 else ' blocks'}" in counts[1]
    if unsure:
        assert f"{unsure} finding{'s' if unsure > 1 else ''} could not be decided" in counts[1]


def test_one_of_a_thing_is_singular(tmp_path: Path) -> None:
    out = lint(folder(tmp_path, 0, 1), "all").out
    assert re.search(r"Checked 1 file \(", out)
    assert "1 files" not in out
    assert "of the files" not in out
