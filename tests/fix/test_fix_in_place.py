"""``--in-place``: only over what git holds, and never in part."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from mmscheck.cli.main import main
from mmscheck.fix.files import PART
from tests.fix.made import photo, saved, turned, written

RIGHT = saved(photo(), "JPEG", quality=70)


def git(*words: str) -> str:
    ended = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words],
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
    written(
        tmp_path / "media",
        right__jpg=RIGHT,
        turned__jpg=turned(photo((640, 360)), 6),
        a__webp=saved(photo(), "WEBP"),
    )
    return tmp_path


def contents() -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in sorted(Path("media").iterdir())}


def test_outside_of_a_work_tree_nothing_is_touched(capsys: pytest.CaptureFixture[str]) -> None:
    before = contents()
    assert main(["fix", "media", "--in-place"]) == 2
    assert "in no work tree of git" in capsys.readouterr().err
    assert contents() == before


def test_what_git_does_not_hold_is_not_touched(capsys: pytest.CaptureFixture[str]) -> None:
    git("init", "-q")
    before = contents()
    assert main(["fix", "media", "--in-place"]) == 2
    assert "git does not hold" in capsys.readouterr().err
    git("add", "-A")
    Path("media/turned.jpg").write_bytes(turned(photo((640, 360), 2), 6))
    changed = contents()
    assert main(["fix", "media", "--in-place"]) == 2
    assert "has changes that git does not hold" in capsys.readouterr().err
    assert contents() == changed != before


def test_what_git_holds_is_mended_where_it_lies(capsys: pytest.CaptureFixture[str]) -> None:
    git("init", "-q")
    git("add", "-A")
    before = contents()
    Path("media", f"{PART}0123").write_bytes(b"half")  # as a kill leaves it
    assert main(["fix", "media", "--in-place", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["action"] for each in told["files"]] == ["mended", "copied", "mended"]
    after = contents()
    assert set(after) == {"media/a.jpg", "media/right.jpg", "media/turned.jpg"}
    assert after["media/right.jpg"] == RIGHT
    git("checkout", "--", "media")
    assert {name: data for name, data in contents().items() if name in before} == before


def test_a_message_in_place_follows_its_files(capsys: pytest.CaptureFixture[str]) -> None:
    data = (
        b"<request><action>saveMMS</action><message-subject>Sale</message-subject><name>a</name><slide>"
        b"<image><url>http://media.example.com/a.webp</url></image></slide></request>"
    )
    written(Path(), sale__xml=data, mmscheck__toml=b'[assets]\n"http://media.example.com/" = "media"\n')
    git("init", "-q")
    git("add", "-A")
    assert main(["fix", "sale.xml", "--in-place"]) == 0
    assert Path("sale.xml").read_bytes() == data.replace(b"a.webp", b"a.jpg")
    assert main(["lint", "sale.xml"]) == 0
    git("add", "-A")
    capsys.readouterr()
    assert main(["fix", "sale.xml", "--in-place", "--format", "json"]) == 0
    assert {each["action"] for each in json.loads(capsys.readouterr().out)["files"]} == {"copied"}


def test_a_file_that_is_in_the_way_keeps_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    written(Path("media"), a__jpg=RIGHT)
    git("init", "-q")
    git("add", "-A")
    assert main(["fix", "media/a.webp", "--in-place"]) == 0
    assert Path("media/a.jpg").read_bytes() == RIGHT
    assert Path("media/a-webp.jpg").exists()


def test_what_a_link_points_to_stays_until_the_link_was_read_and_private_stays_private() -> None:
    for at in range(4):
        Path("media", f"link{at}.webp").symlink_to("a.webp")
    Path("media", "a.webp").chmod(0o600)
    git("init", "-q")
    git("add", "-A")
    assert main(["fix", "media", "--in-place", "--jobs", "1"]) == 0
    assert {f"media/link{at}.jpg" for at in range(4)} <= set(contents())
    assert not list(Path("media").glob("*.webp"))
    assert Path("media", "a.jpg").stat().st_mode & 0o777 == 0o600
