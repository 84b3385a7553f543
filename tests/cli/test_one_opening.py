"""A command opens the ledger once, in the one event loop of all that it does."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mmscheck.sandbox import Sandbox
from tests.support.campaigns import DOCUMENT, QUICK, named, stored, write_recipients
from tests.support.command import fields, surroundings

COUNTING = """
import asyncio, json, sys
from mmscheck.ledger import database
counts = {"ledgers": 0, "loops": 0}
opening, looping = database.Database.__init__, asyncio.events.new_event_loop
def opened(*given):
    counts["ledgers"] += 1
    opening(*given)
def looped():
    counts["loops"] += 1
    return looping()
database.Database.__init__ = opened
asyncio.events.new_event_loop = asyncio.runners.events.new_event_loop = looped
from mmscheck.cli.main import main
code = main(sys.argv[1:])
open("counts.json", "w").write(json.dumps({"code": code, **counts}))
"""

COMMANDS = {
    "check": ((), 0, 0),
    "send": ((), 0, 1),
    "send denied": (("--custom-subject", "\u00e9t\u00e9"), 1, 1),
    "send dry": (("--dry-run",), 5, 1),
    "send to all": (("--recipients", "all.csv"), 0, 1),
    "send to none": (("--recipients", "all.csv", "--dry-run"), 5, 1),
    "save": ((), 0, 1),
    "save dry": (("--dry-run",), 5, 1),
    "bind": (("--replace", "--reason", "bound by the fixture"), 0, 1),
}
"""What a command is given beside the message, how it ends, and how often it opens a ledger."""


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(ways=QUICK) as running:
        yield running


@pytest.mark.parametrize("name", COMMANDS)
async def test_a_command_opens_the_ledger_once(box: Sandbox, tmp_path: Path, name: str) -> None:
    more, code, openings = COMMANDS[name]
    (tmp_path / "sale.xml").write_text(DOCUMENT)
    write_recipients(tmp_path / "all.csv", named(3))
    mms_id = await stored(box)
    command = name.partition(" ")[0]
    given = [command, *([mms_id] if command == "bind" else []), "sale.xml", *more]
    if command != "check":
        given += ["--api-url", box.provider_url]
    if command == "send":
        to = {"to": None} if "--recipients" in more else {}
        given += fields(mms_id=mms_id, **to) + ([] if to else ["--data", "name=Ana"])
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", COUNTING, *given),
        cwd=tmp_path,
        env=surroundings(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 180)
    counts = json.loads((tmp_path / "counts.json").read_text())
    assert counts == {"code": code, "ledgers": openings, "loops": 1}, out.decode()
