"""Processes of ``mmscheck`` by the hundred: each forked from one that has loaded everything already.

A process of its own is what a kill is about; what it spends its first second on, loading modules, is not.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import pkgutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.command import surroundings

_ROOT = Path(__file__).parents[2]
_LEFT_OUT = ("__main__", "forkserver", "worker")
"""Modules that begin to work when they are loaded, and what only workers load."""


class Launcher:
    """Runs one command at a time; ``launching`` makes it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def begin(self, arguments: Sequence[str]) -> int:
        """Begin ``mmscheck`` with these arguments; returns its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(arguments).encode() + b"\n")
        return await self._told()

    async def ended(self) -> int:
        """Its exit code, or a signal's number below 0, once it has ended."""
        return await self._told()

    async def _told(self) -> int:
        assert self._process.stdout is not None
        return int(await self._process.stdout.readline())


@asynccontextmanager
async def launching(folder: Path) -> AsyncIterator[Launcher]:
    """One that begins its commands in a folder, with the surroundings of ``command.mmscheck``."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.launching", str(folder)),
        cwd=_ROOT,
        env=surroundings(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Launcher(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def _load() -> None:
    import mmscheck  # noqa: PLC0415 - not in the tests, which use what is above

    for module in pkgutil.walk_packages(mmscheck.__path__, "mmscheck."):
        if module.name.rpartition(".")[2] not in _LEFT_OUT:
            importlib.import_module(module.name)
    for name in ("asyncpg", "sqlalchemy.dialects.postgresql.asyncpg", "sqlalchemy.dialects.sqlite"):
        importlib.import_module(name)


def _serve(folder: str) -> None:
    """Fork for each line of standard input, and tell the child's process id, then how it ended."""
    os.chdir(folder)
    asked, told = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    gc.freeze()  # else the first collection in each child copies what all share
    for line in asked:
        child = os.fork()
        if not child:
            from mmscheck.cli.main import entry  # noqa: PLC0415 - loaded by now

            sys.argv = ["mmscheck", *json.loads(line)]
            entry()
            sys.exit(0)
        print(child, file=told, flush=True)
        # At once: a process that nobody has waited for counts as alive in the ledger.
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=told, flush=True)


if __name__ == "__main__":
    _load()
    _serve(sys.argv[1])
