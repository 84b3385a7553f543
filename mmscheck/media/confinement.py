"""What a worker process may do once it starts to look at bytes: little, and not for long.

A worker that breaks one of these limits dies, and its death is what the parent reports.
"""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal
import sys
import time

import msgspec

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
"""Numbers of prctl(2), linux/prctl.h."""


class Confinement(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one worker: address space in bytes, open files."""

    memory_bytes: int
    open_files: int = 64


def confine(limits: Confinement, parent: int) -> None:
    """Give up every right that looking at bytes does not need; ``parent`` is the process to die with.

    No file may be written, no core dumped, no process or thread started (the last is not enforced for
    root). Raises OSError or ValueError when the system refuses a limit: then the worker must not start.
    """
    if sys.platform == "linux":
        die_with(parent)
        prctl(PR_SET_NO_NEW_PRIVS, 1)
    restrict(resource.RLIMIT_FSIZE, 0)
    restrict(resource.RLIMIT_CORE, 0)
    restrict(resource.RLIMIT_NPROC, 0)
    restrict(resource.RLIMIT_NOFILE, limits.open_files)
    if sys.platform == "linux":  # other systems refuse or ignore it
        restrict(resource.RLIMIT_AS, limits.memory_bytes)


def restrict(kind: int, most: int) -> None:
    """Lower one limit for good, or leave it where it is lower already."""
    _, hard = resource.getrlimit(kind)
    limit = lower(most, hard)
    resource.setrlimit(kind, (limit, limit))


def lower(limit: int, hard: int) -> int:
    """The lower of a limit and a hard limit that may be none at all."""
    return limit if hard == resource.RLIM_INFINITY else min(limit, hard)


def grant_cpu(seconds: int) -> None:
    """Let this process use that many more seconds of CPU time; the kernel then ends it."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = lower(math.ceil(time.process_time()) + seconds, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, however that comes about."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the line above
        os._exit(1)


def prctl(option: int, value: int) -> None:
    """Set one of the kernel's options for this process; OSError when it fails."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
