"""Wheel, sdist, plain and editable installs all carry the rules."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).parents[1]
RUN_WITH = ("ledger", "postgresql", "serve", "otel")
"""The extras that the lock for running has: what an image of the service needs."""

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


def demanded(extra: str = "") -> list[Requirement]:
    """What the project asks for, or one of its extras, with what that takes from its other extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = project["optional-dependencies"][extra] if extra else project["dependencies"]
    found: list[Requirement] = []
    for one in map(Requirement, texts):
        found += (
            [each for inner in one.extras for each in demanded(inner)] if one.name == "mmscheck" else [one]
        )
    return found


def needed_at_runtime(extra: str = "") -> set[Path]:
    """What ``pip install .`` or ``'.[extra]'`` brings: folders and modules of the dependencies and theirs."""
    found: set[Path] = set()
    seen: set[tuple[str, str]] = set()
    left = [*demanded(), *(demanded(extra) if extra else ())]
    while left:
        one = left.pop()
        for inner in ("", *one.extras):
            if (one.name, inner) in seen:
                continue
            seen.add((one.name, inner))
            wanted = [Requirement(text) for text in importlib.metadata.requires(one.name) or ()]
            left += [item for item in wanted if item.marker is None or item.marker.evaluate({"extra": inner})]
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
    # Of a copy: two builds at once in one tree take each other's files away.
    tree = folder / "tree"
    for name in ("mmscheck", "rules", "fixtures"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, tree / name)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(tree), cwd=folder)
    return folder


@pytest.fixture(scope="session")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The wheel in an environment of its own that has the dependencies and one extra, and nothing else."""

    @cache
    def install(extra: str) -> Path:
        folder = tmp_path_factory.mktemp(f"installed-{extra}")
        (wheel,) = built.glob("*.whl")
        run(sys.executable, "-m", "venv", "--without-pip", str(folder / "venv"), cwd=folder)
        python = folder / "venv" / "bin" / "python"
        run(
            *(sys.executable, "-m", "pip"),
            *("--python", str(python), "install", "--no-deps", "--no-index", "--quiet", str(wheel)),
            cwd=folder,
        )
        site = run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder)
        dependencies = folder / "dependencies"
        dependencies.mkdir()
        for item in needed_at_runtime(extra):
            (dependencies / item.name).symlink_to(item)
        (Path(site.strip()) / "dependencies.pth").write_text(f"{dependencies}\n", encoding="utf-8")
        return folder / "venv"

    return install


def test_the_installed_wheel_loads_every_rule_somewhere_else(
    installed: Callable[[str], Path], tmp_path: Path
) -> None:
    programs = installed("ledger") / "bin"
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    python = str(programs / "python")
    done = subprocess.run(
        [python, "-c", COUNT], cwd=tmp_path, capture_output=True, text=True, env=clean, check=False
    )
    assert (done.stdout.strip(), done.stderr) == (str(rule_files()), "")
    where = run(python, "-c", "import mmscheck; print(mmscheck.__file__)", cwd=tmp_path)
    assert str(programs.parent) in where
    command = str(programs / "mmscheck")
    assert run(command, "--version", cwd=tmp_path).startswith("mmscheck ")
    # What loads nearly everything: a page, a ledger, the listener for postbacks, the sandbox.
    assert "The demo did what it promised" in run(command, "demo", cwd=tmp_path)


TEXT = (
    "<request><name>t</name><message-subject>Sale</message-subject>"
    "<slide><message-text>Hello there</message-text></slide></request>"
)


def test_without_the_extra_all_that_judges_and_mends_works(
    installed: Callable[[str], Path], tmp_path: Path
) -> None:
    programs = installed("") / "bin"
    found = run(
        str(programs / "python"),
        "-c",
        "from importlib.util import find_spec as f; print(f('sqlalchemy'))",
        cwd=tmp_path,
    )
    assert found == "None\n", "nothing is proven where it is installed"
    (tmp_path / "text.xml").write_text(TEXT)
    (tmp_path / "photo.jpg").write_bytes((ROOT / "fixtures" / "media" / "photo-small.jpg").read_bytes())
    command = str(programs / "mmscheck")
    for arguments in (
        *(
            ["lint", "text.xml", "photo.jpg"],
            ["check", "text.xml"],
            ["fix", "photo.jpg", "--output", "mended"],
        ),
        *(
            ["rules", "list"],
            ["explain", "E620"],
            ["send", "--help"],
            ["ledger", "--help"],
            ["serve", "--help"],
        ),
    ):
        run(command, *arguments, cwd=tmp_path)


NEED_A_LEDGER = (
    "send text.xml --mms-id 1 --to 15551230001",
    "send text.xml --mms-id 1 --recipients people.csv --campaign c",
    "save text.xml",
    "bind 1 text.xml",
    "delete 1 --yes",
    "ledger list",
    "ledger summary",
    "ledger export 15551230001",
    "hold because",
    "release",
    "suppress add 15551230001 --reason asked",
    "suppress import people.csv --reason asked",
    "suppress list",
    "postbacks --listen 127.0.0.1:0 --no-secret",
    "serve --listen 127.0.0.1:0",
    "demo",
)


def test_without_the_extra_what_needs_a_ledger_says_what_to_install(
    installed: Callable[[str], Path], tmp_path: Path
) -> None:
    (tmp_path / "text.xml").write_text(TEXT)
    (tmp_path / "people.csv").write_text("to\n15551230001\n")
    for command in NEED_A_LEDGER:
        done = subprocess.run(
            [str(installed("") / "bin" / "mmscheck"), *command.split()],
            cwd=tmp_path,
            env={**os.environ, "MMSCHECK_API_KEY": "key"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert (done.returncode, done.stdout) == (2, ""), command
        first, *rest = done.stderr.splitlines()
        assert first.startswith("mmscheck: this needs a ledger"), command
        assert first.endswith("pip install 'mmscheck[ledger]'")
        assert rest in ([], ["Nothing was checked."]), command


def test_what_pre_commit_builds_fits_a_free_hosted_runner(installed: Callable[[str], Path]) -> None:
    """The very environment: the wheel, what it depends on, and the pip that pre-commit leaves in.

    Where these tests have PyAV 19, which has 30 MB more, it holds because the hooks ask for an older one.
    """
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert [hook["additional_dependencies"] for hook in hooks] == [["av<19"]] * len(hooks)
    newer = int(importlib.metadata.version("av").partition(".")[0]) >= 19
    own = {installed("") / "lib"}
    measured = sum(map(occupied, own | needed_at_runtime() | tops("pip")))
    assert measured < (250 + 30 * newer) * 2**20


def occupied(place: Path) -> int:
    """Bytes on the disk below a folder, or of a file; links are not followed."""
    files = place.rglob("*") if place.is_dir() else [place]
    return sum(file.lstat().st_blocks * 512 for file in files)


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
    optional = {one.name.lower() for extra in RUN_WITH for one in demanded(extra)}
    wanted = {one.name.lower() for one in demanded()} | optional | {"setuptools"}
    names = {name for name, _ in runtime}
    assert wanted <= names
    own = {one.name.lower() for one in demanded("dev")}
    assert not names & (own - optional - {"setuptools"})


def test_the_readme_names_every_licence_that_is_not_permissive() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Licences")[2]
    for name in sorted({name for name, _ in pins("constraints-runtime.txt")}):
        told = importlib.metadata.metadata(name).json
        licence = " ".join(str(told.get(key, "")) for key in ("license_expression", "license", "classifier"))
        if re.search("GPL|GNU|MPL|Mozilla|EPL|CDDL", licence):
            assert f"{name} (" in text.lower(), (name, licence)
