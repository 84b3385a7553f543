"""Several processes on one ledger, and processes that die: nothing is claimed twice, nothing is lost."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from pathlib import Path

import pytest

from mmscheck.ledger import open_ledger
from mmscheck.model.ledger import ClaimRefused, Recorded, SendState
from tests.support.ledgers import intent

ROOT = Path(__file__).parents[2]
KEYS = 120
ROUNDS = int(os.environ.get("MMSCHECK_CRASHES", "6"))
"""How often the crash test kills; more by the environment."""

WORKER = """
import asyncio, os, random, sys
from mmscheck.ledger import open_ledger
from mmscheck.model.ledger import Claim
from tests.support.ledgers import accepted, intent

async def main(where, phones, keys, seed, pause):
    order = list(range(int(keys)))
    random.Random(seed).shuffle(order)
    phone = os.open(phones, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    async with await open_ledger(where) as ledger:
        print("open", flush=True)
        sys.stdin.readline()
        async def send():
            while order:
                key = f"key-{order.pop()}"
                claim = await ledger.claim(intent(key))
                if isinstance(claim, Claim) and not await ledger.held():
                    os.write(phone, f"{key}\\n".encode())
                    await asyncio.sleep(float(pause))
                    await ledger.answer(claim, accepted(f"T-{key}"))
        await asyncio.gather(*(send() for _ in range(8)))

asyncio.run(main(*sys.argv[1:]))
"""


async def worker(where: str, phones: Path, seed: int, pause: float) -> asyncio.subprocess.Process:
    arguments = (where, str(phones), str(KEYS), str(seed), str(pause))
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WORKER, *arguments),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


async def opened(one: asyncio.subprocess.Process) -> None:
    assert one.stdout is not None
    assert await asyncio.wait_for(one.stdout.readline(), 90) == b"open\n"


def start(one: asyncio.subprocess.Process) -> None:
    assert one.stdin is not None
    one.stdin.write(b"\n")


def received(phones: Path) -> list[str]:
    return phones.read_text().splitlines() if phones.exists() else []


async def test_two_processes_send_every_message_once(where: str, tmp_path: Path) -> None:
    phones = tmp_path / "phones"
    # An answer takes as long as both need to get at the lock: one alone could else have been through first.
    workers = [await worker(where, phones, seed, 0.05) for seed in (1, 2)]
    for one in workers:
        await opened(one)
    for one in workers:
        start(one)
    assert [await asyncio.wait_for(one.wait(), 180) for one in workers] == [0, 0]
    assert sorted(received(phones)) == sorted(f"key-{number}" for number in range(KEYS))
    async with await open_ledger(where) as ledger:
        assert await ledger.counts() == {SendState.ACCEPTED: KEYS}
        owners = {send.owner async for send in ledger.sends()}
        assert (await ledger.verify()).found == ()
    assert len(owners) == 2, "both should have had their share"


async def test_a_sender_killed_at_any_point_sends_nothing_twice(where: str, tmp_path: Path) -> None:
    phones = tmp_path / "phones"
    chance = random.Random(5)
    for seed in range(ROUNDS):
        one = await worker(where, phones, seed, 0.03)
        await opened(one)
        start(one)
        await asyncio.sleep(chance.uniform(0.0, 0.25))
        if one.returncode is None:
            one.send_signal(signal.SIGKILL)
        await one.wait()
    got = received(phones)
    assert len(got) == len(set(got)), "a phone got a message twice"
    async with await open_ledger(where) as ledger:
        states = {send.intent.key: send.state async for send in ledger.sends()}
        assert set(got) <= states.keys()
        assert set(states.values()) <= {SendState.ACCEPTED, SendState.UNKNOWN}
        assert SendState.UNKNOWN in states.values(), "no kill hit a send; kill at other times"
        for key, state in states.items():
            outcome = await ledger.claim(intent(key))
            assert isinstance(outcome, Recorded if state is SendState.ACCEPTED else ClaimRefused)
        assert (await ledger.verify()).found == ()


async def test_a_fork_may_not_use_the_ledger_of_its_parent(where: str) -> None:
    async with await open_ledger(where) as ledger:
        ledger._writer._process += 1
        with pytest.raises(Exception, match="open it again after a fork"):
            await ledger.claim(intent())
