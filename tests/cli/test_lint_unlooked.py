"""Lint says what it did not look at, and leaves nothing out that may be a message."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from mmscheck.cli.main import main
from mmscheck.report import FORMATS
from mmscheck.slidexml import is_other_xml
from tests.support.command import image, message

PHOTO = Path(__file__).parents[2] / "fixtures" / "media" / "photo-small.jpg"
UNSEEN = "2 media files were not looked at: no folder is mapped to http://media.example.com/"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "sale.xml").write_text(message(image("photo-small.jpg"), image("other.jpg")))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lint(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(("lint", *arguments))
    told = capsys.readouterr()
    return code, " ".join((told.out + told.err).split())


@pytest.mark.parametrize("form", [form for form in FORMATS if form not in {"json", "jsonl", "gitlab", "csv"}])
def test_every_format_with_a_verdict_tells_media_that_were_not_looked_at(
    form: str, lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = lint(capsys, "sale.xml", "--format", form)
    assert code == 0
    assert "not looked at" in told
    assert "media.example.com" in told


def test_text_and_quiet_tell_it_in_the_last_line(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for more in ((), ("--quiet",)):
        _, told = lint(capsys, "sale.xml", *more)
        assert f"{UNSEEN} ([assets])" in told.rpartition("PASS:")[2]


def test_a_failed_run_tells_it_too(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (lab / "sale.xml").write_text(message(image("a.jpg"), image("b.jpg"), subject=""))
    _, told = lint(capsys, "sale.xml")
    assert UNSEEN in told.rpartition("FAIL:")[2]


def test_media_of_many_messages_are_not_counted_as_checked(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(30):
        (lab / f"{number}.xml").write_text(message(image(f"{number}.jpg")))
    _, told = lint(capsys, ".")
    assert "Checked 31 messages with 32 media files, none of them looked at" in told
    assert "32 media files were not looked at" in told
    _, told = lint(capsys, "1.xml", "2.xml")
    assert told.count("1 media file, none of them looked at") == 2


def test_json_has_them_by_host_and_shared_folder(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slides = [image(f"mms/{name}") for name in ("a/1.jpg", "a/2.jpg", "b/3.jpg")]
    (lab / "sale.xml").write_text(message(*slides, image("x.jpg", host="cdn.example"), image("a", host="")))
    main(("lint", "sale.xml", "--format", "json"))
    assert msgspec.json.decode(capsys.readouterr().out)["not_looked_at"] == [
        {"prefix": "http://media.example.com/mms/", "media": 3},
        {"prefix": "http://cdn.example/", "media": 1},
        {"prefix": "", "media": 1},
    ]


def test_what_was_looked_at_is_not_named(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (lab / "assets").mkdir()
    for name in ("photo-small.jpg", "other.jpg"):
        (lab / "assets" / name).write_bytes(PHOTO.read_bytes())
    (lab / "mmscheck.toml").write_text('[assets]\n"http://media.example.com/" = "assets"\n')
    code, told = lint(capsys, "sale.xml")
    assert (code, "looked at" in told) == (0, False)


def test_a_mapped_folder_that_is_missing_is_an_error_of_the_configuration(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (lab / "mmscheck.toml").write_text('[assets]\n"http://media.example.com/" = "nowhere"\n')
    code, told = lint(capsys, "sale.xml")
    assert code == 2
    assert 'mmscheck.toml: assets."http://media.example.com/": ' in told
    assert "nowhere is not there, expected the folder of the media" in told


@pytest.mark.parametrize(
    "root",
    [
        *("requst", "reqest", "rquest", "requests", "Request", "REQUEST", "reqeust", "requets", "rekuest"),
        *("mms:request", "x:requst", "re-quest", "equest", "requestt", "RequestX", "quest"),
    ],
)
def test_a_root_that_is_mistyped_is_judged(root: str, lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (lab / "typo.xml").write_text(f"<?xml version='1.0'?><!-- x --><{root}><name>n</name></{root}>")
    assert not is_other_xml((lab / "typo.xml").read_bytes())
    code, told = lint(capsys, "--skip-other-xml", "typo.xml", "sale.xml")
    assert code == 1
    assert "typo.xml" in told


@pytest.mark.parametrize("slide", ["<slide/>", "<slide>", "<Slide x='1'>", "<m:SLIDE>", "<slide\n>"])
def test_what_holds_slides_is_judged(slide: str) -> None:
    assert not is_other_xml(f"<mms>{slide}</mms>".encode())


@pytest.mark.parametrize(
    "text", ["<project/>", "<response/>", "<resources/>", "<slides/>", "<a><!-- <slide> --></a>"]
)
def test_other_xml_is_left_out_and_counted_in_the_last_line(
    text: str, lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (lab / "pom.xml").write_text(text)
    _, told = lint(capsys, "--skip-other-xml", "pom.xml", "sale.xml")
    assert "1 other XML or JSON file was left out" in told.rpartition("PASS:")[2]
    main(("lint", "--skip-other-xml", "pom.xml", "sale.xml", "--format", "json"))
    assert msgspec.json.decode(capsys.readouterr().out)["left_out"] == 1
