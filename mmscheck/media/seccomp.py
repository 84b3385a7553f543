"""The system calls that looking at bytes needs, as a filter that the kernel runs before each call.

It is a list of what is allowed. All else fails as if the process had no right to it; a call in the manner of
another architecture, whose numbers mean other calls, kills the process.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import resource
import struct
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec

from mmscheck.media.kernel import PR_GET_SECCOMP, PR_SET_SECCOMP, prctl

MODE_FILTER = 2
KILL, REFUSE, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
"""Answers of a filter, linux/seccomp.h; REFUSE carries the error number in its low half."""

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
"""Instructions of classic BPF, linux/bpf_common.h, that compare with a constant."""

NUMBER_AT, ARCHITECTURE_AT, ARGUMENTS_AT = 0, 4, 16
"""Where in ``struct seccomp_data`` these stand; arguments take eight bytes, the low half first."""

YOUNG = 424
"""From here on calls have one number everywhere; a program knows what to do without them (ENOSYS)."""

X32 = 0x40000000
"""Set in the number of a call by the x32 manner on x86_64."""

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
FCNTL_GETFD, FCNTL_SETFD, FCNTL_GETFL, FCNTL_DUPFD_CLOEXEC = 1, 2, 3, 1030
"""The commands of fcntl(2) that send nobody a signal."""

OWN = ("kill", "tgkill")
"""The calls that are held to the process itself."""

MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""The column below and the AUDIT_ARCH value of each architecture, linux/audit.h."""

_ALLOWED = """
read 0 63             readv 19 65            write 1 64             writev 20 66
pread64 17 67         close 3 57             lseek 8 62             getdents64 217 61
fstat 5 80            newfstatat 262 79      stat 4 -               lstat 6 -
statx 332 291         access 21 -            faccessat 269 48       faccessat2 439 439
readlink 89 -         readlinkat 267 78      getcwd 79 17           poll 7 -
mmap 9 222            mprotect 10 226        munmap 11 215          mremap 25 216
madvise 28 233        brk 12 214             ppoll 271 73           membarrier 324 283
futex 202 98          rseq 334 293           set_robust_list 273 99 restart_syscall 219 128
rt_sigaction 13 134   rt_sigprocmask 14 135  rt_sigreturn 15 139    sigaltstack 131 132
getpid 39 172         gettid 186 178         getppid 110 173        getuid 102 174
geteuid 107 175       getgid 104 176         getegid 108 177        uname 63 160
sysinfo 99 179        getrusage 98 165       times 100 153          getrandom 318 278
clock_gettime 228 113 clock_getres 229 114   clock_nanosleep 230 115 nanosleep 35 101
gettimeofday 96 169   time 201 -             sched_yield 24 124     getcpu 309 168
exit 60 93            exit_group 231 94      sched_getaffinity 204 123
"""
_LOOKED_AT = """
open 2 -              openat 257 56          kill 62 129            tgkill 234 131
prlimit64 302 261     fcntl 72 25            ioctl 16 29
clone 56 220          fork 57 -              vfork 58 -
"""
"""Names and numbers on x86_64 and aarch64, a dash for none: asm/unistd_64.h and asm-generic/unistd.h."""

Instruction = tuple[int, int, int, int]
"""Operation, how many instructions to leave out when it holds and when it does not, and the constant."""


class Machine(msgspec.Struct, frozen=True):
    """An architecture: its AUDIT_ARCH value, and the numbers of the calls by name."""

    audit: int
    allowed: Mapping[str, int]
    looked_at: Mapping[str, int]


@functools.cache
def machine(name: str) -> Machine | None:
    """The architecture of that name as uname(2) gives it; None for one that has no table here."""
    if name not in MACHINES or sys.maxsize < 2**32:
        return None
    column, audit = MACHINES[name]
    return Machine(audit, _numbers(_ALLOWED, column), _numbers(_LOOKED_AT, column))


def _numbers(table: str, column: int) -> Mapping[str, int]:
    words = table.split()
    rows = zip(words[::3], words[1 + column :: 3], strict=True)
    return MappingProxyType({name: int(number) for name, number in rows if number != "-"})


@functools.cache
def offered() -> bool:
    """Whether the kernel takes filters and there is a table for its architecture."""
    if sys.platform != "linux" or machine(os.uname().machine) is None:
        return False
    try:
        prctl(PR_GET_SECCOMP, 0)
    except OSError:
        return False
    return True


def install() -> None:
    """Put the filter on this process for good, where there is one; OSError when it fails.

    The process must have promised to gain no privileges.
    """
    here = machine(os.uname().machine)
    if here is None or not offered():
        return
    code = _packed(_head(here, os.getpid())) + same_for_all()
    held = ctypes.create_string_buffer(code, len(code))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(held)))
    prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.addressof(header))


@functools.cache
def same_for_all() -> bytes:
    """What the filters of all processes end with: a millisecond's work, to be done before they are made."""
    here = machine(os.uname().machine)
    return b"" if here is None else _packed(_tail(here))


def _packed(instructions: Iterable[Instruction]) -> bytes:
    return b"".join(struct.pack("HBBI", *each) for each in instructions)


def program(here: Machine, process: int) -> Sequence[Instruction]:
    """The filter for a process of that number."""
    return (*_head(here, process), *_tail(here))


def _head(here: Machine, process: int) -> Sequence[Instruction]:
    """It knows the process."""
    own = (name for name in OWN if name in here.looked_at)
    return (
        (LOAD, 0, 0, ARCHITECTURE_AT),
        (EQUAL, 1, 0, here.audit),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER_AT),
        (AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, KILL),
        *(step for name in own for step in _looked_at(name, here.looked_at[name], process)),
    )


def _tail(here: Machine) -> Sequence[Instruction]:
    others = (name for name in here.looked_at if name not in OWN)
    return (
        *(step for number in here.allowed.values() for step in _answered(number, ALLOW)),
        *(step for name in others for step in _looked_at(name, here.looked_at[name], 0)),
        (AT_LEAST, 0, 1, YOUNG),
        (RETURN, 0, 0, REFUSE | errno.ENOSYS),
        (RETURN, 0, 0, REFUSE | errno.EPERM),
    )


def _answered(number: int, answer: int) -> Iterator[Instruction]:
    yield (EQUAL, 0, 1, number)
    yield (RETURN, 0, 0, answer)


def _looked_at(name: str, number: int, process: int) -> Iterator[Instruction]:
    """What becomes of a call of this name, by its arguments."""
    if name == "ioctl":
        yield from _answered(number, REFUSE | errno.ENOTTY)
        return
    if name in {"clone", "fork", "vfork"}:  # as if the limit of processes were reached
        yield from _answered(number, REFUSE | errno.EAGAIN)
        return
    steps = tuple(_by_arguments(name, process))
    yield (EQUAL, 0, len(steps), number)
    yield from steps


def _by_arguments(name: str, process: int) -> Iterator[Instruction]:
    """Ends in an answer whatever the arguments are, for it has loaded one over the number of the call."""
    match name:
        case "open" | "openat":  # for reading alone
            yield _argument(1 if name == "open" else 2)
            yield (ANY_BIT, 0, 1, WRITING)
            yield (RETURN, 0, 0, REFUSE | errno.EACCES)
            yield (RETURN, 0, 0, ALLOW)
        case "kill" | "tgkill":  # itself, as abort() does
            yield _argument(0)
            yield from _answered(process, ALLOW)
            yield (RETURN, 0, 0, REFUSE | errno.EPERM)
        case "fcntl":
            yield _argument(1)
            for command in (FCNTL_GETFD, FCNTL_SETFD, FCNTL_GETFL, FCNTL_DUPFD_CLOEXEC):
                yield from _answered(command, ALLOW)
            yield (RETURN, 0, 0, REFUSE | errno.EPERM)
        case "prlimit64":  # its own limits to read, and its CPU time, which every task is granted anew
            yield _argument(0)
            yield (EQUAL, 1, 0, 0)
            yield (RETURN, 0, 0, REFUSE | errno.EPERM)
            yield _argument(1)
            yield from _answered(resource.RLIMIT_CPU, ALLOW)
            yield _argument(2)
            yield (EQUAL, 0, 3, 0)
            yield _argument(2, high=True)
            yield from _answered(0, ALLOW)
            yield (RETURN, 0, 0, REFUSE | errno.EPERM)


def _argument(index: int, *, high: bool = False) -> Instruction:
    """Load half of an argument; the low one is all that the kernel reads of a number that is no address."""
    return (LOAD, 0, 0, ARGUMENTS_AT + 8 * index + 4 * high)
