"""The parent's end of the process that makes workers: started from a clean slate, ordered about, ended.

It gets neither the parent's environment (the provider's key may be in it) nor its terminal, working folder or
main script.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import msgspec

from mmscheck.media.confinement import Confinement
from mmscheck.media.forkserver import End, Ended, Load, Make, Order, Orders
from mmscheck.media.frames import LENGTH, framed

KEPT = frozenset({"DYLD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PYTHONHOME"})
"""The environment variables that an interpreter may need to start; nothing else is handed on."""

PROGRAM = "import sys; sys.path[:] = sys.argv[2:]; from mmscheck.media.forkserver import main; main()"
"""What it runs. The path is handed over, so that ``site`` need not work it out again."""

MODULE = "mmscheck.media.worker"
"""The module whose ``examine`` workers run."""

GRACE = 10.0
"""Seconds for what takes milliseconds, on a busy machine."""


class ServerGoneError(Exception):
    """The process that makes workers has ended, and they with it."""


class WorkerServer:
    """One such process, and the workers it makes."""

    def __init__(self, limits: Confinement, *, decode: bool) -> None:
        """Start it without waiting until it is ready; OSError where that cannot be."""
        self._channel, theirs = socket.socketpair()
        self._channel.settimeout(0)
        orders = Orders(
            parent=os.getpid(), channel=theirs.fileno(), limits=limits, module=MODULE, decode=decode
        )
        try:
            self._process = interpreter(msgspec.json.encode(orders).decode(), theirs.fileno())
        except OSError:
            self._channel.close()
            raise
        finally:
            theirs.close()
        self.ready = False  # set by the first of its workers
        self._made = 0
        self._answers: dict[int, int] = {}
        self._buffer = bytearray()
        self._asking = asyncio.Lock()

    def make(self) -> tuple[int, socket.socket]:
        """A new worker's number and our end of its channel, at once; ServerGoneError."""
        ours, theirs = socket.socketpair()
        ours.settimeout(0)
        self._made += 1
        try:
            socket.send_fds(self._channel, [framed(Make(self._made))], [theirs.fileno()])
        except OSError as error:
            ours.close()
            raise ServerGoneError from error
        finally:
            theirs.close()
        return self._made, ours

    def load(self, module: str) -> None:
        """Have the workers from now on find a module loaded."""
        self._order(Load(module))

    def put_away(self, number: int) -> None:
        """Kill a worker that is not needed any more."""
        self._order(End(number, tell=False))

    def _order(self, order: Order) -> None:
        with contextlib.suppress(OSError):  # a server that has gone needs no orders
            self._channel.send(framed(order))

    async def end_of(self, number: int) -> int:
        """Kill a worker, or find it dead, and tell its exit code; ServerGoneError."""
        self._order(End(number, tell=True))
        async with self._asking:
            try:
                async with asyncio.timeout(GRACE):
                    while number not in self._answers:
                        await self._read()
            except (OSError, TimeoutError) as error:
                raise ServerGoneError from error
        return self._answers.pop(number)

    async def _read(self) -> None:
        more = await asyncio.get_running_loop().sock_recv(self._channel, 4096)
        if not more:
            raise ConnectionResetError
        self._buffer += more
        while len(self._buffer) >= LENGTH.size:
            end = LENGTH.size + LENGTH.unpack_from(self._buffer)[0]
            if len(self._buffer) < end:
                return
            ended = msgspec.msgpack.decode(self._buffer[LENGTH.size : end], type=Ended)
            self._answers[ended.number] = ended.code
            del self._buffer[:end]

    def close(self) -> None:
        """Have it end its workers and itself; it is gone when this returns."""
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        self._channel.close()
        if not self.ready:  # it may be busy starting, and no worker has seen anything
            self._process.kill()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def interpreter(orders: str, channel: int) -> subprocess.Popen[bytes]:
    """Start an interpreter with nothing but this descriptor, in a session of its own.

    So Ctrl-C on the terminal reaches only the parent. Standard streams are closed off: what a dying worker
    prints would be noise between the report's lines.
    """
    home = str(Path(__file__).parents[2])
    path = [str(Path(each).absolute()) for each in (*sys.path, home)]
    return subprocess.Popen(  # noqa: S603 - our own interpreter with arguments of our own making
        [sys.executable, "-P", "-S", "-s", "-B", "-c", PROGRAM, orders, *path],
        env={name: value for name, value in os.environ.items() if name in KEPT},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=(channel,),
    )
