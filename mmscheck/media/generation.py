"""One Pebble pool with the processes started for it, and what becomes of the tasks given to it."""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

import pebble

from mmscheck.media.confinement import Confinement
from mmscheck.media.launch import CleanContext
from mmscheck.media.worker import prepare

T = TypeVar("T")

GRACE = 10.0
"""Seconds beyond its time limits after which a task counts as lost: a start on a busy machine."""

LOOK_AROUND = 0.5
"""Seconds between looks at whether the pool still runs: what it was handed as it broke is never answered."""


class WorkerLostError(Exception):
    """A task without an answer; the text says what became of its worker."""


class PoolBrokenError(Exception):
    """The pool broke around a task; another pool may still answer it."""


class Generation:
    """One pool; ``timeout`` is seconds for one task, ``recycle_after`` tasks for one process."""

    def __init__(
        self, workers: int, timeout: float, limits: Confinement, recycle_after: int, *, decode: bool = True
    ) -> None:
        """Start the processes without waiting until they are ready; PoolBrokenError when none can be."""
        self._timeout = timeout
        self._patience = 2 * timeout + GRACE  # at most one other task stands before it
        self._context = CleanContext()
        self._pool = pebble.ProcessPool(
            max_workers=workers,
            max_tasks=recycle_after,
            initializer=prepare,
            initargs=(limits, os.getpid(), decode),
            context=self._context,
        )
        try:
            self._pool.schedule(os.getpid)  # a pool starts with its first task
        except BrokenProcessPool as error:
            self._context.end()
            raise PoolBrokenError(f"no worker process could be started: {error.__cause__}") from error

    async def ask(self, function: Callable[..., T], args: tuple[object, ...]) -> T:
        """The answer; WorkerLostError for the end of this task's worker, PoolBrokenError for all of them."""
        try:
            task: Future[T] = self._pool.schedule(function, args=args, timeout=self._timeout)
        except RuntimeError as error:
            raise PoolBrokenError("the worker processes died") from error
        answer = asyncio.wrap_future(task)
        try:
            await self._wait(answer)
        finally:
            given_up = answer.cancel()  # does nothing to a task that is done
        if given_up:
            raise PoolBrokenError("no worker answered")
        return _opened(answer, self._timeout)

    async def _wait(self, answer: asyncio.Future[T]) -> None:
        """Wait for the answer as long as one may come."""
        until = time.monotonic() + self._patience
        while not answer.done() and time.monotonic() < until and self._pool.active:
            await asyncio.wait([answer], timeout=LOOK_AROUND)

    def end(self) -> None:
        """Kill the processes and let Pebble's threads, which wake ten times a second, end by themselves."""
        self._pool.stop()  # type: ignore[no-untyped-call] # Pebble leaves it so
        self._context.end()
        threading.Thread(
            target=_let_go, args=(self._pool, self._context), name="mmscheck-pool-end", daemon=True
        ).start()


_GIVING_BACK = threading.Lock()
"""Held while a pool gives its semaphores back: it unlinks each, and then tells Python's resource tracker.

A daemon thread that the interpreter's end cuts off in between leaves the tracker complaining of a leak. So
the end waits for the lock, and keeps it: what has not been given back by then, multiprocessing gives back.
"""

_LONGEST_WAIT = 1.0
"""Seconds that the end of the program waits at most: some microseconds are needed."""

atexit.register(_GIVING_BACK.acquire, True, _LONGEST_WAIT)  # noqa: FBT003 - the lock takes it by position


def _let_go(pool: pebble.ProcessPool, context: CleanContext) -> None:
    """Wait for the pool's threads, and give back the locks it shared with its processes."""
    pool.join()
    with _GIVING_BACK:
        context.locks.clear()


def _opened(answer: asyncio.Future[T], timeout: float) -> T:
    """The task's answer, or its failure in our terms."""
    try:
        return answer.result()
    except TimeoutError as error:
        raise WorkerLostError(f"stopped after {timeout:g} s") from error
    except pebble.ProcessExpired as error:
        raise WorkerLostError(f"the worker process died: {_cause(error.exitcode)}") from error
    except BrokenProcessPool as error:
        raise PoolBrokenError("the worker processes died") from error


def _cause(exitcode: int) -> str:
    """Why a process ended, in words."""
    if exitcode >= 0:
        return f"exit code {exitcode}"
    name = signal.Signals(-exitcode).name
    return f"{name} (its CPU time was used up)" if -exitcode == signal.SIGXCPU else name
