"""Worker processes in a few slots, each for one host at a time, whatever happens to them.

Bytes that have taken a worker over can make it answer as they like. So it answers for files of one host, and
not for many: then it makes room for a fresh one.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from mmscheck.media.confinement import Confinement
from mmscheck.media.decoding import DECODERS
from mmscheck.media.launch import ServerGoneError, WorkerServer
from mmscheck.media.process import Found, NotStartedError, Worker, WorkerLostError
from mmscheck.media.sample import Sample
from mmscheck.model.observation import Inspected
from mmscheck.model.words import Because

MOST_FAILURES = 3
"""Failures in a row to have any worker answer: workers cannot run here, at least for now."""

REST = 30.0
"""Seconds before workers that could not run are tried again."""

OFTEN = 2
"""Files of a family after which its decoder is loaded before workers are made."""


class WorkerPool:
    """Makes workers under limits, and the process that makes them; for one event loop at a time."""

    def __init__(
        self, *, timeout: float, limits: Confinement, recycle_after: int, decode: bool = True
    ) -> None:
        """Take seconds for a sample, limits, and samples until a worker is replaced.

        ``decode`` has each begin with the picture decoder loaded.
        """
        self.timeout = timeout
        self.recycle_after = recycle_after
        self._limits = limits
        self._decode = decode
        self._failures = 0
        self._resting_until = 0.0
        self._open = False
        self._server: WorkerServer | None = None
        self._spare: Worker | None = None
        self._met: Counter[str] = Counter()

    def start(self) -> None:
        """Have a first worker made, without waiting until it is ready or until it is known that it can be."""
        self._open = True
        try:
            self._spare = self._make()
        except NotStartedError:
            self._spare = None  # whoever needs one will hear of it

    def end(self) -> None:
        """Kill all processes; none is left when this returns."""
        self._open = False
        self._let_go()

    def worker(self) -> Worker:
        """A worker that no bytes have seen; WorkerLostError when there can be none, NotStartedError once."""
        if not self._open:
            raise WorkerLostError("the workers have been stopped")
        if time.monotonic() < self._resting_until:
            raise WorkerLostError("no worker process can run here", lost=Because.NO_WORKER)
        fresh, self._spare = self._spare, None
        return fresh or self._make()

    def _make(self) -> Worker:
        try:
            if self._server is None:
                self._met.clear()
                self._server = WorkerServer(self._limits, decode=self._decode)
            return Worker(self._server, self.timeout)
        except (OSError, ServerGoneError) as error:
            self.broken(self._server)
            raise NotStartedError("no worker process could be started") from error

    def broken(self, server: WorkerServer | None) -> None:
        """Let go of a server that makes no workers, or whose workers all ended; unless that has been done."""
        if self._server is server:
            self._let_go()
            self._failures += 1
            if self._failures >= MOST_FAILURES:
                self._resting_until = time.monotonic() + REST

    def _let_go(self) -> None:
        if self._spare is not None:
            self._spare.put_away()
            self._spare = None
        if self._server is not None:
            self._server.close()
            self._server = None

    def met(self, found: Inspected) -> None:
        """Have the workers from now on know the decoder of a family that comes often."""
        self._failures = 0
        decoder = DECODERS.get(found.sniffed.type or "")
        if self._server is None or decoder is None or found.decoded is None:
            return
        self._met[decoder.module] += 1
        if self._met[decoder.module] == OFTEN:
            self._server.load(f"mmscheck.media.{decoder.module}")


class Slot:
    """A place for one worker at a time, which serves one host; ``host`` is the last one served."""

    def __init__(self, pool: WorkerPool) -> None:
        """Take the pool that makes the workers."""
        self.host: str | None = None
        self._pool = pool
        self._worker: Worker | None = None

    def room(self, host: str | None) -> int:
        """How many more samples of that host its worker can be given; 0 where a fresh one is needed."""
        worker = self._worker
        if host != self.host or worker is None or not (worker.fit and worker.silent):
            return 0
        return self._pool.recycle_after - worker.files

    def empty(self) -> None:
        """Put the worker away."""
        if self._worker is not None:
            self._worker.put_away()
            self._worker = None

    async def examine(self, host: str, samples: Sequence[Sample]) -> AsyncGenerator[Found, None]:
        """What became of each sample, in order, at least of the first; ends early when a worker was lost.

        Where the workers ended together before the first answer, another is given the samples, once.
        """
        for attempt in (1, 2):
            begun = False
            try:
                async with aclosing(self._worker_for(host).examine(samples, self._cpu_seconds)) as answers:
                    async for found in answers:
                        begun = True
                        if isinstance(found, Inspected):
                            self._pool.met(found)
                        yield found
            except WorkerLostError as lost:
                yield lost
                return
            except (NotStartedError, ServerGoneError) as error:
                if self._worker is not None:
                    self._pool.broken(self._worker.server)
                    self.empty()
                if not begun and attempt > 1:
                    cause = Because.NO_WORKER if isinstance(error, NotStartedError) else None
                    yield WorkerLostError(str(error) or "the worker processes died", lost=cause)
                    return
            if begun:
                return

    @property
    def _cpu_seconds(self) -> int:
        return math.ceil(self._pool.timeout)

    def _worker_for(self, host: str) -> Worker:
        if not self.room(host):
            self.empty()
            self.host = host
        if self._worker is None:
            self._worker = self._pool.worker()
        return self._worker
