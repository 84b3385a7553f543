"""Where the system cannot isolate what opens media, the report says so; who demands it is denied."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmscheck.cli.main import main
from mmscheck.media import ISOLATED, confinement, landlock, offered, seccomp

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"
PICTURE = str(MEDIA / "photo-small.jpg")
ROOT = Path(__file__).parents[2]


@pytest.fixture(params=[("landlock",), ("seccomp",), ("landlock", "seccomp")])
def missing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """An older kernel, or a container that lets these calls not through."""
    lacking: tuple[str, ...] = request.param
    has = tuple(name for name in offered() if name not in lacking)
    for module in ("mmscheck.judge.reports", "mmscheck.media.confinement"):
        monkeypatch.setattr(f"{module}.offered", lambda: has)
    return lacking


def report(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_a_report_tells_what_kept_media_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", PICTURE, "--format", "json", "--require-confinement"]) == 0
    told = report(capsys)
    assert told["confinement"] == list(ISOLATED)
    assert told["allowances"] == []


def test_it_tells_what_did_not(missing: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", PICTURE, "--format", "json"]) == 0
    told = report(capsys)
    assert told["confinement"] == [name for name in ISOLATED if name not in missing]
    assert main(["lint", PICTURE]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert f"without {' and '.join(missing)}" in text


def test_where_nothing_was_opened_nothing_is_said(
    missing: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    main(["lint", str(ROOT / "fixtures" / "mms" / "summer-sale.xml"), "--format", "json"])
    assert report(capsys)["allowances"] == []


def test_who_demands_it_has_nothing_checked(
    missing: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["lint", PICTURE, "--require-confinement"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Nothing was checked." in said.err
    assert all(name in said.err for name in missing)
    config = tmp_path / "mmscheck.toml"
    config.write_text("require-confinement = true\n")
    assert main(["lint", PICTURE, "--config", str(config)]) == 2
    assert main(["check", str(ROOT / "fixtures" / "mms" / "summer-sale.xml"), "--config", str(config)]) == 2


def test_an_older_kernel_is_told_from_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    monkeypatch.setattr(seccomp, "offered", lambda: False)
    assert confinement.offered.__wrapped__() == ("limits",)


HOLDER = """
import ctypes, os, resource
from mmscheck.cli.provider import _api_key
from mmscheck.cli.environment import hide
hide()
key = _api_key(None)
print(len(key), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE))
print("MMSCHECK_API_KEY" in os.environ)
"""


def test_a_command_that_holds_the_key_keeps_it_to_itself() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HOLDER],
        cwd=ROOT,
        env={**os.environ, "MMSCHECK_API_KEY": "hunter2"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "7 0 (0, 0)\nFalse\n"
