"""What one worker process keeps from task to task: the run's rules, an event loop and its decoders."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import msgspec

from mmscheck.errors import UsageError
from mmscheck.fleet.run import FleetRun, own_run, rules_of
from mmscheck.fleet.store import RunStore
from mmscheck.judge.media_alone import of_media
from mmscheck.judge.observe import needs_decoding
from mmscheck.media import MediaWorkers, demand_confinement
from mmscheck.model.rule import RuleSet

T = TypeVar("T")


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A run as this process has it: its store, its plan, its rules, and those among them that are applied."""

    store: RunStore
    run: FleetRun
    ruleset: RuleSet


class WorkerService:
    """One event loop in a thread of its own, and on it the processes that open media: made once."""

    def __init__(self) -> None:
        """Start nothing yet: a process that only judges needs neither."""
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._workers: MediaWorkers | None = None
        self._loaded: dict[tuple[str, str], Loaded] = {}

    def load(self, place: str, digest: str) -> Loaded:
        """The run that the store at ``place`` holds. Raises UsageError where it is not the one meant."""
        with self._lock:
            if (place, digest) not in self._loaded:
                store = RunStore(place)
                run = own_run(store)
                if run.digest != digest:
                    raise UsageError(f"{place}: another run is kept there now; nothing is added to it")
                if run.order.require_confinement:
                    demand_confinement("--require-confinement")
                ruleset = rules_of(run)
                self._loaded = {
                    (place, digest): Loaded(
                        store=store, run=run, ruleset=of_media(ruleset) if run.order.is_alone else ruleset
                    )
                }
            return self._loaded[place, digest]

    def workers(self, ruleset: RuleSet) -> MediaWorkers:
        """The processes that open media, one beside this one: a fleet has a worker for each core."""
        with self._lock:
            if self._workers is None:
                self._workers = MediaWorkers(workers=1, decode=needs_decoding(ruleset))
                self._wait(self._workers.__aenter__())
            return self._workers

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work gives, done on the one loop while this thread waits."""
        return self._wait(work)

    def end(self) -> None:
        """Leave no process behind."""
        with self._lock:
            if self._workers is not None:
                with contextlib.suppress(Exception):
                    self._wait(self._workers.__aexit__())
                self._workers = None

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, name="mmscheck-fleet", daemon=True).start()
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


SERVICE = WorkerService()
"""That of this process."""
