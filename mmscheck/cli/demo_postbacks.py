"""The demo's ``mmscheck postbacks``: a process of its own that takes what the sandbox's provider tells."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from mmscheck.errors import SandboxError
from mmscheck.report.escape import visible

KEY = "sandbox-key"
"""The demo's API key."""

_LONGEST_WAIT = 20.0  # seconds
_COMPLAINT = "mmscheck: "
_LONGEST_COMPLAINT = 300  # characters
_KEPT = 20  # lines
_ADDRESS = re.compile(r"listening on (http://\S+)")


def surroundings(folder: Path) -> dict[str, str]:
    """The environment of the demo's commands: its key, its own ledger, one width, and no postback secret."""
    ledger = str(folder / "ledger")
    kept = {name: text for name, text in os.environ.items() if name != "MMSCHECK_POSTBACK_SECRET"}
    return {**kept, "MMSCHECK_API_KEY": KEY, "COLUMNS": "100", "MMSCHECK_LEDGER": ledger}


class Told:
    """What the listener prints; ``url`` is where it listens."""

    def __init__(self, output: asyncio.StreamReader) -> None:
        """Read from its output."""
        self._output = output
        self._said: list[str] = []
        self.url = ""

    @property
    def complaint(self) -> str:
        """Why it did not start, as far as it said: its last complaint, or whatever it said last."""
        lines = [line for line in self._said if line.startswith(_COMPLAINT)] or self._said
        return (
            visible(lines[-1].removeprefix(_COMPLAINT))[:_LONGEST_COMPLAINT] if lines else "it said nothing"
        )

    async def line(self, word: str) -> str:
        """The next line that holds this word; empty when none comes in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_WAIT):
                while line := (await self._output.readline()).decode("utf-8", "replace"):
                    if word in line:
                        return line
                    self._said = [*self._said[-_KEPT:], line.strip()] if line.strip() else self._said
        return ""


@contextlib.asynccontextmanager
async def listening(folder: Path, api_url: str) -> AsyncIterator[Told]:
    """Run it on a free port for this provider until the block ends; SandboxError when it does not start."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mmscheck", "postbacks", "--listen", "127.0.0.1:0", "--no-secret"),
        *("--api-url", api_url),
        env=surroundings(folder),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        if process.stdout is None:
            raise SandboxError("mmscheck postbacks has no output")
        told = Told(process.stdout)
        found = _ADDRESS.search(await told.line("listening on"))
        if found is None:
            raise SandboxError(f"mmscheck postbacks did not start: {told.complaint}")
        told.url = found.group(1)
        yield told
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()
