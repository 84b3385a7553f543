"""A run from its plan to its sum, on whatever cluster there is."""

from __future__ import annotations

from collections.abc import Callable

import distributed
import msgspec

from mmscheck.fleet.cluster import StepTask, do, fetch_tasks, judge_tasks
from mmscheck.fleet.join import DONE, join
from mmscheck.fleet.run import FleetRun
from mmscheck.fleet.store import RunStore
from mmscheck.fleet.sum import TOTAL, PartSum, RunTotal, merge

ROUNDS = 2
"""Times that steps which failed are tried: the store may have been away for longer than one step waits."""

Progress = Callable[[str, int, int], None]
"""Called with the stage, the steps of it that are done, and how many there are."""


def perform(client: distributed.Client, store: RunStore, run: FleetRun, progress: Progress) -> RunTotal:
    """Do what is not done yet, and write the sum. Raises FleetError when the cluster is lost.

    A step that could not be done leaves its file missing, and what is missing denies.
    """
    digest = run.digest
    total = len(run.chunks)

    def missing_chunks() -> list[StepTask]:
        return fetch_tasks(run, store.names("facts"))

    def missing_parts() -> list[StepTask]:
        return judge_tasks(run, store.names("results/sums"))

    fetched_anew = bool(missing_chunks())
    problems = _rounds(
        client, store, digest, missing_chunks, lambda left: progress("fetched", total - left, total)
    )
    if fetched_anew or not store.exists(DONE):
        progress("joined", 0, 1)
        # What was judged while these facts were missing, or by ones that are gone, must not stand.
        store.remove("results")
        join(store)
    problems += _rounds(
        client, store, digest, missing_parts, lambda left: progress("judged", run.parts - left, run.parts)
    )
    return finish(store, run, problems)


def _rounds(
    client: distributed.Client,
    store: RunStore,
    digest: str,
    missing: Callable[[], list[StepTask]],
    progress: Callable[[int], None],
) -> list[str]:
    problems: list[str] = []
    for _ in range(ROUNDS):
        if not (tasks := missing()):
            return []
        left = len(tasks)
        progress(left)

        def done() -> None:
            nonlocal left
            left -= 1
            progress(left)

        problems = do(client, store, digest, tasks, done)
    return problems if missing() else []


def finish(store: RunStore, run: FleetRun, problems: list[str]) -> RunTotal:
    """Add up what the store holds and write the sum; ``problems`` are about steps that could not be done."""
    sums = [store.read_struct(f"results/sums/{name}", PartSum) for name in store.names("results/sums")]
    total = merge(run, sums, rows=_rows(store))
    if problems:
        told = tuple(dict.fromkeys(f"a step could not be done: {each}" for each in problems))
        total = msgspec.structs.replace(
            total, reasons=(*total.reasons, *told), exit_code=total.exit_code or 3
        )
    store.write(TOTAL, msgspec.json.encode(total))
    return total


def _rows(store: RunStore) -> int:
    """The messages that the files of results hold."""
    if not store.names("results/messages"):
        return 0
    with store.connect() as database:
        row = database.execute(f"SELECT count(*) FROM {store.table('results/messages')}").fetchone()
    return int(row[0]) if row else 0
