"""What looking into a ledger of 1,000,000 sends costs: ``python tests/bench/bench_ledger_list.py [SENDS]``.

Rows are written through the real schema, without their history, which none of these questions reads: 50
campaigns of as many numbers over 100 days, one of a thousand without an answer. Each question is asked as
``mmscheck ledger list`` and ``summary`` ask it, to the last row, three times, and the best of each is told:
with the indexes there are, and with those for lists taken away, as ledgers had them up to schema version 6.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # for tests.support, wherever this is run from

from mmscheck.ledger import Filter, Ledger, open_ledger
from mmscheck.ledger.schema import LISTS
from mmscheck.model.ledger import SendState
from tests.support.ledgers import raw
from tests.support.postgres import cluster

SENDS, CAMPAIGNS, NUMBERS = 1_000_000, 50, 200_000
DAY = 86_400_000_000
NOW = 1_796_000_000_000_000
FIRST = NOW - 100 * DAY
TARGET = 3.0
TIMES = 3

OF_ONE = {
    "mms_id": f"'1000' || (i * {CAMPAIGNS} / {{sends}})",
    "campaign": f"'c' || (i * {CAMPAIGNS} / {{sends}})",
    "state": "CASE WHEN i % 1000 = 0 THEN 'unknown' WHEN i % 20 = 0 THEN 'failed' ELSE 'delivered' END",
    "recipient": f"'1555' || substr(CAST(10000000 + i * 7919 % {NUMBERS} AS TEXT), 2)",
    "claimed_at": f"{FIRST} + i * {100 * DAY // 1000} / {{sends}} * 1000",
}


async def fill(where: str, sends: int) -> None:
    """Write the rows."""
    row = {
        "id": "2 * i",
        "key": "'campaign-key-' || i",
        "attempt": "1",
        "owner": "'owner'",
        "account": "'https://mms.example.com/ 0123456789abcdef'",
        "sender": "'28444'",
        "request_digest": "'sha256:1111111111111111111111111111111111111111111111111111111111' || i",
        "message_digest": "'sha256:2222222222222222222222222222222222222222222222222222222222222222'",
        "ruleset_digest": "'sha256:3333333333333333333333333333333333333333333333333333333333333333'",
        "line": "i",
        "changed_at": OF_ONE["claimed_at"],
        "detail": "'The provider accepted the message.'",
        "tracking_id": "CASE WHEN i % 1000 <> 0 THEN 'MMS-12345678-' || i END",
        "http_status": "200",
    } | OF_ONE
    values = ", ".join(row.values()).format(sends=sends)
    number = "CAST(1 AS BIGINT)"
    await raw(
        where,
        f"WITH RECURSIVE n(i) AS (SELECT {number} UNION ALL SELECT i + 1 FROM n WHERE i < {sends}) "
        f"INSERT INTO sends ({', '.join(row)}) SELECT {values} FROM n",
    )


Question = Callable[[Ledger], Awaitable[int]]


def listed(wanted: Filter, limit: int | None = None) -> Question:
    """Every send, or the last ones; returns how many."""

    async def ask(ledger: Ledger) -> int:
        if limit is not None:
            return len(await ledger.newest(limit, wanted))
        return sum([1 async for _ in ledger.sends(wanted)])

    return ask


def summed(wanted: Filter) -> Question:
    """The counts; returns their sum."""

    async def ask(ledger: Ledger) -> int:
        return (await ledger.summary(wanted)).sends

    return ask


QUESTIONS: Mapping[str, Question] = {
    "list --to NUMBER": listed(Filter(to="15550007919")),
    "list --since 2d": listed(Filter(since=NOW - 2 * DAY)),
    "list --since 1h --limit 20": listed(Filter(since=NOW - DAY // 24), 20),
    "list --mms-id ID": listed(Filter(mms_id="100025")),
    "list --mms-id ID --limit 20": listed(Filter(mms_id="10001"), 20),
    "list --mms-id NONE": listed(Filter(mms_id="nobody")),
    "list --state unknown": listed(Filter(state=SendState.UNKNOWN)),
    "list --campaign C --state failed": listed(Filter(campaign="c7", state=SendState.FAILED)),
    "list --mms-id ID --since 90d --state unknown": listed(
        Filter(mms_id="10007", since=FIRST, state=SendState.UNKNOWN)
    ),
    "list --limit 20": listed(Filter(), 20),
    "summary --campaign C": summed(Filter(campaign="c7")),
    "summary --mms-id ID": summed(Filter(mms_id="100025")),
    "summary --since 2d": summed(Filter(since=NOW - 2 * DAY)),
    "summary": summed(Filter()),
}


async def asked(where: str) -> dict[str, tuple[int, float]]:
    """For each question the number that it found, and seconds."""
    found = {}
    async with await open_ledger(where) as ledger:
        for name, ask in QUESTIONS.items():
            best = float("inf")
            for _ in range(TIMES):
                begun = time.perf_counter()
                number = await ask(ledger)
                best = min(best, time.perf_counter() - begun)
            found[name] = (number, best)
    return found


async def measure(name: str, where: str, sends: int) -> None:
    """Print one database's figures."""
    async with await open_ledger(where):
        pass
    begun = time.perf_counter()
    await fill(where, sends)
    await raw(where, "ANALYZE sends" if "://" in where else "SELECT 1")
    print(f"{name}: {sends:,} sends written in {time.perf_counter() - begun:.0f} s")
    now = await asked(where)
    await raw(where, *(f"DROP INDEX {statement.split()[2]}" for statement in LISTS))
    before = await asked(where)
    for question, (number, seconds) in now.items():
        assert before[question][0] == number, question
        told = f"{before[question][1]:.3f} s without the indexes, {before[question][1] / seconds:.0f} times"
        print(f"{name}: {question}: {number:,} in {seconds:.3f} s (target {TARGET:.0f}); {told}")


def main(sends: int) -> None:
    """Both databases, one after the other."""
    with tempfile.TemporaryDirectory(prefix="mmscheck-bench-") as folder:
        asyncio.run(measure("SQLite", str(Path(folder) / "ledger.sqlite3"), sends))
    with cluster(durable=True) as running:
        asyncio.run(measure("PostgreSQL", running.fresh(), sends))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SENDS)
