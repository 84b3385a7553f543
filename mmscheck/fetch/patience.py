"""How long a server may take: in all, to its first byte, and over each stretch of a body."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic
from types import TracebackType
from typing import Self

from mmscheck.fetch.exchange import Exchange
from mmscheck.fetch.failure import Failure
from mmscheck.model.observation import Reason

WINDOW = 10.0
"""Seconds over which the throughput is averaged, so that a pause is no offence (a judgement)."""

_SAMPLES = 20


class Stopwatch:
    """Runs only inside ``async with``, and stops the work there when a limit is met: one alarm for all.

    What comes out is a `TimeoutError` when ``limit`` seconds have been used up, and a `Failure` when the
    exchange of `until_first_byte` has no byte in time, or the body of `measure` comes too slowly.
    """

    def __init__(self, limit: float) -> None:
        """Start at zero, stopped."""
        self._limit = limit
        self._spent = 0.0
        self._since: float | None = None
        self._scope = asyncio.timeout(None)
        self._alarm: asyncio.TimerHandle | None = None
        self._first_byte: FirstByte | None = None
        self._meter: Meter | None = None

    def elapsed(self) -> float:
        """Seconds so far."""
        return self._spent + (0.0 if self._since is None else monotonic() - self._since)

    def until_first_byte(self, limit: float, exchange: Exchange) -> Self:
        """To be entered for ``exchange``, which then has ``limit`` seconds to its first byte."""
        self._first_byte = FirstByte(limit, exchange)
        return self

    def measure(self, received: Callable[[], int], least: int) -> None:
        """From now to the end of the block, ask for ``least`` bytes per second; 0 asks for none."""
        if least:
            self._meter = Meter(received, least)
            self._meter.resume()
            self._set()

    def apart(self, work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """``work`` without the time that it takes; for use inside ``async with``.

        What does not come meanwhile is not the server's doing, so that nothing is measured either.
        """

        async def unmeasured() -> None:
            self._spent, self._since = self.elapsed(), None
            if self._meter is not None:
                self._meter.pause()
            await work()
            self._since = monotonic()
            if self._meter is not None:
                self._meter.resume()
            self._set()

        return unmeasured

    async def __aenter__(self) -> None:
        """Go on."""
        self._since = monotonic()
        # Only ever told to expire at once: it knows how to cancel a task and whose cancellation it was.
        self._scope = asyncio.timeout(None)
        await self._scope.__aenter__()
        if self._first_byte is not None:
            self._first_byte.begin()
        self._set()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop; turns the cancellation by the alarm into what it stands for."""
        self._spent = self.elapsed()
        self._since = None
        if self._alarm is not None:
            self._alarm.cancel()
        parts = self._first_byte, self._meter
        self._alarm, self._first_byte, self._meter = None, None, None
        try:
            await self._scope.__aexit__(kind, error, traceback)
        except TimeoutError as late:
            for part in parts:
                if part is not None and (failure := part.failure()) is not None:
                    raise failure from late
            raise

    def _set(self) -> None:
        """Have the alarm ring when the next limit can be met."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._scope.when() is not None:
            return
        due = math.inf if self._since is None else self._limit - self.elapsed()
        if self._first_byte is not None:
            due = min(due, self._first_byte.due())
        if self._meter is not None:
            due = min(due, self._meter.interval)
        if due < math.inf:
            self._alarm = asyncio.get_running_loop().call_later(due, self._ring)

    def _ring(self) -> None:
        """End the block where a limit is met, else wait for the next one."""
        self._alarm = None
        if self._since is not None and self.elapsed() >= self._limit:
            self._first_byte, self._meter = None, None
        elif not (self._first_byte and self._first_byte.is_over()) and not (
            self._meter and self._meter.is_over()
        ):
            self._set()
            return
        self._scope.reschedule(asyncio.get_running_loop().time())


class FirstByte:
    """The limit of one request to the first byte of its answer."""

    def __init__(self, limit: float, exchange: Exchange) -> None:
        """Not begun yet."""
        self._limit = limit
        self._exchange = exchange
        self._ends = 0.0
        self._late = False

    def begin(self) -> None:
        """Wait from now on."""
        self._ends = monotonic() + self._limit

    def due(self) -> float:
        """Seconds until it is over: none once there is a byte."""
        return self._ends - monotonic() if self._exchange.first_byte is None else math.inf

    def is_over(self) -> bool:
        """Whether it is over without a byte; what comes later changes that no more."""
        self._late = self._late or self.due() <= 0
        return self._late

    def failure(self) -> Failure | None:
        """What there is to say when it was over."""
        if not self._late:
            return None
        where = "" if self._exchange.connected else f", while {self._exchange.phase}"
        return Failure(Reason.TIMED_OUT, f"{self._limit:g} s without a first byte{where}")


class Meter:
    """Measures how fast bytes come, while it is not paused."""

    def __init__(self, received: Callable[[], int], least: int) -> None:
        """``received`` is the bytes so far; ``least`` the bytes per second below which they are too slow."""
        self._too_slow = ""
        self._received = received
        self._least = least
        self._samples: deque[tuple[float, int]] = deque()
        self._window = WINDOW

    @property
    def interval(self) -> float:
        """Seconds from one sample to the next."""
        return self._window / _SAMPLES

    def resume(self) -> None:
        """Measure from now on."""
        self._samples.append((monotonic(), self._received()))

    def pause(self) -> None:
        """Measure nothing until `resume`."""
        self._samples.clear()

    def is_over(self) -> bool:
        """Take note of what has come; whether a whole window had too little."""
        if not self._samples:
            return False
        now, count = monotonic(), self._received()
        self._samples.append((now, count))
        while now - self._samples[1][0] >= self._window:
            self._samples.popleft()
        then, before = self._samples[0]
        if now - then >= self._window and count - before < self._least * (now - then):
            self._too_slow = f"{count - before} bytes in {now - then:.3g} s"
        return bool(self._too_slow)

    def failure(self) -> Failure | None:
        """What there is to say when it was too little."""
        return Failure(Reason.TOO_SLOW, self._too_slow) if self._too_slow else None
