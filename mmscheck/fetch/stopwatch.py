"""Time spent working, without the time spent waiting for a turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from types import TracebackType


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
