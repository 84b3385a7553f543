"""What hands files to workers, and what workers cost: run ``python tests/bench/bench_workers.py``.

300 JPEGs of 16 hosts over loopback, every rule on, in CPU time, which a busy machine changes least. Prints
(a) the CPU of the process that checks with the garbage collector spared beside that without, in turn;
(b) the CPU of the workers for a file, how many were made, and how many files a task had;
(c) what it takes to hand over 118 KB in a task's frame.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
import time
from typing import Any

from bench_check import message, server

from mmscheck.cli.running import spared_collector
from mmscheck.fetch import ConnectTo, FetchPolicy
from mmscheck.judge.pipeline import check, load_rules
from mmscheck.media.frames import Task, framed
from mmscheck.media.launch import WorkerServer
from mmscheck.media.process import Worker
from mmscheck.media.sample import Sample
from mmscheck.model.words import SenderType

FILES, HOSTS, ROUNDS = 300, 16, 4
made: list[int] = []
tasks: list[int] = []


def counted() -> None:
    """Have what is made and asked of workers counted."""
    make, examine = WorkerServer.make, Worker.examine

    def making(self: WorkerServer) -> Any:
        made.append(1)
        return make(self)

    def examining(self: Worker, samples: Any, cpu_seconds: int) -> Any:
        tasks.append(len(samples))
        return examine(self, samples, cpu_seconds)

    WorkerServer.make, Worker.examine = making, examining  # type: ignore[method-assign] # to count


def of_workers() -> float:
    """CPU seconds of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def hand_over() -> float:
    """CPU seconds of the parent to frame and send 118 KB, of which the other end reads all."""
    ours, theirs = socket.socketpair()
    reader = os.fork()
    if not reader:
        ours.close()
        while theirs.recv(1 << 20):
            pass
        os._exit(0)
    theirs.close()
    sample = Sample(data=os.urandom(118_000), size=118_000, decode=True)
    taken = []
    for _ in range(200):
        start = time.thread_time()
        ours.sendall(framed(Task(samples=(sample,), cpu_seconds=20)))
        taken.append(time.thread_time() - start)
    ours.close()
    os.waitpid(reader, 0)
    return min(taken)


async def main() -> None:
    """All measurements, one after another."""
    counted()
    process, port, _ = server(FILES, 0)
    urls = [f"http://host-{n % HOSTS}.example/{n}.jpg" for n in range(FILES)]
    messages = [message(urls[at : at + 5], f"m{at}") for at in range(0, FILES, 5)]
    to_server = ConnectTo(host="", port=None, to_host="127.0.0.1", to_port=port)
    policy = FetchPolicy(allow_net=("127.0.0.1/32",), connect_to=(to_server,))
    ruleset = load_rules(sender=SenderType.SHORT_CODE)
    parent: dict[bool, list[float]] = {False: [], True: []}
    workers = []
    for _ in range(ROUNDS):
        for spared in (False, True):
            made.clear()
            tasks.clear()
            ended, start = of_workers(), time.process_time()
            with spared_collector() if spared else contextlib.nullcontext():
                await check(messages, ruleset, policy)
            parent[spared].append(time.process_time() - start)
            workers.append(of_workers() - ended)
    process.kill()
    plain, spare = min(parent[False]), min(parent[True])
    print(f"(a) the collector spared: {spare / plain:.2f} of the CPU of the checking process without")
    print(
        f"(b) workers: {min(workers) / FILES * 1000:.2f} ms a file, {len(made)} made for {FILES} files,"
        f" {sum(tasks) / len(tasks):.1f} files a task; the checking process: {spare / FILES * 1000:.2f} ms"
    )
    sent = hand_over()
    print(f"(c) 118 KB framed and sent: {sent * 1e6:.0f} us, {sent / spare * FILES:.1%} of its time")


if __name__ == "__main__":
    asyncio.run(main())
