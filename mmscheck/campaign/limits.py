"""How fast a campaign goes, and what makes it stop: by itself, by a person, or because something broke."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque

import msgspec

from mmscheck.errors import UsageError
from mmscheck.judge.gate import PERMIT_LIFE

LEAST_FAILURES = 10
"""Failures before a rate of them says anything (a judgement)."""

SAMPLE = 100
"""Sends that a rate of failures is taken over: the last ones (a judgement)."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds of the first pause and of the longest; each doubles the one before (a judgement)."""

_SLOWER, _FASTER = 0.7, 0.005
"""The share of the rate that is kept when it was too fast, and what each accepted send adds (a judgement)."""

_SLOWEST = 0.2
"""Sends a second that are always tried."""


class CampaignLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Judgements, all of them; no provider documents numbers.

    ``rate`` is sends a second at most (None: as fast as it goes), ``in_flight`` sends at the same time.
    ``canary`` sends go out first, and after at most ``canary_wait`` seconds all must have been delivered.
    ``failure_share`` of the last sends, or ``failures`` in all (None: no number), stop the campaign; what is
    refused, not sent or unknown is a failure. ``recheck`` is seconds between two looks at the media.
    ``throttled`` is for how many seconds the provider may take nothing, and ``elsewhere`` for how long
    another process may be at work on one send.
    """

    rate: float | None = None
    in_flight: int = 64
    canary: int = 0
    canary_wait: float = 600.0
    failure_share: float = 0.2
    failures: int | None = None
    recheck: float = 300.0
    throttled: float = 600.0
    elsewhere: float = 60.0

    def __post_init__(self) -> None:
        """Raise UsageError for media that would be looked at again only after the permits have expired."""
        if not 0 < self.recheck < PERMIT_LIFE:
            raise UsageError(
                f"the media are checked again before a permit's {PERMIT_LIFE:g} seconds end: expected less"
            )


class StopSignal:
    """Set once, read by all who send; what is in flight then is finished.

    ``denied`` is the gate's exit code where the gate stopped it. ``broken`` is why the ledger, the list of
    rows or mmscheck itself failed, also where something else had stopped it before.
    """

    def __init__(self) -> None:
        """Nothing stops it."""
        self.reason: str | None = None
        self.denied: int | None = None
        self.broken: str | None = None
        self._event = asyncio.Event()

    @property
    def stopped(self) -> bool:
        """Whether nothing more may be sent."""
        return self.reason is not None

    def stop(self, reason: str, *, denied: int | None = None, broken: bool = False) -> None:
        """Stop, unless something has stopped it before."""
        if broken and self.broken is None:
            self.broken = reason
        if self.reason is None:
            self.reason, self.denied = reason, denied
            self._event.set()

    async def sleep(self, seconds: float) -> None:
        """Wait so long, or until something stops it."""
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return


class FailureRate:
    """The failures among the last sends."""

    def __init__(self, limits: CampaignLimits) -> None:
        """``limits`` says how many are too many."""
        self._limits = limits
        self._last: deque[bool] = deque(maxlen=SAMPLE)
        self._failures = 0

    def count(self, *, failed: bool) -> str | None:
        """Count one send; why the campaign must stop, or None."""
        self._last.append(failed)
        self._failures += failed
        if self._limits.failures is not None and self._failures >= max(1, self._limits.failures):
            return f"{self._failures} sends failed, and --max-failures is {self._limits.failures}"
        lately = sum(self._last)
        if lately >= LEAST_FAILURES and lately >= self._limits.failure_share * len(self._last):
            return f"{lately} of the last {len(self._last)} sends failed (refused, not sent or unknown)"
        return None


class SendPace:
    """Turns for sends; all who send share one."""

    def __init__(self, rate: float | None, signal: StopSignal) -> None:
        """``rate`` is sends a second that are never exceeded, None for no such number."""
        self._signal = signal
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
                if now >= self._next or self._signal.stopped:
                    if self._rate is not None:
                        self._next = max(self._next, now - 0.05) + 1 / self._rate
                    return now
                await self._signal.sleep(self._next - now)

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
