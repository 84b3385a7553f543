from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmscheck.checks import CHECKS
from mmscheck.errors import RuleSetError
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import SenderType
from mmscheck.ruleset import Config, load_ruleset
from mmscheck.ruleset.compiled import decoded, encoded, kept_ruleset
from tests.support.rule_roots import put, rule

ASKED: dict[str, Any] = {
    "profile": None,
    "sender": None,
    "carriers": (),
    "providers": (),
    "transcoding": None,
    "config": None,
}


class Loads:
    """Asks for rules as a command does, and counts how often the files had to be read."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, **asked: Any) -> RuleSet:
        wanted: dict[str, Any] = {**ASKED, **asked}

        def load() -> RuleSet:
            self.count += 1
            return load_ruleset(checks=CHECKS, **wanted)

        return kept_ruleset(load, checks=CHECKS, **wanted)


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    base = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(base))
    return base


@pytest.fixture
def loads() -> Loads:
    return Loads()


def only_file(base: Path) -> Path:
    (file,) = (base / "mmscheck").iterdir()
    return file


@pytest.mark.parametrize("profile", ["send", "save", "lint"])
@pytest.mark.parametrize("sender", [None, *SenderType])
def test_what_comes_back_is_the_very_same(profile: str, sender: SenderType | None) -> None:
    ruleset = load_ruleset(checks=CHECKS, profile=profile, sender=sender, carriers=("att",))
    assert decoded(encoded(ruleset), CHECKS) == ruleset


def test_files_are_read_once_for_each_way_to_ask(base: Path, loads: Loads) -> None:
    first = loads()
    assert loads() == first == load_ruleset(checks=CHECKS)
    assert loads.count == 1
    assert loads(sender=SenderType.TOLL_FREE).sender == "toll-free"
    assert loads(profile="lint").profile == "lint"
    assert loads(transcoding=True).transcoding
    assert loads.count == 4


def test_nobody_else_may_read_or_write_it(base: Path, loads: Loads) -> None:
    loads()
    assert stat.S_IMODE((base / "mmscheck").stat().st_mode) == 0o700
    assert stat.S_IMODE(only_file(base).stat().st_mode) == 0o600


def test_a_file_counts_by_its_content_and_not_by_its_time(base: Path, loads: Loads, tmp_path: Path) -> None:
    file = put(tmp_path / "extra" / "message" / "own.toml", rule("own", "not-chunked", "media"))
    config = Config(path=tmp_path / "mmscheck.toml", extra_rules=(tmp_path / "extra",))
    before, times = loads(config=config), file.stat()
    file.write_text(file.read_text().replace('"t"', '"u"'))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    after = loads(config=config)
    assert loads.count == 2
    assert (after.digest != before.digest, after) == (True, load_ruleset(checks=CHECKS, config=config))
    put(tmp_path / "extra" / "stray.txt", "no rule")
    with pytest.raises(RuleSetError, match=r"stray\.txt"):
        loads(config=config)


def test_a_set_with_faults_is_not_kept(base: Path, loads: Loads) -> None:
    for _ in range(2):
        with pytest.raises(RuleSetError):
            loads(profile="no-such-profile")
    assert loads.count == 2
    assert not base.exists()


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-1000] ^= 1
    file.write_bytes(data)


def link(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.symlink_to("elsewhere")


def become_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def become_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


SPOILT: dict[str, Callable[[Path], object]] = {
    "damaged": flip,
    "cut short": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "empty": lambda file: file.write_bytes(b""),
    "of another kind": lambda file: file.write_bytes(b"other" + file.read_bytes()),
    "open to others": lambda file: file.chmod(0o620),
    "in a folder open to others": lambda file: file.parent.chmod(0o770),
    "a link": link,
    "a folder": become_folder,
    "a pipe": become_pipe,
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_what_cannot_be_trusted_is_as_good_as_none(
    base: Path, loads: Loads, spoil: Callable[[Path], object]
) -> None:
    right = loads()
    spoil(only_file(base))
    assert (loads(), loads.count) == (right, 2)


def test_another_users_file_is_not_used(base: Path, loads: Loads, monkeypatch: pytest.MonkeyPatch) -> None:
    right, me = loads(), os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    assert (loads(), loads.count) == (right, 2)


def test_another_version_has_sets_of_its_own(
    base: Path, loads: Loads, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads()
    monkeypatch.setattr("mmscheck.ruleset.compiled.VERSION", "99")
    loads()
    assert loads.count == 2


def test_where_nothing_can_be_written_nothing_changes(
    base: Path, loads: Loads, capfd: pytest.CaptureFixture[str]
) -> None:
    base.write_text("no folder")
    assert loads() == loads() == load_ruleset(checks=CHECKS)
    assert loads.count == 2
    assert capfd.readouterr() == ("", "")


def test_nothing_is_kept_in_a_repository(base: Path, loads: Loads, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    loads()
    assert not base.exists()


def test_nothing_is_kept_for_a_pull_request(
    base: Path, loads: Loads, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads()
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request")
    loads()
    assert loads.count == 2


def test_only_the_latest_are_kept(base: Path, loads: Loads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmscheck.ruleset.compiled._MOST_KEPT", 2)
    for profile in ("send", "save", "lint"):
        loads(profile=profile)
    assert len([*(base / "mmscheck").iterdir()]) == 2
    loads(profile="lint")
    assert loads.count == 3
