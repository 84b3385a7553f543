"""Kill the sender at any moment, against a provider that fails as well: no phone gets anything twice.

MMSCHECK_CRASHES sets the number of sends (20 by default), MMSCHECK_CRASH_SEED repeats the same choices.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import msgspec
import pytest

from mmscheck.ledger import open_ledger
from mmscheck.model.ledger import SendState
from mmscheck.sandbox import Mishaps, Sandbox, Throttle, Ways
from tests.sandbox.raw_http import call, save_xml, slide, text
from tests.support.bound import bind_files
from tests.support.command import fields, message
from tests.support.launching import Launcher, launching

pytestmark = pytest.mark.long

SENDS = int(os.environ.get("MMSCHECK_CRASHES", "20"))
SEED = int(os.environ.get("MMSCHECK_CRASH_SEED", random.randrange(10**6)))

AT_ONCE = min(6, 1 + SENDS // 10)
TRIES = 20

WAYS = Ways(
    answer_seconds=0.05,
    throttle=Throttle(gap=0.02),
    mishaps=Mishaps(
        seed=SEED,
        actions=("sendSavedMMS", "sendMMS"),
        late_seconds=0.3,
        chances={
            **dict.fromkeys(("close-unread", "close-before", "reset-before", "e618", "e503-before"), 0.05),
            **dict.fromkeys(("close-after", "reset-after", "half-answer", "garbage", "late-answer"), 0.05),
        },
    ),
)


WORDS = "Hello, this is Acme. Reply STOP to opt out."
DOCUMENTS = {
    "sale.xml": message(f"<message-text>{WORDS}</message-text>"),
    "sale.json": json.dumps({"action": "savemms", "name": "sale", "slide": [{"message-text": WORDS}]}),
    "once.xml": (
        f"<request><action>sendMMS</action><slide><message-text>{WORDS}</message-text></slide></request>"
    ),
    "once.json": json.dumps({"action": "sendmms", "slide": [{"message-text": WORDS}]}),
}


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_whatever_is_killed_no_phone_gets_a_message_twice(
    tmp_path: Path, where: str, name: str
) -> None:
    (tmp_path / name).write_text(DOCUMENTS[name])
    async with Sandbox(ways=WAYS) as box:
        at = box.json_url if name.endswith("json") else box.provider_url
        mms_id = None
        async with await open_ledger(where):
            pass  # so that it can be looked at before the first send
        if name.startswith("sale"):
            box.plan(None)  # so that the save gets through
            mms_id = (await call(box, save_xml(slide(text()))))["mms-id"]
            await bind_files([tmp_path / name], mms_id, at=at, where=where)
        numbers = [f"1555123{number:04}" for number in range(SENDS)]
        async with looking(where) as look:
            makers = Makers(where=where, at=at, name=name, mms_id=mms_id, look=look)
            sends = [Persistent(makers, number) for number in numbers]
            await at_once(AT_ONCE, sends, tmp_path)
        counts, repeated = box.phones.counts, box.phones.repeated
    killed = sum((one.killed for one in sends), Counter[str]())
    assert not repeated, f"seed {SEED}"
    async with await open_ledger(where) as ledger:
        states = {one.intent.to: one.state async for one in ledger.sends()}
        assert (await ledger.verify()).found == ()
    arrived, ended = sum(counts.values()), dict(Counter(states.values()))
    told = (SEED, killed.total(), dict(killed), SENDS, arrived, ended)
    logging.getLogger(__name__).info("seed %d: %d kills, %s; %d sends, %d arrived, %s", *told)
    assert killed.total() > SENDS // 3
    assert set(states) == set(numbers), f"seed {SEED}"
    for number, state in states.items():
        assert state in {SendState.ACCEPTED, SendState.REFUSED, SendState.UNKNOWN}, f"seed {SEED}"
        assert state is not SendState.ACCEPTED or counts[number] == 1, f"seed {SEED}"
        assert state is not SendState.REFUSED or number not in counts, f"seed {SEED}"


Look = Callable[[str], Awaitable[str]]
"""The state of the send to a number, empty where there is none; read behind the ledger's back."""


@asynccontextmanager
async def looking(where: str) -> AsyncIterator[Look]:
    """One connection for all, which costs the processes that are watched the least."""
    if "://" not in where:
        with contextlib.closing(sqlite3.connect(f"file:{where}?mode=ro", uri=True)) as database:

            async def of_file(number: str) -> str:
                found = database.execute("SELECT state FROM sends WHERE recipient = ?", (number,)).fetchone()
                return str(found[0]) if found else ""

            yield of_file
        return
    async with asyncpg.create_pool(where, min_size=1, max_size=AT_ONCE) as pool:

        async def of_server(number: str) -> str:
            return await pool.fetchval("SELECT state FROM sends WHERE recipient = $1", number) or ""

        yield of_server


async def at_once(many: int, sends: Iterable[Persistent], folder: Path) -> None:
    """Make them all, so many at a time."""
    left = iter(sends)

    async def work() -> None:
        async with launching(folder) as launcher:
            for one in left:
                await one.send(launcher)

    async with asyncio.TaskGroup() as group:
        for _ in range(many):
            group.create_task(work())


class Makers(msgspec.Struct, frozen=True, kw_only=True):
    """What every send needs."""

    where: str
    at: str
    name: str
    mms_id: str | None
    look: Look


class Persistent:
    """Somebody who repeats one send until it has ended, whatever comes in between."""

    def __init__(self, makers: Makers, number: str) -> None:
        self._makers = makers
        self._number = number
        # Its own, so that a seed repeats them whoever comes first.
        self._chance = random.Random(f"{SEED} {number}")
        self.killed = Counter[str]()
        """How often it was killed, by what the ledger knew of it then."""

    async def send(self, launcher: Launcher) -> None:
        """Until it has ended."""
        codes = [await self._run(launcher, kill=True)]
        while len(codes) < TRIES and (codes[-1] == -signal.SIGKILL or await self._not_sent(codes[-1])):
            codes.append(await self._run(launcher, kill=self._chance.random() < 0.2))
        assert codes[-1] in {0, 5, 6}, (codes, f"seed {SEED}")

    async def _not_sent(self, code: int) -> bool:
        """Whether it was refused for now only, so that it may be repeated."""
        return code == 5 and await self._makers.look(self._number) == SendState.NOT_SENT

    async def _run(self, launcher: Launcher, *, kill: bool) -> int:
        given = self._makers
        to = fields(to=self._number, mms_id=given.mms_id)
        at_once = () if given.mms_id else ("--one-shot",)
        process = await launcher.begin(
            ("send", given.name, *at_once, "--ledger", given.where, "--api-url", given.at, *to)
        )
        ending = asyncio.ensure_future(launcher.ended())
        if kill:
            await self._moment(ending)
        else:
            await asyncio.wait({ending}, timeout=180)
        if not ending.done():
            os.kill(process, signal.SIGKILL)
        code = await ending
        if code == -signal.SIGKILL:
            self.killed[await given.look(self._number) or "before the claim"] += 1
        return code

    async def _moment(self, ending: asyncio.Future[int]) -> None:
        """Any time of its life; mostly one between intent and answer, where it matters most."""
        if self._chance.random() < 0.25:
            await asyncio.sleep(self._chance.uniform(0, 2.0))
            return
        while not ending.done() and await self._makers.look(self._number) != SendState.INTENDED:
            await asyncio.wait({ending}, timeout=0.004)
        await asyncio.sleep(self._chance.uniform(0, 0.12))
