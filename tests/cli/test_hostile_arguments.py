"""Nothing that a terminal obeys comes out of arguments and paths, whichever command they are given to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mmscheck.cli.main import main
from mmscheck.cli.say import complain
from tests.support.command import fields, message
from tests.support.commands import commands

EVIL = "e\x1b]0;x\x07\x9b2J\u202e\u2066\u200b\x7fv"
FORGED = "e\nPERMIT: all is well\r"

_BASE = {
    "check": ("sale.xml",),
    "send": ("sale.xml", *fields(), "--dry-run"),
    "save": ("sale.xml", "--dry-run"),
    "bind": ("1", "sale.xml", "--api-url", "http://127.0.0.1:9/"),
    "delete": ("1", "--yes", "--api-url", "http://127.0.0.1:9/"),
    "lint": ("sale.xml",),
    "diff": ("old.json", "new.json"),
    "ledger show": ("1",),
    "ledger resolve": ("1", "--as", "sent", "--reason", "x"),
    "hold": ("reason",),
    "rules explain": ("content-length",),
    "explain": ("E620",),
    "rules new": ("own", "--family", "slide", "--check", "slide-text-length"),
    # These would go on for ever: what comes last in the call ends them.
    "sandbox": ("--media-port", "-1"),
    "postbacks": ("--listen", "nowhere"),
    "serve": ("--listen", "nowhere"),
}


def calls(words: str, command: click.Command, evil: str) -> Iterator[tuple[str, ...]]:
    """The command with this in place of each argument, of each option's value, and as what does not exist."""
    base = _BASE.get(words, ())
    for param in command.params:
        if isinstance(param, click.Option) and not param.is_flag:
            for value in (evil, f"json={evil}" if evil == EVIL else f"https://{evil}/"):
                yield (*words.split(), param.opts[0], value, *base)
        elif isinstance(param, click.Argument):
            yield (*words.split(), evil, *base[1:])
    yield (*words.split(), *base, f"--{evil}")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "sale.xml").write_text(message("<message-text>Hello</message-text>"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MMSCHECK_API_KEY", "sandbox-key")
    return tmp_path


@pytest.mark.usefixtures("rules_read_once")
@pytest.mark.parametrize("words", [words for words, _ in commands() if words != "demo"])
def test_no_command_prints_what_a_terminal_obeys(
    words: str, lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = dict(commands())[words]
    for evil in (EVIL, FORGED):
        for call in calls(words, command, evil):
            main(call)
            told = capsys.readouterr()
            raw = {char for char in told.out + told.err if not char.isprintable()} - {"\n", "\t"}
            assert not raw, (call, told)
            assert not any(line.startswith("PERMIT: all") for line in told.err.splitlines()), (call, told.err)


def test_commands_that_do_not_exist_are_shown_safely(capsys: pytest.CaptureFixture[str]) -> None:
    for call in ((EVIL,), ("rules", EVIL), ("ledger", FORGED)):
        assert main(call) == 2
        assert set("\x1b\x07\x9b\u202e\r").isdisjoint(capsys.readouterr().err)


def test_names_of_folders_and_files_that_are_found_are_shown_safely(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (lab / EVIL).mkdir()
    (lab / EVIL / "mmscheck.toml").write_text("nonsense = 1")
    (lab / EVIL / f"{EVIL}.xml").write_text("<request/>")
    for command in ("check", "lint"):
        assert main((command, EVIL)) == 2
        assert set("\x1b\x07\x9b\u202e").isdisjoint(capsys.readouterr().err)


def test_lines_of_our_own_stay_lines(capsys: pytest.CaptureFixture[str]) -> None:
    complain("one\n  two\tthree", 2, hint="four")
    assert capsys.readouterr().err == "mmscheck: one\n  two\tthree\nfour\n"
