"""What bytes could make a worker do, as functions that the pool runs in one; never run them elsewhere."""

from __future__ import annotations

import collections
import ctypes
import itertools
import os
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from mmscheck.media.confinement import grant_cpu
from mmscheck.media.sample import Sample
from mmscheck.media.worker import examine
from mmscheck.model.observation import Inspected

POISON = b"these bytes kill whoever looks at them"
GRIT = b"these bytes find a fault of ours"
TAR = b"whoever looks at these bytes never ends"


def spin() -> None:
    """Loop for ever inside C code that never looks at signals, as a decoder might."""
    collections.deque(itertools.repeat(0), maxlen=0)


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


def write(path: str) -> None:
    """Write into a file."""
    Path(path).write_text("stolen")


def environment() -> tuple[dict[str, str], bytes]:
    """The variables, and the block of them that the kernel keeps."""
    return dict(os.environ), Path("/proc/self/environ").read_bytes()


def standing() -> dict[str, object]:
    """What this process is: limits, session, folder, streams and main module."""
    kinds = ("AS", "CORE", "FSIZE", "NOFILE", "NPROC")
    limits = {kind: resource.getrlimit(getattr(resource, f"RLIMIT_{kind}")) for kind in kinds}
    return {
        "limits": limits,
        "cpu": resource.getrlimit(resource.RLIMIT_CPU)[0],
        "session": os.getsid(0) == os.getpid(),
        "folder": str(Path.cwd()),
        "streams": [str(Path(f"/proc/self/fd/{number}").readlink()) for number in range(3)],
        "privileges": "NoNewPrivs:\t1" in Path("/proc/self/status").read_text(),
        "main": getattr(sys.modules["__main__"], "__file__", None),
        "parent": os.getppid(),
    }


def examine_hostile(samples: Sequence[Sample], cpu_seconds: int) -> list[Inspected | None]:
    """The worker's own task, as if libmagic had a fault that certain bytes trigger."""
    for sample in samples:
        if sample.data == POISON:
            abort()
        if sample.data == TAR:
            spin()
        if sample.data == GRIT:
            raise KeyError("grit")
    return examine(samples, cpu_seconds)


def examine_hostile_only_to_decoders(samples: Sequence[Sample], cpu_seconds: int) -> list[Inspected | None]:
    """The worker's own task, as if decoders had a fault that certain bytes trigger."""
    for sample in samples:
        if sample.decode and sample.data.endswith(POISON):
            abort()
        if sample.decode and sample.data.endswith(TAR):
            spin()
    return examine(samples, cpu_seconds)


def loaded() -> set[str]:
    """The decoding libraries in this process."""
    return {"PIL", "av", "pikepdf"} & set(sys.modules)


def examine_hostile_only_to_previews(samples: Sequence[Sample], cpu_seconds: int) -> list[Inspected | None]:
    """The worker's own task, as if drawing likenesses had a fault that certain bytes trigger."""
    for sample in samples:
        if sample.preview and sample.data.endswith(POISON):
            abort()
        if sample.preview and sample.data.endswith(TAR):
            spin()
    return examine(samples, cpu_seconds)
