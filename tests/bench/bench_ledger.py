"""What the ledger costs a send: run ``python tests/bench/bench_ledger.py``; prints figures.

A send is a claim with its permit, a look at the kill switch and the suppression list, 50 ms that stand for
the POST, and the answer. Everything is flushed to the disk (SQLite: WAL and synchronous=FULL; PostgreSQL:
fsync and synchronous_commit on), and what one flush takes here is printed as well: a send waits for two.

Beside it, in the same run and by turns, the least that a program can do to have the same durable: a row put
in, a row read, the row changed, each by the driver alone, without rules, history or looking for rivals
("bare"). On a machine that others use the ratio says more than the milliseconds.

(a) Sends started at 300 a second: what of a send's time is the ledger's, median and 95th percentile.
(b) One send after the other: the same, with nothing to share a flush with.
(c) 200 workers that send as fast as they can: sends per second.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, Self

import asyncpg

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
    meant = intent(run, number)
    claim, _ = await asyncio.gather(
        ledger.claim(meant), ledger.record_check("permit", request=meant.request_digest)
    )
    assert isinstance(claim, Claim), claim
    held, entry = await asyncio.gather(ledger.held(), ledger.suppressed_since(claim, meant))
    assert not held
    assert entry is None
    posted = time.perf_counter()
    await asyncio.sleep(ANSWER)
    answered = time.perf_counter()
    accepted = SendResult(
        status=SendStatus.ACCEPTED, detail="Accepted.", tracking_id=f"{run}-{number}", http_status=200
    )
    await ledger.answer(claim, accepted)
    return (time.perf_counter() - answered + posted - begun) * 1000


class Bare(Protocol):
    """Three statements of one driver, each durable when it returns."""

    async def insert(self, number: int) -> None:
        """Put a row in."""

    async def look(self) -> None:
        """Read a row."""

    async def update(self, number: int) -> None:
        """Change the row."""


TABLE = "CREATE TABLE bare (id BIGINT PRIMARY KEY, state TEXT, body TEXT)"
BODY = "x" * 600
"""About what a send and its row of the history hold."""


class BareSqlite:
    """The driver of the standard library, in a thread."""

    def __init__(self, where: str) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._where = where

    async def __aenter__(self) -> Self:
        await self._do(self._open)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._do(self._close)
        self._thread.shutdown()

    def _open(self) -> None:
        self._connection = sqlite3.connect(self._where, isolation_level=None)
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", TABLE):
            self._connection.execute(statement)

    def _close(self) -> None:
        self._connection.close()

    async def _do(self, work: Callable[[], object]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def insert(self, number: int) -> None:
        row = (number, "intended", BODY)
        await self._do(lambda: self._connection.execute("INSERT INTO bare VALUES (?, ?, ?)", row))

    async def look(self) -> None:
        await self._do(lambda: self._connection.execute("SELECT max(id) FROM bare").fetchall())

    async def update(self, number: int) -> None:
        row = ("accepted", number)
        await self._do(lambda: self._connection.execute("UPDATE bare SET state = ? WHERE id = ?", row))


class BarePostgresql:
    """asyncpg, on one connection."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._connection = await asyncpg.connect(self._where)
        await self._connection.execute(TABLE)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()

    async def _do(self, query: str, *values: object) -> None:
        async with self._lock:
            await self._connection.fetch(query, *values)

    async def insert(self, number: int) -> None:
        await self._do("INSERT INTO bare VALUES ($1, $2, $3)", number, "intended", BODY)

    async def look(self) -> None:
        await self._do("SELECT max(id) FROM bare")

    async def update(self, number: int) -> None:
        await self._do("UPDATE bare SET state = $1 WHERE id = $2", "accepted", number)


async def send_bare(bare: Bare, number: int) -> float:
    """One send without a ledger; returns its share in milliseconds."""
    begun = time.perf_counter()
    await bare.insert(number)
    await bare.look()
    posted = time.perf_counter()
    await asyncio.sleep(ANSWER)
    answered = time.perf_counter()
    await bare.update(number)
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


async def one_by_one(ledger: Ledger, bare: Bare) -> tuple[list[float], list[float]]:
    """The shares of ALONE sends through the ledger and of as many bare ones, in turn."""
    pairs = [(await send(ledger, "alone", number), await send_bare(bare, number)) for number in range(ALONE)]
    return [ours for ours, _ in pairs], [least for _, least in pairs]


async def measure(name: str, where: str, opened: BareSqlite | BarePostgresql) -> None:
    """Print one database's figures."""
    async with await open_ledger(where) as ledger, opened as bare:
        alone, least = await one_by_one(ledger, bare)
        shares = await paced(ledger)
        rate = await flat_out(ledger)
        begun = time.perf_counter()
        verification = await ledger.verify()
        took = time.perf_counter() - begun
    assert not verification.found, verification.found[:3]
    late = statistics.quantiles(shares, n=20)[-1]
    share, floor = statistics.median(alone), statistics.median(least)
    print(
        f"{name}: {RATE} sends/s: the ledger's share {statistics.median(shares):.2f} ms median (target 5), "
        f"{late:.2f} ms p95"
    )
    print(
        f"{name}: one by one: the ledger's share {share:.2f} ms median, bare {floor:.2f} ms: "
        f"{share / floor:.1f} times"
    )
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
        bare = BareSqlite(str(Path(folder) / "bare.sqlite3"))
        asyncio.run(measure("SQLite", str(Path(folder) / "ledger.sqlite3"), bare))
    with cluster(durable=True) as running:
        asyncio.run(measure("PostgreSQL", running.fresh(), BarePostgresql(running.fresh())))


if __name__ == "__main__":
    main()
