"""What a campaign watches while it sends: its media, looked at again and again, and its first sends."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

from mmscheck import ledger as ledgers
from mmscheck.campaign.counts import Watcher
from mmscheck.campaign.judging import RowJudge, may_be_the_row, reasons
from mmscheck.campaign.limits import StopSignal
from mmscheck.campaign.recipients import Recipient, number_of
from mmscheck.judge import gate
from mmscheck.model.exits import Exit
from mmscheck.model.ledger import SendRecord, SendState

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger

_MARGIN = 45.0
"""Seconds of a permit's life that a send needs: the call takes 30 at most, and has to wait for its turn."""

_EVERY = 0.5
"""Seconds between two looks into the ledger."""

_BAD = frozenset(
    {SendState.FAILED, SendState.REFUSED, SendState.UNKNOWN, SendState.NOT_SENT, SendState.RESOLVED_NOT_SENT}
)
_GOOD = frozenset({SendState.DELIVERED, SendState.RESOLVED_SENT})


class MediaWatch:
    """The last full check; it is made again every so many seconds, and a change stops the campaign."""

    def __init__(
        self, first: RowJudge, look: Callable[[], Awaitable[RowJudge]], every: float, signal: StopSignal
    ) -> None:
        """``look`` makes one more full check, ``every`` so many seconds."""
        self._judge = first
        self._media = first.media()
        self._look = look
        self._every = every
        self._signal = signal

    async def current(self) -> RowJudge | None:
        """A check that permits can rest on for long enough; None when the campaign has been stopped."""
        while not self._signal.stopped:
            if self._judge.checked.age() < gate.PERMIT_LIFE - _MARGIN:
                return self._judge
            await self._signal.sleep(0.1)
        return None

    async def keep(self) -> None:
        """Look again at every interval, until cancelled or stopped."""
        while not self._signal.stopped:
            await self._signal.sleep(max(0.0, self._every - self._judge.checked.age()))
            if not self._signal.stopped:
                await self._again()

    def broke(self, error: BaseException) -> None:
        """No further look is made: without one nothing may be sent for long."""
        self._signal.stop(f"the media could not be checked again: {error}", broken=True)

    async def _again(self) -> None:
        fresh = await self._look()
        verdict = fresh.checked.verdict
        changed = sorted(url for url, digest in fresh.media().items() if self._media.get(url) != digest)
        if changed:
            share = f"{len(changed)} of {len(self._media)} media"
            self._signal.stop(
                f"the content of {share} changed since the campaign began", denied=int(Exit.DENIED)
            )
        elif not verdict.permitted and not may_be_the_row(fresh.checked):
            self._signal.stop(
                f"the media were checked again, and the gate denies: {reasons(fresh.checked)}",
                denied=verdict.exit_code,
            )
        else:
            self._judge = fresh


class Canaries:
    """The numbers that were sent to first, and what their postbacks say."""

    def __init__(self, ledger: Ledger, campaign: str, signal: StopSignal, watcher: Watcher) -> None:
        """``campaign`` is the name under which the ledger has them."""
        self._ledger = ledger
        self._campaign = campaign
        self._signal = signal
        self._watcher = watcher
        self._numbers: set[str] = set()

    def take(self, rows: Iterator[Recipient], count: int) -> Iterator[Recipient]:
        """The first so many rows."""
        while len(self._numbers) < count and (row := next(rows, None)) is not None:
            self._numbers.add(number_of(row.to))
            yield row

    async def wait_until_delivered(self, seconds: float) -> None:
        """Wait until every one has been delivered; stop the campaign when one is not, or not in time."""
        latest = time.monotonic() + seconds
        ids = await self._ids()
        while not self._signal.stopped:
            states = [send.state for number in ids if (send := await self._ledger.send(number))]
            bad = sum(1 for state in states if state in _BAD) + len(self._numbers) - len(states)
            good = sum(1 for state in states if state in _GOOD)
            if bad:
                self._signal.stop(f"{bad} of {len(self._numbers)} canaries were not delivered")
            elif good == len(states):
                return
            elif time.monotonic() >= latest:
                reason = f"after {seconds:g} s only {good} of {len(states)} canaries had been delivered"
                self._signal.stop(f"{reason}; postbacks come in through mmscheck postbacks --listen")
            else:
                self._watcher.waiting(f"{good} of {len(states)} canaries delivered")
                await self._signal.sleep(_EVERY)

    async def _ids(self) -> list[int]:
        """The latest send to each of these numbers: a campaign has one that arrived at most."""
        latest: dict[str, SendRecord] = {}
        async for send in self._ledger.sends(ledgers.Filter(campaign=self._campaign)):
            number = number_of(send.intent.to)
            known = latest.get(number)
            if number in self._numbers and (known is None or known.claimed_at <= send.claimed_at):
                latest[number] = send
        return [send.id for send in latest.values()]
