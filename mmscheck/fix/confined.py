"""Jobs to confined processes and their answers back: the one place where mending meets ``mmscheck.media``.

The bytes of a job may take its process over. So the process does one job, and what it answers is data of
known types and of no more than a certain size.
"""

from __future__ import annotations

import asyncio
import math
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from mmscheck.fix.forge import UNCONFINED, Orders
from mmscheck.fix.values import Answer, Broken, Job
from mmscheck.media.confinement import Confinement
from mmscheck.media.frames import LENGTH
from mmscheck.media.launch import KEPT

PROGRAM = "import sys; sys.path[:] = sys.argv[2:]; from mmscheck.fix.forge import main; main()"
"""What it runs. The path is handed over, so that ``site`` need not work it out again."""

START = 60.0
"""Seconds until it must be there: a start on a busy machine."""

SLACK = 30
"""Seconds of CPU time between being told by a signal that they are used up, and being killed."""

MEMORY = 2 * 1024 * 1024 * 1024
"""Bytes of address space of one job: a picture of 64 million pixels twice, and an encoder's frames."""

MOST_ANSWER = 72 * 1024 * 1024
"""Bytes of one answer: no limit of any provider is above 50 MB."""


UNSTARTED = "no confined process can run here"

_ANSWERS: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


class _GoneError(Exception):
    """The process that makes workers has ended."""


class Forge:
    """Confined processes, at most ``jobs`` at a time; ``async with`` leaves none behind."""

    def __init__(self, *, jobs: int = 2, timeout: float = 120.0, memory_bytes: int = MEMORY) -> None:
        """``timeout`` is seconds for one job, of the clock and of CPU time."""
        self._timeout = timeout
        self._limits = Confinement(memory_bytes=memory_bytes, cpu_seconds=math.ceil(timeout + SLACK))
        self._turn = asyncio.Semaphore(jobs)
        self.servers: list[_Server] = []
        self._free: list[_Server] = []

    async def __aenter__(self) -> Self:
        """Nothing is started before the first job."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Kill the processes, whatever they are doing."""
        for server in self.servers:
            server.kill()

    async def work(self, job: Job) -> Answer:
        """What comes of a job; nothing its bytes do raises."""
        async with self._turn:
            try:
                server = self._server()
            except OSError:
                return Broken(why=UNSTARTED, unstarted=True)
            try:
                async with asyncio.timeout(self._timeout + START):
                    answer = await server.work(job)
            except (TimeoutError, _GoneError, OSError) as error:
                server.kill()
                self.servers.remove(server)
                late = isinstance(error, TimeoutError)
                return Broken(why=f"stopped after {self._timeout:g} s" if late else "its process was lost")
            except BaseException:
                server.kill()
                self.servers.remove(server)
                raise
            self._free.append(server)
            return answer

    def _server(self) -> _Server:
        if self._free:
            return self._free.pop()
        server = _Server(self._limits, math.ceil(self._timeout))
        self.servers.append(server)
        return server


class _Server:
    """One process that makes workers, for one job at a time."""

    def __init__(self, limits: Confinement, cpu_seconds: int) -> None:
        self._channel, theirs = socket.socketpair()
        self._channel.settimeout(0)
        orders = Orders(parent=os.getpid(), channel=theirs.fileno(), limits=limits, cpu_seconds=cpu_seconds)
        try:
            self.process = _interpreter(msgspec.json.encode(orders).decode(), theirs.fileno())
        except OSError:
            self._channel.close()
            raise
        finally:
            theirs.close()

    async def work(self, job: Job) -> Answer:
        ours, theirs = socket.socketpair()
        ours.settimeout(0)
        with ours, theirs:
            socket.send_fds(self._channel, [b"j"], [theirs.fileno()])
            theirs.close()
            answer = await self._answer(ours, job)
        ended = LENGTH.unpack(await _received(self._channel, LENGTH.size))[0]
        if answer is None and os.waitstatus_to_exitcode(ended) == UNCONFINED:
            return Broken(why=UNSTARTED, unstarted=True)
        return answer or Broken(why=f"its process died: {_cause(os.waitstatus_to_exitcode(ended))}")

    async def _answer(self, ours: socket.socket, job: Job) -> Answer | None:
        """None when the process ended without one."""
        body = msgspec.msgpack.encode(job)
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_sendall(ours, LENGTH.pack(len(body)))
            await loop.sock_sendall(ours, body)
            (length,) = LENGTH.unpack(await _received(ours, LENGTH.size))
            if length > MOST_ANSWER:
                return None
            answer: Answer = _ANSWERS.decode(await _received(ours, length))
        except (ConnectionError, _GoneError, msgspec.MsgspecError):
            return None
        return answer

    def kill(self) -> None:
        """End it, and with it the process that it made: that dies with its parent."""
        self._channel.close()
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()


async def _received(channel: socket.socket, size: int) -> bytes:
    parts = bytearray()
    loop = asyncio.get_running_loop()
    while len(parts) < size:
        more = await loop.sock_recv(channel, min(size - len(parts), 1 << 20))
        if not more:
            raise _GoneError
        parts += more
    return bytes(parts)


def _cause(code: int) -> str:
    """Why a process ended, in words."""
    if code >= 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name
    return f"{name} (its CPU time was used up)" if -code == signal.SIGXCPU else name


def _interpreter(orders: str, channel: int) -> subprocess.Popen[bytes]:
    """An interpreter with nothing but this descriptor, in a session of its own: Ctrl-C reaches the parent."""
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
