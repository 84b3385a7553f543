"""Calls of the Linux kernel that Python has no function for."""

from __future__ import annotations

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_GET_SECCOMP = 21
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
"""Numbers of prctl(2), linux/prctl.h."""

CAPABILITY_VERSION = 0x20080522
CAP_DAC_READ_SEARCH = 2
"""Of capset(2), linux/capability.h."""

_LIBRARY = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, value: int, more: int = 0) -> int:
    """Set or read one of the kernel's options for this process; OSError when it fails."""
    return _checked(_LIBRARY.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(more), 0, 0))


def syscall(number: int, *given: int | bytes | None) -> int:
    """Make a system call by its number; OSError when it fails."""
    words = (ctypes.c_long(each) if isinstance(each, int) else ctypes.c_char_p(each) for each in given)
    return _checked(_LIBRARY.syscall(ctypes.c_long(number), *words))


def drop_capabilities() -> None:
    """Give up what root may do, but for reading files and folders of others; without effect on others.

    Packages may belong to another user. Raises OSError.
    """
    kept = 1 << CAP_DAC_READ_SEARCH
    current = (ctypes.c_uint32 * 6)()
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    _checked(_LIBRARY.capget(header, current))
    allowed = current[1] & kept
    _checked(_LIBRARY.capset(header, (ctypes.c_uint32 * 6)(allowed, allowed, 0, 0, 0, 0)))


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, however that comes about."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the line above
        os._exit(1)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
