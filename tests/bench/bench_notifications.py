"""What a claim and a postback cost as notifications of one message pile up; prints milliseconds.

Run ``python tests/bench/bench_notifications.py [MOST]``: at 10 and at MOST (1,000,000) notifications of the
same mms-id, both databases. The last line of each tells the ratios, which should stand near 1.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # for tests.support, wherever this is run from

from mmscheck.ledger import Ledger, open_ledger
from tests.support.ledgers import MEANINGS, claimed, raw
from tests.support.postgres import cluster

FEW, MOST, TRIES = 10, 1_000_000, 15


async def filled(where: str, begin: int, end: int) -> None:
    """Put notifications of one message in, behind the ledger's back."""
    await raw(
        where,
        "INSERT INTO postbacks (id, digest, received_at, code, meaning, tracking_id, mms_id, recipient, "
        "fields) "
        f"WITH RECURSIVE n(i) AS (SELECT {begin} UNION ALL SELECT i + 1 FROM n WHERE i < {end}) SELECT "
        "10000000 + i, 'd' || i, 1796000000000000 + i, 'N101', 'sent', 'T' || i, '100001', '1555' || i, '{}' "
        "FROM n",
        "ANALYZE",
    )


async def took(work: Callable[[int], Awaitable[object]], first: int) -> float:
    """Milliseconds of one call, median."""
    times = []
    for number in range(first, first + TRIES):
        begun = time.perf_counter()
        await work(number)
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


async def once(ledger: Ledger, first: int) -> dict[str, float]:
    """What each costs now."""

    async def postback(number: int) -> None:
        await ledger.record_postback(
            {"code": "N101", "tracking-id": f"X{number}", "mms-id": "100001", "to": "15550000000"}
        )

    async def ready(number: int) -> None:
        await ledger.record_postback({"code": "N003", "mms-id": "100001", "number": str(number)})

    return {
        "claim": await took(lambda number: claimed(ledger, f"key-{number}"), first),
        "postback of a send": await took(postback, first),
        "postback of the message": await took(ready, first),
    }


async def measure(name: str, where: str, most: int) -> None:
    """Print one database's figures."""
    async with await open_ledger(where, meanings=MEANINGS) as ledger:
        await filled(where, 1, FEW)
        few = await once(ledger, 1)
        await filled(where, FEW + 1, most)
        many = await once(ledger, 1000)
    for what, before in few.items():
        print(f"{name}: {what}: {before:.2f} ms at {FEW}, {many[what]:.2f} ms at {most:,}")
    print(f"{name}: ratios: {', '.join(f'{what} {many[what] / few[what]:.1f}' for what in few)}")


def main() -> None:
    """Both databases, one after the other."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else MOST
    with tempfile.TemporaryDirectory(prefix="mmscheck-bench-") as folder:
        asyncio.run(measure("SQLite", str(Path(folder) / "ledger.sqlite3"), most))
    with cluster() as running:
        asyncio.run(measure("PostgreSQL", running.fresh(), most))


if __name__ == "__main__":
    main()
