"""``--help`` of long commands, and wording that must agree with what the program does."""

from __future__ import annotations

import importlib

import click
import pytest

from mmscheck.cli import main as program
from mmscheck.cli.commands import GROUPS

LONG = ("send", "save", "bind")


def shown(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert program.main([name, "--help"]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", LONG)
def test_every_option_is_in_the_help_once(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    page = shown(name, capsys)
    command: click.Command = importlib.import_module(f"mmscheck.cli.{name}").command
    options = [param for param in command.params if isinstance(param, click.Option)]
    for option in options:
        starts = [line for line in page.splitlines() if line.split()[:1] == [option.opts[0].split("/")[0]]]
        assert len([line for line in starts if line.startswith("  --")]) <= 1
        assert f"  {option.opts[0]}" in page, option.name


def test_a_send_shows_what_it_needs_first(capsys: pytest.CaptureFixture[str]) -> None:
    page = shown("send", capsys)
    order = [page.index(f"\n{title}:") for title, _ in GROUPS if title != "What is bound"]
    assert order == sorted(order)
    assert "\nOptions:" not in page
    assert page.index("--mms-id ID") < page.index("--api-url") < page.index("--proxy")


def test_groups_name_each_option_once_and_only_options_that_exist() -> None:
    named = [name for _, names in GROUPS for name in names]
    commands = [importlib.import_module(f"mmscheck.cli.{name}").command for name in LONG]
    known = {param.name for command in commands for param in command.params}
    assert len(named) == len(set(named))
    assert set(named) <= known


def test_quiet_says_that_advice_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert "A line per finding, advice too, and the verdict." in " ".join(shown("check", capsys).split())
