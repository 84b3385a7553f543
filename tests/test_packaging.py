"""Wheel, sdist, plain and editable installs all carry the rules."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).parents[1]
COUNT = (
    "from mmscheck.checks import CHECKS; from mmscheck.ruleset import load_all_rules;"
    " print(len(load_all_rules(checks=CHECKS)))"
)


def rule_files() -> int:
    """Rule files in the checkout: what every kind of install must load."""
    return sum(
        1
        for file in (ROOT / "rules").glob("*/*.toml")
        if file.parent.name not in {"limits", "profiles", "servers", "providers", "words"}
    )


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def needed_at_runtime() -> set[Path]:
    """What ``pip install .`` brings: folders and modules of the dependencies and theirs, no extra of ours."""
    found: set[Path] = set()
    seen: set[tuple[str, str]] = set()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    left = [Requirement(text) for text in project["dependencies"]]
    while left:
        one = left.pop()
        for extra in ("", *one.extras):
            if (one.name, extra) in seen:
                continue
            seen.add((one.name, extra))
            wanted = [Requirement(text) for text in importlib.metadata.requires(one.name) or ()]
            left += [item for item in wanted if item.marker is None or item.marker.evaluate({"extra": extra})]
        found |= tops(one.name)
    return found


def tops(name: str) -> set[Path]:
    """The topmost folders and files of an installed distribution, its commands left out."""
    site = Path(sysconfig.get_path("purelib"))
    parts = {file.parts[0] for file in importlib.metadata.files(name) or ()}
    return {site / part for part in parts if part not in {"..", "__pycache__"}}


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT), cwd=folder)
    return folder


def test_the_installed_wheel_loads_every_rule_somewhere_else(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    run(sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv"), cwd=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    run(
        *(sys.executable, "-m", "pip"),
        *("--python", str(python), "install", "--no-deps", "--no-index", "--quiet", str(wheel)),
        cwd=tmp_path,
    )
    site = Path(
        run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip()
    )
    dependencies = tmp_path / "dependencies"
    dependencies.mkdir()
    for item in needed_at_runtime():
        (dependencies / item.name).symlink_to(item)
    (site / "dependencies.pth").write_text(f"{dependencies}\n", encoding="utf-8")
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [str(python), "-c", COUNT], cwd=tmp_path, capture_output=True, text=True, env=clean, check=False
    )
    assert (done.stdout.strip(), done.stderr) == (str(rule_files()), "")
    where = run(str(python), "-c", "import mmscheck; print(mmscheck.__file__)", cwd=tmp_path)
    assert str(tmp_path) in where
    command = str(tmp_path / "venv" / "bin" / "mmscheck")
    assert run(command, "--version", cwd=tmp_path).startswith("mmscheck ")
    # What loads nearly everything: a page, a ledger, the listener for postbacks, the sandbox.
    assert "The demo did what it promised" in run(command, "demo", cwd=tmp_path)


def test_the_sdist_carries_the_rules(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = [name.split("/", 1)[-1] for name in archive.getnames()]
    found = [name for name in names if name.startswith("rules/") and name.endswith(".toml")]
    assert len(found) == len(list((ROOT / "rules").glob("*/*.toml")))


def test_the_wheel_carries_rules_samples_schema_and_licence(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for needed in (
        *("mmscheck/rules/__init__.py", "mmscheck/rules/http/content-length.toml", "mmscheck/py.typed"),
        *("mmscheck/rules/limits/default.toml", "mmscheck/rules/profiles/send.toml"),
        "mmscheck/rules/servers/web.toml",
        *("mmscheck/fixtures/mms/summer-sale.xml", "mmscheck/fixtures/media/photo-small.jpg"),
        "mmscheck/report/report.schema.json",
        *("mmscheck/slidexml/message.xml", "mmscheck/slidexml/slide.xsd"),
        *("mmscheck/report/html/report.css", "mmscheck/report/html/report.js"),
        "mmscheck/fixtures/rules/content-length/cases.toml",
    ):
        assert needed in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_this_installation_loads_every_rule() -> None:
    assert int(run(sys.executable, "-c", COUNT, cwd=Path("/"))) == rule_files()


def test_every_package_of_the_tree_is_listed_for_the_build() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        listed = set(tomllib.load(file)["tool"]["setuptools"]["packages"])
    found = {
        ".".join(init.parent.relative_to(ROOT).parts) for init in (ROOT / "mmscheck").rglob("__init__.py")
    }
    assert listed - {"mmscheck.rules", "mmscheck.fixtures"} == found


def test_the_lock_names_hashes_and_no_place_to_get_packages_from() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "index-url" not in text
    assert "://" not in text
    pins = [line for line in text.splitlines() if "==" in line]
    assert pins
    assert all(line.rstrip().endswith("\\") for line in pins)


def pins(name: str) -> dict[tuple[str, str], set[str]]:
    """Packages and versions of a lock file with their hashes."""
    found: dict[tuple[str, str], set[str]] = {}
    at = ("", "")
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if pin := re.match(r"([a-z0-9._-]+)==([^ ;]+)", line):
            at = (pin[1], pin[2])
            found[at] = set()
        found.get(at, set()).update(re.findall(r"--hash=(sha256:[0-9a-f]{64})", line))
    return found


def test_the_lock_for_running_has_what_running_needs_as_it_was_tested() -> None:
    runtime, tested = pins("constraints-runtime.txt"), pins("constraints.txt")
    assert all(runtime.values())
    for pin, hashes in runtime.items():
        assert tested[pin] == hashes, pin
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {Requirement(text).name.lower() for text in project["dependencies"]} | {"setuptools"}
    names = {name for name, _ in runtime}
    assert wanted <= names
    own = {Requirement(text).name.lower() for text in project["optional-dependencies"]["dev"]}
    optional = {Requirement(text).name.lower() for text in project["optional-dependencies"]["postgresql"]}
    assert not names & (own - optional - {"setuptools"})


def test_the_readme_names_every_licence_that_is_not_permissive() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Licences")[2]
    for name in sorted({name for name, _ in pins("constraints-runtime.txt")}):
        told = importlib.metadata.metadata(name).json
        licence = " ".join(str(told.get(key, "")) for key in ("license_expression", "license", "classifier"))
        if re.search("GPL|GNU|MPL|Mozilla|EPL|CDDL", licence):
            assert f"{name} (" in text.lower(), (name, licence)
