"""The further requests for one URL, made side by side; the first answer stands whatever becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from mmscheck.base.text import one_line
from mmscheck.fetch.asking import PLAIN
from mmscheck.fetch.attempt import Attempt, Tools
from mmscheck.fetch.failure import Failure
from mmscheck.fetch.probe_plan import Planned, plan_after_file, plan_after_refusal
from mmscheck.model.observation import (
    Fetched,
    Hop,
    Inspected,
    NotFetched,
    Observation,
    Probe,
    Reason,
    Sniffed,
)


class Probing:
    """The probes of one URL; can tell at any moment what has come of them."""

    def __init__(self, tools: Tools, url: str) -> None:
        """Have nothing to ask yet about ``url``."""
        self._tools = msgspec.structs.replace(tools, inspect=_look_at_nothing)
        self._url = url
        self._errands: tuple[_Errand, ...] = ()
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    def after_file(self, hops: tuple[Hop, ...]) -> None:
        """Begin what the policy wants to know after these hops led to a whole file."""
        self._begin(lambda: plan_after_file(self._url, hops, self._tools.policy))

    def after_refusal(self, first: NotFetched) -> None:
        """Begin what may tell who refused the file; nothing where a whole file came before it was lost."""
        if not self._errands:
            self._begin(lambda: plan_after_refusal(first, self._tools.policy))

    async def wait(self) -> None:
        """Wait for all that was begun; only cancellation gets out of here."""
        await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        """End what is still under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, planning: Callable[[], tuple[Planned, ...]]) -> None:
        try:
            planned = planning()
        except Exception as error:  # noqa: BLE001 - told as the reason; the first answer must stand
            why = one_line(f"internal error: {type(error).__name__}: {error}")
            names = self._tools.policy.probes
            planned = tuple(
                Planned(name=name, url=self._url, asking=PLAIN, skipped=why, broken=True) for name in names
            )
        self._errands = tuple(_Errand(self._tools, each) for each in planned)
        self._tasks = tuple(asyncio.create_task(errand.run()) for errand in self._errands)

    def beside(self, first: Observation) -> Observation:
        """The first answer with every probe as it is now; one still under way has met the deadline."""
        if not self._errands:
            return first
        return msgspec.structs.replace(first, probes=tuple(errand.probe() for errand in self._errands))


class _Errand:
    """One probe under way: one attempt, never repeated."""

    def __init__(self, tools: Tools, planned: Planned) -> None:
        self._tools = tools
        self._planned = planned
        self._attempt = Attempt(tools, planned.url, 1, planned.asking)
        self._done: Probe | None = None

    async def run(self) -> None:
        if not self._planned.skipped:
            self._done = await self._ask()

    def probe(self) -> Probe:
        planned = self._planned
        if planned.skipped:
            return Probe(name=planned.name, skipped=planned.skipped, broken=planned.broken)
        if self._done is not None:
            return self._done
        limit = self._tools.policy.deadline
        return self._unanswered(Reason.DEADLINE, f"{limit:g} s, while {self._attempt.phase}")

    async def _ask(self) -> Probe:
        try:
            return self._answered(await self._attempted())
        except Failure as failure:
            return self._unanswered(failure.reason, failure.detail)
        except Exception as error:  # noqa: BLE001 - whatever a probe meets must not cost the first answer
            return self._unanswered(Reason.INTERNAL, one_line(f"{type(error).__name__}: {error}"))

    async def _attempted(self) -> Fetched:
        if self._planned.asking.family is None:
            return await self._attempt.run()
        # A connection that was kept may be one to the other family: these ask over one of their own.
        async with self._tools.fresh_session() as session:
            own = msgspec.structs.replace(self._tools, session=session)
            self._attempt = Attempt(own, self._planned.url, 1, self._planned.asking)
            return await self._attempt.run()

    def _answered(self, found: Fetched) -> Probe:
        whole = self._planned.asking.read != "head"
        return Probe(
            name=self._planned.name,
            hops=found.hops,
            size=found.size if whole else None,
            sha256=found.sha256 if whole else None,
            timing_ms=found.timing_ms,
        )

    def _unanswered(self, reason: Reason, detail: str) -> Probe:
        attempt = self._attempt
        return Probe(
            name=self._planned.name,
            hops=tuple(attempt.hops),
            timing_ms=attempt.timing if attempt.hops else None,
            reason=reason,
            detail=detail,
        )


async def _look_at_nothing(url: str, body: bytes) -> Inspected:  # noqa: ARG001 - the shape of an Inspector
    """A probe's bytes are compared by their digest and never opened."""
    return Inspected(sniffed=Sniffed(type=None))
