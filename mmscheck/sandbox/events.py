"""What the sandbox saw and did, one event for each request, and the work that goes on behind an answer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

KEPT = 10_000
"""Events remembered; older ones are forgotten, so that a sandbox can run for weeks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One request to ``provider`` or ``media``.

    ``action`` is the provider's action or the method and path without its query; ``outcome`` is
    ``Success``, ``Failure`` or an HTTP status; ``notes`` say what the answer does not.
    """

    source: str
    action: str
    outcome: str
    error_code: str | None = None
    error_info: str | None = None
    mms_id: str | None = None
    tracking_id: str | None = None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line for a terminal, with control characters made visible."""
        facts = [self.outcome]
        facts += [f"mms-id {self.mms_id}"] if self.mms_id else []
        facts += [f"tracking-id {self.tracking_id}"] if self.tracking_id else []
        facts += [f"{self.error_code} {self.error_info}"] if self.error_code else []
        facts += self.notes
        line = f"{self.source}  {self.action}  {'; '.join(facts)}"
        return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in line)


class EventLog:
    """Keeps the newest events and passes each on as a line."""

    def __init__(self, on_event: Callable[[str], None] | None) -> None:
        """``on_event`` is called with one line for each event."""
        self._events: deque[Event] = deque(maxlen=KEPT)
        self._on_event = on_event

    def add(self, event: Event) -> None:
        """Remember an event and tell whoever listens."""
        self._events.append(event)
        if self._on_event is not None:
            self._on_event(str(event))

    @property
    def events(self) -> list[Event]:
        """The newest events, oldest first."""
        return list(self._events)


class Chores:
    """Encoding, delivery and postbacks: coroutines that run beside the servers and end with them."""

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
