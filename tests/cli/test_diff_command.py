from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmscheck.model.words import Outcome
from tests.support.compared import one, view, written
from tests.support.reports import evaluation

RULE = "subject-ascii"
GOOD, BAD, OPEN = (
    view(one(evaluation(RULE, outcome))) for outcome in (Outcome.PASSED, Outcome.FAILED, Outcome.CANT_TELL)
)


def mmscheck(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "mmscheck", *map(str, arguments)]
    return subprocess.run(
        command,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
        cwd=folder,
        env=os.environ | {"COLUMNS": "100"},
    )


@pytest.mark.parametrize("form", ["text", "markdown", "html", "json"])
def test_only_what_is_new_is_listed_when_asked_for(folder: Path, form: str) -> None:
    old = view(one(evaluation("old-one", Outcome.FAILED), evaluation(RULE, Outcome.PASSED)))
    new = view(one(evaluation("old-one", Outcome.FAILED), evaluation(RULE, Outcome.FAILED)))
    written(folder / "old.json", old)
    written(folder / "new.json", new)
    whole = mmscheck("diff", "old.json", "new.json", "--format", form, folder=folder)
    ran = mmscheck("diff", "old.json", "new.json", "--only-new", "--format", form, folder=folder)
    assert (whole.returncode, ran.returncode) == (1, 1)
    assert "old-one" in whole.stdout
    assert "old-one" not in ran.stdout
    assert RULE in ran.stdout
    if form == "json":
        told = json.loads(ran.stdout)
        assert (told["left_out"], told["counts"]["remains"]) == (1, 1)
    else:
        assert "1 new; 1 other not listed" in ran.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, shown in (("good", GOOD), ("bad", BAD), ("open", OPEN)):
        written(tmp_path / f"{name}.json", shown)
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "code", "word"),
    [
        ("good", "good", 0, "NOT WORSE: "),
        ("bad", "good", 0, "NOT WORSE: 1 fixed, 0 new, 0 remain."),
        ("bad", "bad", 0, "NOT WORSE: "),
        ("good", "bad", 1, "WORSE: 1 blocking check failed that did not fail before."),
        ("good", "open", 3, "NOT KNOWN: 1 blocking check cannot be decided"),
    ],
)
def test_the_exit_code_says_whether_it_got_worse(
    old: str, new: str, code: int, word: str, folder: Path
) -> None:
    done = mmscheck("diff", f"{old}.json", f"{new}.json", folder=folder)
    assert (done.returncode, done.stderr) == (code, "")
    assert " ".join(done.stdout.split("\n\n")[-1].split()).startswith(word)


def test_no_format_changes_the_exit_code(folder: Path) -> None:
    for name in ("text", "markdown", "html", "json"):
        done = mmscheck("diff", "good.json", "bad.json", "--format", name, folder=folder)
        assert (done.returncode, done.stderr) == (1, "")
        assert RULE in done.stdout


def test_several_formats_go_to_files_in_one_run(folder: Path) -> None:
    wanted = ["--format", "html=d.html", "--format", "json=d.json", "--format", "text"]
    done = mmscheck("diff", "good.json", "bad.json", *wanted, folder=folder)
    assert done.returncode == 1
    assert (folder / "d.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    found = json.loads((folder / "d.json").read_text(encoding="utf-8"))
    assert (found["version"], found["exit_code"], found["counts"]["new"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("good.json",), "Missing argument 'NEW'"),
        (("good.json", "none.json"), "none.json: could not be read: No such file or directory"),
        (
            ("good.json", "bad.json", "--format", "pdf"),
            "unknown format 'pdf'; there are: text, markdown, html, json",
        ),
        (("good.json", "bad.json", "--format", "json=bad.json"), "would overwrite an input"),
        (("good.json", "diff.json"), "is no mmscheck report of version 1"),
        (("good.json", "--frob"), "No such option"),
    ],
)
def test_wrong_usage_and_other_files_end_with_2(arguments: tuple[str, ...], told: str, folder: Path) -> None:
    (folder / "diff.json").write_text('{"version": 1, "worse": []}', encoding="utf-8")
    done = mmscheck("diff", *arguments, folder=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_comparison_that_cannot_be_written_ends_with_4(folder: Path) -> None:
    done = mmscheck("diff", "good.json", "bad.json", "--format", "html=none/d.html", folder=folder)
    assert (done.returncode, done.stdout) == (4, "")
    assert "none/d.html" in done.stderr


def test_a_full_disk_for_standard_output_ends_with_4(folder: Path) -> None:
    command = [sys.executable, "-m", "mmscheck", "diff", "good.json", "good.json"]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, check=False, cwd=folder, timeout=60
        )
    assert done.returncode == 4
