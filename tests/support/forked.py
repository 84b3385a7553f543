"""A loaded ``mmscheck`` that forks itself for each command: a process of its own, without the imports.

Everything is the child's as if it had been started: streams, folder, environment, arguments, signals, exit.
What an interpreter reads when it starts is not, see ``tests/support/command.py``.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import secrets
import socket
import struct
import sys
from typing import Any, NoReturn

import mmscheck.cli
from mmscheck.base import redact
from mmscheck.cli.main import entry
from mmscheck.judge.pipeline import load_rules

SIZE = struct.Struct("!I")
"""Before each order: the size of its JSON. The streams, and where to tell the exit code, come with it."""

LATE = ("mmscheck.diff", "mmscheck.fetch.fetcher", "mmscheck.ledger", "mmscheck.sinch", "phonenumbers")
"""What the commands import when they need it. Never the decoders: they are for workers only."""


def order(channel: socket.socket, told: dict[str, Any], descriptors: list[int]) -> None:
    """Have a command run: its ``arguments``, ``folder`` and ``environment``; stdin, out, err, and the end."""
    data = json.dumps(told).encode("utf-8", "surrogateescape")
    socket.send_fds(channel, [SIZE.pack(len(data))], descriptors)
    channel.sendall(data)


def serve(channel: socket.socket) -> None:
    """Run what is ordered until the other side has gone; returns in no child."""
    while True:
        head, descriptors, _, _ = socket.recv_fds(channel, SIZE.size, 4)
        if not head:
            return
        told = json.loads(_exactly(channel, SIZE.unpack(head)[0]))
        if os.fork() == 0:
            channel.close()
            _watch(told, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _exactly(channel: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := channel.recv(size - len(data))):
        data += more
    return data


def _watch(told: dict[str, Any], stdin: int, out: int, err: int, end: int) -> NoReturn:
    """Start the command, and tell its exit code when it has ended: minus the signal that killed it."""
    command = os.fork()
    if command == 0:
        os.close(end)
        _run(told, (stdin, out, err))
    for stream in (stdin, out, err):
        os.close(stream)
    code = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
    os.write(end, str(code).encode())
    os._exit(0)


def _run(told: dict[str, Any], streams: tuple[int, int, int]) -> NoReturn:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(told["folder"])
    os.environ.clear()
    os.environ.update(told["environment"])
    redact._KEY = secrets.token_bytes(32)  # of its own for each process, and made when it starts
    sys.argv = told["arguments"]
    entry()
    raise SystemExit


def load() -> None:
    """Import every command, and what they import when they are called."""
    for module in pkgutil.iter_modules(mmscheck.cli.__path__, "mmscheck.cli."):
        importlib.import_module(module.name)
    for name in LATE:
        importlib.import_module(name)
    load_rules()  # which compiles their patterns
    gc.freeze()


if __name__ == "__main__":
    load()
    serve(socket.socket(fileno=int(sys.argv[1])))
