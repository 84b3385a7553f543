from __future__ import annotations

import io
import os
import pty
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from mmscheck.cli.output import links, wants_color


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as stream:
        yield stream
    os.close(master)


@pytest.mark.parametrize(
    ("environ", "on_terminal", "elsewhere"),
    [
        ({}, True, False),
        ({"TERM": "xterm"}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, False, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"CLICOLOR_FORCE": "1", "TERM": "dumb"}, True, True),
        ({"CLICOLOR_FORCE": ""}, True, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_colours_are_for_terminals_unless_forced_or_refused(
    terminal: TextIO, environ: dict[str, str], *, on_terminal: bool, elsewhere: bool
) -> None:
    assert wants_color(terminal, environ) is on_terminal
    assert wants_color(io.StringIO(), environ) is elsewhere
    assert wants_color(None, environ) is False


@pytest.mark.parametrize(
    ("environ", "follows"),
    [
        ({"TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1"}, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "6003"}, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "4602"}, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "new"}, False),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "vscode"}, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, False),
        ({"TERM": "screen-256color", "VTE_VERSION": "6003"}, False),
        ({"TERM": "xterm-256color"}, False),
        ({}, False),
    ],
)
def test_links_are_for_terminals_known_to_follow_them(
    terminal: TextIO, environ: dict[str, str], *, follows: bool
) -> None:
    assert bool(links(terminal, environ)) is follows
    assert links(io.StringIO(), environ) == ""
    assert links(None, environ) == ""


def test_a_link_begins_with_the_machine_and_the_folder(
    terminal: TextIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a b\x1b"
    folder.mkdir()
    monkeypatch.chdir(folder)
    found = links(terminal, {"TERM_PROGRAM": "WezTerm"})
    assert found.startswith("file://")
    assert found.endswith("/a%20b%1B/")
