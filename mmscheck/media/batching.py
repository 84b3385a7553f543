"""Brings samples to the pool, several small ones in one task: a task costs more than a look at a head."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import cast

from mmscheck.media.generation import WorkerLostError
from mmscheck.media.pool import WorkerPool
from mmscheck.media.refusal import trace
from mmscheck.media.sample import Sample
from mmscheck.media.sniffing import failed
from mmscheck.media.worker import examine
from mmscheck.model.observation import Inspected

MOST_SAMPLES = 16
"""Samples in one task."""

MOST_BYTES = 128 * 1024
"""Bytes in a task of more than one sample."""

Ticket = tuple[Sample, asyncio.Future[Inspected | None]]
"""A sample and where its answer is awaited."""


class Looks:
    """Hands samples to the pool as it takes them; for as long as the pool runs."""

    def __init__(self, pool: WorkerPool, *, carriers: int, cpu_seconds: int) -> None:
        """Take the pool, the number of tasks to have there at a time, and CPU seconds for each."""
        self._pool = pool
        self._most_carriers = carriers
        self._cpu_seconds = cpu_seconds
        self._waiting: deque[Ticket] = deque()
        self._carriers: set[asyncio.Task[None]] = set()

    async def look(self, sample: Sample) -> Inspected | None:
        """What a worker made of the sample; WorkerLostError when none did."""
        answer = asyncio.get_running_loop().create_future()
        self._waiting.append((sample, answer))
        if len(self._carriers) < self._most_carriers:
            self._carriers.add(asyncio.create_task(self._carry()))
        found: Inspected | None = await answer
        return found

    async def end(self) -> None:
        """Give up what is waiting or at work; those who wait are told."""
        carriers = tuple(self._carriers)
        for carrier in carriers:
            carrier.cancel()
        await asyncio.gather(*carriers, return_exceptions=True)
        settle(tuple(self._waiting), WorkerLostError("the workers have been stopped"))
        self._waiting.clear()

    async def _carry(self) -> None:
        try:
            while self._waiting:
                await self._deliver(self._next())
        finally:
            # Here and not in a callback, which runs a turn later: a sample that came in between would be left
            # to a carrier that has already gone.
            self._carriers.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    def _next(self) -> Sequence[Ticket]:
        """The samples that have waited longest, as many as go into one task."""
        batch = [self._waiting.popleft()]
        room = MOST_BYTES - len(batch[0][0].data)
        while self._waiting and len(batch) < MOST_SAMPLES and room >= len(self._waiting[0][0].data):
            batch.append(self._waiting.popleft())
            room -= len(batch[-1][0].data)
        return batch

    async def _deliver(self, batch: Sequence[Ticket]) -> None:
        """Answer every ticket of the batch; where the worker was lost, one by one to see over which."""
        try:
            found = await self._pool.run(examine, [sample for sample, _ in batch], self._cpu_seconds)
            answers = list(zip(batch, found, strict=True))
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            await self._look_closer(batch, error)
        else:
            for (_, answer), inspected in answers:
                if not answer.done():  # whoever asked may have gone
                    answer.set_result(inspected)
        finally:
            settle(batch, WorkerLostError("the workers have been stopped"))

    async def _look_closer(self, batch: Sequence[Ticket], error: Exception) -> None:
        """Deliver what was lost together one by one; what was lost alone is lost."""
        if len(batch) > 1:
            await asyncio.gather(*(self._deliver([ticket]) for ticket in batch))
        elif isinstance(error, WorkerLostError):
            settle(batch, error)
        else:
            answer = batch[0][1]
            if not answer.done():
                answer.set_result(Inspected(sniffed=failed((), trace())))


def settle(tickets: Sequence[Ticket], error: WorkerLostError) -> None:
    """Tell those still waiting for an answer that none will come, so that nobody waits for ever."""
    for _, answer in tickets:
        if not answer.done():
            answer.set_exception(error)
