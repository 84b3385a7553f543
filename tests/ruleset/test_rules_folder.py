from __future__ import annotations

import importlib.resources
import os
import shutil
from pathlib import Path

import pytest

from mmscheck.errors import RuleSetError
from mmscheck.ruleset import folder, load_ruleset
from mmscheck.ruleset.folder import packaged_root
from tests.support.rule_roots import CHECKS, faults_of, load, make_root, put, rule


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path)


@pytest.mark.parametrize(
    ("stray", "what"),
    [
        ("message/slide-count.yaml", "not claimed"),
        ("message/slide-count.TOML", "not claimed"),
        ("message/slide-count.toml.bak", "not claimed"),
        ("message/slide-count.toml~", "not claimed"),
        ("message/.toml", "not claimed"),
        ("message/__init__.py", "not claimed"),
        ("message/README.md", "not claimed"),
        ("limits/att.json", "not claimed"),
        ("profiles/save.yml", "not claimed"),
        ("README.md", "not claimed"),
        ("stray.toml", "not claimed"),
    ],
)
def test_a_file_nobody_claims_is_a_fault(root: Path, stray: str, what: str) -> None:
    path = put(root / stray, "")
    (fault,) = faults_of(root)
    assert fault.startswith(f"{path}: {what}")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("messages", "unknown folder 'messages', did you mean 'message'?"),
        ("Message", "unknown folder 'Message', did you mean 'message'?"),
        (".hidden", "unknown folder '.hidden'"),
        ("message/deeper", "not claimed"),
        ("message/deeper.toml", "not claimed"),
    ],
)
def test_a_folder_nobody_claims_is_a_fault_even_when_empty(root: Path, name: str, what: str) -> None:
    path = root / name
    path.mkdir()
    (fault,) = faults_of(root)
    assert fault.startswith(f"{path}: {what}")


def test_a_family_that_is_a_file_is_a_fault(root: Path) -> None:
    path = put(root / "url", "")
    (fault,) = faults_of(root)
    assert fault.startswith(f"{path}: not claimed")


def test_packaging_files_are_claimed_at_the_top_only(root: Path) -> None:
    load(root)
    path = root / "message" / "__pycache__"
    path.mkdir()
    (fault,) = faults_of(root)
    assert fault.startswith(f"{path}: not claimed")


def test_no_rules_is_a_fault(tmp_path: Path) -> None:
    assert f"{tmp_path}: no rules, expected at least one <family>/<id>.toml" in faults_of(tmp_path)


def test_a_folder_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    assert any(fault.startswith(f"{missing}: cannot be read") for fault in faults_of(missing))


def test_a_dangling_link_is_a_fault(root: Path) -> None:
    path = root / "message" / "gone.toml"
    path.symlink_to(root / "nothing")
    assert any(fault.startswith(f"{path}: cannot be read") for fault in faults_of(root))


def test_a_device_is_a_fault_and_is_never_opened(root: Path) -> None:
    path = root / "message" / "device.toml"
    path.symlink_to(os.devnull)
    (fault,) = faults_of(root)
    assert fault.startswith(f"{path}: not a regular file")


def test_an_unreadable_file_is_a_fault(root: Path) -> None:
    path = root / "message" / "slide-count.toml"
    path.chmod(0)
    if os.access(path, os.R_OK):  # root reads every file, but no link to itself
        path.unlink()
        path.symlink_to(path.name)
    assert any(fault.startswith(f"{path}: cannot be read") for fault in faults_of(root))


def test_a_file_name_that_is_not_utf8_still_makes_a_fault_that_prints(root: Path) -> None:
    Path(os.fsdecode(os.fsencode(root / "message") + b"/\xff.txt")).touch()
    (fault,) = faults_of(root)
    assert "\\udcff.txt: not claimed" in fault
    fault.encode()


def test_faults_show_paths_below_the_working_folder_relative_to_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root / "README.md", "")
    monkeypatch.chdir(root.parent)
    assert faults_of(root)[0].startswith("rules/README.md: ")


def test_an_odd_rule_name_is_a_fault(root: Path) -> None:
    path = put(root / "message" / "Odd_Name.toml", rule("Odd_Name", "anything", "media"))
    (fault,) = faults_of(root)
    assert fault.startswith(f"{path}: id: expected a kebab-case name")


def test_the_packaged_rules_are_the_default_root() -> None:
    root = packaged_root()
    assert (root / "profiles" / "send.toml").is_file()
    with pytest.raises(RuleSetError) as caught:
        load_ruleset(checks={})
    assert all("rules" in fault for fault in caught.value.faults)


def test_an_installation_without_rules_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "__file__", str(tmp_path / "mmscheck" / "ruleset" / "folder.py"))

    def gone(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib.resources, "files", gone)
    with pytest.raises(RuleSetError, match="expected the packaged rules"):
        load_ruleset(checks=CHECKS)


def test_an_installation_finds_the_rules_as_a_package(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "__file__", str(tmp_path / "x" / "mmscheck" / "ruleset" / "folder.py"))
    package = tmp_path / "site" / "mmscheck_rules_copy"
    shutil.copytree(root, package)
    monkeypatch.syspath_prepend(str(package.parent))
    real = importlib.resources.files
    monkeypatch.setattr(importlib.resources, "files", lambda _name: real("mmscheck_rules_copy"))
    assert len(load_ruleset(checks=CHECKS).rules) == 10
