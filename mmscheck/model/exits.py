"""The exit codes, fixed by contract: scripts rely on them (README, "Exit codes")."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a process ends with; no flag and no format changes a meaning. The gate's verdict is 0 to 3."""

    PERMITTED = 0
    DENIED = 1
    NOTHING_CHECKED = 2
    UNDECIDED = 3
    INTERNAL = 4
    NOT_SENT = 5
    UNKNOWN = 6


INTERRUPTED = 130
"""Ctrl-C, as shells count it (128 + SIGINT); nothing was decided."""
