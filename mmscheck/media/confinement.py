"""What a process that looks at bytes may do: little, and not for long.

A worker that breaks one of these limits dies, and its death is what the parent reports.
"""

from __future__ import annotations

import functools
import math
import resource
import sys
import time

import msgspec

from mmscheck.errors import UsageError
from mmscheck.media import landlock, seccomp
from mmscheck.media.kernel import PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, die_with, drop_capabilities, prctl

ISOLATED = ("limits", "landlock", "seccomp")
"""The whole of what keeps a worker in: limits, which every system has, and what the kernel adds."""


class Confinement(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one worker: address space in bytes, open files, CPU seconds over all its tasks."""

    memory_bytes: int
    open_files: int = 64
    cpu_seconds: int = 1000


@functools.cache
def offered() -> tuple[str, ...]:
    """Which parts of ``ISOLATED`` this system has; workers take on all of them or do not start."""
    has = {"limits": True, "landlock": landlock.abi() > 0, "seccomp": seccomp.offered()}
    return tuple(name for name in ISOLATED if has[name])


def demand_confinement(option: str) -> None:
    """Raise UsageError, beginning with the option's name, where this system lacks a part of ``ISOLATED``."""
    if missing := [name for name in ISOLATED if name not in offered()]:
        raise UsageError(
            f"{option}: this system has no {' and no '.join(missing)} to isolate what opens media; it takes"
            " Linux 5.13 or newer, x86_64 or aarch64, and a container that lets it through"
        )


def enclose(parent: int) -> None:
    """Let this process and its children read what libraries need and nothing else; ``parent`` as below.

    For the process that starts workers: it never sees hostile bytes, and must still make processes. Raises
    OSError when the system refuses what it offers.
    """
    restrict(resource.RLIMIT_CORE, 0)
    if sys.platform == "linux":
        die_with(parent)
        prctl(PR_SET_DUMPABLE, 0)
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        landlock.restrict_to(landlock.needed())
        seccomp.same_for_all()


def confine(limits: Confinement, parent: int) -> None:
    """Give up every right that looking at bytes does not need; ``parent`` is the process to die with.

    No file may be written, no core dumped, no process or thread started. Raises OSError or ValueError when
    the system refuses a limit: then the worker must not start.
    """
    if sys.platform == "linux":
        die_with(parent)
    restrict(resource.RLIMIT_FSIZE, 0)
    restrict(resource.RLIMIT_CORE, 0)
    restrict(resource.RLIMIT_NPROC, 0)
    restrict(resource.RLIMIT_NOFILE, limits.open_files)
    restrict(resource.RLIMIT_CPU, limits.cpu_seconds)
    if sys.platform == "linux":  # other systems refuse or ignore the first
        restrict(resource.RLIMIT_AS, limits.memory_bytes)
        drop_capabilities()
        seccomp.install()


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


def keep_secret() -> None:
    """Shut other processes of this user out of this one's memory, variables and core dumps.

    For a process that holds a key. Does nothing where the system refuses it.
    """
    restrict(resource.RLIMIT_CORE, 0)
    if sys.platform == "linux":
        prctl(PR_SET_DUMPABLE, 0)
