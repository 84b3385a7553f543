"""One worker process as the parent sees it: tasks in, answers out, and nothing taken on trust."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncGenerator, Coroutine, Sequence
from typing import TypeVar

from msgspec.structs import replace

from mmscheck.media.frames import (
    LENGTH,
    MOST_ANSWER,
    Answer,
    Drawn,
    Failed,
    OddFrameError,
    Ready,
    Seen,
    Task,
    answered,
    framed,
)
from mmscheck.media.launch import WorkerServer
from mmscheck.media.sample import Sample
from mmscheck.media.sniffing import failed
from mmscheck.model.facts import Preview
from mmscheck.model.observation import Inspected
from mmscheck.model.words import Because

START = 60.0
"""Seconds until a worker must be ready: a start on a busy machine."""

PIECE = 256 * 1024
"""Bytes read at a time."""

T = TypeVar("T")


class WorkerLostError(Exception):
    """A sample without an answer; the text says what became of its worker.

    ``fault`` is the traceback where a fault of ours ended it; ``lost`` the same as the text, for programs.
    """

    def __init__(self, why: str, fault: str = "", lost: Because | None = None) -> None:
        """Say why."""
        super().__init__(why)
        self.fault, self.lost = fault, lost


class NotStartedError(Exception):
    """A worker that never was ready; another may be."""


Found = Inspected | None | WorkerLostError
"""What became of a sample; None asks for the whole file."""


class Worker:
    """A worker process, from its making to its end.

    ``fit`` is whether it can be given a task; ``files`` how many samples it was given.
    """

    def __init__(self, server: WorkerServer, timeout: float) -> None:
        """Have one made without waiting until it is ready; ``timeout`` is seconds for one sample.

        Raises ServerGoneError.
        """
        self.server = server
        self.fit = True
        self.files = 0
        self._timeout = timeout
        self._number, self._channel = server.make()
        self._buffer = bytearray()
        self._ready = False

    @property
    def silent(self) -> bool:
        """Whether it is there and has said nothing unasked; for a worker that is at rest."""
        if not self._ready:
            return True
        try:
            self._channel.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return not self._buffer
        except OSError:
            pass
        return False

    def put_away(self) -> None:
        """Have it killed, without waiting for that."""
        self.fit = False
        if self._channel.fileno() >= 0:
            self._channel.close()
            self.server.put_away(self._number)

    async def examine(self, samples: Sequence[Sample], cpu_seconds: int) -> AsyncGenerator[Found, None]:
        """What became of each sample, in order; ends early when the worker is lost over one of them.

        It is fit again only after the last. Raises NotStartedError when it never was ready, ServerGoneError
        when all workers ended.
        """
        self.fit = False
        self.files += len(samples)
        await self._become_ready()
        task = framed(Task(samples=tuple(samples), cpu_seconds=cpu_seconds))
        sent = await self._within(self._deadline(), self._send(task))
        if isinstance(sent, WorkerLostError):
            yield sent
            return
        for sample in samples:
            until = self._deadline()
            found = await self._within(until, self._seen(sample))
            lost = isinstance(found, WorkerLostError)
            if isinstance(found, WorkerLostError) and found.fault:
                found = Inspected(sniffed=failed((), found.fault))
            elif isinstance(found, Inspected) and found.decoded is not None and sample.preview:
                drawn = await self._within(until, self._drawn())
                lost = isinstance(drawn, WorkerLostError)
                # A worker lost over the likeness has given the facts already.
                found = found if isinstance(drawn, WorkerLostError) else replace(found, preview=drawn)
            yield found
            if lost:
                return
        self.fit = True

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._timeout

    async def _become_ready(self) -> None:
        if self._ready:
            return
        try:
            async with asyncio.timeout(START):
                first = await self._receive()
        except (OSError, TimeoutError, OddFrameError) as error:
            raise NotStartedError("no worker process could be started") from error
        if not isinstance(first, Ready):
            raise NotStartedError("no worker process could be started")
        self._ready = self.server.ready = True

    async def _within(self, until: float, step: Coroutine[None, None, T]) -> T | WorkerLostError:
        """What comes of a step; when nothing of ours comes in time, the worker is killed and that is said."""
        try:
            async with asyncio.timeout_at(until):
                return await step
        except TimeoutError:
            lost = WorkerLostError(f"stopped after {self._timeout:g} s", lost=Because.TIME)
        except OddFrameError:
            lost = WorkerLostError("the worker process gave an answer that is none")
        except OSError:
            code = await self.server.end_of(self._number)
            spent = -code == signal.SIGXCPU
            why = f"the worker process died: {_cause(code)}"
            lost = WorkerLostError(why, lost=Because.CPU_TIME if spent else Because.WORKER_DIED)
        except WorkerLostError as said:
            lost = said
        self.put_away()
        return lost

    async def _send(self, frame: bytearray) -> None:
        await asyncio.get_running_loop().sock_sendall(self._channel, frame)

    async def _seen(self, sample: Sample) -> Inspected | None:
        """The answer for a sample, if it is one to what was asked."""
        found = await self._expect(Seen)
        inspected = found.found
        if inspected is None:
            odd = sample.whole
        else:
            odd = inspected.preview is not None or (inspected.decoded is not None and not sample.decode)
        if odd:
            raise OddFrameError("an answer to another question")
        return inspected

    async def _drawn(self) -> Preview | None:
        return (await self._expect(Drawn)).preview

    async def _expect(self, kind: type[T]) -> T:
        answer = await self._receive()
        if isinstance(answer, Failed):
            raise WorkerLostError(answer.reason, answer.fault, answer.lost)
        if not isinstance(answer, kind):
            raise OddFrameError("an answer to another question")
        return answer

    async def _receive(self) -> Answer:
        """The next answer; ConnectionError when there is none any more."""
        await self._fill(LENGTH.size)
        (length,) = LENGTH.unpack_from(self._buffer)
        if length > MOST_ANSWER:
            raise OddFrameError("an answer longer than any")
        end = LENGTH.size + length
        await self._fill(end)
        body = bytes(self._buffer[LENGTH.size : end])
        del self._buffer[:end]
        return answered(body)

    async def _fill(self, size: int) -> None:
        while len(self._buffer) < size:
            more = await asyncio.get_running_loop().sock_recv(self._channel, PIECE)
            if not more:
                raise ConnectionResetError
            self._buffer += more


def _cause(code: int) -> str:
    """Why a process ended, in words."""
    if code >= 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name
    return f"{name} (its CPU time was used up)" if -code == signal.SIGXCPU else name
