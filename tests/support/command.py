"""Run the installed ``mmscheck`` command as a user would, in a process of its own."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import fcntl
import functools
import os
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tests.support import forked

PROGRAM = Path(sysconfig.get_path("scripts")) / "mmscheck"

PATIENCE = 180.0
"""Seconds after which a command hangs."""

START = ("LANG", "LC_", "LD_", "PYTHON", "TZ")
"""How the variables begin that an interpreter and its libraries read when they start."""

STATE = "mmscheck-state"
"""What tests/conftest.py calls the folder in which a test's ledger is."""


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """How the command ended and what it wrote."""

    code: int
    out: str
    err: str


async def mmscheck(
    *arguments: object, cwd: Path, stdin: bytes = b"", key: str | None = "sandbox-key", **environment: str
) -> Ran:
    """Run to the end; the environment is the test's, without proxies, and with the given API key.

    The process is a fork of one that has everything imported, unless the environment has what an interpreter
    reads when it starts.
    """
    env = {**surroundings(key), **environment}
    run = _forked if _read_at_start(env) == _STARTED else installed
    ran = await run(*arguments, cwd=cwd, stdin=stdin, env=env)
    assert "Traceback" not in ran.err
    return ran


async def installed(*arguments: object, cwd: Path, env: Mapping[str, str], stdin: bytes = b"") -> Ran:
    """Run what is installed, from its first line on."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *map(str, arguments),
        cwd=cwd,
        env=env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(stdin), PATIENCE)
    return Ran(code=process.returncode or 0, out=out.decode(), err=err.decode())


async def _forked(*arguments: object, cwd: Path, env: Mapping[str, str], stdin: bytes = b"") -> Ran:
    (theirs_in, ours_in), out, err, end = os.pipe(), os.pipe(), os.pipe(), os.pipe()
    told = {"arguments": [str(PROGRAM), *map(str, arguments)], "folder": str(cwd), "environment": dict(env)}
    theirs = [theirs_in, out[1], err[1], end[1]]
    try:
        forked.order(_loaded(), told, theirs)
    finally:
        for descriptor in theirs:
            os.close(descriptor)
    async with asyncio.timeout(PATIENCE):
        _, said, complained, code = await asyncio.gather(
            asyncio.to_thread(_write, ours_in, stdin), _read(out[0]), _read(err[0]), _read(end[0])
        )
    return Ran(code=int(code), out=said.decode(), err=complained.decode())


def _read_at_start(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(START)}


_STARTED = _read_at_start(os.environ)


@functools.cache
def _loaded() -> socket.socket:
    """The process that forks; it ends with this one."""
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [sys.executable, "-m", forked.__name__, str(theirs.fileno())],
        cwd=Path(__file__).parents[2],
        env=surroundings(None),
        stdin=subprocess.DEVNULL,
        pass_fds=(theirs.fileno(),),
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _write(descriptor: int, data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), os.fdopen(descriptor, "wb") as stream:
        stream.write(data)


async def _read(descriptor: int) -> bytes:
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb")
    )
    try:
        return await reader.read()
    finally:
        transport.close()


def surroundings(key: str | None = "sandbox-key") -> dict[str, str]:
    """The test's environment without proxies, with the test's own state folder, and with this API key.

    Raises RuntimeError outside of the tests, where a send would go through the user's own ledger.
    """
    if STATE not in os.environ.get("XDG_STATE_HOME", "") or "MMSCHECK_LEDGER" in os.environ:
        raise RuntimeError("tests/conftest.py has not set a state folder for this test")
    env = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    env.pop("MMSCHECK_API_KEY", None)
    return env if key is None else {**env, "MMSCHECK_API_KEY": key}


async def shell(script: str, *, cwd: Path, key: str = "sandbox-key") -> Ran:
    """Run a shell line in which ``mmscheck`` is the installed command, for redirections and pipes."""
    env = {**surroundings(key), "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", script),
        cwd=cwd,
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 180)
    assert "Traceback" not in err.decode()
    return Ran(code=process.returncode or 0, out=out.decode(), err=err.decode())


def message(*slides: str, subject: str = "Summer sale", name: str = "sale") -> str:
    """Slide XML of the modern dialect with these slides' inner elements."""
    body = "".join(f"<slide>{slide}</slide>\n" for slide in slides)
    return f"<request>\n<name>{name}</name>\n<message-subject>{subject}</message-subject>\n{body}</request>\n"


def image(path: str, host: str = "media.example.com") -> str:
    """An image element."""
    return f"<image><url>http://{host}/{path}</url></image>"


def reads_nothing(pipe: Path) -> int:
    """Make a named pipe that is full after a page; returns its reading end, which the caller closes."""
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    return reader


FIELDS: dict[str, str] = {
    "--mms-id": "100001",
    "--to": "15551230001",
    "--from": "28444",
    "--service-id": "demo",
    "--fallback-sms-text": "Sale today",
}
"""Send fields that every request rule accepts."""


def fields(**changes: Any) -> list[str]:
    """The send fields as arguments; a change to None leaves the field out."""
    given = {**FIELDS, **{f"--{name.replace('_', '-')}": value for name, value in changes.items()}}
    return [part for name, value in given.items() if value is not None for part in (name, value)]
