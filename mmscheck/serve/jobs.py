"""Jobs of this process: taken, run a few at a time, adopted from processes that ended, watched, drained."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Self

from mmscheck.base.spans import Tracing, here, traced
from mmscheck.errors import LedgerError
from mmscheck.serve.campaigns import Show
from mmscheck.serve.checker import Done
from mmscheck.serve.doing import Doer
from mmscheck.serve.events import Event, Watch
from mmscheck.serve.problem import ProblemError
from mmscheck.serve.settings import BEAT, RETRY_AFTER, Caps
from mmscheck.serve.store import Store
from mmscheck.serve.words import Kind, Problem, Progress, State
from mmscheck.serve.work import Row, Work

Ended = Callable[[Row, Done | None, Problem | None, float], Awaitable[None]]
"""Told of each job that ended, how, and how many seconds it ran."""

_SWEEP = 12
"""Beats between two looks for what has expired: a minute."""

_PROGRESS_EVERY = 0.5
"""Seconds between two notes of progress in the store, which other processes read."""


class Jobs:
    """``async with Jobs(...) as jobs``: begins what earlier processes left, and ends by draining."""

    def __init__(
        self, store: Store, doer: Doer, caps: Caps, *, ended: Ended, tracing: Tracing | None = None
    ) -> None:
        """Take where jobs are kept, who does them, and who takes spans of that."""
        self._store = store
        self._doer = doer
        self._caps = caps
        self._ended = ended
        self._tracing = tracing
        self._asked: dict[str, object] = {}
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self._campaigns: asyncio.Queue[str] = asyncio.Queue()
        self._held: set[str] = set()
        self._watches: dict[str, Watch] = {}
        self._running: dict[str, Progress] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.draining = False

    async def __aenter__(self) -> Self:
        """Begin."""
        await self._adopt()
        lanes = [self._waiting] * self._caps.slots + [self._campaigns] * self._caps.campaigns
        self._tasks = [asyncio.create_task(self._work(lane)) for lane in lanes]
        self._tasks.append(asyncio.create_task(self._live()))
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Let running jobs end, for a while; what has not is left to whoever comes next."""
        await self.drain()

    # Taking and looking

    async def take(self, work: Work, owner: str) -> Row:
        """Keep a job, durably, and begin it soon; raises the problems of a full queue and of a used key."""
        if self.draining:
            raise ProblemError("draining", "Ask again; another process takes it.", after=RETRY_AFTER)
        kept = await self._store.add(work, owner, keep=self._caps.keep, most=self._caps.queue)
        if kept is None:
            raise ProblemError("too-many", f"{self._caps.queue} jobs are waiting already.", after=RETRY_AFTER)
        row, is_new = kept
        if is_new:
            if self._tracing is not None:
                self._asked[row.id] = here()
            self._put(row.id, row.kind)
        elif row.payload != work.payload:
            raise ProblemError(
                "other-payload", "This Idempotency-Key was used for another request; give another key."
            )
        return row

    async def wait(self, job_id: str, seconds: float) -> Row | None:
        """The job when it is over, or as it stands after so many seconds; None when there is none."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), contextlib.aclosing(self.follow(job_id)) as events:
                async for _ in events:
                    pass
        return await self._store.job(job_id)

    async def follow(self, job_id: str) -> AsyncGenerator[Event]:
        """What happens to a job from now on; ends when it is over, whichever process runs it."""
        watch = self._watches.setdefault(job_id, Watch())
        try:
            async with contextlib.aclosing(watch.events(lambda: self._now(job_id))) as events:
                async for event in events:
                    yield event
        finally:
            if not watch.is_watched and self._watches.get(job_id) is watch:
                del self._watches[job_id]

    def _stir(self, job_id: str) -> None:
        if (watch := self._watches.get(job_id)) is not None:
            watch.stir()

    def _put(self, job_id: str, kind: Kind) -> None:
        """Have it begun, once: it is held until it has ended here. No check waits for a campaign's end."""
        if job_id not in self._held:
            self._held.add(job_id)
            (self._campaigns if kind is Kind.CAMPAIGN else self._waiting).put_nowait(job_id)

    async def stop(self, row: Row, why: str) -> None:
        """Have a campaign send nothing more, whichever process runs it."""
        await self._store.campaigns.stop(row.id, why)
        self._doer.stop(row.id, why)
        self._stir(row.id)

    async def _now(self, job_id: str) -> Event | None:
        if job_id in self._held:
            # Hundreds may wait for jobs of this process: none of them has to ask the database how it is.
            here = self._running.get(job_id)
            state = State.QUEUED if here is None else State.RUNNING
            return Event(state=state, progress=here or Progress(done=0, total=None), over=False)
        row = await self._store.job(job_id)
        if row is None:
            return None
        progress = Progress(done=row.done, total=row.total)
        if row.kind is Kind.CAMPAIGN and (note := await self._store.campaigns.note(job_id)) is not None:
            progress = note.progress
        return Event(state=row.state, progress=progress, over=row.is_over)

    def progress(self, job_id: str) -> Progress | None:
        """How far a job is that runs here; None for others."""
        return self._running.get(job_id)

    @property
    def waiting(self) -> int:
        """How many jobs of this process have not begun."""
        return self._waiting.qsize() + self._campaigns.qsize()

    @property
    def running(self) -> int:
        """How many are being done."""
        return len(self._running)

    # Doing

    async def _work(self, lane: asyncio.Queue[str]) -> None:
        while not self.draining:
            job_id = await lane.get()
            if self.draining:
                return
            # The database may be away for a while, and the unforeseen must not cost a slot: the job stays
            # kept, and comes again by `_live`, which bounds how often.
            try:
                with contextlib.suppress(Exception):
                    await self._one(job_id)
            finally:
                self._held.discard(job_id)
                self._stir(job_id)

    async def _one(self, job_id: str) -> None:
        asked = self._asked.pop(job_id, None)
        begun = await self._store.begin(job_id)
        if begun is None:
            return
        row, packed = begun
        self._running[job_id] = Progress(done=0, total=None)
        started = time.monotonic()
        noting = asyncio.create_task(self._note(job_id))
        done, problem = None, None
        try:
            self._stir(job_id)
            known = {"mmscheck.job": row.id, "mmscheck.kind": row.kind.value, "mmscheck.try": row.tries}
            with traced(self._tracing, f"job {row.kind.value}", known, parent=asked) as span:
                done, problem = await self._doer.done(row, packed, self._show(job_id))
                span.note(_ending(done, problem))
        finally:
            noting.cancel()
            progress = self._running.pop(job_id)
        if done is None and problem is None:
            await self._store.leave(job_id)
            return
        await self._kept(row, done, problem, progress)
        await self._ended(row, done, problem, time.monotonic() - started)

    async def _kept(self, row: Row, done: Done | None, problem: Problem | None, progress: Progress) -> None:
        """Keep how it ended.

        Raises LedgerError when the database is away: the job comes again, and of a call the ledger knows.
        """
        await self._store.end(
            row.id,
            report=None if done is None else done.packed(),
            files=None if done is None else done.files,
            outcome=None if done is None else done.outcome,
            problem=problem,
            progress=progress,
        )

    def _show(self, job_id: str) -> Show:
        def told(progress: Progress) -> None:
            self._running[job_id] = progress
            self._stir(job_id)

        return told

    async def _note(self, job_id: str) -> None:
        """Note progress for other processes, and no oftener than they look."""
        noted = self._running[job_id]
        while True:
            await asyncio.sleep(_PROGRESS_EVERY)
            now = self._running.get(job_id, noted)
            if now != noted:
                noted = now
                with contextlib.suppress(LedgerError):
                    await self._store.progress(job_id, now.done, now.total)

    # Living

    async def _live(self) -> None:
        beats = 0
        while True:
            await asyncio.sleep(BEAT)
            beats += 1
            # Without its sign of life others would take this process's jobs: nothing may end it.
            with contextlib.suppress(Exception):
                await self._store.beat()
                await self._adopt()
                if beats % _SWEEP == 0:
                    await self._store.forget()

    async def _adopt(self) -> None:
        """Take over what others left, and what this process could not end while the database was away."""
        await self._store.adopt()
        for job_id, kind in await self._store.mine():
            self._put(job_id, kind)

    async def drain(self) -> None:
        """Begin nothing more, and give what runs its time."""
        self.draining = True
        self._doer.leave()
        workers = self._tasks[:-1]
        for _ in workers:
            self._waiting.put_nowait("")
            self._campaigns.put_nowait("")
        if workers:
            await asyncio.wait(workers, timeout=self._caps.drain)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _ending(done: Done | None, problem: Problem | None) -> dict[str, str | None]:
    """How a job ended, as attributes of its span."""
    send = None if done is None else done.send
    return {
        "mmscheck.verdict": None if done is None else done.outcome.verdict,
        "mmscheck.status": None if send is None else send.status.value,
        "mmscheck.problem": None if problem is None else problem.type.rpartition(":")[2],
    }
