"""Machines of a kind: network namespaces with a name, process ids and a cable of their own (Linux, root)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from tests.support.servers.daemon import REQUIRED

TOOLS = ("ip", "unshare")


class Machine:
    """One namespace; ``here`` is this end of its cable, as it reaches us."""

    def __init__(self, number: int) -> None:
        """Lay the cable; the number tells machines of one run apart, the process id those of several."""
        self.name = f"mms{os.getpid()}n{number}"
        self._near, self._far = f"mm{os.getpid() % 10**7}a{number}", f"mm{os.getpid() % 10**7}b{number}"
        net = f"10.213.{(os.getpid() * 2 + number) % 256}"
        self.here, there = f"{net}.1", f"{net}.2"
        _run("ip", "netns", "add", self.name)
        _run("ip", "link", "add", self._near, "type", "veth", "peer", "name", self._far, "netns", self.name)
        _run("ip", "address", "add", f"{self.here}/30", "dev", self._near)
        _run("ip", "link", "set", self._near, "up")
        inside = ("ip", "-n", self.name)
        _run(*inside, "address", "add", f"{there}/30", "dev", self._far)
        _run(*inside, "link", "set", self._far, "up")
        _run(*inside, "link", "set", "lo", "up")

    def command(self, *words: str) -> tuple[str, ...]:
        """The words of a command that runs them there, under the machine's name as its host name."""
        script = f'hostname {self.name}; exec "$@"'
        own = ("unshare", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child")
        return ("ip", "netns", "exec", self.name, *own, "sh", "-c", script, "sh", *words)

    def end(self) -> None:
        """Take it away; the cable goes with it."""
        subprocess.run(["ip", "link", "del", self._near], check=False, capture_output=True)
        subprocess.run(["ip", "netns", "del", self.name], check=False, capture_output=True)


@contextmanager
def machines(count: int) -> Iterator[list[Machine]]:
    """So many machines; the test is skipped where there can be none, or fails where it must not be."""
    if reason := _missing():
        if os.environ.get(REQUIRED):
            pytest.fail(f"{reason} ({REQUIRED} is set)", pytrace=False)
        pytest.skip(reason)
    with contextlib.ExitStack() as stack:
        made = []
        for number in range(count):
            made.append(Machine(number))
            stack.callback(made[-1].end)
        yield made


@asynccontextmanager
async def relay(host: str, to_port: int, to_host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Hand what comes to ``host`` on to another place; yields the port to come to."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, thither = await asyncio.open_connection(to_host, to_port)
        await asyncio.gather(_copy(reader, thither), _copy(there, writer))

    server = await asyncio.start_server(serve, host, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


RELAY = """
import asyncio, sys
from tests.support.machines import relay

async def main(port, to_host, to_port):
    async with relay("127.0.0.1", int(to_port), to_host, int(port)):
        print("open", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

asyncio.run(main(*sys.argv[1:]))
"""


@asynccontextmanager
async def relay_inside(machine: Machine, port: int, to_port: int) -> AsyncIterator[None]:
    """On the machine, hand what comes to 127.0.0.1 and ``port`` on to this end of the cable.

    The API key goes to the machine itself only, or by https; and every machine has to see the provider under
    one address, because that is part of the idempotency key.
    """
    one = await asyncio.create_subprocess_exec(
        *machine.command(sys.executable, "-c", RELAY, str(port), machine.here, str(to_port)),
        cwd=Path(__file__).parents[2],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert one.stdout is not None
        assert await asyncio.wait_for(one.stdout.readline(), 60) == b"open\n"
        yield
    finally:
        await one.communicate(b"")


def _missing() -> str | None:
    if absent := [tool for tool in TOOLS if shutil.which(tool) is None]:
        return f"no network namespace can be made without {', '.join(absent)} (Debian: iproute2, util-linux)"
    probe = ("unshare", "--net", "--uts", "--pid", "--fork", "--mount-proc", "hostname", "probe")
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        return "no network namespace can be made here (Linux and root are needed)"
    return None


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20)
    assert not done.returncode, f"{' '.join(words)}: {done.stderr}"
