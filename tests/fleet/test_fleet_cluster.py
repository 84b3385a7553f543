"""A real cluster: a scheduler and workers as processes of their own, over TLS, and all of them mortal."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import distributed
import pytest

from mmscheck.fleet import cluster as clusters
from mmscheck.fleet.reading import Filters, RunReader
from mmscheck.fleet.run import read_run
from mmscheck.fleet.store import RunStore
from tests.support.command import PATIENCE, PROGRAM
from tests.support.crowd import Crowd, crowd

pytestmark = pytest.mark.long

HOSTS = 20


def called(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(PROGRAM), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=3 * PATIENCE)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        number: int = one.getsockname()[1]
        return number


class Cluster:
    """The processes of one cluster, and the folder of its keys."""

    def __init__(self, folder: Path) -> None:
        self.keys, self.port = folder / "keys", free_port()
        self.processes: dict[str, subprocess.Popen[str]] = {}
        done = subprocess.run(
            [PROGRAM, "fleet", "keys", self.keys],
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert "cert.pem" in done.stdout

    @property
    def address(self) -> str:
        return f"tls://127.0.0.1:{self.port}"

    def start(self, name: str) -> None:
        role = (
            ("scheduler", "--listen", f"127.0.0.1:{self.port}")
            if name == "scheduler"
            else ("worker", self.address)
        )
        self.processes[name] = subprocess.Popen(
            [PROGRAM, "fleet", *role, "--tls", self.keys],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        if name == "scheduler":
            assert (out := self.processes[name].stdout) is not None
            assert out.readline().startswith("scheduler tls://")

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def check(self, folder: Path, store: Path, server: Crowd, *more: str) -> subprocess.Popen[str]:
        flags = ("--cluster", self.address, "--cluster-tls", str(self.keys), *server.flags)
        return subprocess.Popen(
            [PROGRAM, "check", str(folder), "--store", str(store), "--no-progress", *flags, *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    try:
        for name in ("scheduler", "one", "two"):
            made.start(name)
        yield made
    finally:
        for name in list(made.processes):
            made.kill(name)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=3 * PATIENCE)
    return process.returncode, out, err


def facts(store: Path) -> int:
    return len(list((store / "facts").glob("*.parquet"))) if (store / "facts").exists() else 0


def when(
    store: Path, count: int, act: Callable[[], None], process: subprocess.Popen[str]
) -> threading.Thread:
    """Act in the middle: as soon as so many chunks are there."""

    def watch() -> None:
        while facts(store) < count and process.poll() is None:
            time.sleep(0.02)
        act()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def decisions(store: Path) -> dict[str, tuple[bool, tuple[str, ...]]]:
    with RunReader(str(store)) as reader:
        return {
            row["source"]: (row["permitted"], tuple(row["reasons"])) for row in reader.messages(Filters())
        }


def one_process(folder: Path, server: Crowd, tmp_path: Path) -> dict[str, bool]:
    """What a check without a store says of each message."""
    file = tmp_path / "one.json"
    called("check", folder, "--format", f"json={file}", "--no-progress", *server.flags)
    report = json.loads(file.read_text(encoding="utf-8"))
    return {message["source"]: message["verdict"] == "permit" for message in report["messages"]}


def test_two_thousand_messages_are_decided_as_by_one_process(cluster: Cluster, tmp_path: Path) -> None:
    with crowd() as server:
        folder = server.fill(tmp_path / "messages", 2_000, urls=500, hosts=HOSTS)
        code, out, err = ended(cluster.check(folder, tmp_path / "run", server))
        assert (code, err) == (1, ""), err
        assert out.startswith("DENY: 2,000 messages")
        assert set(server.asked.values()) == {1}
        assert max(server.most.values()) <= 4
        expected = one_process(folder, server, tmp_path)
    assert {source: permitted for source, (permitted, _) in decisions(tmp_path / "run").items()} == expected


def test_a_worker_killed_in_the_middle_costs_nothing_but_some_requests(
    cluster: Cluster, tmp_path: Path
) -> None:
    with crowd(0.05) as server:
        folder = server.fill(tmp_path / "messages", 200, urls=200, hosts=HOSTS)
        check = cluster.check(folder, tmp_path / "run", server)
        killer = when(tmp_path / "run", 3, lambda: cluster.kill("one"), check)
        code, _, err = ended(check)
        killer.join()
        assert code == 1, err
        asked = dict(server.asked)
        expected = one_process(folder, server, tmp_path)
    assert {source: permitted for source, (permitted, _) in decisions(tmp_path / "run").items()} == expected
    run_ = read_run(RunStore(str(tmp_path / "run")))
    assert len(asked) == run_.urls


def test_a_run_goes_on_when_the_scheduler_comes_back(cluster: Cluster, tmp_path: Path) -> None:
    with crowd(0.05) as server:
        folder = server.fill(tmp_path / "messages", 200, urls=200, hosts=HOSTS)
        check = cluster.check(folder, tmp_path / "run", server)
        killer = when(tmp_path / "run", 3, lambda: cluster.kill("scheduler"), check)
        code, _, err = ended(check)
        killer.join()
        assert code == 4
        assert "--resume goes on with the run" in err
        assert "Traceback" not in err
        before = facts(tmp_path / "run")
        cluster.start("scheduler")
        flags = ("--cluster", cluster.address, "--cluster-tls", cluster.keys)
        done = called("check", "--store", tmp_path / "run", "--resume", "--no-progress", *flags)
        assert (done.returncode, done.stderr) == (1, "")
        assert before >= 3
        expected = one_process(folder, server, tmp_path)
    assert {source: permitted for source, (permitted, _) in decisions(tmp_path / "run").items()} == expected


def test_a_store_that_is_away_for_a_while_loses_nothing(cluster: Cluster, tmp_path: Path) -> None:
    def away() -> None:
        (tmp_path / "run" / "facts").rename(tmp_path / "elsewhere")
        (tmp_path / "run" / "facts").write_bytes(b"in its place")
        time.sleep(2)
        (tmp_path / "run" / "facts").unlink()
        (tmp_path / "elsewhere").rename(tmp_path / "run" / "facts")

    with crowd(0.05) as server:
        folder = server.fill(tmp_path / "messages", 200, urls=200, hosts=HOSTS)
        check = cluster.check(folder, tmp_path / "run", server)
        mover = when(tmp_path / "run", 3, away, check)
        code, _, err = ended(check)
        mover.join()
        assert (code, err) == (1, "")
        expected = one_process(folder, server, tmp_path)
    assert {source: permitted for source, (permitted, _) in decisions(tmp_path / "run").items()} == expected


def test_what_was_judged_by_facts_that_are_gone_is_judged_anew(tmp_path: Path) -> None:
    run = ("--store", tmp_path / "run", "--workers", "1", "--no-progress")
    with crowd() as server:
        (tmp_path / "sale.xml").write_text(server.message([7], 1), encoding="utf-8")
        first = called("check", tmp_path / "sale.xml", *run, *server.flags)
        assert (first.returncode, first.stderr) == (1, "")
        assert called("check", *run, "--resume").returncode == 1
        server.incomplete = False
        for file in (tmp_path / "run" / "facts").iterdir():
            file.unlink()
        again = called("check", *run, "--resume")
        assert (again.returncode, again.stderr) == (0, "")
        # And the other way: what was well and is no more.
        server.incomplete = True
        for file in (tmp_path / "run" / "facts").iterdir():
            file.unlink()
        assert called("check", *run, "--resume").returncode == 1


def test_no_worker_is_told_and_no_fault_of_ours(tmp_path: Path) -> None:
    """Scheduler alone: the check waits for a worker, and says that none came."""
    lonely = Cluster(tmp_path)
    try:
        lonely.start("scheduler")
        with crowd() as server:
            folder = server.fill(tmp_path / "messages", 2, urls=4, hosts=2)
            code, _, err = ended(lonely.check(folder, tmp_path / "run", server))
    finally:
        lonely.kill("scheduler")
    assert (code, "no worker came within 60 seconds; --resume goes on" in err) == (4, True), err


def test_who_has_no_key_gets_nowhere(cluster: Cluster, tmp_path: Path) -> None:
    stranger = Cluster(tmp_path / "stranger")
    stranger.port = cluster.port
    with crowd() as server:
        folder = server.fill(tmp_path / "messages", 2, urls=4, hosts=2)
        code, _, err = ended(stranger.check(folder, tmp_path / "run", server))
    assert code != 0
    assert "no scheduler answers there" in err
    assert "Traceback" not in err


def test_no_port_of_a_local_cluster_is_open_to_others() -> None:
    def pages(dask_scheduler: distributed.Scheduler) -> str:
        return str(dask_scheduler.http_server.address)

    with clusters.local(1, 1) as client:
        assert client.run_on_scheduler(pages) == "127.0.0.1"
        assert client.scheduler.address.startswith("tls://127.0.0.1:")


def test_waiting_for_many_steps_keeps_few_waits_for_each() -> None:
    """Two for each step, and not one more for every second that the run takes."""

    async def waits() -> int:
        return len(asyncio.all_tasks())

    most = 0
    with clusters.local(1, 1) as client:
        steps = [client.submit(_nap, at, pure=False, resources={clusters.JUDGING: 1}) for at in range(60)]

        def on_done() -> None:
            nonlocal most
            most = max(most, client.sync(waits))

        assert list(clusters._problems(client, steps, on_done)) == []
    assert 0 < most < 4 * len(steps)


def _nap(_at: int) -> str:
    time.sleep(0.1)
    return ""


def test_nothing_is_sent_in_the_clear(tmp_path: Path) -> None:
    keys = Cluster(tmp_path).keys
    done = called("fleet", "worker", "tcp://127.0.0.1:1", "--tls", keys)
    assert done.returncode == 2
    assert "nothing goes over the network in the clear" in done.stderr
