"""A run from its plan to its sum, on whatever cluster there is."""

from __future__ import annotations

from collections.abc import Callable

import distributed
import msgspec

from mmscheck.errors import InputError
from mmscheck.fleet.cluster import StepTask, do, fetch_tasks, judge_tasks
from mmscheck.fleet.facts import drop_damaged, whole_facts
from mmscheck.fleet.join import join, joined
from mmscheck.fleet.judging import kept_sums
from mmscheck.fleet.lanes import noted_redirects
from mmscheck.fleet.run import FleetRun
from mmscheck.fleet.store import RunStore
from mmscheck.fleet.sum import TOTAL, RowCounts, RunTotal, merge

ROUNDS = 2
"""Times that steps which failed are tried: the store may have been away for longer than one step waits."""

Progress = Callable[[str, int, int], None]
"""Called with the stage, the steps of it that are done, and how many there are."""


def perform(client: distributed.Client, store: RunStore, run: FleetRun, progress: Progress) -> RunTotal:
    """Do what is not done yet, and write the sum. Raises FleetError when the cluster is lost.

    A step that could not be done leaves its file missing, and what is missing denies.
    """
    problems = _facts(client, store, run, progress)
    problems += _rounds(
        client,
        store,
        run,
        lambda: judge_tasks(run, kept_sums(store, run)),
        lambda left: progress("judged", run.parts - left, run.parts),
    )
    return finish(store, run, problems)


def _facts(client: distributed.Client, store: RunStore, run: FleetRun, progress: Progress) -> list[str]:
    """Fetch what is missing, and join it anew where it was."""
    total, problems = len(run.chunks), list[str]()

    def missing() -> list[StepTask]:
        return fetch_tasks(run, whole_facts(store, run), noted_redirects(store))

    for attempt in range(ROUNDS):
        if missing():
            # Before, and not after: whoever is stopped in between must not find what was judged without them.
            store.remove("joined")
            store.remove("results")
        # Each turn but the last has learned of a redirect between hosts that none before it had met.
        known = None
        while known != (known := noted_redirects(store)):
            problems = _rounds(
                client, store, run, missing, lambda left: progress("fetched", total - left, total)
            )
        if joined(store, run.digest):
            break
        progress("joined", 0, 1)
        store.remove("results")
        chunks = whole_facts(store, run)
        try:
            join(store, run.digest, chunks)
            break
        except InputError:
            # A file whose end is well may be spoilt before it. What cannot be read is fetched once more.
            if not drop_damaged(store, chunks) or attempt == ROUNDS - 1:
                raise
    return problems


def _rounds(
    client: distributed.Client,
    store: RunStore,
    run: FleetRun,
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

        problems = do(client, store, run.digest, tasks, done)
    return (problems or ["it is not there"]) if missing() else []


def finish(store: RunStore, run: FleetRun, problems: list[str]) -> RunTotal:
    """Add up what the store holds and write the sum; ``problems`` are about steps that could not be done."""
    total = merge(run, kept_sums(store, run), rows=_rows(store))
    if problems:
        told = tuple(dict.fromkeys(f"a step could not be done: {each}" for each in problems))
        total = msgspec.structs.replace(
            total, reasons=(*total.reasons, *told), exit_code=total.exit_code or 3
        )
    store.write(TOTAL, msgspec.json.encode(total))
    return total


def _rows(store: RunStore) -> RowCounts:
    """What the files of results hold."""
    if not store.names("results/messages"):
        return RowCounts()
    with store.connect() as database:
        row = database.execute(
            f"""
            SELECT count(*), count(DISTINCT position), count_if(permitted), count_if(undecided)
            FROM {store.table("results/messages")}
            """
        ).fetchone()
    return RowCounts(**dict(zip(RowCounts.__struct_fields__, row or (), strict=False)))
