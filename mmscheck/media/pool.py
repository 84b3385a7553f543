"""A pool of worker processes that outlives whatever happens to its workers.

Pebble runs the tasks, stops those that take too long and replaces dead workers. Two things it leaves to its
user: a pool whose idle worker dies is broken for good, and a task handed to a worker that dies before it says
so is never answered. So a broken or silent pool is put away and a new one started.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from mmscheck.media.confinement import Confinement
from mmscheck.media.generation import Generation, PoolBrokenError, WorkerLostError

T = TypeVar("T")

MOST_FAILURES = 3
"""Pools in a row that break before any task is answered: workers cannot run here, at least for now."""

REST = 30.0
"""Seconds before workers that could not run are tried again."""


class WorkerPool:
    """Runs functions in worker processes under limits; for one event loop at a time."""

    def __init__(
        self, *, workers: int, timeout: float, limits: Confinement, recycle_after: int, decode: bool = True
    ) -> None:
        """Take the number of processes, seconds for a task, limits, and tasks until a worker is replaced.

        ``decode`` has each load the picture decoder before its first task.
        """
        self._workers = workers
        self._timeout = timeout
        self._limits = limits
        self._recycle_after = recycle_after
        self._decode = decode
        self._slots = asyncio.Semaphore(2 * workers)  # one task at work, one at the door, for each worker
        self._failures = 0
        self._resting_until = 0.0
        self._open = False
        self._pool: Generation | None = None

    def start(self) -> None:
        """Start the processes without waiting until they are ready, or until it is known that they can be."""
        self._open = True
        self._begin()

    def end(self) -> None:
        """Kill all processes; none is left when this returns."""
        self._open = False
        if self._pool is not None:
            self._pool.end()
            self._pool = None

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """The function's answer; WorkerLostError when its worker was killed, timed out or died.

        A task that was only near when the pool broke is given to the next pool, once. What the function
        itself raises comes through.
        """
        async with self._slots:
            try:
                return await self._attempt(function, args)
            except PoolBrokenError:
                pass  # and once more with the pool that has taken its place
            try:
                return await self._attempt(function, args)
            except PoolBrokenError as broken:
                raise WorkerLostError(str(broken)) from broken

    async def _attempt(self, function: Callable[..., T], args: tuple[object, ...]) -> T:
        pool = self._current()
        try:
            answer = await pool.ask(function, args)
        except PoolBrokenError:
            self._put_away(pool)
            raise
        self._failures = 0
        return answer

    def _current(self) -> Generation:
        """The pool at work; a new one where the last one broke."""
        if not self._open:
            raise WorkerLostError("the workers have been stopped")
        if time.monotonic() < self._resting_until:
            raise WorkerLostError("no worker process can run here")
        pool = self._pool or self._begin()
        if pool is None:
            raise PoolBrokenError("no worker process could be started")
        return pool

    def _begin(self) -> Generation | None:
        try:
            self._pool = Generation(
                self._workers, self._timeout, self._limits, self._recycle_after, decode=self._decode
            )
        except PoolBrokenError:
            self._count_failure()
        return self._pool

    def _put_away(self, broken: Generation) -> None:
        """Let a broken pool go, unless another task has done so."""
        if self._pool is broken:
            broken.end()
            self._pool = None
            self._count_failure()

    def _count_failure(self) -> None:
        self._failures += 1
        if self._failures >= MOST_FAILURES:
            self._resting_until = time.monotonic() + REST
