"""The hooks under the real pre-commit, installed from a clone of this tree into a scratch repository."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from mmscheck.ruleset.discovery import PULL_REQUEST_VARIABLES
from mmscheck.sandbox import Sandbox
from tests.support.command import image, message

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).parents[1]
MEDIA = ROOT / "fixtures" / "media"
GOOD = message(image("photo-small.jpg"))
NO_SUBJECT = message(image("photo-small.jpg"), subject="")


class Scratch:
    """A git repository whose commits go through the hooks of a clone of this one."""

    def __init__(self, folder: Path, clone: Path, env: dict[str, str]) -> None:
        self.folder, self._env = folder, env
        folder.mkdir()
        rev = git(clone, env, "rev-parse", "HEAD")
        (folder / ".pre-commit-config.yaml").write_text(
            f"repos:\n- repo: {clone}\n  rev: {rev}\n  hooks: [{{id: mmscheck-lint}}, {{id: mmscheck}}]\n"
        )
        git(folder, env, "init", "--quiet", "--initial-branch=main")
        done = self.run(sys.executable, "-m", "pre_commit", "install", "--install-hooks")
        assert done.returncode == 0, done.stdout + done.stderr
        self.commit()

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.folder, env=self._env, capture_output=True, text=True, check=False, timeout=300
        )

    def put(self, name: str, content: bytes | str | Path) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            content = content.read_bytes()
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self) -> tuple[bool, str]:
        """Whether a commit of everything went through, and what was said; then nothing is left staged."""
        before = self.run("git", "rev-parse", "HEAD").stdout
        self.run("git", "add", "--all")
        done = self.run("git", "commit", "--message", "change")
        went = self.run("git", "rev-parse", "HEAD").stdout != before
        assert went is (done.returncode == 0)
        if not went:
            self.run("git", "reset", "--quiet", "--hard")
        return went, done.stdout + done.stderr


def git(folder: Path, env: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        ("git", *arguments), cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def environment(folder: Path) -> dict[str, str]:
    """Neither the user's git nor a package index: pip finds all that is needed beside the tests."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("GIT_", "PIP_", "PRE_COMMIT", "PYTHON"))
        and not key.lower().endswith("_proxy")
        and key not in PULL_REQUEST_VARIABLES
    }
    beside = folder / "dependencies"
    beside.mkdir()
    for item in Path(sysconfig.get_path("purelib")).iterdir():
        if not item.name.startswith(("mmscheck", "__editable__", "pip")) and item.suffix != ".pth":
            (beside / item.name).symlink_to(item)
    people = {
        f"GIT_{who}_{what}": "test@example.com"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    return {
        **kept,
        **people,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "HOME": str(folder),
        "PRE_COMMIT_HOME": str(folder / "pre-commit"),
        "PYTHONPATH": str(beside),
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads the value as that of "build isolation"
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so that nobody could clone it")
    folder = tmp_path_factory.mktemp("hooks")
    env = environment(folder)
    clone = folder / "mmscheck"
    listed = git(ROOT, env, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.split("\0")):
        # What is not committed yet counts too.
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, clone / name)
    git(clone, env, "init", "--quiet")
    git(clone, env, "add", "--all", "--force")
    git(clone, env, "commit", "--quiet", "--message", "clone")
    return Scratch(folder / "content", clone, env)


def test_a_good_message_and_a_good_picture_are_committed(scratch: Scratch) -> None:
    scratch.put("sale.xml", GOOD)
    scratch.put("photo.jpg", MEDIA / "photo-small.jpg")
    went, said = scratch.commit()
    assert went, said
    assert "mmscheck lint" in said
    assert "Passed" in said
    assert "PERMIT" not in said


def test_a_broken_message_is_stopped(scratch: Scratch) -> None:
    scratch.put("broken.xml", "<request><name>half")
    went, said = scratch.commit()
    assert not went
    assert "xml-well-formed" in said


def test_a_message_without_subject_is_stopped(scratch: Scratch) -> None:
    scratch.put("quiet.xml", NO_SUBJECT)
    went, said = scratch.commit()
    assert not went
    assert "subject-present" in said


def test_an_oversized_picture_is_stopped(scratch: Scratch) -> None:
    # Bytes after the end of a JPEG do not hurt its decoding; only its size is wrong.
    scratch.put("large.jpg", (MEDIA / "photo-small.jpg").read_bytes() + bytes(6_000_000))
    went, said = scratch.commit()
    assert not went
    assert "media-size" in said


def test_a_heic_named_jpg_is_stopped(scratch: Scratch) -> None:
    scratch.put("photos/phone.jpg", MEDIA / "photo-small.heic")
    went, said = scratch.commit()
    assert not went
    assert "extension-matches" in said
    assert "image/heic" in said


def test_xml_that_is_no_slide_xml_and_files_of_other_kinds_are_let_be(scratch: Scratch) -> None:
    scratch.put("pom.xml", "<project><name>half")
    scratch.put("notes.txt", "notes")
    went, said = scratch.commit()
    assert went, said


def test_a_file_whose_name_is_an_option_is_a_file(scratch: Scratch) -> None:
    softer = '# <svg/>\n[rules.subject-present]\nseverity = "warning"\n'
    for name in ("c.xml", "--config=c.xml"):
        scratch.put(name, softer)
    scratch.put("quiet.xml", NO_SUBJECT)
    went, said = scratch.commit()
    assert not went
    assert "subject-present" in said
    scratch.put("kept/x.xml", "<precious/>")
    scratch.put("--format=json=kept/x.xml", "<a/>")
    assert scratch.commit()[0]
    assert (scratch.folder / "kept" / "x.xml").read_text() == "<precious/>"


async def test_the_network_hook_runs_by_hand_and_not_at_a_commit(scratch: Scratch) -> None:
    # chunked: offline nothing is wrong with it.
    scratch.put("good.xml", GOOD)
    scratch.put("chunked.xml", message(image("chunked/photo-small.jpg")))
    assert scratch.commit()[0]
    async with Sandbox() as box:
        scratch.put(
            "mmscheck.toml",
            'allow-net = ["127.0.0.1/32"]\n'
            f'connect-to = ["media.example.com:80:127.0.0.1:{box.media_port}"]\n',
        )
        by_hand = ("run", "--hook-stage", "manual", "mmscheck", "--files")
        good, bad = [
            await asyncio.to_thread(scratch.run, sys.executable, "-m", "pre_commit", *by_hand, name)
            for name in ("good.xml", "chunked.xml")
        ]
    assert good.returncode == 0, good.stdout
    assert bad.returncode == 1
    assert "not-chunked" in bad.stdout


def test_the_hook_at_commit_makes_one_report_with_a_line_for_each_finding() -> None:
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    lint = text.split("- id: ")[1]
    assert "require_serial: true" in lint
    assert "--quiet --\n" in lint
