"""All the ways of the provider in one value, among them how many calls it takes; alone, one that has none.

Calls: a shortest gap between any two, and a rate for each action. The codes are documented, the numbers are
not: each account has its own (Sinch XML API appendix, 2021).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from mmscheck.errors import SandboxError
from mmscheck.sandbox.carrier import Carrier
from mmscheck.sandbox.encoding import Encoding
from mmscheck.sandbox.mishaps import Mishaps
from mmscheck.sandbox.postbacks import Postbacks
from mmscheck.sandbox.refusals import Refusal, seconds

MAX_RATE = 1_000_000
"""Calls per second; a rate far above what one process can answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """``gap``: seconds between any two calls (E106); ``rate``: calls of one action each second (E113)."""

    gap: float = 0.0
    rate: float | None = None

    def __post_init__(self) -> None:
        """Raise SandboxError for numbers that make no sense."""
        seconds("the gap between calls", self.gap)
        if self.rate is not None and not 0 < self.rate <= MAX_RATE:
            raise SandboxError(f"the rate of calls must be above 0 and at most {MAX_RATE}, not {self.rate}")


class Gatekeeper:
    """Applies a throttle; a refused call counts for nothing."""

    def __init__(self, throttle: Throttle, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` tells seconds."""
        self._throttle = throttle
        self._clock = clock
        self._last: float | None = None
        self._taken: dict[str, deque[float]] = {}

    def admit(self, action: str) -> None:
        """Count this call, or raise Refusal with E106 or E113."""
        now = self._clock()
        if self._last is not None and now - self._last < self._throttle.gap:
            info = f"The time between calls must be at least {self._throttle.gap:g} seconds."
            raise Refusal("E106", info)
        if self._throttle.rate is not None:
            self._count(action, self._throttle.rate, now)
        self._last = now

    def _count(self, action: str, rate: float, now: float) -> None:
        """At most ``burst`` calls in the time that so many take at this rate."""
        burst = max(1, int(rate))
        taken = self._taken.setdefault(action.lower(), deque())
        if taken and now - taken[0] >= burst / rate:
            taken.popleft()
        if len(taken) >= burst:
            raise Refusal("E113", f"More than {rate:g} calls a second of {action}.")
        taken.append(now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How the provider behaves beyond its documented rules.

    ``encoding`` None: every message is ready at once, nothing is decoded. ``postbacks`` None: none are sent.
    ``answer_seconds`` pass before each call is acted on.
    """

    encoding: Encoding | None = None
    carrier: Carrier = field(default_factory=Carrier)
    throttle: Throttle = field(default_factory=Throttle)
    mishaps: Mishaps = field(default_factory=Mishaps)
    postbacks: Postbacks | None = None
    answer_seconds: float = 0.0

    def __post_init__(self) -> None:
        """Raise SandboxError for an impossible time."""
        seconds("the time before each answer", self.answer_seconds)
