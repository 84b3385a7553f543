"""Which process made a claim, and whether it can still be at work."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import msgspec


class OwnerProcess(msgspec.Struct, frozen=True, kw_only=True):
    """One process: ``host`` is where its ``pid`` means something, ``started`` tells it from a later namesake.

    ``started`` is in clock ticks since the machine's start (proc(5)), or empty where there is no /proc.
    """

    host: str
    pid: int
    started: str

    def text(self) -> str:
        """The text that the ledger keeps: ``host/pid/started``."""
        return f"{self.host}/{self.pid}/{self.started}"


def this_process() -> OwnerProcess:
    """The process that asks."""
    return OwnerProcess(host=_host(), pid=os.getpid(), started=_started(os.getpid()) or "")


def owner_of(text: str) -> OwnerProcess | None:
    """The owner that was kept as text, or None when the text is not one."""
    host, _, rest = text.partition("/")
    pid, _, started = rest.partition("/")
    if not (pid.isascii() and pid.isdigit()):
        return None
    return OwnerProcess(host=host, pid=int(pid), started=started)


def is_local(owner: OwnerProcess) -> bool:
    """Whether the process ran here: this machine, this boot, this set of process ids."""
    return owner.host == _host()


def is_gone(owner: OwnerProcess) -> bool:
    """Whether a local process has certainly ended; one that may only look alike counts as alive."""
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return bool(owner.started) and (_started(owner.pid) or owner.started) != owner.started


def _host() -> str:
    """Name, boot and pid namespace: two containers may share a name, and a restart begins the pids again."""
    return ":".join((socket.gethostname().replace("/", "_"), _boot()[:8], _namespace()))


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return ""


def _started(pid: int) -> str | None:
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The second field is the program's name in brackets, and may hold spaces and brackets itself.
    fields = line.rpartition(")")[2].split()
    state, started = fields[0], fields[19]
    return "ended" if state in {"Z", "X"} else started
