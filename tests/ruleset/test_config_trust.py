"""A configuration that is found, and not named, is the user's own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mmscheck.cli.main import main
from mmscheck.errors import RuleSetError
from mmscheck.report import FORMATS
from mmscheck.ruleset import NETWORK_KEYS, Config, find_config, load_config
from mmscheck.ruleset.discovery import PULL_REQUEST_VARIABLES, is_for_pull_request
from mmscheck.ruleset.load import config_digest
from tests.support.command import image, message
from tests.support.rule_roots import put

OTHER = 65_534
"""The user id of nobody."""


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Makes a file or folder somebody else's; who may not give files away becomes another user instead."""

    def give(place: Path) -> None:
        if os.geteuid() == 0:
            os.chown(place, OTHER, OTHER, follow_symlinks=False)
        else:
            me = os.geteuid()
            monkeypatch.setattr(os, "geteuid", lambda: me + 1)

    return give


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A folder with a message, below one that holds a configuration."""
    put(tmp_path / "mmscheck.toml", "strict = true\n")
    return put(tmp_path / "job" / "sale.xml", message(image("a.jpg")))


def refused(start: Path) -> str:
    with pytest.raises(RuleSetError) as caught:
        find_config(start)
    assert "--config" in str(caught.value)
    return str(caught.value)


def test_ones_own_configuration_is_used(job: Path, tmp_path: Path) -> None:
    assert find_config(job) == tmp_path / "mmscheck.toml"


@pytest.mark.parametrize("name", ["mmscheck.toml", "pyproject.toml"])
def test_a_file_of_another_user_is_refused_by_name(
    name: str, job: Path, tmp_path: Path, theirs: Callable[[Path], None]
) -> None:
    (tmp_path / "mmscheck.toml").unlink()
    theirs(put(tmp_path / name, "[tool.mmscheck]\nstrict = true\n"))
    assert str(tmp_path / name) in refused(job)


def test_the_command_ends_with_2_and_names_file_and_flag(
    job: Path, tmp_path: Path, theirs: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    theirs(tmp_path / "mmscheck.toml")
    assert main(("lint", str(job))) == 2
    told = capsys.readouterr().err
    assert all(part in told for part in (str(tmp_path / "mmscheck.toml"), "belongs to", "--config"))
    assert main(("lint", str(job), "--config", str(tmp_path / "mmscheck.toml"))) in {0, 1, 3}


@pytest.mark.parametrize("mode", [0o666, 0o646, 0o602])
def test_a_file_that_others_may_write_to_is_refused(mode: int, job: Path, tmp_path: Path) -> None:
    (tmp_path / "mmscheck.toml").chmod(mode)
    assert "others may write to it" in refused(job)


def test_a_folder_that_others_may_write_to_is_refused(job: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    assert "others may write to the folder" in refused(job)


def test_in_a_sticky_folder_ones_own_file_counts_if_it_has_one_name(job: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    assert find_config(job) == tmp_path / "mmscheck.toml"
    os.link(tmp_path / "mmscheck.toml", tmp_path / "elsewhere.toml")
    assert "another name" in refused(job)


def test_a_folder_of_another_user_is_refused(
    job: Path, tmp_path: Path, theirs: Callable[[Path], None]
) -> None:
    theirs(tmp_path)
    assert "belongs to" in refused(job)


def test_a_link_counts_by_its_own_owner_and_by_what_it_leads_to(job: Path, tmp_path: Path) -> None:
    real = put(tmp_path / "elsewhere" / "real.toml", "")
    (tmp_path / "mmscheck.toml").unlink()
    (tmp_path / "mmscheck.toml").symlink_to(real)
    assert find_config(job) == tmp_path / "mmscheck.toml"
    real.chmod(0o666)
    assert "others may write to it" in refused(job)


def test_a_link_that_another_user_made_is_refused(
    job: Path, tmp_path: Path, theirs: Callable[[Path], None]
) -> None:
    (tmp_path / "mmscheck.toml").unlink()
    (tmp_path / "mmscheck.toml").symlink_to(put(tmp_path / "elsewhere" / "real.toml", ""))
    theirs(tmp_path / "mmscheck.toml")
    assert "belongs to" in refused(job)


def test_a_group_counts_as_others_unless_the_owner_is_alone_in_it(job: Path, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(tmp_path / "mmscheck.toml", 0, OTHER)
        (tmp_path / "mmscheck.toml").chmod(0o664)
        assert "others may write to it" in refused(job)
        os.chown(tmp_path / "mmscheck.toml", 0, 4_000_000)
        assert "others may write to it" in refused(job)
    (tmp_path / "mmscheck.toml").chmod(0o644)
    assert find_config(job) == tmp_path / "mmscheck.toml"


def test_the_walk_ends_at_the_root_of_a_repository(job: Path) -> None:
    (job.parent / ".git").mkdir()
    assert find_config(job) is None
    own = put(job.parent / "mmscheck.toml", "")
    assert find_config(job) == own


def test_the_walk_ends_at_the_home_folder(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(job.parent))
    assert find_config(job) is None
    own = put(job.parent / "mmscheck.toml", "")
    assert find_config(job) == own


def test_the_walk_ends_at_a_folder_of_another_user(job: Path, theirs: Callable[[Path], None]) -> None:
    deep = put(job.parent / "deep" / "sale.xml", "")
    theirs(job.parent)
    assert find_config(deep) is None


@pytest.mark.usefixtures("rules_read_once")
@pytest.mark.parametrize("name", PULL_REQUEST_VARIABLES)
def test_in_a_pull_request_only_a_named_file_says_where_requests_go(
    name: str, job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = {
        "allow-net": '["127.0.0.0/8"]',
        "connect-to": '["media.example.com:80:127.0.0.1:9"]',
        "proxy": '"http://127.0.0.1:9"',
        "ca-file": '"ca.pem"',
    }
    assert {key.replace("-", "_") for key in keys} == set(NETWORK_KEYS)
    monkeypatch.setenv(name, "pull_request" if "EVENT" in name or "SOURCE" in name else "7")
    for key, value in keys.items():
        file = put(tmp_path / "mmscheck.toml", f"{key} = {value}\n")
        assert main(("check", str(job), "--timeout", "1")) == 2
        told = capsys.readouterr().err
        assert f"{file}: {key}: this runs for a pull request" in told
        assert "--config" in told
    put(tmp_path / "mmscheck.toml", f"allow-net = {keys['allow-net']}\nconnect-to = {keys['connect-to']}\n")
    assert main(("check", str(job), "--config", str(tmp_path / "mmscheck.toml"))) in {1, 3}
    assert main(("lint", str(job))) in {0, 1}


def test_other_runs_of_a_ci_system_are_not_taken_for_pull_requests() -> None:
    for name in PULL_REQUEST_VARIABLES:
        assert not is_for_pull_request({name: ""})
        assert not is_for_pull_request({name: "push" if "EVENT" in name or "SOURCE" in name else "false"})
    assert is_for_pull_request({"CI_PIPELINE_SOURCE": "merge_request_event"})
    assert is_for_pull_request({"CODEBUILD_WEBHOOK_EVENT": "PULL_REQUEST_CREATED"})


@pytest.mark.parametrize("form", FORMATS)
def test_every_report_tells_the_full_path(
    form: str, job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    job.write_text(message(image("a.jpg"), subject=""))
    monkeypatch.chdir(job.parent)
    assert main(("lint", "sale.xml", "--format", form)) == 1
    told = capsys.readouterr().out.replace("\n  ", "").replace("\\_", "_")  # long lines; Markdown
    assert str(tmp_path / "mmscheck.toml") in told
    assert main(("lint", "sale.xml", "--format", "text", "--quiet", "--config", "../mmscheck.toml")) == 1
    assert "mmscheck.toml" in capsys.readouterr().out


def test_the_digest_of_the_rules_covers_all_that_the_file_says(tmp_path: Path) -> None:
    texts = ("", "strict = true", "timeout = 3", 'allow-net = ["10.0.0.0/8"]', '[assets]\n"http://a/" = "b"')
    found = [config_digest(load_config(put(tmp_path / "mmscheck.toml", text))) for text in texts]
    assert len(set(found)) == len(texts)
    moved = load_config(put(tmp_path / "there" / "mmscheck.toml", texts[-1]))
    assert config_digest(moved) == found[-1]
    assert config_digest(Config()) == found[0]
