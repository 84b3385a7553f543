"""What is run where: `.ci/run` runs every test and skips none, and nothing chooses among them in between."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.servers.daemon import REQUIRED

ROOT = Path(__file__).parents[1]
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
MARKERS = {"servers", "browser", "packaging", "long"}


def recipe(target: str) -> list[str]:
    """What `make` would run for it, as words."""
    command = ["make", "--dry-run", "--old-file=.venv/.ready", "BIN=bin", target]
    # Under make it would say which folder it enters and leaves.
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(command, cwd=ROOT, env=outside, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return shlex.split(done.stdout[done.stdout.index("bin/python -m pytest") :])


def options() -> dict[str, object]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        found: dict[str, object] = tomllib.load(file)["tool"]["pytest"]["ini_options"]
    return found


def test_ci_runs_everything_with_servers_required() -> None:
    assert re.search(r"^make test-all$", CI, re.MULTILINE)
    assert re.search(rf"^export {REQUIRED}=1$", CI, re.MULTILINE)
    assert CI.index(f"export {REQUIRED}") < CI.index("make test-all")


def test_everything_is_everything() -> None:
    """Every option that could leave a test out is one that this list lacks."""
    assert recipe("test-all") == shlex.split("bin/python -m pytest -n auto --dist worksteal")
    assert options()["testpaths"] == ["tests"]
    assert options()["addopts"] == "--strict-markers --strict-config -q"
    for conftest in (ROOT / "tests").rglob("conftest.py"):
        assert not re.search(
            r"collect_ignore|pytest_ignore_collect|pytest_deselected|items\[:\]|items\.(?!\w*sort)",
            conftest.read_text(encoding="utf-8"),
        ), conftest


def test_the_short_run_leaves_out_what_is_marked_and_nothing_else() -> None:
    *before, flag, expression = recipe("test")
    assert before == recipe("test-all")
    assert flag == "-m"
    named = re.fullmatch(r"not \(([\w ]+)\)", expression)
    assert named
    assert set(named[1].split(" or ")) == MARKERS
    markers = options()["markers"]
    assert isinstance(markers, list)
    assert {str(marker).partition(":")[0] for marker in markers} == MARKERS


def test_every_file_of_tests_is_found() -> None:
    """By its name and its place: pytest looks for no others."""
    for file in (ROOT / "tests").rglob("*.py"):
        if "node_modules" in file.parts or file.name.startswith("test_"):
            continue
        assert not re.search(r"^(async )?def test_", file.read_text(encoding="utf-8"), re.MULTILINE), file


@pytest.mark.parametrize(("required", "code"), [("", 0), ("1", 1)])
def test_where_servers_are_required_a_skipped_test_is_a_failed_one(
    tmp_path: Path, required: str, code: int
) -> None:
    tests = (
        "import pytest\n\n\ndef test_one():\n    pytest.skip('no such server')\n\n\n"
        "@pytest.mark.skipif(True, reason='not here')\ndef test_two(): ...\n"
    )
    (tmp_path / "test_skipping.py").write_text(tests, encoding="utf-8")
    command = [
        *(sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"),
        *(f"--rootdir={tmp_path}", "-o", "markers=servers: x", "test_skipping.py"),
    ]
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), REQUIRED: required}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert ("1 failed, 1 error in" if required else "2 skipped in") in done.stdout


def test_the_versions_run_finds_what_it_names() -> None:
    text = (ROOT / "tools" / "versions").read_text(encoding="utf-8")
    (names,) = re.findall(r"^tests=\(([^)]*)\)$", text, re.MULTILINE)
    assert all((ROOT / name).exists() for name in names.split())
    assert {"tests/media", "tests/test_packaging.py", "tests/cli/test_demo.py"} == set(names.split())
    assert "for kind in newest pinned; do" in text
