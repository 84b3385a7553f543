"""What code would try that had taken a worker over: each returns when it could, and raises when not."""

from __future__ import annotations

import ctypes
import mmap
import os
import resource
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

LIBRARY = ctypes.CDLL(None, use_errno=True)
NUMBERS = {
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "chroot": (161, 51),
    "prctl": (157, 167),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "perf_event_open": (298, 241),
    "memfd_create": (319, 279),
    "io_uring_setup": (425, 425),
    "pidfd_open": (434, 434),
    "clone3": (435, 435),
    "openat2": (437, 437),
    "pidfd_getfd": (438, 438),
    "memfd_secret": (447, 447),
}
"""System calls by their numbers on x86_64 and aarch64."""

COLUMN = ("x86_64", "aarch64").index(os.uname().machine) if os.uname().machine in ("x86_64", "aarch64") else 0


class Surroundings(NamedTuple):
    """A folder with files to harm, the process that holds the key, and a port that answers."""

    home: str
    parent: int
    port: int


def is_open(number: int) -> bool:
    """Whether a descriptor of that number is open."""
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def call(name: str, *given: Any) -> int:
    """A system call; OSError when it is refused."""
    result: int = LIBRARY.syscall(ctypes.c_long(NUMBERS[name][COLUMN]), *given)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _map_over(place: Path) -> None:
    handle = os.open(place, os.O_RDWR)
    with mmap.mmap(handle, 0) as view:
        view[:4] = b"evil"


def _tcp(port: int) -> None:
    socket.create_connection(("127.0.0.1", port), 2).sendall(b"loot")


def _unix(address: str) -> None:
    with socket.socket(socket.AF_UNIX) as out:
        out.connect(address)


def _fork() -> None:
    if not os.fork():
        os._exit(0)


def _thread() -> None:
    threading.Thread(target=int).start()


def _raise_limit(kind: int) -> None:
    resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _buffer(size: int) -> Any:
    return ctypes.create_string_buffer(size)


def _vector() -> Any:
    held = _buffer(64)
    return (ctypes.c_void_p * 2)(ctypes.addressof(held), 64)


def attempts(at: Surroundings) -> dict[str, Callable[[], object]]:
    """Every attack by its name."""
    home, parent, server = Path(at.home), at.parent, os.getppid()
    udp = socket.SOCK_DGRAM
    return {
        "read the parent's variables": Path(f"/proc/{parent}/environ").read_bytes,
        "read its command line": Path(f"/proc/{parent}/cmdline").read_bytes,
        "read its memory map": Path(f"/proc/{parent}/maps").read_bytes,
        "open its memory": lambda: os.open(f"/proc/{parent}/mem", os.O_RDWR),
        "list its files": lambda: list(Path(f"/proc/{parent}/fd").iterdir()),
        "open its standard error": lambda: os.open(f"/proc/{parent}/fd/2", os.O_WRONLY),
        "read the server's variables": Path(f"/proc/{server}/environ").read_bytes,
        "read the key file": (home / "key").read_bytes,
        "read the ledger": (home / "ledger").read_bytes,
        "read /etc/passwd": Path("/etc/passwd").read_bytes,
        "list the folder": lambda: list(home.iterdir()),
        "list the root": lambda: list(Path("/").iterdir()),
        "write a file": lambda: (home / "victim").write_text("evil"),
        "truncate a file": lambda: os.truncate(home / "victim", 0),
        "map over a file": lambda: _map_over(home / "victim"),
        "make a file": lambda: os.close(os.open(home / "new", os.O_CREAT | os.O_WRONLY)),
        "make a folder": (home / "folder").mkdir,
        "make a symbolic link": lambda: (home / "link").symlink_to("victim"),
        "make a hard link": lambda: os.link(home / "victim", home / "hard"),
        "make a fifo": lambda: os.mkfifo(home / "fifo"),
        "delete a file": (home / "victim").unlink,
        "rename a file": lambda: (home / "victim").rename(home / "gone"),
        "change a file's mode": lambda: (home / "victim").chmod(0o777),
        "change a file's owner": lambda: os.chown(home / "victim", 65534, 65534),
        "change a file's times": lambda: os.utime(home / "victim", (0, 0)),
        "change the folder": lambda: os.chdir(home),
        "write to shared memory": lambda: os.close(os.open("/dev/shm/evil", os.O_CREAT | os.O_RDWR)),
        "connect by TCP": lambda: _tcp(at.port),
        "send by UDP": lambda: socket.socket(socket.AF_INET, udp).sendto(b"loot", ("127.0.0.1", 9)),
        "listen": lambda: socket.create_server(("127.0.0.1", 0)),
        "connect to a unix socket": lambda: _unix(str(home / "agent")),
        "connect to an abstract socket": lambda: _unix(f"\0agent{parent}"),
        "open a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
        "open a vsock socket": lambda: socket.socket(40, socket.SOCK_STREAM, 0),
        "open a crypto socket": lambda: socket.socket(38, socket.SOCK_SEQPACKET, 0),
        "make a pair of sockets": socket.socketpair,
        "make a pipe": os.pipe,
        "signal the parent": lambda: os.kill(parent, 0),
        "signal the server": lambda: os.kill(server, 0),
        "signal everybody": lambda: os.kill(-1, 0),
        "signal the group": lambda: os.kill(-server, signal.SIGCONT),
        "trace the parent": lambda: call("ptrace", 16, parent, None, None),
        "trace the server": lambda: call("ptrace", 16, server, None, None),
        "read the parent's memory": lambda: call("process_vm_readv", parent, _vector(), 1, _vector(), 1, 0),
        "write the server's memory": lambda: call("process_vm_writev", server, _vector(), 1, _vector(), 1, 0),
        "hold the parent": lambda: call("pidfd_open", parent, 0),
        "take the parent's file": lambda: call("pidfd_getfd", 0, 1, 0),
        "fork": _fork,
        "clone3": lambda: call("clone3", _buffer(88), 88),
        "start a thread": _thread,
        "execute": lambda: os.execv("/bin/true", ["true"]),
        "spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "take System V shared memory": lambda: call("shmget", 0, 1 << 20, 0o1600),
        "make a System V queue": lambda: call("msgget", 0, 0o1600),
        "make System V semaphores": lambda: call("semget", 0, 1, 0o1600),
        "use io_uring": lambda: call("io_uring_setup", 8, _buffer(200)),
        "make a user namespace": lambda: call("unshare", 0x10000000),
        "make a mount namespace": lambda: call("unshare", 0x00020000),
        "enter a namespace": lambda: call("setns", 0, 0),
        "mount": lambda: call("mount", b"none", b"/mnt", b"tmpfs", 0, None),
        "change the root": lambda: call("chroot", b"/"),
        "load a BPF program": lambda: call("bpf", 0, _buffer(128), 128),
        "handle page faults": lambda: call("userfaultfd", 1),
        "use keyrings": lambda: call("keyctl", 0, -3, 1),
        "count events": lambda: call("perf_event_open", _buffer(128), 0, -1, -1, 0),
        "make a file in memory": lambda: call("memfd_create", b"x", 0),
        "make secret memory": lambda: call("memfd_secret", 0),
        "open another way": lambda: call("openat2", -100, str(home / "key").encode(), _buffer(24), 24),
        "become dumpable": lambda: call("prctl", 4, 1, 0, 0, 0),
        "outlive the parent": lambda: call("prctl", 1, 0, 0, 0, 0),
        "raise the limit of files' size": lambda: _raise_limit(resource.RLIMIT_FSIZE),
        "raise the limit of memory": lambda: _raise_limit(resource.RLIMIT_AS),
        "raise the limit of processes": lambda: _raise_limit(resource.RLIMIT_NPROC),
        "raise the limit of CPU time": lambda: _raise_limit(resource.RLIMIT_CPU),
        "limit the parent": lambda: resource.prlimit(parent, resource.RLIMIT_CPU, (1, 1)),
    }


NAMES = tuple(attempts(Surroundings("/", os.getpid(), 0)))
"""The names of all."""


def everything(at: Surroundings) -> dict[str, str]:
    """What came of each attack: ``possible``, or why not."""
    return {name: _try(attempt) for name, attempt in attempts(at).items()}


def _try(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except Exception as error:  # noqa: BLE001 - whatever stops an attack
        return f"{type(error).__name__}: {error}"[:100]
    return "possible"
