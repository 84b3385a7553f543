"""Everything that is done for one URL: attempts, pauses, and an observation whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import monotonic

import msgspec

from mmscheck.base.text import one_line
from mmscheck.fetch.attempt import Attempt, Tools
from mmscheck.fetch.failure import Failure
from mmscheck.fetch.probes import Probing
from mmscheck.fetch.retry import pause_before_repeat
from mmscheck.model.observation import Fetched, Hop, Inspected, NotFetched, Observation, Reason

_OK = 200
_FRAMING = ("Content-Length", "Transfer-Encoding", "Content-Encoding", "Content-Type")


def is_answer(hops: Sequence[Hop]) -> bool:
    """Whether a whole head of a file came."""
    return bool(hops) and hops[-1].status == _OK


def framed(hop: Hop) -> tuple[tuple[str, ...], ...]:
    """What the head says about the length, the codings and the type of the file."""
    return tuple(hop.values(name) for name in _FRAMING)


class Job:
    """The work on one URL; can tell at any moment how far it got."""

    def __init__(self, tools: Tools, url: str, ends: float) -> None:
        """Fetch ``url`` before the clock (`time.monotonic`) reads ``ends``."""
        self._inspect = tools.inspect
        self._tools = msgspec.structs.replace(tools, inspect=self._look_and_probe)
        self._url = url
        self._ends = ends
        self._attempt = Attempt(self._tools, url, 1)
        self._probing = Probing(tools, url)
        self._first: Observation | None = None
        self._interrupted: tuple[Attempt, Failure] | None = None

    async def run(self) -> Observation:
        """Fetch, again where that may help, then probe; only cancellation gets out of here."""
        try:
            self._first = await self._first_answer()
            if isinstance(self._first, NotFetched):
                self._probing.after_refusal(self._first)
            await self._probing.wait()
        finally:
            await self._probing.stop()
        return self._probing.beside(self._first)

    async def _look_and_probe(self, url: str, body: bytes) -> Inspected:
        # While the workers look at the bytes the network would have nothing to do.
        self._probing.after_file(tuple(self._attempt.hops))
        return await self._inspect(url, body)

    async def _first_answer(self) -> Observation:
        try:
            return await self._persist()
        except Failure as failure:
            return self.not_fetched(failure.reason, failure.detail)
        except Exception as error:  # noqa: BLE001 - a fault in one URL must not take the others' answers along
            return self.not_fetched(Reason.INTERNAL, one_line(f"{type(error).__name__}: {error}"))

    def cut_off(self) -> Observation:
        """What to say when the deadline of the whole run came first; a first answer that came stands."""
        if self._first is not None:
            return self._probing.beside(self._first)
        limit = self._tools.policy.deadline
        return self.not_fetched(Reason.DEADLINE, f"{limit:g} s, while {self._attempt.phase}")

    def not_fetched(self, reason: Reason, detail: str) -> NotFetched:
        """The outcome with what the latest attempt had seen."""
        attempt = self._attempt
        return NotFetched(
            url=self._url,
            reason=reason,
            detail=detail,
            hops=tuple(attempt.hops),
            received=attempt.received,
            timing_ms=attempt.timing if attempt.hops else None,
            attempts=attempt.number,
            excerpt=attempt.excerpt,
        )

    async def _persist(self) -> Fetched:
        while True:
            try:
                return self._like_the_first(await self._attempt.run())
            except Failure as failure:
                pause = pause_before_repeat(failure, self._attempt.number, self._tools.policy.backoff)
                if not self._may_repeat(failure, pause):
                    raise
                if self._interrupted is None and is_answer(self._attempt.hops):
                    self._interrupted = self._attempt, failure
            await asyncio.sleep(pause)
            self._attempt = Attempt(self._tools, self._url, self._attempt.number + 1)

    def _like_the_first(self, found: Fetched) -> Fetched:
        """``found``, unless an answer that broke off before was framed or typed differently: that one counts.

        Otherwise the repeat, out of a cache that the first request filled, would take back what it showed.
        """
        if self._interrupted is None:
            return found
        attempt, failure = self._interrupted
        if framed(attempt.hops[-1]) == framed(found.hops[-1]):
            return found
        self._attempt = attempt
        detail = f"{failure.detail}; a repeat was answered with other headers"
        raise Failure(failure.reason, detail, transient=False)

    def _may_repeat(self, failure: Failure, pause: float) -> bool:
        return (
            failure.transient
            and self._attempt.number <= self._tools.policy.retries
            and monotonic() + pause < self._ends
        )
