"""STOP before, between and after a claim, on two processes and one PostgreSQL: nothing follows a durable one.

One process sends, through the whole of a send with a call over a socket; the other hears of the STOP.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mmscheck.ledger import open_ledger
from mmscheck.model.ledger import SendState
from mmscheck.sandbox import Sandbox
from tests.sandbox.raw_http import call, save_xml, slide, text
from tests.support.command import surroundings
from tests.support.postgres import Cluster

ROOT = Path(__file__).parents[2]

WORKER = """
import asyncio, json, sys, time
from mmscheck import FetchPolicy, SendRequest, SinchClient
from mmscheck.judge import gate
from mmscheck.judge.pipeline import check, load_rules
from mmscheck.ledger import Ledger, open_ledger
from mmscheck.model.ledger import Claim
from mmscheck.send.order import Order
from mmscheck.send.send import send_through
from mmscheck.slidexml import parse
from tests.support.command import message
from tests.support.ledgers import MEANINGS

def say(what, to, **more):
    print(json.dumps({"what": what, "to": to, **more}), flush=True)

async def main(where, api, mms_id):
    document = parse(message("<message-text>See you</message-text>").encode(), "a.xml")
    rules, client, go, tasks = load_rules(), SinchClient(api_key="sandbox-key", api_url=api), {}, set()
    claim, since = Ledger.claim, Ledger.suppressed_since

    async def claimed(self, intent, **more):
        began = time.monotonic()
        outcome = await claim(self, intent, **more)
        say("claim", intent.to, began=began, claimed=isinstance(outcome, Claim))
        if isinstance(outcome, Claim) and intent.to in go:
            await go[intent.to].wait()
        return outcome

    async def looked(self, mine, intent):
        began = time.monotonic()
        entry = await since(self, mine, intent)
        say("look", intent.to, began=began, free=entry is None)
        return entry

    Ledger.claim, Ledger.suppressed_since = claimed, looked

    async def send(to):
        request = SendRequest(mms_id=mms_id, to=to, from_="28444", service_id="s",
                              fallback_sms_text="Sale today")
        report = await check([document], rules, FetchPolicy(), request=request)
        permit = gate.permit(report, request, time.time(), life=600)
        result = await send_through(ledger, client, Order(report=report, request=request, permit=permit))
        say("sent", to, status=str(result.status))

    async def stop(to):
        reply = {"code": "N401", "from": to, "to": "28444", "keyword": "STOP"}
        await ledger.record_postback(reply, "127.0.0.1")
        say("stopped", to, at=time.monotonic())

    async with await open_ledger(where, meanings=MEANINGS) as ledger:
        say("open", "")
        while line := await asyncio.to_thread(sys.stdin.readline):
            what, to = line.split()
            if what == "wait":
                go[to] = asyncio.Event()
            elif what == "go":
                go[to].set()
            else:
                tasks.add(asyncio.create_task({"send": send, "stop": stop}[what](to)))
        await asyncio.gather(*tasks)

asyncio.run(main(*sys.argv[1:]))
"""


class Worker:
    """A process that sends and hears of STOP, as it is told; ``said`` is all that it has said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.said: list[dict[str, Any]] = []

    def tell(self, what: str, to: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what} {to}\n".encode())

    async def hears(self, what: str, to: str = "") -> dict[str, Any]:
        """The next word of this kind about this number."""
        assert self._process.stdout is not None
        while True:
            line = await asyncio.wait_for(self._process.stdout.readline(), 120)
            assert line, f"it ended without a word of {what}"
            self.said.append(json.loads(line))
            if (self.said[-1]["what"], self.said[-1]["to"]) == (what, to):
                return self.said[-1]

    async def end(self) -> None:
        out, _ = await asyncio.wait_for(self._process.communicate(b""), 120)
        self.said += [json.loads(line) for line in out.decode().splitlines()]
        assert self._process.returncode == 0


@asynccontextmanager
async def two(*arguments: str) -> AsyncIterator[tuple[Worker, Worker]]:
    """Two processes that have opened the ledger."""
    started = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", WORKER, *arguments),
            cwd=ROOT,
            env=surroundings(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(2)
    ]
    both = (Worker(started[0]), Worker(started[1]))
    for one in both:
        await one.hears("open")
    try:
        yield both
    finally:
        for process in started:
            if process.returncode is None:
                process.kill()
                await process.wait()


@asynccontextmanager
async def scene(postgres: Cluster) -> AsyncIterator[tuple[str, Sandbox, Worker, Worker]]:
    """A ledger, a provider, and the two processes that share both."""
    where = postgres.fresh()
    async with await open_ledger(where), Sandbox() as box:
        box.plan(None)
        mms_id = (await call(box, save_xml(slide(text()))))["mms-id"]
        async with two(where, box.provider_url, mms_id) as (sender, listener):
            yield where, box, sender, listener


async def test_a_stop_that_another_process_heard_before_is_seen_by_the_claim(postgres: Cluster) -> None:
    async with scene(postgres) as (where, box, sender, listener):
        listener.tell("stop", "15551230001")
        await listener.hears("stopped", "15551230001")
        sender.tell("send", "15551230001")
        assert (await sender.hears("claim", "15551230001"))["claimed"] is False
        assert (await sender.hears("sent", "15551230001"))["status"] == "not-attempted"
        assert list(box.sent) == []
        async with await open_ledger(where) as ledger:
            assert await ledger.counts() == {}


async def test_a_stop_that_another_process_hears_after_the_claim_stops_the_call(postgres: Cluster) -> None:
    async with scene(postgres) as (where, box, sender, listener):
        sender.tell("wait", "15551230001")
        sender.tell("send", "15551230001")
        assert (await sender.hears("claim", "15551230001"))["claimed"] is True
        listener.tell("stop", "15551230001")
        await listener.hears("stopped", "15551230001")
        sender.tell("go", "15551230001")
        assert (await sender.hears("sent", "15551230001"))["status"] == "not-attempted"
        assert list(box.sent) == []
        async with await open_ledger(where) as ledger:
            assert await ledger.counts() == {SendState.NOT_SENT: 1}


@pytest.mark.parametrize("seed", range(3))
async def test_whenever_it_comes_nothing_is_sent_that_looked_after_it(postgres: Cluster, seed: int) -> None:
    chance = random.Random(seed)
    numbers = [f"1555123{at:04}" for at in range(24)]
    async with scene(postgres) as (where, box, sender, listener):
        for number in numbers:
            jobs = [(sender, "send"), (listener, "stop")]
            chance.shuffle(jobs)
            for worker, what in jobs:
                worker.tell(what, number)
                await asyncio.sleep(chance.random() * 0.05)
        await asyncio.gather(sender.end(), listener.end())
        got = [sent.to for sent in box.sent]
        async with await open_ledger(where) as ledger:
            assert (await ledger.verify()).found == ()
    durable = {word["to"]: word["at"] for word in listener.said if word["what"] == "stopped"}
    assert durable.keys() == set(numbers)
    claims = {word["to"]: word for word in sender.said if word["what"] == "claim"}
    looks = {word["to"]: word for word in sender.said if word["what"] == "look"}
    late = [to for to, one in claims.items() if one["claimed"] and one["began"] > durable[to]]
    assert late == [], "claimed after a STOP that was durable"
    assert [to for to in got if looks[to]["began"] > durable[to]] == [], "sent after a STOP that was durable"
    assert len(got) == len(set(got))
