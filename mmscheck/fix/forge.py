"""The process that makes the confined processes in which media are decoded and encoded anew.

It has loaded what they need and never sees a byte of media. Each job gets a copy of it, which gives up every
right that the work does not need, does this one job and ends. Runs until its parent closes the channel.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
from typing import NoReturn

import msgspec

from mmscheck.fix.values import Answer, Broken, Job
from mmscheck.fix.work import mend, warm
from mmscheck.media.confinement import Confinement, confine, enclose, grant_cpu
from mmscheck.media.frames import LENGTH
from mmscheck.media.refusal import trace
from mmscheck.media.worker import fill

CHANNEL = 3
"""The descriptor of a worker's channel."""

UNCONFINED = 77
"""The exit code of a process that could not be confined (sysexits.h: EX_NOPERM)."""

MEMORY = "working on it took more memory than a confined process may use"


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is told when it starts: whom to die with, its channel, and a job's limits."""

    parent: int
    channel: int
    limits: Confinement
    cpu_seconds: int


def main() -> None:
    """Run with the orders in the first argument."""
    orders = msgspec.json.decode(sys.argv[1], type=Orders)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        warm()
        channel = socket.socket(fileno=orders.channel)
        enclose(orders.parent)
        while passed := socket.recv_fds(channel, 1, 1)[1]:
            channel.sendall(LENGTH.pack(_one(passed[0], orders)))
    finally:
        os._exit(0)  # nothing here needs tidying up, and the parent waits


def _one(theirs: int, orders: Orders) -> int:
    """Have one job done; how its process ended, as ``waitpid`` has it."""
    gc.freeze()  # what is here stays: no worker need copy it to count references
    server, process = os.getpid(), os.fork()
    if not process:
        _become_worker(theirs, orders, server)
    os.close(theirs)
    return os.waitpid(process, 0)[1]


def _become_worker(channel: int, orders: Orders, server: int) -> NoReturn:
    try:
        os.setsid()
        os.dup2(channel, CHANNEL)
        os.closerange(CHANNEL + 1, os.sysconf("SC_OPEN_MAX"))
        try:
            confine(orders.limits, server)
        except BaseException:  # noqa: BLE001 - whatever it is, no byte of media may come in here
            os._exit(UNCONFINED)
        _work(orders.cpu_seconds)
    except BaseException:  # noqa: BLE001 - there is nobody to tell, and the server's loop must not go on here
        os._exit(1)
    os._exit(0)


def _work(cpu_seconds: int) -> None:
    head = bytearray(LENGTH.size)
    if not fill(CHANNEL, head):
        return
    frame = bytearray(LENGTH.unpack(head)[0])
    if not fill(CHANNEL, frame):
        return
    grant_cpu(cpu_seconds)
    try:
        answer: Answer = mend(msgspec.msgpack.decode(frame, type=Job))
    except MemoryError:
        answer = Broken(why=MEMORY)
    except Exception:  # noqa: BLE001 - whatever it is, the parent must hear of it
        answer = Broken(why="mmscheck itself failed over it", fault=trace())
    body = msgspec.msgpack.encode(answer)
    rest = memoryview(LENGTH.pack(len(body)) + body)
    while rest:
        rest = rest[os.write(CHANNEL, rest) :]
