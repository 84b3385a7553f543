"""Numbers of the limits files that nobody has looked up for long."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from mmscheck.errors import RuleSetError
from mmscheck.ruleset.folder import claim, packaged_root
from mmscheck.ruleset.limitfile import placed, read_file
from mmscheck.ruleset.scope import file_scope
from mmscheck.ruleset.tomlfile import read_toml

A_YEAR = 365
"""Days after which a number wants looking up again."""


def stale_limits(root: Path | None = None, *, today: dt.date, max_age_days: int = A_YEAR) -> tuple[str, ...]:
    """A sentence for each number checked more than ``max_age_days`` before ``today``, by file and place.

    Exactly that many days ago is still fine. ``root`` is a rules folder, by default the packaged one. A
    file that cannot be read is no list of numbers: RuleSetError with every fault of the limits files.
    """
    faults: list[str] = []
    files = claim(faults, root or packaged_root()).limits
    sentences = [each for path in files for each in _stale(faults, path, today, max_age_days)]
    if faults:
        raise RuleSetError(faults)
    return tuple(sentences)


def _stale(faults: list[str], path: Path, today: dt.date, max_age_days: int) -> list[str]:
    scope = file_scope(faults, path)
    raw = read_toml(scope, path)
    file = None if raw is None else read_file(scope, raw)
    entries = () if file is None else placed(scope, file)
    return [
        f"{place.file}: {place.key}: checked on {entry.checked}, {age} days ago; look it up again"
        for place, _, entry in entries
        if (age := (today - entry.checked).days) > max_age_days
    ]
