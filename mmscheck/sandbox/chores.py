"""Work that goes on after an answer was given: encoding, delivery, postbacks."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from mmscheck.sandbox.events import Event, EventLog


class Chores:
    """Runs coroutines beside the servers, and ends with them."""

    def __init__(self, log: EventLog) -> None:
        """``log`` gets an event for work that breaks down."""
        self._log = log
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[object, object, None]) -> None:
        """Let this run until it is done or everything ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            outcome = f"broke down: {str(error) or type(error).__name__}"
            self._log.add(Event(source="sandbox", action="work", outcome=outcome))

    async def settled(self) -> None:
        """Wait until nothing runs; what comes out of the work is waited for too."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """End everything, done or not."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
