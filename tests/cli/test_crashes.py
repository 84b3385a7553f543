"""Kill the sender at any moment, against a provider that fails as well: no phone gets anything twice.

MMSCHECK_CRASHES sets the number of sends (20 by default), MMSCHECK_CRASH_SEED repeats the same choices.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import signal
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from mmscheck.ledger import Filter, default_file, open_ledger
from mmscheck.model.ledger import SendState
from mmscheck.sandbox import Mishaps, Sandbox, Throttle, Ways
from tests.sandbox.raw_http import call, save_xml, slide, text
from tests.support.bound import bind_files
from tests.support.command import PROGRAM, fields, message, surroundings

pytestmark = pytest.mark.long

SENDS = int(os.environ.get("MMSCHECK_CRASHES", "20"))
SEED = int(os.environ.get("MMSCHECK_CRASH_SEED", random.randrange(10**6)))

AT_ONCE = 3
TRIES = 20

WAYS = Ways(
    answer_seconds=0.05,
    throttle=Throttle(gap=0.02),
    mishaps=Mishaps(
        seed=SEED,
        late_seconds=0.3,
        chances={
            **dict.fromkeys(("close-unread", "close-before", "reset-before", "e618", "e503-before"), 0.05),
            **dict.fromkeys(("close-after", "reset-after", "half-answer", "garbage", "late-answer"), 0.05),
        },
    ),
)


async def test_whatever_is_killed_no_phone_gets_a_message_twice(tmp_path: Path) -> None:
    (tmp_path / "sale.xml").write_text(message("<message-text>Hello</message-text>"))
    chance = random.Random(SEED)
    async with Sandbox(ways=WAYS) as box:
        box.plan(None)  # so that the save gets through
        mms_id = (await call(box, save_xml(slide(text()))))["mms-id"]
        await bind_files([tmp_path / "sale.xml"], mms_id, at=box.provider_url)
        numbers = [f"1555123{number:04}" for number in range(SENDS)]
        turns = asyncio.Semaphore(AT_ONCE)
        sends = (Persistent(box, tmp_path, mms_id, number, chance) for number in numbers)
        async with asyncio.TaskGroup() as group:
            ended = [group.create_task(one.send(turns)) for one in sends]
        killed = sum(task.result() for task in ended)
        counts, repeated = box.phones.counts, box.phones.repeated
    assert not repeated, f"seed {SEED}"
    async with await open_ledger() as ledger:
        states = {one.intent.to: one.state async for one in ledger.sends()}
        assert (await ledger.verify()).found == ()
    logging.getLogger(__name__).info(
        "seed %d: %d of %d killed, %d arrived, %s",
        SEED,
        killed,
        SENDS,
        sum(counts.values()),
        Counter(states.values()),
    )
    assert killed > SENDS // 3
    assert set(states) == set(numbers), f"seed {SEED}"
    for number, state in states.items():
        assert state in {SendState.ACCEPTED, SendState.REFUSED, SendState.UNKNOWN}, f"seed {SEED}"
        assert state is not SendState.ACCEPTED or counts[number] == 1, f"seed {SEED}"
        assert state is not SendState.REFUSED or number not in counts, f"seed {SEED}"


class Persistent:
    """Somebody who repeats one send until it has ended, whatever comes in between."""

    def __init__(self, box: Sandbox, folder: Path, mms_id: str, number: str, chance: random.Random) -> None:
        self._box = box
        self._folder = folder
        self._number = number
        self._arguments = fields(to=number, mms_id=mms_id)
        self._chance = chance

    async def send(self, turns: asyncio.Semaphore) -> bool:
        """Whether it was killed on the way."""
        async with turns:
            codes = [await self._run(kill=True)]
            while len(codes) < TRIES and (codes[-1] == -signal.SIGKILL or await self._not_sent(codes[-1])):
                codes.append(await self._run(kill=self._chance.random() < 0.2))
        assert codes[-1] in {0, 5, 6}, (codes, f"seed {SEED}")
        return -signal.SIGKILL in codes

    async def _not_sent(self, code: int) -> bool:
        """Whether it was refused for now only, so that it may be repeated."""
        if code != 5:
            return False
        async with await open_ledger() as ledger:
            wanted = Filter(state=SendState.NOT_SENT)
            return self._number in [one.intent.to async for one in ledger.sends(wanted)]

    async def _run(self, *, kill: bool) -> int:
        process = await asyncio.create_subprocess_exec(
            *(str(PROGRAM), "send", "sale.xml", "--api-url", self._box.provider_url, *self._arguments),
            cwd=self._folder,
            env=surroundings(),
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            if kill:
                await self._moment(process)
            else:
                await asyncio.wait_for(process.wait(), 180)
        finally:
            if process.returncode is None:
                process.kill()
        return await process.wait()

    async def _moment(self, process: asyncio.subprocess.Process) -> None:
        """Any time of its life; mostly one between intent and answer, where it matters most."""
        if self._chance.random() < 0.25:
            await asyncio.sleep(self._chance.uniform(0, 2.0))
            return
        ended = asyncio.ensure_future(process.wait())
        while not ended.done() and not self._intended():
            await asyncio.wait({ended}, timeout=0.004)
        await asyncio.sleep(self._chance.uniform(0, 0.12))

    def _intended(self) -> bool:
        """Whether its intent is in the ledger, and no answer yet; read behind the ledger's back."""
        question = "SELECT count(*) FROM sends WHERE recipient = ? AND state = 'intended'"
        try:
            with contextlib.closing(sqlite3.connect(f"file:{default_file()}?mode=ro", uri=True)) as database:
                return bool(database.execute(question, (self._number,)).fetchone()[0])
        except sqlite3.OperationalError:
            return False  # not there yet
