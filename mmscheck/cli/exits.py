"""The exit codes, fixed by contract: scripts rely on them (README, "Exit codes")."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """What a process ends with; no flag and no format changes a meaning."""

    PERMITTED = 0
    DENIED = 1
    NOTHING_CHECKED = 2
    UNDECIDED = 3
    INTERNAL = 4
    NOT_SENT = 5
    UNKNOWN = 6


INTERRUPTED = 130
"""Ctrl-C, as shells count it (128 + SIGINT); nothing was decided."""

WORST_FIRST = (Exit.INTERNAL, Exit.NOTHING_CHECKED, Exit.DENIED, Exit.UNDECIDED, Exit.PERMITTED)


def worst(codes: Iterable[int]) -> int:
    """The code that wins among several inputs: 4, 2, 1, 3, then 0; of none: 2."""
    found = set(codes)
    return next((int(code) for code in WORST_FIRST if code in found), int(Exit.NOTHING_CHECKED))
