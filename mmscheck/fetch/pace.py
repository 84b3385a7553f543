"""When each server may be asked next: so many requests a second, and not before it said."""

from __future__ import annotations

import asyncio
import math
from time import monotonic

from mmscheck.fetch.failure import Failure
from mmscheck.model.observation import Reason


class Pace:
    """The next free moment of each server, in seconds of `time.monotonic`."""

    def __init__(self, rate: float | None = None, ends: float = math.inf) -> None:
        """At most ``rate`` requests a second to one server (None: any); nothing begins after ``ends``."""
        self._gap = 0.0 if rate is None else 1 / rate
        self._ends = ends
        self._free: dict[str, float] = {}
        self._asked: dict[str, Failure] = {}

    def heed(self, key: str, failure: Failure) -> None:
        """Leave the server alone for as long as its Retry-After says, whichever URL it said so for."""
        until = monotonic() + (failure.wait or 0.0)
        if failure.reason is Reason.BUSY and failure.wait and until > self._free.get(key, 0.0):
            self._free[key] = until
            self._asked[key] = failure

    async def calm(self, key: str) -> None:
        """Wait for the server's next free moment.

        Raises `Failure` at once when the server asked for more patience than the run has.
        """
        while (wait := self._wait(key)) > 0:
            asked = self._asked.get(key)
            if asked is not None and monotonic() + wait > self._ends:
                detail = f"not asked again, as it had answered another request so: {asked.detail}"
                raise Failure(Reason.BUSY, detail, transient=False)
            await asyncio.sleep(wait)

    def take(self, key: str) -> bool:
        """Begin a request now, if the server is free, and put off the next one."""
        if self._wait(key) > 0:
            return False
        if self._gap:
            self._free[key] = monotonic() + self._gap
        return True

    def _wait(self, key: str) -> float:
        return self._free.get(key, 0.0) - monotonic()
