"""How fast sends go out: a rate, and pauses for all where the provider says that it is too fast."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque

from mmscheck.campaign.stopping import Halt

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds of the first pause and of the longest; each doubles the one before (a judgement)."""

_SLOWER, _FASTER = 0.7, 0.005
"""The share of the rate that is kept when it was too fast, and what each accepted send adds (a judgement)."""

_SLOWEST = 0.2
"""Sends a second that are always tried."""


class Pace:
    """Turns for sends; all who send share one."""

    def __init__(self, rate: float | None, halt: Halt) -> None:
        """``rate`` is sends a second that are never exceeded, None for no such number."""
        self._halt = halt
        self._most = rate
        self._rate = rate
        self._next = 0.0
        self._waiting = asyncio.Lock()
        self._paused_at = -1.0
        self._pauses = 0
        self._accepted: deque[float] = deque(maxlen=1000)
        self.throttled_since: float | None = None

    async def turn(self) -> float:
        """Wait for a turn, or until all is stopped; returns when it began (a monotonic clock's seconds)."""
        # One waits for the clock and the others for that one: else all would wake for each turn.
        async with self._waiting:
            while True:
                now = time.monotonic()
                if now >= self._next or self._halt.stopped:
                    if self._rate is not None:
                        self._next = max(self._next, now - 0.05) + 1 / self._rate
                    return now
                await self._halt.sleep(self._next - now)

    def accepted(self) -> None:
        """The provider took one."""
        self._accepted.append(time.monotonic())
        self._pauses = 0
        self.throttled_since = None
        if self._rate is not None and self._rate != self._most:
            faster = self._rate * (1 + _FASTER)
            self._rate = faster if self._most is None else min(faster, self._most)

    def too_fast(self, turn: float) -> None:
        """The provider refused the send of that turn as one too many: everybody waits, and goes slower.

        What had its turn before the last pause says nothing new.
        """
        now = time.monotonic()
        if turn <= self._paused_at:
            return
        self.throttled_since = self.throttled_since or now
        lately = sum(1 for moment in self._accepted if moment > now - 1)
        self._rate = max(_SLOWEST, min(self._rate or 1e9, lately or 1) * _SLOWER)
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**self._pauses)
        self._pauses = min(self._pauses + 1, 60)
        self._paused_at = now
        self._next = now + pause * random.uniform(0.5, 1.0)  # noqa: S311 - keeps senders apart, and is no secret
