"""When each server may be asked next: so many requests a second, and not before it said."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from time import monotonic

from mmscheck.fetch.failure import Failure
from mmscheck.model.observation import Reason

SHARED = 4
"""An address with many names may be asked for so many of them at the full rate (a judgement): shared hosts
are no reason to wait, and nobody can aim a run at one machine by giving it a hundred names."""

SPACE = 0.25
"""Seconds between requests to a server that asked for more patience than the run has (a judgement)."""


class Pace:
    """The next free moment of each server, in seconds of `time.monotonic`."""

    def __init__(self, rate: float | None = None, ends: float = math.inf) -> None:
        """At most ``rate`` requests a second to one server (None: any); the run is over at ``ends``."""
        self._gap = 0.0 if rate is None else 1 / rate
        self._ends = ends
        self._free: dict[str, float] = {}
        self._spaced: set[str] = set()

    def heed(self, key: str, failure: Failure) -> None:
        """Leave the server alone for as long as its Retry-After says, whichever URL it said so for.

        Longer than the run lasts it is not left alone: one object's trouble would then answer for every other
        file of a shared host. These are asked for at a distance of `SPACE`.
        """
        if failure.reason is not Reason.BUSY or not failure.wait:
            return
        until = monotonic() + failure.wait
        if until >= self._ends:
            self._spaced.add(key)
            until = monotonic() + self._gap_of(key)
        self._free[key] = max(until, self._free.get(key, 0.0))

    async def calm(self, key: str, addresses: Iterable[str] = ()) -> None:
        """Wait for the server's next free moment, as far as it is known now: `take` tells whether it came."""
        if (wait := self._wait(key, addresses)) > 0:
            await asyncio.sleep(wait)

    def take(self, key: str, addresses: Iterable[str] = ()) -> bool:
        """Begin a request now, if the server is free, and put off the next one.

        So are its addresses, whatever other names they have: `SHARED` times the rate of one name.
        """
        if self._wait(key, addresses) > 0:
            return False
        if gap := self._gap_of(key):
            self._free[key] = monotonic() + gap
        if self._gap:
            self._free.update(dict.fromkeys(map(_at, addresses), monotonic() + self._gap / SHARED))
        return True

    def _gap_of(self, key: str) -> float:
        return max(self._gap, SPACE) if key in self._spaced else self._gap

    def _wait(self, key: str, addresses: Iterable[str]) -> float:
        return max(self._free.get(one, 0.0) for one in (key, *map(_at, addresses))) - monotonic()


def _at(address: str) -> str:
    """An address beside the keys of servers, which are names with ports."""
    return f"@{address}"
