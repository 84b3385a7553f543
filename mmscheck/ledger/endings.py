"""How claimed sends ended is written until it is there: the call cannot be made again to find out."""

from __future__ import annotations

import asyncio
import time

from mmscheck.errors import LedgerError
from mmscheck.ledger.book import Operation
from mmscheck.ledger.faults import PassingError
from mmscheck.ledger.writer import Writer
from mmscheck.model.ledger import Claim, SendRecord

ENDURANCE = 30.0
"""Seconds for which one ending is tried again, however often the ledger fails meanwhile."""

_FIRST, _LONGEST = 0.1, 2.0
"""Seconds between two tries: doubled from the first to the longest."""


class Endings:
    """The endings of this process's claims, each an operation that may be written twice and counts once."""

    def __init__(self, writer: Writer) -> None:
        """``writer`` writes them."""
        self._writer = writer
        self._owed: dict[tuple[int, int], Operation[SendRecord]] = {}

    async def end(self, claim: Claim, operation: Operation[SendRecord]) -> SendRecord:
        """The send as it ended, durable; raises LedgerError when it could not be written in all that time.

        What was given up, also by whoever was cancelled, is owed: ``settle`` writes it.
        """
        try:
            return await self._endured(operation)
        except (PassingError, asyncio.CancelledError):
            self._owed[claim.send_id, claim.attempt] = operation
            raise

    async def _endured(self, operation: Operation[SendRecord]) -> SendRecord:
        until, pause = time.monotonic() + ENDURANCE, _FIRST
        while True:
            try:
                return await self._writer.submit(operation)
            except PassingError:
                if time.monotonic() + pause >= until:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST)

    async def settle(self) -> None:
        """Try once to write what this process has given up; what fails once more stays owed."""
        if self._owed:
            owed, self._owed = self._owed, {}
            await asyncio.gather(*(self._settled(key, one) for key, one in owed.items()))

    async def _settled(self, key: tuple[int, int], operation: Operation[SendRecord]) -> None:
        try:
            await self._writer.submit(operation)
        except (PassingError, asyncio.CancelledError):
            self._owed[key] = operation
        except LedgerError:
            # Somebody has settled it meanwhile, in another way.
            return
