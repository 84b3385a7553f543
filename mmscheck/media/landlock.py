"""Landlock: what of the file system and of other processes this process may still reach.

Numbers are of linux/landlock.h; the calls have the same number on every architecture. A kernel knows them up
to a version of the interface (ABI) and refuses what is newer.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from mmscheck.media.kernel import syscall

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION = 1
PATH_BENEATH = 1
READ_FILE, READ_DIR = 1 << 2, 1 << 3
CONNECT_AND_BIND_TCP = 3
ABSTRACT_SOCKETS_AND_SIGNALS = 3

FILE_RIGHTS = ((1, 13), (2, 14), (3, 15), (5, 16))
"""The number of rights to files that can be taken away, from which ABI on."""

TCP_SINCE, SCOPES_SINCE = 4, 6
"""The ABI that first knows rules for TCP, and for abstract sockets and signals to others."""

SYSTEM = (
    *("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib"),
    *("/usr/share/zoneinfo", "/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/urandom"),
)
"""Where the system keeps shared libraries, and what they read."""


def abi() -> int:
    """The version of the interface that the kernel offers; 0 for none."""
    if sys.platform != "linux":
        return 0
    try:
        return syscall(CREATE_RULESET, None, 0, VERSION)
    except OSError:
        return 0


def restrict_to(readable: Iterable[str | Path]) -> None:
    """Let this process and its children only read, and only below these paths; OSError when it fails.

    They may open no TCP connection, and reach no process outside. Where the kernel has no Landlock, nothing
    happens.
    """
    version = abi()
    if not version:
        return
    rights = max(count for since, count in FILE_RIGHTS if version >= since)
    network = CONNECT_AND_BIND_TCP if version >= TCP_SINCE else 0
    scopes = ABSTRACT_SOCKETS_AND_SIGNALS if version >= SCOPES_SINCE else 0
    asked = struct.pack("QQQ", (1 << rights) - 1, network, scopes)
    ruleset = syscall(CREATE_RULESET, asked, len(asked), 0)
    try:
        for path in readable:
            _allow(ruleset, path)
        syscall(RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str | Path) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # what is not there needs no leave
        return
    try:
        rights = READ_FILE | READ_DIR if Path(path).is_dir() else READ_FILE
        syscall(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


def needed() -> Iterator[str | Path]:
    """What an interpreter and its packages read: neither a home folder nor a checkout around the package."""
    yield from SYSTEM
    yield from (Path(prefix) / "lib" for prefix in (sys.prefix, sys.base_prefix))
    yield from os.environ.get("LD_LIBRARY_PATH", "").split(":")
    yield Path(os.__file__).parent
    for path in filter(_installed_into, map(Path, sys.path)):
        yield path
        # Leave is given to what is there, and not to where links in it lead.
        yield from (entry.resolve() for entry in path.glob("*") if entry.is_symlink())
    yield Path(__file__).parents[1]


def _installed_into(folder: Path) -> bool:
    """Whether packages were installed there, as against a folder that merely is on the path."""
    return folder.suffix == ".zip" or any(folder.glob("*.dist-info")) or any(folder.glob("*.egg-info"))
