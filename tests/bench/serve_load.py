"""``mmscheck serve`` under load, bounded and on loopback: what it answers, how long it takes, what it holds.

    .venv/bin/python -m tests.bench.serve_load [--connections 200] [--seconds 60]

Each connection asks for lints of a small message and of one with a picture, in turn; every verdict is known.
A full queue (429) is an answer too, and is asked again after a pause.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

import aiohttp

from tests.support.command import STATE, image, message
from tests.support.serving import BAD, GOOD, form, process

PHOTO = (Path(__file__).parents[2] / "fixtures" / "media" / "photo-small.jpg").read_bytes()
WANTED = {"good": 200, "bad": 422, "picture": 200}


def resident(process_id: int) -> int:
    """Kilobytes of memory that a process has in RAM."""
    for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def body(kind: str) -> aiohttp.FormData:
    """What is asked for."""
    if kind == "picture":
        document = message(image("photo-small.jpg")).encode()
        return form(("document", "sale.xml", document), ("file", "photo-small.jpg", PHOTO))
    return form(("document", "sale.xml", GOOD if kind == "good" else BAD))


async def asking(
    session: aiohttp.ClientSession,
    url: str,
    number: int,
    *,
    until: float,
    told: Counter[str],
    took: list[float],
) -> None:
    """Ask until the time is over; a wrong verdict is counted as such."""
    turn = number
    while time.monotonic() < until:
        kind = tuple(WANTED)[turn % len(WANTED)]
        begun = time.monotonic()
        headers = {"Prefer": "wait=100"}
        async with session.post(f"{url}/v1/lint", data=body(kind), headers=headers) as answer:
            await answer.read()
        if answer.status == 429:
            told["busy"] += 1
            await asyncio.sleep(1.0)
            continue
        took.append(time.monotonic() - begun)
        told["right" if answer.status == WANTED[kind] else f"wrong: {kind} {answer.status}"] += 1
        turn += 1


async def measured(connections: int, seconds: float) -> None:
    """Run it and print what came of it."""
    told: Counter[str] = Counter()
    took: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = str(Path(folder) / STATE)
        async with process(Path(folder), "--quiet", "--queue", "250", key=None) as service:
            connector = aiohttp.TCPConnector(limit=connections)
            timeout = aiohttp.ClientTimeout(total=seconds + 200)
            async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
                begun = time.monotonic()
                everybody = asyncio.gather(
                    *(
                        asking(session, service.url, number, until=begun + seconds, told=told, took=took)
                        for number in range(connections)
                    )
                )
                while not everybody.done():
                    memory = resident(service.process.pid) // 1024
                    print(f"{time.monotonic() - begun:5.0f} s  {memory} MB  {dict(told)}", flush=True)
                    await asyncio.wait({everybody}, timeout=seconds / 6)
                await everybody
                print(f"  end    {resident(service.process.pid) // 1024} MB  {dict(told)}")
    quantiles = statistics.quantiles(took, n=20)
    print(f"answers {len(took)}, median {statistics.median(took):.2f} s, p95 {quantiles[18]:.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    asyncio.run(measured(given.connections, given.seconds))
