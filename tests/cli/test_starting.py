"""What a command imports before it does its work: a fact about modules, and not a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    *("aiohttp", "sqlalchemy", "asyncpg", "phonenumbers", "cryptography", "av", "pikepdf", "PIL", "mutagen"),
    *("magic", "idna", "lxml", "zipfile", "email", "http", "tomllib", "importlib.metadata"),
    *("importlib.resources", "multiprocessing", "difflib", "html.entities", "sqlite3", "asyncio"),
    *("mmscheck.cache.store", "mmscheck.fetch.fetcher", "mmscheck.media.workers", "mmscheck.ruleset.load"),
)
"""Modules that take 1 to 600 ms to import, or begin workers, or ask hosts; of which few commands need few."""

MOST_MODULES = 400
"""Modules of a check of a text; it was 430 with what nobody had asked for, and is 330."""

_RUN = f"""
import sys
from mmscheck.cli.main import main
code = main(sys.argv[1:])
print(code, len(sys.modules), *(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)
"""

TEXT = (
    "<request><name>t</name><message-subject>Sale</message-subject>"
    "<slide><message-text>Hello there</message-text></slide></request>"
)


def started(folder: Path, *arguments: str) -> tuple[int, int, set[str]]:
    """The exit code of a command, how many modules it has in the end, and which of the heavy ones."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    code, modules, *heavy = done.stderr.splitlines()[-1].split()
    return int(code), int(modules), set(heavy)


@pytest.mark.parametrize(
    "command",
    [
        ["--version"],
        ["--help"],
        ["check", "--help"],
        ["send", "--help"],
        ["save", "--help"],
        ["ledger", "--help"],
        ["lint", "--help"],
    ],
    ids=" ".join,
)
def test_help_imports_nothing_heavy(tmp_path: Path, command: list[str]) -> None:
    code, _, heavy = started(tmp_path, *command)
    assert (code, heavy) == (0, set())


@pytest.mark.parametrize("command", ["check", "lint"])
def test_a_text_alone_needs_no_client_and_no_decoder(tmp_path: Path, command: str) -> None:
    (tmp_path / "text.xml").write_text(TEXT)
    started(tmp_path, command, "text.xml")
    code, modules, heavy = started(tmp_path, command, "text.xml")
    assert code == 0
    assert heavy <= {"lxml", "asyncio"}
    assert modules < MOST_MODULES
