"""Two processes on each of two machines send one list through one PostgreSQL: every phone gets it once."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mmscheck.ledger import open_ledger
from mmscheck.model.ledger import SendState
from mmscheck.sandbox import Sandbox, Ways
from tests.sandbox.raw_http import call, save_xml, slide, text
from tests.support.campaigns import DOCUMENT, bind, named, stored, write_recipients
from tests.support.command import surroundings
from tests.support.machines import Machine, machines, relay, relay_inside
from tests.support.postgres import Cluster

ROOT = Path(__file__).parents[2]
PHONES = 60
MANY = 240
"""Enough that each of four processes is still at it when the last has started."""

PORT = 8801
API = f"http://127.0.0.1:{PORT}/ep/v1/"
"""Where every machine finds the provider: on itself, at the other end of its cable."""

WORKER = """
import asyncio, random, sys, time
from mmscheck import FetchPolicy, SendRequest, SinchClient
from mmscheck.judge import gate
from mmscheck.send.send import send_through
from mmscheck.ledger import open_ledger
from mmscheck.send.order import Order
from mmscheck.judge.pipeline import check, load_rules
from mmscheck.slidexml import parse
from tests.support.command import message

async def main(where, api, mms_id, phones, seed):
    document = parse(message("<message-text>See you</message-text>").encode(), "a.xml")
    rules, client = load_rules(), SinchClient(api_key="sandbox-key", api_url=api)
    numbers = [f"1555{number:07}" for number in range(int(phones))]
    random.Random(seed).shuffle(numbers)
    async with await open_ledger(where) as ledger:
        print("open", flush=True)
        sys.stdin.readline()
        async def send():
            while numbers:
                request = SendRequest(mms_id=mms_id, to=numbers.pop(), from_="28444", service_id="s",
                                      fallback_sms_text="Sale today")
                report = await check([document], rules, FetchPolicy(), request=request)
                permit = gate.permit(report, request, time.time(), life=600)
                order = Order(report=report, request=request, permit=permit)
                result = await send_through(ledger, client, order)
                print(result.status, result.recorded, flush=True)
        await asyncio.gather(*(send() for _ in range(4)))

asyncio.run(main(*sys.argv[1:]))
"""


async def begun(machine: Machine, where: str, mms_id: str, seed: int) -> asyncio.subprocess.Process:
    """A worker that has opened the ledger and waits."""
    one = await asyncio.create_subprocess_exec(
        *machine.command(sys.executable, "-c", WORKER, where, API, mms_id, str(PHONES), str(seed)),
        cwd=ROOT,
        env=surroundings(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert one.stdout is not None
    assert await asyncio.wait_for(one.stdout.readline(), 60) == b"open\n"
    return one


async def finished(one: asyncio.subprocess.Process) -> list[str]:
    """Let it go, and return what it said of each send."""
    out, _ = await asyncio.wait_for(one.communicate(b"\n"), 120)
    assert one.returncode == 0
    return out.decode().splitlines()


async def test_workers_on_two_machines_send_one_list_without_overlap(postgres: Cluster) -> None:
    where = postgres.fresh()
    place = urlsplit(where)
    assert place.port is not None
    with machines(2) as both:
        async with Sandbox(ways=Ways(answer_seconds=0.02)) as box:
            mms_id = (await call(box, save_xml(slide(text()))))["mms-id"]
            api = urlsplit(box.provider_url)
            assert api.port is not None
            workers = []
            async with AsyncExitStack() as stack:
                for machine in both:
                    base = await stack.enter_async_context(relay(machine.here, place.port))
                    door = await stack.enter_async_context(relay(machine.here, api.port))
                    await stack.enter_async_context(relay_inside(machine, PORT, door))
                    url = f"postgresql://{place.username}@{machine.here}:{base}{place.path}"
                    workers += [await begun(machine, url, mms_id, seed) for seed in range(2)]
                said = await asyncio.gather(*map(finished, workers))
            assert box.phones.total == PHONES
            assert box.phones.repeated == {}
    assert sum(line == "accepted False" for lines in said for line in lines) == PHONES
    assert all(any(line == "accepted False" for line in lines) for lines in said), (
        "each should have had a share"
    )
    async with await open_ledger(where) as ledger:
        assert await ledger.counts() == {SendState.ACCEPTED: PHONES}
        hosts = {send.owner.split(":")[0] async for send in ledger.sends()}
        assert hosts == {machine.name for machine in both}
        assert (await ledger.verify()).found == ()


async def campaign(machine: Machine, where: str, mms_id: str, folder: Path) -> dict[str, Any]:
    """The installed command on that machine; what it reports of the whole campaign."""
    common = ("--from", "28444", "--service-id", "demo", "--fallback-sms-text", "Sale today")
    reach = ("--api-url", API, "--ledger", where, "--in-flight", "4")
    words = ("send", "sale.xml", "--mms-id", mms_id, "--recipients", "all.csv", *common, *reach)
    one = await asyncio.create_subprocess_exec(
        *machine.command(sys.executable, "-m", "mmscheck", *words, "--format", "json"),
        cwd=folder,
        env={**surroundings(), "PYTHONPATH": str(ROOT), "MMSCHECK_API_KEY": "sandbox-key"},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(one.communicate(), 180)
    report: dict[str, Any] = json.loads(out)
    assert report["exit_code"] == one.returncode
    return report


async def test_one_campaign_run_on_two_machines_at_once_reaches_every_phone_once(
    postgres: Cluster, tmp_path: Path
) -> None:
    where = postgres.fresh()
    place = urlsplit(where)
    assert place.port is not None
    (tmp_path / "sale.xml").write_text(DOCUMENT)
    write_recipients(tmp_path / "all.csv", named(MANY))
    with machines(2) as both:
        async with Sandbox(ways=Ways(answer_seconds=0.1)) as box, AsyncExitStack() as stack:
            mms_id = await stored(box, where)
            await bind(mms_id, where, at=API)
            api = urlsplit(box.provider_url)
            assert api.port is not None
            runs = []
            for machine in both:
                base = await stack.enter_async_context(relay(machine.here, place.port))
                door = await stack.enter_async_context(relay(machine.here, api.port))
                await stack.enter_async_context(relay_inside(machine, PORT, door))
                url = f"postgresql://{place.username}@{machine.here}:{base}{place.path}"
                runs += [campaign(machine, url, mms_id, tmp_path) for _ in range(2)]
            told = await asyncio.gather(*runs)
            assert box.phones.total == MANY
            assert box.phones.repeated == {}
    shares = [report["send"]["campaign"]["accepted"] for report in told]
    assert sum(shares) == MANY
    assert sum(map(bool, shares)) > 1, "they should have been at it at the same time"
    async with await open_ledger(where) as ledger:
        assert await ledger.counts() == {SendState.ACCEPTED: MANY}
        assert (await ledger.verify()).found == ()
