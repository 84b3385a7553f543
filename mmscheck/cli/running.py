"""The event loop of a command, and what a stop by the system does in it."""

from __future__ import annotations

import contextlib
import gc
import signal
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

ROUND = 100_000
"""New objects until the garbage collector looks through them; Python's own 700 suit a shorter life."""

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""By what a process is asked to stop."""


class Loop:
    """One event loop for all that a command awaits; what stands between two runs is plain Python.

    Until the first run with ``stop`` the signals do what they do by themselves: Ctrl-C raises
    KeyboardInterrupt, the others end the process. From then on, to the loop's end, they call ``stop``.
    """

    def __init__(self) -> None:
        """The loop begins with the first run."""
        import asyncio  # noqa: PLC0415 - 15 ms, and help needs none of it

        self._runner = asyncio.Runner()
        self._stop: Callable[[], object] | None = None

    def __enter__(self) -> Self:
        """The loop itself."""
        self._runner.__enter__()
        return self

    def __exit__(self, *failure: object) -> None:
        """Close it; what is left of its tasks is cancelled."""
        self._runner.close()

    def run(
        self,
        work: Awaitable[T],
        stop: Callable[[asyncio.Future[T]], object] | None = None,
    ) -> T:
        """What the work returns; ``stop`` is called with its task when the system asks to stop.

        Raises whatever the work raises: CancelledError where ``stop`` cancelled it.
        """
        from asyncio import ensure_future  # noqa: PLC0415

        results: list[T] = []

        async def keep() -> None:
            if stop is None:
                results.append(await work)
                return
            task = ensure_future(work)
            heard, self._stop = self._stop is not None, lambda: stop(task)
            if not heard:
                when_asked_to_stop(self._asked_to_stop)
            results.append(await task)

        # The result is handed over beside the task: when asyncio puts the signal handlers back, it makes
        # Python write out the main task as text, result and all, twice. For the report of 1,000 media that
        # takes nearly half a second.
        self._runner.run(keep())
        return results[0]

    def _asked_to_stop(self) -> None:
        if self._stop is not None:
            self._stop()


def cancel(task: asyncio.Future[Any]) -> None:
    """Stop a task as Ctrl-C does."""
    # Future.cancel by its own name would mark the task as cancelled and not reach into its coroutine.
    task.cancel()


def run(work: Awaitable[T]) -> T:
    """What the work returns, in a loop of its own."""
    with Loop() as loop:
        return loop.run(work)


def when_asked_to_stop(act: Callable[[], object]) -> None:
    """Call this in the running loop at each such signal, but at none that was to be ignored from the start.

    ``nohup`` asks so for SIGHUP, a shell that starts a job in the background for SIGINT.
    """
    from asyncio import get_running_loop  # noqa: PLC0415

    loop = get_running_loop()
    for number in STOPS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, act)


@contextlib.contextmanager
def spared_collector() -> Iterator[None]:
    """Take what is loaded by now out of the garbage collector's rounds, and have fewer of them meanwhile.

    For work that makes many values that stay: hardly anything of them is a cycle. A check of 300 files costs
    its process a twelfth less.
    """
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    gc.freeze()
    gc.set_threshold(ROUND, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        if not frozen:
            gc.unfreeze()
