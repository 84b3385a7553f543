"""The workers that look at media bytes, as the rest of the program sees them, and how samples get to them.

Several small samples go in one task: a task costs more than a look at a head.
"""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Self, cast
from urllib.parse import urlsplit

from mmscheck.base.spans import span
from mmscheck.media.confinement import Confinement
from mmscheck.media.decoding import not_decoded
from mmscheck.media.pool import Slot, WorkerPool
from mmscheck.media.previews import CPU_SECONDS
from mmscheck.media.process import Found, WorkerLostError
from mmscheck.media.refusal import trace
from mmscheck.media.sample import HEAD, Sample
from mmscheck.media.sniffing import failed
from mmscheck.media.witnesses import named_type
from mmscheck.model.facts import EVERYTHING, Usable
from mmscheck.model.observation import Inspected, Sniffed
from mmscheck.model.words import Because

MOST_SAMPLES = 16
"""Samples in one task."""

MOST_BYTES = 512 * 1024
"""Bytes in a task of more than one sample."""

FEWEST_WORKERS, MOST_WORKERS = 2, 16
"""Fewer than two, and a file at which one hangs would hold up all others, which costs more than two of them
on two cores; more than that, and they wait for the one thread that hands them their files."""

STOPPED = "the workers have been stopped"
Ticket = tuple[Sample, asyncio.Future[Inspected | None]]
"""A sample and where its answer is awaited."""

SHARE = 8
"""A file may be this part of a worker's memory: it is held there twice, beside what libraries make of it."""

RECYCLE_AFTER, HEADS_RECYCLE_AFTER = 32, 128
"""Files until a worker is replaced: it has cost some milliseconds, and may have been taken over since.

The second where types alone are determined, which takes a twentieth of the time.
"""


def worker_count() -> int:
    """How many workers this machine bears: a core is left to the process that gives them their work."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(FEWEST_WORKERS, min(here - 1, MOST_WORKERS))


class SampleQueue:
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


class MediaWorkers:
    """Worker processes for media bytes; ``async with`` starts them and leaves none behind."""

    def __init__(
        self,
        *,
        workers: int | None = None,
        timeout: float = 20.0,
        memory_bytes: int = 1024 * 1024 * 1024,
        recycle_after: int | None = None,
        decode: bool = True,
        on_inspected: Callable[[float], None] | None = None,
    ) -> None:
        """Take the number of processes (default: one less than cores, at least two) and the limits of each.

        ``timeout`` is seconds for one file, and bounds its CPU time too; ``memory_bytes`` the address space;
        ``recycle_after`` the number of looks until a process is replaced by a fresh one (default: 32); it is
        replaced earlier when it is needed for another host, and when it was lost or answered oddly.
        Without ``decode`` they are made ready for determining types alone, and last for 128.
        ``on_inspected`` is told how many seconds each ``inspect`` took, the wait for a worker included.
        """
        recycle_after = recycle_after or (RECYCLE_AFTER if decode else HEADS_RECYCLE_AFTER)
        self._largest = memory_bytes // SHARE
        self._on_inspected = on_inspected
        self._pool = WorkerPool(
            timeout=timeout,
            limits=Confinement(
                memory_bytes=memory_bytes, cpu_seconds=recycle_after * math.ceil(timeout + CPU_SECONDS)
            ),
            recycle_after=recycle_after,
            decode=decode,
        )
        self._queue = SampleQueue(self._pool, workers=workers or worker_count())

    async def __aenter__(self) -> Self:
        """Have the processes start while the caller goes on."""
        self._pool.start()
        return self

    async def __aexit__(self, *_failure: object) -> None:
        """Kill the processes, whatever they are doing."""
        await self._queue.end()
        self._pool.end()

    async def sniff(self, url: str, body: bytes) -> Sniffed:
        """The type of the bytes and who said so; ``problem`` when they could not be looked at safely.

        Nothing the bytes do raises. The whole file goes to a worker only when its head tells too little.
        """
        if not body:
            return Sniffed(type=None)
        host, named = _host(url), named_type(url)
        try:
            found = await self._queue.look(host, Sample(data=bytes(body[:HEAD]), size=len(body), named=named))
            if isinstance(found, Inspected):
                return found.sniffed
            if len(body) > self._largest:
                return Sniffed(type=None, problem=f"{len(body)} bytes are too many to look at")
            found = await self._queue.look(host, Sample(data=bytes(body), size=len(body), named=named))
        except WorkerLostError as lost:
            return Sniffed(type=None, problem=str(lost), lost=lost.lost)
        return found.sniffed if found else Sniffed(type=None, problem="a worker gave no answer")

    async def inspect(
        self, url: str, body: bytes, *, preview: bool = False, usable: Usable = EVERYTHING
    ) -> Inspected:
        """The type of the bytes, and what a decoder found in them; both in one task of a worker.

        ``usable`` says which sound and film to decode. With ``preview`` a likeness too, where one can be
        made; a worker lost over it costs no facts. Nothing
        the bytes do raises. Where the worker was lost before, the type alone is asked for once more and
        nothing is decoded again: what died of decoding may yet say what it is.
        """
        if not body:
            return Inspected(sniffed=Sniffed(type=None))
        begun = time.monotonic()
        try:
            with span("decode", {"mmscheck.bytes": len(body)}):
                return await self._inspected(url, body, preview=preview, usable=usable)
        finally:
            if self._on_inspected is not None:
                self._on_inspected(time.monotonic() - begun)

    async def _inspected(self, url: str, body: bytes, *, preview: bool, usable: Usable) -> Inspected:
        if len(body) > self._largest:
            return await self._undecoded(url, body, f"{len(body)} bytes are too many to decode")
        sample = Sample(
            data=bytes(body),
            size=len(body),
            named=named_type(url),
            decode=True,
            preview=preview,
            usable=usable,
        )
        try:
            found = await self._queue.look(_host(url), sample)
        except WorkerLostError as lost:
            return await self._undecoded(url, body, str(lost), lost.lost)
        return found or await self._undecoded(url, body, "a worker gave no answer")

    async def _undecoded(self, url: str, body: bytes, why: str, lost: Because | None = None) -> Inspected:
        """The type of the bytes, and why they were not decoded."""
        sniffed = await self.sniff(url, body)
        return Inspected(sniffed=sniffed, decoded=not_decoded(sniffed.type, why, lost))


def _host(url: str) -> str:
    """Whose files a worker may see together: those of one host as the URL has it; all local ones are one."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return url
