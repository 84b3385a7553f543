"""Brings samples to workers, several small ones in one task: a task costs more than a look at a head."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from contextlib import aclosing
from typing import cast

from mmscheck.media.pool import Slot, WorkerPool
from mmscheck.media.process import Found, WorkerLostError
from mmscheck.media.refusal import trace
from mmscheck.media.sample import Sample
from mmscheck.media.sniffing import failed
from mmscheck.model.observation import Inspected

MOST_SAMPLES = 16
"""Samples in one task."""

MOST_BYTES = 512 * 1024
"""Bytes in a task of more than one sample."""

STOPPED = "the workers have been stopped"

Ticket = tuple[Sample, asyncio.Future[Inspected | None]]
"""A sample and where its answer is awaited."""


class Looks:
    """Hands samples to the slots of a pool, those of one host together; for as long as the pool runs."""

    def __init__(self, pool: WorkerPool, *, workers: int) -> None:
        """Take the pool, and how many workers to have at a time."""
        self._recycle_after = pool.recycle_after
        self._slots = tuple(Slot(pool) for _ in range(workers))
        self._free = list(self._slots)
        self._waiting: dict[str, deque[Ticket]] = {}  # by host, and that whose turn it is comes first
        self._carriers: set[asyncio.Task[None]] = set()

    async def look(self, host: str, sample: Sample) -> Inspected | None:
        """What a worker made of the sample, None if it asks for the whole file; WorkerLostError."""
        answer: asyncio.Future[Inspected | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(host, deque()).append((sample, answer))
        if self._free:
            slot = next((slot for slot in self._free if slot.host == host), self._free[0])
            self._free.remove(slot)
            self._carriers.add(asyncio.create_task(self._carry(slot)))
        return await answer

    async def end(self) -> None:
        """Give up what is waiting or at work; those who wait are told."""
        carriers = tuple(self._carriers)
        for carrier in carriers:
            carrier.cancel()
        await asyncio.gather(*carriers, return_exceptions=True)
        for slot in self._slots:
            slot.empty()
        for tickets in self._waiting.values():
            settle(tickets, WorkerLostError(STOPPED))
        self._waiting.clear()

    async def _carry(self, slot: Slot) -> None:
        try:
            while self._waiting:
                host, batch = self._next(slot)
                await self._deliver(slot, host, batch)
        finally:
            # Here and not in a callback, which runs a turn later: a sample that came in between would be left
            # to a carrier that has already gone.
            self._free.append(slot)
            self._carriers.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    def _next(self, slot: Slot) -> tuple[str, list[Ticket]]:
        """The samples of one host that have waited longest, as many as go into one task."""
        left = slot.room(slot.host)
        host = slot.host if left and slot.host in self._waiting else next(iter(self._waiting))
        tickets = self._waiting.pop(host)
        fair = math.ceil(len(tickets) / len(self._slots))  # the other workers want some too
        most = min(MOST_SAMPLES, fair, left if left and host == slot.host else self._recycle_after)
        batch = [tickets.popleft()]
        room = MOST_BYTES - len(batch[0][0].data)
        while tickets and len(batch) < most and room >= len(tickets[0][0].data):
            batch.append(tickets.popleft())
            room -= len(batch[-1][0].data)
        if tickets:
            self._waiting[host] = tickets  # behind the other hosts
        return host, batch

    async def _deliver(self, slot: Slot, host: str, batch: list[Ticket]) -> None:
        """Answer the tickets of a batch; those behind one over which the worker was lost go to another."""
        rest = deque(batch)
        try:
            async with aclosing(slot.examine(host, [sample for sample, _ in batch])) as answers:
                async for found in answers:
                    settle([rest.popleft()], found)
        except Exception:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            settle(rest, Inspected(sniffed=failed((), trace())))
        except asyncio.CancelledError:
            settle(rest, WorkerLostError(STOPPED))
            raise
        else:
            if rest:
                self._waiting[host] = rest + self._waiting.pop(host, deque())


def settle(tickets: Sequence[Ticket], found: Found) -> None:
    """Tell those still waiting what became of their samples, so that nobody waits for ever."""
    for _, answer in tickets:
        if answer.done():  # whoever asked may have gone
            continue
        if isinstance(found, WorkerLostError):
            answer.set_exception(found)
        else:
            answer.set_result(found)
