"""Dask: where the steps of a run are done. The only module that knows the engine.

Dask unpickles what its peers send, so whoever may connect may run code: nothing is listened to without
mutual TLS, not even on loopback, where other users of the machine could connect. Workers get no API key and
no ledger.
"""

from __future__ import annotations

import logging
import secrets
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from pathlib import Path

import dask
import distributed
import msgspec
from distributed.comm.core import CommClosedError

from mmscheck.errors import FleetError, MmscheckError, UsageError
from mmscheck.fleet.facts import fetch_chunk
from mmscheck.fleet.judging import judge_part
from mmscheck.fleet.lanes import HostRedirect, lanes
from mmscheck.fleet.run import FleetRun, UrlChunk
from mmscheck.fleet.service import SERVICE
from mmscheck.fleet.store import RunStore
from mmscheck.fleet.sum import PartSum

SETTINGS = {
    # A daemonic process may have no children, and decoders are children (distributed's default is True).
    "distributed.worker.daemon": False,
    "distributed.comm.require-encryption": True,
    # The dashboard shows addresses and task keys to whoever asks.
    "distributed.http.routes": [],
    # Every process would keep the stacks of each second of its last hour, for a page that nobody serves: some
    # 0.8 MB a second while messages are judged (measured 2026-12-01: 400 MB after eight minutes).
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.log-length": 60,
    # Whatever dies with its worker is begun anew, elsewhere; a task that killed this many is given up.
    "distributed.scheduler.allowed-failures": 5,
}
NO_PAGES = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
"""Dask's scheduler opens a port for HTTP whatever it is told, though nothing of it answers there: on every
address and at 8787, with a warning to the user's terminal where that is taken, unless it has another."""

FETCHING, JUDGING = "fetching", "judging"
"""Resources of a worker: chunks wait for servers, so several are in hand at a time; judging takes a core."""

AUTHORITY, CERTIFICATE, KEY = "ca.pem", "cert.pem", "key.pem"
"""The files of a folder that a machine shows itself by, and knows the others by."""

WAIT = 60.0
"""Seconds without any worker, or without the scheduler, after which a run stops; what is done is kept."""

POLL = 0.2
"""Seconds between looks for steps that have ended; a step takes seconds."""

RETRIES = 3
"""Times that a step is begun anew after an error of the store; each has waited for the store itself."""


class StepTask(msgspec.Struct, frozen=True, kw_only=True):
    """One step as plain data: which function of ours, its number, and the lane that it stands in, if any.

    ``hosts`` are those that the tasks of its lane ask, and no others do.
    """

    name: str
    number: int
    lane: str = ""
    hosts: tuple[str, ...] = ()


def security(folder: Path) -> distributed.Security:
    """Mutual TLS by the files of a folder. Raises UsageError where one is missing or is none."""
    files = {name: folder / name for name in (AUTHORITY, CERTIFICATE, KEY)}
    if missing := [name for name, file in files.items() if not file.is_file()]:
        raise UsageError(f"{folder}: {', '.join(missing)} not there; mmscheck fleet keys {folder} makes them")
    try:
        context = ssl.create_default_context(cafile=files[AUTHORITY])
        context.load_cert_chain(files[CERTIFICATE], files[KEY])
    except (OSError, ssl.SSLError):
        raise UsageError(f"{folder}: expected a certificate, its key and its authority, in PEM") from None
    paths = {name: str(file) for name, file in files.items()}
    roles = {
        f"tls_{role}_{part}": paths[name]
        for role in ("client", "scheduler", "worker")
        for part, name in (("cert", CERTIFICATE), ("key", KEY))
    }
    return distributed.Security(tls_ca_file=paths[AUTHORITY], require_encryption=True, **roles)


@contextmanager
def local(workers: int, slots: int) -> Iterator[distributed.Client]:
    """A cluster of this machine alone, on loopback, under certificates that live as long as it."""
    with dask.config.set(SETTINGS):
        temporary = distributed.Security.temporary()
        with (
            distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=slots + 1,
                processes=True,
                host="127.0.0.1",
                protocol="tls://",
                security=temporary,
                dashboard_address=None,
                scheduler_kwargs=NO_PAGES,
                memory_limit=0,
                silence_logs=logging.CRITICAL,
                resources={FETCHING: slots, JUDGING: 1},
            ) as cluster,
            distributed.Client(cluster, security=temporary) as client,
        ):
            yield client


@contextmanager
def remote(address: str, keys: Path) -> Iterator[distributed.Client]:
    """The cluster whose scheduler listens at ``tls://HOST:PORT``; FleetError where none answers."""
    if not address.startswith("tls://"):
        raise UsageError(f"--cluster {address}: expected tls://HOST:PORT; nothing goes out in the clear")
    with dask.config.set(SETTINGS):
        try:
            client = distributed.Client(address, security=security(keys), timeout="20s")
        except (OSError, TimeoutError) as error:
            raise FleetError(f"{address}: no scheduler answers there: {_short(error)}") from error
        with client:
            yield client


def silence() -> None:
    """Have no library log from now on; for a process that is ours, so only commands may call this.

    Dask, Tornado and asyncio tell of connections that a run survives as tracebacks, some at the very end.
    """
    logging.disable(logging.CRITICAL)


def fetch_tasks(
    run: FleetRun, done: Iterable[UrlChunk], redirects: Iterable[HostRedirect] = ()
) -> list[StepTask]:
    """A task for each chunk that has no facts yet, in lanes by the redirects that are known."""
    there = {chunk.number for chunk in done}
    return [
        StepTask(name="fetch", number=number, lane=lane.name, hosts=lane.hosts)
        for number, lane in lanes(run, redirects).items()
        if number not in there
    ]


def judge_tasks(run: FleetRun, done: Iterable[PartSum]) -> list[StepTask]:
    """A task for each part that is not judged yet."""
    there = {each.part for each in done}
    return [StepTask(name="judge", number=part) for part in range(run.parts) if part not in there]


def do(
    client: distributed.Client,
    store: RunStore,
    digest: str,
    tasks: Sequence[StepTask],
    on_done: Callable[[], None],
) -> list[str]:
    """Have all these steps done; sentences on those that could not be.

    Raises FleetError when the scheduler is lost, or no worker is left that can do anything.
    """
    last: dict[str, distributed.Future] = {}
    futures: list[distributed.Future] = []
    # By a name that it has had the scheduler may give back what came of the task before.
    once = secrets.token_hex(4)
    try:
        admit(client, store, digest)
        for task in tasks:
            step, resource = (_fetch, FETCHING) if task.name == "fetch" else (_judge, JUDGING)
            more = {"hosts": task.hosts} if task.hosts else {}
            after = {"after": last[task.lane]} if task.lane in last else {}
            future = client.submit(
                step,
                *(store.address, digest, task.number),
                **more,
                **after,
                key=f"{task.name}-{digest[:16]}-{task.number}-{once}",
                pure=False,
                retries=RETRIES,
                resources={resource: 1},
            )
            futures.append(future)
            if task.lane:
                last[task.lane] = future
        return list(_problems(client, futures, on_done))
    except (CommClosedError, CancelledError, OSError, TimeoutError) as error:
        raise FleetError(f"the scheduler was lost: {_short(error)}; --resume goes on with the run") from error


def _problems(
    client: distributed.Client, futures: Sequence[distributed.Future], on_done: Callable[[], None]
) -> Iterator[str]:
    # Not distributed.wait: each of its timeouts leaves a task behind for every future that has not ended.
    ended, alone_since = distributed.as_completed(futures), None
    while not ended.is_empty():
        for future in _next(ended):
            on_done()
            if future.status == "cancelled":
                raise CancelledError
            told = future.result() if future.status == "finished" else _short(future.exception())
            if told:
                yield told
        if client.scheduler_info(n_workers=0).get("n_workers", 1):
            alone_since = None
        elif alone_since is None:
            alone_since = time.monotonic()
        elif time.monotonic() - alone_since > WAIT:
            raise FleetError(f"no worker for {WAIT:.0f} seconds; --resume goes on with the run")


def _next(ended: distributed.as_completed) -> list[distributed.Future]:
    """Those that have ended since, after a short wait where none has."""
    batch: list[distributed.Future] = ended.next_batch(block=False)
    if not batch:
        time.sleep(POLL)
    return batch


def admit(client: distributed.Client, store: RunStore, digest: str) -> None:
    """Have every worker load the run, and send those away that have other rules or see another store.

    Raises FleetError when none is left.
    """
    try:
        client.wait_for_workers(1, timeout=WAIT)
    except TimeoutError as error:
        raise FleetError(
            f"no worker came within {WAIT:.0f} seconds; --resume goes on with the run"
        ) from error
    answers: dict[str, str] = client.run(_admitted, store.address, digest)
    refused = {address: why for address, why in answers.items() if why}
    if refused:
        client.retire_workers(list(refused), close_workers=True)
    if len(refused) == len(answers):
        raise FleetError(f"no worker can do this run: {next(iter(refused.values()), 'there is none')}")


def _admitted(place: str, digest: str) -> str:
    try:
        SERVICE.load(place, digest)
    except MmscheckError as error:
        return str(error)
    return ""


def _fetch(place: str, digest: str, number: int, after: str = "", hosts: tuple[str, ...] = ()) -> str:
    return _step(place, digest, lambda: fetch_chunk(place, digest, number, after, hosts=hosts))


def _judge(place: str, digest: str, number: int) -> str:
    return _step(place, digest, lambda: judge_part(place, digest, number))


def _step(place: str, digest: str, work: Callable[[], str]) -> str:
    """'' when the step is done, else why not: the next of its lane must not fail for it.

    A worker that joined late and has other rules takes itself out, and another one does the step.
    """
    if _admitted(place, digest):
        worker = distributed.get_worker()
        worker.loop.add_callback(worker.close_gracefully)
        raise distributed.Reschedule
    try:
        work()
    except MmscheckError as error:
        return str(error)
    return ""


def _short(error: BaseException | None) -> str:
    if isinstance(error, distributed.scheduler.KilledWorker):
        return f"a step killed {SETTINGS['distributed.scheduler.allowed-failures']} workers and was given up"
    return "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
