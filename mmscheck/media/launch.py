"""Starts worker processes from a clean slate, as a ``multiprocessing`` context.

The standard spawn hands a child the parent's environment (the provider's key may be in it), its terminal and
its working folder, and runs the parent's main script again. A script that sends messages must not run twice,
so processes are started here with none of that.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from multiprocessing import popen_spawn_posix, reduction, resource_tracker, spawn, synchronize, util
from multiprocessing.context import SpawnContext, SpawnProcess, set_spawning_popen
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

KEPT = frozenset({"DYLD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PYTHONHOME"})
"""The environment variables that an interpreter may need to start; nothing else is handed on."""


class CleanPopen(popen_spawn_posix.Popen):
    """A fresh interpreter in a session of its own, so that Ctrl-C on the terminal reaches only the parent.

    Standard streams are closed off: what a dying worker prints would be noise between the report's lines.
    """

    _fds: list[int]  # what the process object brings along, gathered by the base class

    def _launch(self, process_obj: BaseProcess) -> None:
        tracker = resource_tracker.getfd()
        if tracker is None:
            raise OSError("multiprocessing's resource tracker did not start")
        orders = self._orders(process_obj)
        orders_out, orders_in = os.pipe()
        alive_out, alive_in = os.pipe()
        self.sentinel = alive_out
        self.finalizer = util.Finalize(self, close, ((alive_out,),))
        try:
            command = spawn.get_command_line(tracker_fd=tracker, pipe_handle=orders_out)
            passed = (*self._fds, tracker, orders_out, alive_in)
            self._child = interpreter(command, passed)
            self.pid = self._child.pid
            with open(orders_in, "wb", closefd=False) as pipe:
                pipe.write(orders)
        finally:
            close((orders_out, orders_in, alive_in))

    def _orders(self, process_obj: BaseProcess) -> bytes:
        """What the child reads first: where modules lie, and the process to be, without ``__main__``."""
        file = io.BytesIO()
        set_spawning_popen(self)
        try:
            reduction.dump({"sys_path": [str(Path(path).absolute()) for path in sys.path]}, file)
            reduction.dump(process_obj, file)
        finally:
            set_spawning_popen(None)
        return file.getvalue()

    def poll(self, flag: int = os.WNOHANG) -> int | None:
        """The exit code, negative for a signal; None while it runs, unless ``flag`` is 0: then it waits."""
        self.returncode = self._child.wait() if flag == 0 else self._child.poll()
        return self.returncode


def close(descriptors: Iterable[int]) -> None:
    """Close file descriptors."""
    for descriptor in descriptors:
        os.close(descriptor)


def interpreter(command: list[str], passed: tuple[int, ...]) -> subprocess.Popen[bytes]:
    """Start an interpreter with nothing but these descriptors."""
    return subprocess.Popen(  # noqa: S603 - our own interpreter with arguments of our own making
        [command[0], "-P", "-B", *command[1:]],
        env={name: value for name, value in os.environ.items() if name in KEPT},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=passed,
    )


class CleanProcess(SpawnProcess):
    """A process of a ``CleanContext``."""

    family: CleanContext

    def start(self) -> None:
        """Start it; OSError when its context has been ended."""
        with self.family.lock:
            if self.family.ended:
                raise OSError("no worker is started any more")
            super().start()
            self.family.started = [*filter(SpawnProcess.is_alive, self.family.started), self]

    def __getstate__(self) -> dict[str, Any]:
        """What travels to the child: all but its family."""
        return {name: value for name, value in self.__dict__.items() if name != "family"}

    @staticmethod
    def _Popen(process_obj: BaseProcess) -> CleanPopen:  # noqa: N802 - the name multiprocessing calls
        return CleanPopen(process_obj)


class CleanContext(SpawnContext):
    """A context whose processes start clean and can be ended all at once."""

    def __init__(self) -> None:
        """Begin with no processes."""
        super().__init__()
        self.lock = threading.Lock()
        self.ended = False
        self.started: list[CleanProcess] = []
        self.locks: list[synchronize.RLock] = []

    def RLock(self) -> synchronize.RLock:  # noqa: N802 - the name multiprocessing has
        """A lock between processes; it lasts until ``locks`` is emptied, whatever else lets go of it."""
        lock = super().RLock()
        self.locks.append(lock)
        return lock

    def Process(self, *args: Any, **kwargs: Any) -> CleanProcess:  # type: ignore[override] # noqa: N802 - a factory where multiprocessing has the class itself
        """A process with an authentication key of its own instead of a copy of the parent's."""
        process = CleanProcess(*args, **kwargs)
        process.family = self
        process.authkey = os.urandom(32)
        return process

    def end(self) -> None:
        """Kill every process there is, wait until they are gone, and start no more."""
        with self.lock:
            self.ended = True
            for process in self.started:
                process.kill()
            for process in self.started:
                process.join()
