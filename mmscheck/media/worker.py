"""What runs inside a worker process: taking tasks, looking at each sample, and answering."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import msgspec

from mmscheck.media.confinement import grant_cpu
from mmscheck.media.decoding import decode
from mmscheck.media.frames import LENGTH, Answer, Drawn, Failed, Ready, Seen, Task, fit
from mmscheck.media.previews import CPU_SECONDS, preview
from mmscheck.media.refusal import trace
from mmscheck.media.sample import HEAD, Sample
from mmscheck.media.sniffing import FAULT, sniff
from mmscheck.model.observation import Inspected, Sniffed
from mmscheck.model.words import Because

PIECE = 64 * 1024
"""Bytes read at a time of a frame there is no room for."""

NO_ROOM = "looking at the bytes took more memory than a worker may use"

Examine = Callable[[Sample, int], Iterator[Answer]]
"""Looks at one sample in that much CPU time, and answers."""


def serve(channel: int, examine: Examine) -> None:
    """Answer tasks until the parent closes the channel, or one fails by a fault of ours."""
    tasks = msgspec.msgpack.Decoder(Task)
    send(channel, fit(Ready()))
    while True:
        try:
            frame = receive(channel)
            if frame is None:
                return
            task = tasks.decode(frame)
            del frame  # its bytes are in the samples
            for sample in task.samples:
                for answer in examine(sample, task.cpu_seconds):
                    send(channel, fit(answer))
        except MemoryError:
            send(channel, fit(Failed(NO_ROOM, lost=Because.MEMORY)))
            return
        except Exception:  # noqa: BLE001 - whatever it is, the parent must hear of it
            send(channel, fit(Failed(FAULT, trace())))
            return


def receive(channel: int) -> bytearray | None:
    """The next frame, None when the parent has gone; MemoryError for one that does not fit."""
    head = bytearray(LENGTH.size)
    if not fill(channel, head):
        return None
    (length,) = LENGTH.unpack(head)
    try:
        frame = bytearray(length)
    except MemoryError:
        skip(channel, length)
        raise
    return frame if fill(channel, frame) else None


def fill(channel: int, buffer: bytearray) -> bool:
    """Read until the buffer is full; whether it came to that."""
    rest = memoryview(buffer)
    while rest:
        count = os.readv(channel, [rest])
        if not count:
            return False
        rest = rest[count:]
    return True


def skip(channel: int, length: int) -> None:
    """Read so many bytes and forget them: a parent that still writes would not read an answer."""
    while length and (read := os.read(channel, min(length, PIECE))):
        length -= len(read)


def send(channel: int, frame: bytearray) -> None:
    """Write all of a frame."""
    rest = memoryview(frame)
    while rest:
        rest = rest[os.write(channel, rest) :]


def examine(sample: Sample, cpu_seconds: int) -> Iterator[Answer]:
    """What one sample is and holds; and in an answer of its own, so that it costs no facts, its likeness."""
    grant_cpu(cpu_seconds)
    found = inspect(sample)
    yield Seen(found)
    if sample.preview and found is not None and found.decoded is not None:
        grant_cpu(min(CPU_SECONDS, cpu_seconds))
        yield Drawn(preview(found.sniffed.type, sample.data, found.decoded))


def inspect(sample: Sample) -> Inspected | None:
    """The type of one sample, by its head where that tells enough, and its facts where they are wanted."""
    sniffed = look(sample.head(HEAD)) or (look(sample) if sample.whole else None)
    if sniffed is None:
        return None
    return Inspected(
        sniffed=sniffed, decoded=decode(sniffed.type, sample.data, sample.usable) if sample.decode else None
    )


def look(sample: Sample) -> Sniffed | None:
    """The type of one sample; lack of memory is the sample's problem."""
    try:
        return sniff(sample)
    except MemoryError:
        return Sniffed(type=None, problem=NO_ROOM, lost=Because.MEMORY)
