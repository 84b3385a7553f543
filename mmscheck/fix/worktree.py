"""Whether git holds files as they are, so that writing over them loses nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from mmscheck.errors import UsageError

PATIENCE = 60
"""Seconds for a call of git on a large work tree."""

PLAIN = ("-c", "core.fsmonitor=false")
"""No program that a repository's configuration names is run to look for changes."""

MOST_AT_ONCE = 500
"""Files of one call: a command line has an end."""


def demand_clean(files: Iterable[Path]) -> None:
    """Raise UsageError unless git holds each file as it is, committed or staged."""
    by_folder: dict[str, list[str]] = {}
    for file in files:
        by_folder.setdefault(os.path.realpath(file.parent), []).append(file.name)
    for folder, names in by_folder.items():
        for at in range(0, len(names), MOST_AT_ONCE):
            _demand(folder, names[at : at + MOST_AT_ONCE])


def _demand(folder: str, names: Sequence[str]) -> None:
    held = _git(folder, "ls-files", "-z", "--", *names)
    if held is None:
        raise UsageError(f"--in-place: {folder} is in no work tree of git; give --output DIR")
    known = set(held.split("\0"))
    if missing := [name for name in names if name not in known]:
        raise UsageError(
            f"--in-place: git does not hold {Path(folder) / missing[0]}; add it first, or give --output DIR"
        )
    changed = _git(
        folder, "diff", "--no-ext-diff", "--no-textconv", "--name-only", "-z", "--relative", "--", *names
    )
    if first := (changed or "").split("\0")[0]:
        raise UsageError(
            f"--in-place: {Path(folder) / first} has changes that git does not hold; stage them first,"
            " or give --output DIR"
        )


def _git(folder: str, *words: str) -> str | None:
    """What git answers; None where it refuses. Raises UsageError where there is no git."""
    try:
        ended = subprocess.run(  # noqa: S603 - arguments of our own, and names behind --
            ["git", "-C", folder, "--literal-pathspecs", *PLAIN, *words],  # noqa: S607 - the one of the path
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError("--in-place: git could not be asked; give --output DIR") from error
    return os.fsdecode(ended.stdout) if ended.returncode == 0 else None
