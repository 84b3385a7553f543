"""The process that makes worker processes: it has loaded what they need, and never sees a byte of media.

A worker is a copy of it, made in a few milliseconds and as clean as on the first day; so one can be put away
often. Runs until its parent closes the channel, and takes all workers along.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import os
import signal
import socket
import sys
from typing import NoReturn

import msgspec

from mmscheck.media.confinement import Confinement, confine, enclose
from mmscheck.media.frames import LENGTH, framed
from mmscheck.media.sample import Sample
from mmscheck.media.worker import inspect, look, serve

CHANNEL = 3
"""The descriptor of a worker's channel."""

MOST_ORDER = 4096
"""Bytes of one order."""


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is told when it starts: whom to die with, the channel, and what workers are to be.

    ``module`` is the one whose ``examine`` they run; ``decode`` has the picture decoder loaded before.
    """

    parent: int
    channel: int
    limits: Confinement
    module: str
    decode: bool


class Make(msgspec.Struct, frozen=True, tag="make"):
    """Make a worker of this number; the descriptor of its channel comes along."""

    number: int


class End(msgspec.Struct, frozen=True, tag="end"):
    """Kill a worker where it lives; answered by an ``Ended`` when ``tell`` is set."""

    number: int
    tell: bool


class Load(msgspec.Struct, frozen=True, tag="load"):
    """Load a module that the workers from now on will need."""

    module: str


class Ended(msgspec.Struct, frozen=True):
    """How a worker ended: its exit code, negative for a signal."""

    number: int
    code: int


Order = Make | End | Load


class ForkServer:
    """The loop of this process."""

    def __init__(self, orders: Orders) -> None:
        """Load what every task needs, then take on the limits that even this process has."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._examine = importlib.import_module(orders.module).examine
        warm(decode=orders.decode)
        self._limits = orders.limits
        self._channel = socket.socket(fileno=orders.channel)
        self._workers: dict[int, int] = {}
        enclose(orders.parent)

    def run(self) -> None:
        """Follow orders until the parent is gone."""
        orders = msgspec.msgpack.Decoder(Order)
        while (order := self._next()) is not None:
            body, passed = order
            self._follow(orders.decode(body), passed)

    def _next(self) -> tuple[bytes, list[int]] | None:
        # One descriptor at most (Make has one): those that do not fit are closed by the kernel (unix(7)).
        head, passed, _, _ = socket.recv_fds(self._channel, LENGTH.size, 1, socket.MSG_WAITALL)
        if len(head) < LENGTH.size:
            # Nothing, or half a length: the parent is gone, and an order cut short is none.
            return None
        (length,) = LENGTH.unpack(head)
        return self._channel.recv(min(length, MOST_ORDER), socket.MSG_WAITALL), passed

    def _follow(self, order: Order, passed: list[int]) -> None:
        match order:
            case Make(number):
                self._make(number, passed[0])
            case End(number, tell):
                code = self._end(number)
                if tell:
                    self._channel.sendall(framed(Ended(number, code)))
            case Load(module):
                importlib.import_module(module)

    def _make(self, number: int, channel: int) -> None:
        # What is loaded is never collected again: a collection in a worker would touch each object's header,
        # and the kernel would copy those pages for every worker (Python docs, gc.freeze).
        gc.freeze()
        server, process = os.getpid(), os.fork()
        if not process:
            self._become_worker(channel, server)
        self._workers[number] = process
        # The worker has its own copy. Two holders, and the parent would never read the end of a dead one's.
        os.close(channel)

    def _become_worker(self, channel: int, server: int) -> NoReturn:
        try:
            os.setsid()  # a share of the machine of its own, and no neighbours in its group
            os.dup2(channel, CHANNEL)
            # The channels of the other workers too, which a file that breaks out could answer on.
            os.closerange(CHANNEL + 1, os.sysconf("SC_OPEN_MAX"))
            confine(self._limits, server)
            serve(CHANNEL, self._examine)
        except BaseException:  # noqa: BLE001 - there is nobody to tell, and the server's loop must not go on here
            os._exit(1)
        os._exit(0)

    def _end(self, number: int) -> int:
        process = self._workers.pop(number, None)
        if process is None:
            return 0
        # Not SIGTERM: what has taken over a worker could ignore it. The number is not another process's by
        # now, as nobody but the next line waits for this one.
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])

    def end(self) -> None:
        """Kill every worker."""
        for number in tuple(self._workers):
            self._end(number)


def warm(*, decode: bool) -> None:
    """Look at bytes of our own, so that no worker has to load what that needs.

    Nearly every message has a picture, and now the network is being waited for.
    """
    look(Sample(data=b"warm", size=4))
    if decode:
        from PIL import Image  # noqa: PLC0415 - the parent, which imports this module, must not load it

        file = io.BytesIO()
        Image.new("RGB", (16, 16)).save(file, "JPEG")
        inspect(Sample(data=file.getvalue(), size=file.tell(), decode=True))


def main() -> None:
    """Run with the orders in the first argument."""
    server = ForkServer(msgspec.json.decode(sys.argv[1], type=Orders))
    try:
        server.run()
    finally:
        server.end()
        os._exit(0)  # nothing here needs tidying up, and the parent waits
