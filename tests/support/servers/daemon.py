"""Real servers as children in the foreground: started together, waited for, and always killed in the end."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

HOME = "127.0.0.1"

REQUIRED = "MMSCHECK_REQUIRE_SERVERS"
"""Where this is set, as in .ci/run, a server that is missing is a failure and no reason to skip."""

_SEARCHED = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
_START = 60.0
"""Seconds: Java compiles before it answers, on a machine that has other things to do."""


def find(name: str) -> str | None:
    """The path of a server's program, or of a library that is given by its path.

    System programs are found for users whose path lacks them too; a name with ``*`` is one with a version.
    """
    if "*" in name:
        folder, _, pattern = name.rpartition("/")
        folders = [folder] if folder else [path for path in _SEARCHED.split(":") if path]
        return max((str(path) for each in folders for path in Path(each).glob(pattern)), default=None)
    if name.startswith("/"):
        return name if Path(name).exists() else None
    return shutil.which(name, path=_SEARCHED)


def require(name: str, package: str) -> None:
    """Skip the test where a server's program is missing, or fail it where it may not be."""
    if find(name) is not None:
        return
    reason = f"{name} is not installed; on Debian: apt-get install {package}"
    if os.environ.get(REQUIRED):
        pytest.fail(f"{reason} ({REQUIRED} is set)", pytrace=False)
    pytest.skip(reason)


def free_ports(count: int) -> tuple[int, ...]:
    """Ports on loopback that nobody listens on; all differ.

    They lie below what Linux chooses from by itself (32768 and up), so that no outgoing connection gets one
    of them before its server does.
    """
    found: list[int] = []
    for port in random.sample(range(20000, 32768), 400):
        if len(found) == count:
            break
        with contextlib.suppress(OSError), socket.socket() as taken:
            taken.bind((HOME, port))
            found.append(port)
    assert len(found) == count, "no free ports"
    return tuple(found)


def bound_to_us(signal_: str = "TERM") -> tuple[str, ...]:
    """A prefix that has the kernel end the child when the tests are killed and cannot clean up."""
    found = shutil.which("setpriv")
    return (found, "--pdeathsig", signal_, "--") if found else ()


class Daemon:
    """One child that answers on a port of loopback, over HTTP or for a server that does."""

    def __init__(
        self, command: Sequence[str], *, port: int, log: Path, patience: float = 5.0, http: bool = True
    ) -> None:
        """Start it; `ready` waits until it answers or, without ``http``, until it listens.

        ``log`` takes what it prints; ``patience`` is seconds from being asked to end to being killed.
        """
        self._is_ready = _answers if http else _open
        self._log = log
        self._patience = patience
        self._name = Path(command[0]).name
        self._port = port
        with log.open("wb") as output:
            self._child = subprocess.Popen(
                [*bound_to_us(), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def ready(self) -> None:
        """Return once it answers; AssertionError with its log when it ended or stayed silent."""
        end = time.monotonic() + _START
        while not self._is_ready(self._port):
            ended = self._child.poll()
            assert ended is None, f"{self._name} ended with {ended} at its start:\n{self.log()}"
            assert time.monotonic() < end, f"{self._name} did not answer in {_START:g} s:\n{self.log()}"
            time.sleep(0.02)

    def log(self) -> str:
        """The end of what it printed."""
        return self._log.read_text(errors="replace")[-4000:]

    def is_gone(self) -> bool:
        """Whether it and all of its group have ended."""
        try:
            os.killpg(self._child.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def stop(self) -> None:
        """Ask it to end, then kill what is left of it and of its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(self._patience)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        # What it started is nobody's child here, so all that shows of its end is that the port is free.
        end = time.monotonic() + self._patience
        while _open(self._port) and time.monotonic() < end:
            time.sleep(0.01)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((HOME, port), timeout=2) as connection:
            connection.settimeout(2)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: ready.example\r\nConnection: close\r\n\r\n")
            return connection.recv(5) == b"HTTP/"
    except OSError:
        return False


def _open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((HOME, port)) == 0
