"""What the ledger costs a send: run ``python tests/bench/bench_ledger.py``; prints figures.

A send is a claim, a look at the kill switch, 50 ms that stand for the POST, and the answer. Everything is
flushed to the disk (SQLite: WAL and synchronous=FULL; PostgreSQL: fsync and synchronous_commit on), and
what one flush takes here is printed as well: a send waits for two of them.

(a) Sends started at 300 a second: what of a send's time is the ledger's, median and 95th percentile.
(b) One send after the other: the same, with nothing to share a flush with.
(c) 200 workers that send as fast as they can: sends per second.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # for tests.support, wherever this is run from

from mmscheck.ledger import Ledger, open_ledger
from mmscheck.model.ledger import Claim, SendIntent
from mmscheck.model.request import SendResult, SendStatus
from tests.support.postgres import cluster

ANSWER = 0.05
RATE = 300
SENDS = 3000
ALONE = 100
WORKERS = 200


def intent(run: str, number: int) -> SendIntent:
    """One send of a campaign."""
    return SendIntent(
        key=f"{run}-{number}",
        mms_id=f"of {run}",  # a number gets a stored message once
        to=f"1555{number:07}",
        from_="28444",
        request_digest=f"sha256:{number:064}",
        message_digest="sha256:" + "1" * 64,
        ruleset_digest="sha256:" + "2" * 64,
        campaign=run,
        row=number,
    )


async def send(ledger: Ledger, run: str, number: int) -> float:
    """One send; returns the ledger's share in milliseconds."""
    begun = time.perf_counter()
    claim = await ledger.claim(intent(run, number))
    assert isinstance(claim, Claim), claim
    assert not await ledger.held()
    posted = time.perf_counter()
    await asyncio.sleep(ANSWER)
    answered = time.perf_counter()
    accepted = SendResult(
        status=SendStatus.ACCEPTED, detail="Accepted.", tracking_id=f"{run}-{number}", http_status=200
    )
    await ledger.answer(claim, accepted)
    return (time.perf_counter() - answered + posted - begun) * 1000


async def paced(ledger: Ledger) -> list[float]:
    """Start RATE sends a second."""
    tasks = []
    begun = time.perf_counter()
    for number in range(SENDS):
        await asyncio.sleep(max(0.0, begun + number / RATE - time.perf_counter()))
        tasks.append(asyncio.create_task(send(ledger, "paced", number)))
    return list(await asyncio.gather(*tasks))


async def flat_out(ledger: Ledger) -> float:
    """As many as go; returns sends per second."""
    numbers = iter(range(SENDS))

    async def work() -> None:
        for number in numbers:
            await send(ledger, "flat", number)

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(WORKERS)))
    return SENDS / (time.perf_counter() - begun)


async def measure(name: str, where: str) -> None:
    """Print one database's figures."""
    async with await open_ledger(where) as ledger:
        alone = [await send(ledger, "alone", number) for number in range(ALONE)]
        shares = await paced(ledger)
        rate = await flat_out(ledger)
        begun = time.perf_counter()
        verification = await ledger.verify()
        took = time.perf_counter() - begun
    assert not verification.found, verification.found[:3]
    late = statistics.quantiles(shares, n=20)[-1]
    print(
        f"{name}: {RATE} sends/s: the ledger's share {statistics.median(shares):.2f} ms median (target 5), "
        f"{late:.2f} ms p95"
    )
    print(f"{name}: one by one: the ledger's share {statistics.median(alone):.2f} ms median")
    print(f"{name}: {WORKERS} workers: {rate:.0f} sends/s (target {RATE})")
    print(f"{name}: verify: {verification.rows / took:.0f} rows/s")


def flush() -> float:
    """Milliseconds to append 4 KB to a file and flush it, median."""
    times = []
    with tempfile.TemporaryFile(buffering=0) as file:
        for _ in range(100):
            begun = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def main() -> None:
    """Both databases, one after the other."""
    print(f"one flush of 4 KB: {flush():.2f} ms median")
    with tempfile.TemporaryDirectory(prefix="mmscheck-bench-") as folder:
        asyncio.run(measure("SQLite", str(Path(folder) / "ledger.sqlite3")))
    with cluster(durable=True) as running:
        asyncio.run(measure("PostgreSQL", running.fresh()))


if __name__ == "__main__":
    main()
