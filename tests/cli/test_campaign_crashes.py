"""Campaigns that are killed, and campaigns that run twice at once: no phone gets a message twice.

MMSCHECK_CRASHES sets how often one campaign is killed (4 times by default), MMSCHECK_CRASH_SEED repeats the
same choices.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import signal
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from mmscheck.ledger import open_ledger
from mmscheck.model.ledger import SendState
from mmscheck.sandbox import Mishaps, Sandbox, Throttle, Ways
from tests.support.campaigns import DOCUMENT, named, numbers, stored, until, write_recipients
from tests.support.command import PROGRAM, surroundings
from tests.support.ledgers import raw
from tests.support.postgres import Cluster

pytestmark = pytest.mark.long

KILLS = int(os.environ.get("MMSCHECK_CRASHES", "4"))
SEED = int(os.environ.get("MMSCHECK_CRASH_SEED", random.randrange(10**6)))
ROWS = 30 + 15 * KILLS

WAYS = Ways(
    answer_seconds=0.1,
    throttle=Throttle(gap=0.005),
    mishaps=Mishaps(
        seed=SEED,
        chances=dict.fromkeys(("close-unread", "close-before", "close-after", "half-answer", "e618"), 0.03),
    ),
)

COMMON = ("--from", "28444", "--service-id", "demo", "--fallback-sms-text", "Sale today")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sale.xml").write_text(DOCUMENT)
    return tmp_path


async def begin(box: Sandbox, folder: Path, mms_id: str, *more: str) -> asyncio.subprocess.Process:
    """The installed command, in a process of its own."""
    given = ("--recipients", "all.csv", "--api-url", box.provider_url, "--mms-id", mms_id, *COMMON)
    return await asyncio.create_subprocess_exec(
        *(str(PROGRAM), "send", "sale.xml", *given, "--format", "json", *more),
        cwd=folder,
        env=surroundings(),
        stdout=asyncio.subprocess.PIPE,
    )


def reached(box: Sandbox, total: int, ending: asyncio.Future[int]) -> bool:
    """Whether so many messages have arrived, or there will be no more."""
    return box.phones.total >= total or ending.done()


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, dict[str, int]]:
    """Exit code and counts."""
    out, _ = await asyncio.wait_for(process.communicate(), 600)
    return process.returncode, json.loads(out)["send"]["campaign"]


async def stand_still(process: asyncio.subprocess.Process, where: str) -> None:
    """Stop the process while two of its sends at least are on their way."""
    async with asyncio.timeout(60):
        while True:
            process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(0.02)
            ((in_flight,),) = await raw(where, "SELECT count(*) FROM sends WHERE state = 'intended'")
            if in_flight >= 2:
                return
            process.send_signal(signal.SIGCONT)
            await asyncio.sleep(0.03)


async def test_a_campaign_that_is_killed_again_and_again_sends_nothing_twice(
    folder: Path, where: str
) -> None:
    chance = random.Random(SEED)
    write_recipients(folder / "all.csv", named(ROWS))
    async with Sandbox(ways=WAYS) as box:
        mms_id = await stored(box, where)
        lenient = ("--in-flight", "6", "--stop-at-failure-rate", "100", "--ledger", where)
        killed = 0
        for _ in range(KILLS):
            process = await begin(box, folder, mms_id, *lenient)
            before, more = box.phones.total, chance.randrange(1, 12)
            ending = asyncio.ensure_future(process.wait())
            await until(partial(reached, box, before + more, ending))
            await asyncio.sleep(chance.uniform(0, 0.15))
            if not ending.done():
                process.send_signal(signal.SIGKILL)
            killed += await ending == -signal.SIGKILL
        code, counts = await ended(await begin(box, folder, mms_id, *lenient))
        assert max(box.phones.counts.values()) == 1, f"seed {SEED}"
        assert counts["left"] == 0, f"seed {SEED}"
        assert code in {0, 5, 6}, f"seed {SEED}"
        received = set(box.phones.counts)
    async with await open_ledger(where) as ledger:
        states = {send.intent.to: send.state async for send in ledger.sends()}
        assert (await ledger.verify()).found == ()
    told = (killed, ROWS, dict(Counter(states.values())))
    logging.getLogger(__name__).info("seed %d: %d kills, %d rows: %s", SEED, *told)
    assert set(states) == set(numbers(ROWS)), f"seed {SEED}"
    for number, state in states.items():
        assert state in {SendState.ACCEPTED, SendState.UNKNOWN, SendState.NOT_SENT}, f"seed {SEED}"
        assert state is not SendState.ACCEPTED or number in received, f"seed {SEED}"
        assert state is not SendState.NOT_SENT or number not in received, f"seed {SEED}"
    accepted = sum(state is SendState.ACCEPTED for state in states.values())
    assert accepted == counts["accepted"] + counts["recorded"], f"seed {SEED}"


async def test_two_processes_send_one_campaign_without_overlap(folder: Path, postgres: Cluster) -> None:
    where = postgres.fresh()
    write_recipients(folder / "all.csv", named(120))
    async with Sandbox(ways=Ways(answer_seconds=0.1)) as box:
        mms_id = await stored(box, where)
        both = [await begin(box, folder, mms_id, "--in-flight", "4", "--ledger", where)]
        try:
            await until(lambda: box.phones.total >= 5)
            # Stands still in the middle of its sends until the other is in the middle of its own.
            await stand_still(both[0], where)
            stood = box.phones.total
            # Fewer at a time than stand still: it must not wait for them before it goes on with the others.
            both.append(await begin(box, folder, mms_id, "--in-flight", "2", "--ledger", where))
            await until(lambda: box.phones.total >= stood + 20)
            both[0].send_signal(signal.SIGCONT)
            results = [await ended(process) for process in both]
        finally:
            for process in both:
                if process.returncode is None:
                    process.kill()
        assert [code for code, _ in results] == [0, 0], results
        counts = [found for _, found in results]
        assert sum(found["accepted"] for found in counts) == 120
        assert all(found["accepted"] + found["recorded"] == 120 for found in counts)
        assert all(found["accepted"] for found in counts), "both took part"
        assert set(box.phones.counts) == set(numbers(120))
        assert set(box.phones.counts.values()) == {1}
    async with await open_ledger(where) as ledger:
        assert (await ledger.verify()).found == ()
