"""How long a server may take: in all, to its first byte, and over each stretch of a body."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from time import monotonic
from types import TracebackType

from mmscheck.fetch.exchange import Exchange
from mmscheck.fetch.failure import Failure
from mmscheck.model.observation import Reason

WINDOW = 10.0
"""Seconds over which the throughput is averaged, so that a pause is no offence (a judgement)."""

_SAMPLES = 20


class Stopwatch:
    """Runs only inside ``async with``, and stops the work when ``limit`` seconds have been used up.

    The work is stopped with a `TimeoutError` out of the ``async with``.
    """

    def __init__(self, limit: float) -> None:
        """Start at zero, stopped."""
        self._limit = limit
        self._spent = 0.0
        self._since: float | None = None
        self._alarm = asyncio.timeout(None)

    def elapsed(self) -> float:
        """Seconds so far."""
        return self._spent + (0.0 if self._since is None else monotonic() - self._since)

    def apart(self, work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """``work`` without the time that it takes; for use inside ``async with``."""

        async def unmeasured() -> None:
            self._spent, self._since = self.elapsed(), None
            self._alarm.reschedule(None)
            await work()
            self._since = monotonic()
            self._alarm.reschedule(asyncio.get_running_loop().time() + self._limit - self._spent)

        return unmeasured

    async def __aenter__(self) -> None:
        """Go on."""
        self._since = monotonic()
        self._alarm = asyncio.timeout(self._limit - self._spent)
        await self._alarm.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop; turns the cancellation by the alarm into `TimeoutError`."""
        self._spent = self.elapsed()
        self._since = None
        await self._alarm.__aexit__(kind, error, traceback)


@asynccontextmanager
async def first_byte_within(limit: float, exchange: Exchange) -> AsyncIterator[None]:
    """Raise `Failure` when the exchange has no byte of its answer ``limit`` seconds after its start."""
    try:
        async with asyncio.timeout(limit) as alarm:
            exchange.on_first_byte = partial(_calm, alarm)
            try:
                yield
            finally:
                exchange.on_first_byte = None
    except TimeoutError as error:
        if not alarm.expired():
            raise
        where = "" if exchange.connected else f", while {exchange.phase}"
        raise Failure(Reason.TIMED_OUT, f"{limit:g} s without a first byte{where}") from error


def _calm(alarm: asyncio.Timeout) -> None:
    if not alarm.expired():
        alarm.reschedule(None)


class Meter:
    """Measures how fast bytes come, while it is not paused."""

    def __init__(self, received: Callable[[], int], least: int) -> None:
        """``received`` is the bytes so far; ``least`` the bytes per second below which they are too slow."""
        self.too_slow = ""
        self._received = received
        self._least = least
        self._samples: deque[tuple[float, int]] = deque()
        self._window = WINDOW

    def resume(self) -> None:
        """Measure from now on."""
        self._samples.append((monotonic(), self._received()))

    def apart(self, work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """``work`` without measuring meanwhile: what does not come then is not the server's doing."""

        async def unmeasured() -> None:
            self._samples.clear()
            await work()
            self.resume()

        return unmeasured

    def sample(self) -> None:
        """Take note of what has come; sets ``too_slow`` once a whole window had too little."""
        if not self._samples:
            return
        now, count = monotonic(), self._received()
        self._samples.append((now, count))
        while now - self._samples[1][0] >= self._window:
            self._samples.popleft()
        then, before = self._samples[0]
        if now - then >= self._window and count - before < self._least * (now - then):
            self.too_slow = f"{count - before} bytes in {now - then:.3g} s"

    def watch(self, alarm: asyncio.Timeout) -> Callable[[], None]:
        """Sample now and then, and end the block of ``alarm`` when it is too slow; returns how to stop."""
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle

        def tick() -> None:
            nonlocal timer
            self.sample()
            if self.too_slow:
                alarm.reschedule(loop.time())
            else:
                timer = loop.call_later(self._window / _SAMPLES, tick)

        def stop() -> None:
            timer.cancel()

        timer = loop.call_later(self._window / _SAMPLES, tick)
        return stop


@asynccontextmanager
async def least_throughput(received: Callable[[], int], least: int) -> AsyncIterator[Meter]:
    """Raise `Failure` when fewer than ``least`` bytes per second come over a window; 0 asks for none."""
    meter = Meter(received, least)
    try:
        async with asyncio.timeout(None) as alarm:
            meter.resume()
            stop = meter.watch(alarm)
            try:
                yield meter
            finally:
                stop()
    except TimeoutError as error:
        if not meter.too_slow:
            raise
        raise Failure(Reason.TOO_SLOW, meter.too_slow) from error
