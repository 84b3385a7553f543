"""The first few sends of a campaign, waited for until phones have them, before all the others go out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mmscheck.base.phone import e164
from mmscheck.campaign.progress import Watcher
from mmscheck.campaign.rows import Row
from mmscheck.campaign.stopping import Halt
from mmscheck.model.ledger import SendRecord, SendState

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger

_EVERY = 0.5
"""Seconds between two looks into the ledger."""

_BAD = frozenset(
    {SendState.FAILED, SendState.REFUSED, SendState.UNKNOWN, SendState.NOT_SENT, SendState.RESOLVED_NOT_SENT}
)
_GOOD = frozenset({SendState.DELIVERED, SendState.RESOLVED_SENT})


class Canaries:
    """The numbers that were sent to first, and what their postbacks say."""

    def __init__(self, ledger: Ledger, campaign: str, halt: Halt, watcher: Watcher) -> None:
        """``campaign`` is the name under which the ledger has them."""
        self._ledger = ledger
        self._campaign = campaign
        self._halt = halt
        self._watcher = watcher
        self._numbers: set[str] = set()

    def take(self, rows: Iterator[Row], count: int) -> Iterator[Row]:
        """The first so many rows."""
        while len(self._numbers) < count and (row := next(rows, None)) is not None:
            self._numbers.add(_number(row.to))
            yield row

    async def hatched(self, seconds: float) -> None:
        """Wait until every one has been delivered; stop the campaign when one is not, or not in time."""
        latest = time.monotonic() + seconds
        ids = await self._ids()
        while not self._halt.stopped:
            states = [send.state for number in ids if (send := await self._ledger.send(number))]
            bad = sum(1 for state in states if state in _BAD) + len(self._numbers) - len(states)
            good = sum(1 for state in states if state in _GOOD)
            if bad:
                self._halt.stop(f"{bad} of {len(self._numbers)} canaries were not delivered")
            elif good == len(states):
                return
            elif time.monotonic() >= latest:
                told = f"after {seconds:g} s only {good} of {len(states)} canaries had been delivered"
                self._halt.stop(f"{told}; postbacks come in through mmscheck postbacks --listen")
            else:
                self._watcher.waiting(f"{good} of {len(states)} canaries delivered")
                await self._halt.sleep(_EVERY)

    async def _ids(self) -> list[int]:
        """The latest send to each of these numbers: a campaign has one that arrived at most."""
        # The ledger brings SQLAlchemy.
        from mmscheck.ledger import Filter  # noqa: PLC0415

        found: dict[str, SendRecord] = {}
        async for send in self._ledger.sends(Filter(campaign=self._campaign)):
            number = _number(send.intent.to)
            known = found.get(number)
            if number in self._numbers and (known is None or known.claimed_at <= send.claimed_at):
                found[number] = send
        return [send.id for send in found.values()]


def _number(to: str) -> str:
    return e164(to) or to
