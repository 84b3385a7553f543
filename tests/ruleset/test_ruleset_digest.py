from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from mmscheck.model.waiver import Waiver
from mmscheck.model.words import Severity
from mmscheck.ruleset import Config, RuleTable
from tests.support.rule_roots import SEND, edit, limit, load, make_root, profile, put


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make_root(tmp_path)
    words = json.dumps([f"word-{number}" for number in range(20)])
    edit(root / "message" / "slide-count.toml", "minimum = 1", f"minimum = 1\nignored = {words}")
    put(root / "profiles" / "save.toml", profile("save", *SEND))
    return root


def test_the_digest_is_a_sha256_and_the_same_each_time(root: Path) -> None:
    digest = load(root).digest
    assert digest.startswith("sha256:")
    assert len(digest) == len("sha256:") + 64
    assert load(root).digest == digest


def test_the_digest_does_not_depend_on_where_the_files_are(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root, tmp_path / "elsewhere" / "other-name")
    assert load(tmp_path / "elsewhere" / "other-name").digest == load(root).digest


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_digest_does_not_depend_on_the_process(root: Path, seed: str) -> None:
    program = "from pathlib import Path; from tests.support.rule_roots import load; import sys; "
    program += "print(load(Path(sys.argv[1])).digest)"
    folders = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": folders}
    command = [sys.executable, "-c", program, str(root)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == load(root).digest


def in_rule(old: str, new: str) -> Callable[[Path], None]:
    return lambda root: edit(root / "message" / "slide-count.toml", old, new)


CHANGES: dict[str, Callable[[Path], None]] = {
    "param": in_rule("minimum = 1\n", "minimum = 2\n"),
    "list": in_rule('"word-7", ', ""),
    "severity": in_rule('severity = "error"', 'severity = "warning"'),
    "wording": in_rule("{count} slides", "{count} pages"),
    "limit": lambda root: edit(root / "limits" / "default.toml", "value = 8", "value = 9"),
    "limit source": lambda root: edit(root / "limits" / "default.toml", "a document", "another"),
    "order": lambda root: edit(
        root / "profiles" / "send.toml", '"slide-count", "content-length"', '"content-length", "slide-count"'
    ),
    "floor list": lambda root: edit(
        root / "http" / "content-type-specific.toml", "generic = [", "generic = ['a/b', "
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_digest_changes_with_everything_that_can_change_an_outcome(
    root: Path, change: Callable[[Path], None]
) -> None:
    before = load(root).digest
    change(root)
    assert load(root).digest != before


def test_the_digest_changes_with_profile_sender_overrides_waivers_and_version(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warning = Config(rules={"slide-count": RuleTable(severity=Severity.WARNING)})
    tighter = Config(rules={"slide-count": RuleTable(params={"maximum": 5})})
    digests = [
        load(root).digest,
        load(root, profile="save").digest,
        load(root, sender="short-code").digest,
        load(root, config=warning).digest,
        load(root, config=tighter).digest,
    ]
    waiver = Waiver(rule="slide-count", reason="r", who="w", expires=dt.date(2027, 1, 31))
    for change in ({}, {"reason": "s"}, {"who": "v"}, {"expires": dt.date(2027, 2, 1)}, {"slide": 1}):
        waived = Config(waivers=(msgspec.structs.replace(waiver, **change),))
        digests.append(load(root, config=waived).digest)
    monkeypatch.setattr("mmscheck.ruleset.load.VERSION", "99")
    digests.append(load(root).digest)
    assert len(set(digests)) == len(digests)


def test_the_digest_does_not_change_with_what_is_not_used(root: Path) -> None:
    before = load(root).digest
    path = root / "limits" / "default.toml"
    put(path, path.read_text() + limit("limits.unused", 1))
    assert load(root).digest == before
