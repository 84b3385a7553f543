"""Numbers that a sandbox is set up with, refused in plain words when they make no sense."""

from __future__ import annotations

import math

from mmscheck.errors import SandboxError


def seconds(name: str, value: float) -> float:
    """The value as it is; raises SandboxError unless it is a finite time of 0 or more."""
    if not (math.isfinite(value) and value >= 0):
        raise SandboxError(f"{name} must be 0 seconds or more, not {value}")
    return value


def chance(name: str, value: float) -> float:
    """The value as it is; raises SandboxError unless it is a probability."""
    if not 0 <= value <= 1:
        raise SandboxError(f"{name} must be a probability from 0 to 1, not {value}")
    return value


def whole(name: str, value: int, smallest: int = 0) -> int:
    """The value as it is; raises SandboxError when it is below the smallest."""
    if value < smallest:
        raise SandboxError(f"{name} must be {smallest} or more, not {value}")
    return value
