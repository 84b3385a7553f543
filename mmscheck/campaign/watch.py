"""The media of a campaign, looked at again and again: what is sent later is what was checked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from mmscheck.campaign.blame import may_be_the_row
from mmscheck.campaign.judging import Basis, reasons
from mmscheck.campaign.stopping import Halt
from mmscheck.judge import gate

_MARGIN = 45.0
"""Seconds of a permit's life that a send needs: the call takes 30 at most, and has to wait for its turn."""


class MediaWatch:
    """The last full check; it is made again every so many seconds, and a change stops the campaign."""

    def __init__(self, first: Basis, look: Callable[[], Awaitable[Basis]], every: float, halt: Halt) -> None:
        """``look`` makes one more full check."""
        self._basis = first
        self._media = first.media()
        self._look = look
        self._every = every
        self._halt = halt

    async def current(self) -> Basis | None:
        """A check that permits can rest on for long enough; None when the campaign has been stopped."""
        while not self._halt.stopped:
            if self._basis.checked.age() < gate.PERMIT_LIFE - _MARGIN:
                return self._basis
            await self._halt.sleep(0.1)
        return None

    async def keep(self) -> None:
        """Look again at every interval, until cancelled or stopped."""
        while not self._halt.stopped:
            await self._halt.sleep(max(0.0, self._every - self._basis.checked.age()))
            if not self._halt.stopped:
                await self._again()

    def broke(self, error: BaseException) -> None:
        """No further look is made: without one nothing may be sent for long."""
        self._halt.stop(f"the media could not be checked again: {error}", broken=True)

    async def _again(self) -> None:
        fresh = await self._look()
        verdict = fresh.checked.verdict
        changed = sorted(url for url, digest in fresh.media().items() if self._media.get(url) != digest)
        if changed:
            told = f"{len(changed)} of {len(self._media)} media"
            self._halt.stop(
                f"the content of {told} changed since the campaign began", denied=gate.EXIT_FAILED
            )
        elif not verdict.permitted and not may_be_the_row(fresh.report, verdict):
            self._halt.stop(
                f"the media were checked again, and the gate denies: {reasons(verdict)}",
                denied=verdict.exit_code,
            )
        else:
            self._basis = fresh
