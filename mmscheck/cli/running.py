"""Running a coroutine from a command."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """What `asyncio.run` returns, handed over beside the task instead of in it.

    When it puts the signal handlers back, `asyncio.run` makes Python write out its main task as text, result
    and all, twice: for the report of 1,000 media that takes nearly half a second.
    """
    results: list[T] = []

    async def keep() -> None:
        results.append(await work)

    asyncio.run(keep())
    return results[0]


STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""By what a process is asked to stop."""


def when_asked_to_stop(act: Callable[[], object]) -> None:
    """Call this in the running loop at each such signal, but at none that was to be ignored from the start.

    ``nohup`` asks so for SIGHUP, a shell that starts a job in the background for SIGINT.
    """
    loop = asyncio.get_running_loop()
    for number in STOPS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, act)
