"""What happens to a job, as a stream that several may watch and that joins what other processes write."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable

import msgspec

from mmscheck.serve.words import Progress, State

_ELSEWHERE = 1.0
"""Seconds between two looks at a job that another process may have."""

_BREATH = 0.05
"""Seconds for which changes are gathered: nobody sees more than twenty a second."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A job's state at one moment; ``over``: nothing follows."""

    state: State
    progress: Progress
    over: bool


class Watch:
    """Wakes those who watch one job."""

    def __init__(self) -> None:
        """Nobody watches yet."""
        self._waiters: set[asyncio.Event] = set()

    @property
    def is_watched(self) -> bool:
        """Whether somebody does."""
        return bool(self._waiters)

    def stir(self) -> None:
        """Something has changed."""
        for waiter in self._waiters:
            waiter.set()

    async def events(self, look: Callable[[], Awaitable[Event | None]]) -> AsyncGenerator[Event]:
        """Each different state, the present one first; ends behind the last, or when there is none."""
        waiter, last = asyncio.Event(), None
        self._waiters.add(waiter)
        try:
            while (now := await look()) is not None:
                if now != last:
                    yield now
                    last = now
                if now.over:
                    return
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_ELSEWHERE):
                        await waiter.wait()
                        await asyncio.sleep(_BREATH)
                waiter.clear()
        finally:
            self._waiters.discard(waiter)
