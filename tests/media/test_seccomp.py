"""The filter of system calls, run as the kernel runs it: on both architectures, whichever this one is."""

from __future__ import annotations

import errno
import os
import re
import resource
from pathlib import Path

import pytest

from mmscheck.media import seccomp
from mmscheck.media.seccomp import ALLOW, ANY_BIT, AT_LEAST, EQUAL, KILL, LOAD, REFUSE, RETURN, X32, Machine

US = 4711
NAMES = sorted(seccomp.MACHINES)
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


def machine(name: str) -> Machine:
    found = seccomp.machine(name)
    assert found is not None
    return found


def answer(name: str, number: int, *arguments: int, audit: int | None = None) -> int:
    """What the filter says to a call, by the rules of classic BPF."""
    here = machine(name)
    words = [number, here.audit if audit is None else audit, 0, 0]
    for each in (*arguments, *[0] * (6 - len(arguments))):
        words += [each & 0xFFFFFFFF, each >> 32 & 0xFFFFFFFF]
    at, loaded, steps = 0, 0, seccomp.program(here, US)
    while True:
        operation, yes, no, constant = steps[at]
        at += 1
        if operation == RETURN:
            return constant
        if operation == LOAD:
            loaded = words[constant // 4]
            continue
        tests = {EQUAL: loaded == constant, AT_LEAST: loaded >= constant, ANY_BIT: bool(loaded & constant)}
        at += yes if tests[operation] else no


def number(name: str, call: str) -> int:
    here = machine(name)
    return {**here.allowed, **here.looked_at}[call]


@pytest.mark.parametrize("name", NAMES)
def test_calls_of_the_list_are_allowed_and_all_others_refused(name: str) -> None:
    here = machine(name)
    known = {*here.allowed.values(), *here.looked_at.values()}
    for each in here.allowed.values():
        assert answer(name, each) == ALLOW
    for each in range(1000):
        if each not in known:
            assert answer(name, each) == REFUSE | (errno.ENOSYS if each >= 424 else errno.EPERM)


@pytest.mark.parametrize("name", NAMES)
def test_another_architecture_is_killed(name: str) -> None:
    for audit in (0x40000003, 0x40000028, 0xC00000F3, *{0xC000003E, 0xC00000B7} - {machine(name).audit}):
        assert answer(name, number(name, "read"), audit=audit) == KILL
    assert answer(name, number(name, "read") | X32) == KILL


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("call", "arguments", "wanted"),
    [
        ("openat", (0, 0, os.O_RDONLY | os.O_CLOEXEC), ALLOW),
        ("openat", (0, 0, os.O_WRONLY), REFUSE | errno.EACCES),
        ("openat", (0, 0, os.O_RDWR), REFUSE | errno.EACCES),
        ("openat", (0, 0, os.O_CREAT), REFUSE | errno.EACCES),
        ("openat", (0, 0, os.O_TRUNC), REFUSE | errno.EACCES),
        ("kill", (US, 9), ALLOW),
        ("kill", (US + 1, 9), REFUSE | errno.EPERM),
        ("kill", (0, 9), REFUSE | errno.EPERM),
        ("kill", (2**32 - 1, 9), REFUSE | errno.EPERM),
        ("tgkill", (US, US, 6), ALLOW),
        ("tgkill", (1, US, 6), REFUSE | errno.EPERM),
        ("fcntl", (3, 1), ALLOW),
        ("fcntl", (3, 4), REFUSE | errno.EPERM),
        ("fcntl", (3, 8), REFUSE | errno.EPERM),
        ("prlimit64", (0, resource.RLIMIT_CPU, 1, 0), ALLOW),
        ("prlimit64", (0, resource.RLIMIT_AS, 0, 1), ALLOW),
        ("prlimit64", (0, resource.RLIMIT_AS, 1, 0), REFUSE | errno.EPERM),
        ("prlimit64", (0, resource.RLIMIT_AS, 1 << 32, 0), REFUSE | errno.EPERM),
        ("prlimit64", (1, resource.RLIMIT_CPU, 1, 0), REFUSE | errno.EPERM),
        ("ioctl", (0, 0x5412), REFUSE | errno.ENOTTY),
        ("clone", (0,), REFUSE | errno.EAGAIN),
    ],
)
def test_arguments_count(name: str, call: str, arguments: tuple[int, ...], wanted: int) -> None:
    assert answer(name, number(name, call), *arguments) == wanted


def test_older_names_are_held_likewise() -> None:
    assert answer("x86_64", number("x86_64", "open"), 0, os.O_RDONLY) == ALLOW
    assert answer("x86_64", number("x86_64", "open"), 0, os.O_RDWR) == REFUSE | errno.EACCES
    assert answer("x86_64", number("x86_64", "fork")) == REFUSE | errno.EAGAIN
    assert answer("x86_64", number("x86_64", "vfork")) == REFUSE | errno.EAGAIN


@pytest.mark.parametrize("name", [name for name in NAMES if HEADERS[name].exists()])
def test_numbers_are_those_of_the_kernel_s_headers(name: str) -> None:
    found = {
        call: int(digits)
        for call, digits in re.findall(r"__NR(?:3264)?_(\w+)\s+(\d+)", HEADERS[name].read_text())
    }
    found.setdefault("newfstatat", found.get("fstatat", -1))
    here = machine(name)
    for call, each in {**here.allowed, **here.looked_at}.items():
        assert found[call] == each, call


def test_an_architecture_without_a_table_has_no_filter() -> None:
    assert seccomp.machine("riscv64") is None
