"""Why a campaign stops before its end; the first reason counts."""

from __future__ import annotations

import asyncio


class Halt:
    """Set once, read by all who send; what is in flight then is finished.

    ``denied`` is the gate's exit code where the gate stopped it. ``broken`` is why the ledger, the list of
    rows or mmscheck itself failed, also where something else had stopped it before.
    """

    def __init__(self) -> None:
        """Nothing stops it."""
        self.reason: str | None = None
        self.denied: int | None = None
        self.broken: str | None = None
        self._event = asyncio.Event()

    @property
    def stopped(self) -> bool:
        """Whether nothing more may be sent."""
        return self.reason is not None

    def stop(self, reason: str, *, denied: int | None = None, broken: bool = False) -> None:
        """Stop, unless something has stopped it before."""
        if broken and self.broken is None:
            self.broken = reason
        if self.reason is None:
            self.reason, self.denied = reason, denied
            self._event.set()

    async def sleep(self, seconds: float) -> None:
        """Wait so long, or until something stops it."""
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return
