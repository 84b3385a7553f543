"""What bytes could make a worker do: run inside real workers in place of a decoder's fault, never elsewhere.

Workers are made of this module where a test says so (`taken_over`). A file that begins with ``CALL`` then
names a function of here; what that returns comes back as the witness's words. Others are looked at as ever,
but for those that end in one of the words below.
"""

from __future__ import annotations

import collections
import ctypes
import itertools
import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mmscheck.media import worker
from mmscheck.media.confinement import grant_cpu
from mmscheck.media.forkserver import CHANNEL
from mmscheck.media.frames import LENGTH, Answer, Drawn, Seen
from mmscheck.media.sample import Sample
from mmscheck.model.facts import ImageFacts
from mmscheck.model.observation import Inspected, Sniffed, Witness
from tests.media import attacks

CALL = b"call "
POISON = b"these bytes kill whoever looks at them"
GRIT = b"these bytes find a fault of ours"
TAR = b"whoever looks at these bytes never ends"
DECODERS_ONLY, PREVIEWS_ONLY = b" only when decoding", b" only when drawing"
"""What comes behind such a word to have it work later."""

LIE = Inspected(
    sniffed=Sniffed(
        type="image/jpeg",
        witness="libmagic",
        witnesses=(Witness(name="libmagic", type="image/jpeg", detail="read the whole file"),),
    ),
    decoded=ImageFacts(format="JPEG", width=640, height=1138, mode="RGB"),
)
_taken: list[Callable[[Sample], Iterator[Answer]]] = []
"""What a worker that was taken over answers from then on."""


def taken_over(patch: pytest.MonkeyPatch) -> None:
    """Have the workers made from now on run this module."""
    patch.setattr("mmscheck.media.launch.MODULE", __name__)


def call(function: Callable[..., Any], *arguments: Any) -> bytes:
    """A file that makes a worker call a function of this module."""
    return CALL + json.dumps([function.__name__, *arguments]).encode()


def said(found: Inspected) -> Any:
    """What the function returned."""
    return json.loads(found.sniffed.witnesses[0].detail)


def examine(sample: Sample, cpu_seconds: int) -> Iterator[Answer]:
    """The worker's own task, as if its libraries had faults that certain bytes trigger."""
    if sample.data.startswith(CALL):
        name, *arguments = json.loads(sample.data.removeprefix(CALL))
        grant_cpu(cpu_seconds)
        told = json.dumps(globals()[name](*arguments))
        yield Seen(
            Inspected(sniffed=Sniffed(type=None, witnesses=(Witness(name=name, type=None, detail=told),)))
        )
        return
    if _taken:
        yield from _taken[0](sample)
        return
    _stumble(sample.data, b"")
    if sample.decode:
        _stumble(sample.data, DECODERS_ONLY)
    answers = worker.examine(sample, cpu_seconds)
    yield next(answers)
    if sample.preview:
        _stumble(sample.data, PREVIEWS_ONLY)
    yield from answers


def _stumble(data: bytes, when: bytes) -> None:
    if data.endswith(POISON + when):
        os.abort()
    if data.endswith(TAR + when):
        stick()
    if data.endswith(GRIT + when):
        raise KeyError("grit")


def spin() -> None:
    """Loop for ever inside C code that never looks at signals, as a decoder might."""
    collections.deque(itertools.repeat(0), maxlen=0)


def stick() -> None:
    """Wait for ever, as for a lock that a library will not get."""
    lock = threading.Lock()
    with lock:
        lock.acquire()


def spin_on_little_cpu() -> None:
    """The same with one second of CPU time left."""
    grant_cpu(1)
    spin()


def crash() -> None:
    """Read where nothing is."""
    ctypes.string_at(0)


def abort() -> None:
    """Give up as C libraries do."""
    os.abort()


def vanish() -> None:
    """Be killed, as by the kernel when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def leave() -> None:
    """End with an exit code."""
    os._exit(3)


def devour(count: int) -> int:
    """Take that many bytes of memory."""
    return len(bytearray(count))


def pid() -> int:
    """The number of this process."""
    return os.getpid()


def loaded() -> list[str]:
    """The decoding libraries in this process."""
    return sorted({"PIL", "av", "pikepdf"} & set(sys.modules))


def standing() -> dict[str, object]:
    """What this process is: limits, variables, folder, open files and main module."""
    kinds = ("AS", "CORE", "CPU", "FSIZE", "NOFILE", "NPROC")
    return {
        "limits": {kind: resource.getrlimit(getattr(resource, f"RLIMIT_{kind}")) for kind in kinds},
        "variables": dict(os.environ),
        "folder": str(Path.cwd()),
        "files": [number for number in range(64) if attacks.is_open(number)],
        "main": getattr(sys.modules["__main__"], "__file__", None),
        "server": os.getppid(),
    }


def attack(home: str, parent: int, port: int) -> dict[str, str]:
    """Everything in ``attacks``: what came of each, ``possible`` or why it was refused."""
    return attacks.everything(attacks.Surroundings(home, parent, port))


def write_frames(frames: list[str]) -> str:
    """Write frames of the attacker's own making, in hex, past the worker's code."""
    bodies = map(bytes.fromhex, frames)
    # In one piece: what comes late is no different from the answer to a later question.
    os.write(CHANNEL, b"".join(LENGTH.pack(len(body)) + body for body in bodies))
    return "written"


def write_raw(text: str) -> str:
    """Write bytes that are no frame."""
    os.write(CHANNEL, bytes.fromhex(text))
    return "written"


def lie() -> str:
    """From now on call everything a fine picture."""

    def answer(sample: Sample) -> Iterator[Answer]:
        yield Seen(msgspec.structs.replace(LIE, decoded=LIE.decoded if sample.decode else None))
        if sample.preview:
            yield Drawn(None)

    _taken.append(answer)
    return "taken over"


def flood() -> None:
    """Write and write."""
    while True:
        os.write(CHANNEL, bytes(65536) + b"\xff")
