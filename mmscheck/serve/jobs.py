"""Jobs of this process: taken, run a few at a time, adopted from processes that ended, watched, drained."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Self

import msgspec

from mmscheck.errors import LedgerError, MmscheckError, UsageError
from mmscheck.serve.calls import Caller
from mmscheck.serve.checker import Checker, Done, Tell
from mmscheck.serve.events import Event, Watch
from mmscheck.serve.problem import ProblemError
from mmscheck.serve.settings import BEAT, MOST_TRIES, RETRY_AFTER, Caps
from mmscheck.serve.store import Store
from mmscheck.serve.words import Kind, Problem, Progress, State
from mmscheck.serve.work import Row, Work, unpacked

May = Callable[[str, Kind], bool]
"""Whether somebody of that name may have such a job done now."""

Ended = Callable[[Row, Done | None, Problem | None, float], Awaitable[None]]
"""Told of each job that ended, how, and how many seconds it ran."""

_SWEEP = 12
"""Beats between two looks for what has expired: a minute."""

_PROGRESS_EVERY = 0.5
"""Seconds between two notes of progress in the store, which other processes read."""


class Jobs:
    """``async with Jobs(...) as jobs``: begins what earlier processes left, and ends by draining."""

    def __init__(
        self, store: Store, checker: Checker, calls: Caller | None, caps: Caps, *, may: May, ended: Ended
    ) -> None:
        """``calls`` None: this service makes no calls, and takes no jobs that need one."""
        self._store = store
        self._checker = checker
        self._calls = calls
        self._caps = caps
        self._may = may
        self._ended = ended
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self._held: set[str] = set()
        self._watches: dict[str, Watch] = {}
        self._running: dict[str, Progress] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.draining = False

    async def __aenter__(self) -> Self:
        """Begin."""
        await self._adopt()
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self._caps.slots)]
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
            self._put(row.id)
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

    def _put(self, job_id: str) -> None:
        """Have it begun, once: it is held until it has ended here."""
        if job_id not in self._held:
            self._held.add(job_id)
            self._waiting.put_nowait(job_id)

    async def _now(self, job_id: str) -> Event | None:
        if job_id in self._held:
            # Hundreds may wait for jobs of this process: none of them has to ask the database how it is.
            here = self._running.get(job_id)
            state = State.QUEUED if here is None else State.RUNNING
            return Event(state=state, progress=here or Progress(done=0, total=None), over=False)
        row = await self._store.job(job_id)
        if row is None:
            return None
        return Event(state=row.state, progress=Progress(done=row.done, total=row.total), over=row.is_over)

    @property
    def waiting(self) -> int:
        """How many jobs of this process have not begun."""
        return self._waiting.qsize()

    @property
    def running(self) -> int:
        """How many are being done."""
        return len(self._running)

    # Doing

    async def _work(self) -> None:
        while not self.draining:
            job_id = await self._waiting.get()
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
            done, problem = await self._done(row, packed, self._tell(job_id))
        finally:
            noting.cancel()
            progress = self._running.pop(job_id)
        if done is not None and row.kind in {Kind.SEND, Kind.SAVE}:
            problem = problem_of(done, row)
        await self._kept(row, done, problem, progress)
        await self._ended(row, done, problem, time.monotonic() - started)

    async def _kept(self, row: Row, done: Done | None, problem: Problem | None, progress: Progress) -> None:
        """Keep how it ended.

        Raises LedgerError when the database is away: the job comes again, and of a call the ledger knows.
        """
        await self._store.end(
            row.id,
            report=None if done is None else done.packed(),
            outcome=None if done is None else done.outcome,
            problem=problem,
            progress=progress,
        )

    async def _done(self, row: Row, packed: bytes, tell: Tell) -> tuple[Done | None, Problem | None]:
        """The end of the work, or what kept it from one.

        Raises LedgerError for a send that may have been made before, as long as the ledger cannot tell.
        """
        try:
            return await self._do(row, unpacked(packed), tell), None
        except ProblemError as error:
            return None, error.problem
        except LedgerError as error:
            if row.tries > 1:
                # An earlier try may have called: the job is kept until the ledger can tell.
                raise
            return None, ProblemError("no-ledger", f"{error}. Nothing was called.").problem
        except UsageError as error:
            return None, ProblemError("malformed", str(error)).problem
        except MmscheckError as error:
            return None, ProblemError("ended", str(error)).problem
        except Exception as error:  # noqa: BLE001 - whatever it is, the job has to end and say so
            called = row.kind in {Kind.SEND, Kind.SAVE}
            kind = "unknown" if called else "internal"
            maybe = (
                " Whether the provider was called, the ledger tells: mmscheck ledger list." if called else ""
            )
            return None, ProblemError(
                kind, f"An error that nobody foresaw ({type(error).__name__}).{maybe}"
            ).problem

    async def _do(self, row: Row, work: Work, tell: Tell) -> Done:
        if work.kind is Kind.SEND:
            return await self._send(row, work)
        if row.tries > MOST_TRIES:
            raise ProblemError(
                "ended", f"It was begun {MOST_TRIES} times, and each time its process ended with it."
            )
        if work.kind is Kind.SAVE and row.tries > 1:
            raise ProblemError(
                "unknown",
                "Its process ended during it: it may have been saved, and nobody knows its id. A save "
                "reaches no phone, so it may be made again, under another Idempotency-Key.",
            )
        self._demand(row)
        if work.kind is Kind.SAVE:
            return await self._caller().do(work)
        return await self._checker.do(work, tell)

    async def _send(self, row: Row, work: Work) -> Done:
        """A send; one that was begun before may have been made, whatever has changed since."""
        if row.tries == 1:
            self._demand(row)
        calls = self._caller(begun=row.tries > 1)
        late = row.tries > MOST_TRIES or time.time() - row.created > self._caps.stale
        if (late or not self._may(row.owner, row.kind)) and await calls.found(work) is None:
            self._demand(row)
            why = f"It was begun {MOST_TRIES} times, and each time its process ended with it."
            if row.tries <= MOST_TRIES:
                why = f"It could not be begun within {self._caps.stale:g} seconds of being taken."
            raise ProblemError("not-sent", f"{why} Nothing was sent; send it anew.")
        return await calls.do(work, begun=row.tries > 1)

    def _caller(self, *, begun: bool = False) -> Caller:
        if self._calls is None:
            before = " It may have been sent before: mmscheck ledger list." if begun else ""
            raise ProblemError(
                "unknown" if begun else "no-sends",
                f"It was taken by a service that makes calls; this one makes none.{before}",
            )
        return self._calls

    def _demand(self, row: Row) -> None:
        """Whose leave was taken back while the job waited gets nothing done any more."""
        if not self._may(row.owner, row.kind):
            raise ProblemError("no-right", f"{row.owner} may not do that any more. Nothing was done.")

    def _tell(self, job_id: str) -> Tell:
        def told(done: int, total: int | None) -> None:
            self._running[job_id] = Progress(done=done, total=total)
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
        for job_id in await self._store.mine():
            self._put(job_id)

    async def drain(self) -> None:
        """Begin nothing more, and give what runs its time."""
        self.draining = True
        workers = self._tasks[:-1]
        for _ in workers:
            self._waiting.put_nowait("")
        if workers:
            await asyncio.wait(workers, timeout=self._caps.drain)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


_STATUS: Mapping[str, str] = {"refused": "refused", "not-attempted": "not-sent", "unknown": "unknown"}


def problem_of(done: Done, row: Row) -> Problem | None:
    """What a save or send came to that was not accepted: no client may take it for success."""
    outcome = done.outcome
    if outcome.status is None or outcome.status.value == "accepted":
        return None
    kind = _STATUS[outcome.status.value]
    if outcome.verdict != "permit" and kind == "not-sent":
        kind = "denied"
    problem = ProblemError(kind, outcome.detail or "", outcome=outcome).problem
    return msgspec.structs.replace(problem, instance=f"/v1/checks/{row.id}")
