"""Patterns of a .gitignore, held against git itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mmscheck.slidexml import Left, walk

FILES = (
    *("a.xml", "b.xml", "a b.xml", "#c.xml", "!d.xml", "deep/a.xml", "deep/er/a.xml", "deep/er/x1.xml"),
    *(
        "build/a.xml",
        "deep/build/a.xml",
        "deep/build.xml",
        "x1.xml",
        "x2.xml",
        "x].xml",
        "xa.xml",
        "t/u/v/a.xml",
    ),
)
LISTS = (
    "a.xml",
    "/a.xml",
    "build",
    "build/",
    "/build/",
    "deep/er",
    "deep/*",
    "deep/**",
    "**/er/a.xml",
    "t/**/a.xml",
    "deep/**/build/",
    "*.xml\n!b.xml",
    "deep/\n!deep/a.xml",
    "x[0-9].xml",
    "x[!0-9].xml",
    "x[]].xml",
    "x?.xml",
    "a\\ b.xml",
    "a b.xml   ",
    "\\#c.xml\n\\!d.xml",
    "# a.xml\n\n   \n!",
    "*",
    "**",
    "x[",
    "a*.x*l",
    "d**p/a.xml",
)


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "core.excludesFile=/dev/null", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=True, timeout=60).stdout


@pytest.mark.parametrize("text", LISTS)
def test_the_files_left_are_those_that_git_would_add(tmp_path: Path, text: str) -> None:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / ".gitignore").write_text(text)
    _git(tmp_path, "init", "-q")
    listed = _git(tmp_path, "ls-files", "-z", "--others", "--exclude-standard").split("\0")
    met = [each for each in walk(str(tmp_path), {".xml"}) if not isinstance(each, Left)]
    assert sorted(str(Path(str(each)).relative_to(tmp_path)) for each in met) == sorted(
        each for each in listed if each.endswith(".xml")
    )


def test_the_lists_of_the_repository_above_count_and_those_beyond_it_do_not(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    (repository / "mms").mkdir(parents=True)
    (repository / ".git").mkdir()
    for name in ("a.xml", "b.xml"):
        (repository / "mms" / name).write_text("")
    (tmp_path / ".gitignore").write_text("a.xml")
    (repository / ".gitignore").write_text("mms/b.xml")
    found = list(walk(str(repository / "mms"), {".xml"}))
    assert found == [str(repository / "mms" / "a.xml"), Left(str(repository / "mms" / "b.xml"))]
