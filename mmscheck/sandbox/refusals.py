"""How the stand-in says no: to calls with a documented code, to what it is set up with in plain words."""

from __future__ import annotations

import math

from mmscheck.errors import SandboxError


class Refusal(Exception):  # noqa: N818 - the provider's answer, not a fault of the program
    """A call the provider refuses; ``code`` is a documented error code."""

    def __init__(self, code: str, info: str) -> None:
        """Keep the code and the text that goes into error-info."""
        self.code = code
        # It may quote what came over the network, and must fit into XML and onto a terminal.
        self.info = "".join(character if character.isprintable() else " " for character in info)
        super().__init__(f"{code} {self.info}")


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
