"""What a campaign costs: run ``python tests/bench/bench_campaign.py [ROWS]``; prints figures.

The sandbox answers each send after 50 ms and runs in a process of its own; the sender runs in another, by the
installed command's own code. Everything is flushed to the disk as in production.

(a) SQLite, a campaign of 1,000 and one of ROWS (100,000 unless given): sends per second over the sending, and
    the sender's peak memory; their difference has a target of 60 MB.
(b) PostgreSQL, the same with 3,000 rows, where it is installed.
(c) The ledger's share of the sender's CPU, and how long judging one row takes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # for tests.support, wherever this is run from

from mmscheck.cli.main import main as mmscheck
from mmscheck.ledger import open_ledger
from mmscheck.sandbox import Sandbox, Ways
from tests.support.campaigns import DOCUMENT, bind, stored, write_recipients
from tests.support.postgres import cluster

ANSWER = 0.05
FEW, MANY = 1_000, 100_000
TARGET_RATE, TARGET_MEMORY = 300, 60


async def serve() -> None:
    """The sandbox, until standard input ends; writes its address and the stored message's id."""
    async with Sandbox(ways=Ways(answer_seconds=ANSWER)) as box:
        os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="mmscheck-bench-")
        mms_id = await stored(box)
        print(json.dumps([box.provider_url, mms_id]), flush=True)
        await asyncio.to_thread(sys.stdin.read)
        counts = box.phones.counts
        print(json.dumps([len(counts), box.phones.total]), flush=True)


def send(folder: str, where: str, url: str, mms_id: str, rows: str) -> None:
    """One campaign in this process; writes its figures."""
    os.environ |= {"MMSCHECK_API_KEY": "sandbox-key", "MMSCHECK_LEDGER": where}
    report = f"{folder}/report.json"
    given = [
        "--mms-id",
        mms_id,
        "--from",
        "28444",
        "--service-id",
        "demo",
        "--fallback-sms-text",
        "Sale today",
    ]
    files = [f"{folder}/sale.xml", "--recipients", rows, "--api-url", url, "--format", f"json={report}"]
    began = time.monotonic()
    mmscheck(["send", *files, *given])
    whole = time.monotonic() - began
    told = json.loads(Path(report).read_text())["send"]["campaign"]
    usage = resource.getrusage(resource.RUSAGE_SELF)
    memory = usage.ru_maxrss / 1024
    cpu = usage.ru_utime + usage.ru_stime
    print(json.dumps({**told, "memory": memory, "whole": whole, "cpu": cpu}), flush=True)


@contextlib.contextmanager
def provider() -> Iterator[tuple[str, str]]:
    """A sandbox in another process; checks at the end that no phone got two messages."""
    process = subprocess.Popen(
        [sys.executable, __file__, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url, mms_id = json.loads(process.stdout.readline())
    yield url, mms_id
    out, _ = process.communicate("")
    phones, total = json.loads(out)
    assert phones == total, f"{total} messages on {phones} phones"


def measure(folder: Path, name: str, where: str, count: int) -> dict[str, float]:
    """Print one campaign's figures."""
    rows = write_recipients(
        folder / f"{count}.csv", ((f"1555{at:07}", f"Ana {at}") for at in range(1_000_000, 1_000_000 + count))
    )
    (folder / "sale.xml").write_text(DOCUMENT)
    with provider() as (url, mms_id):
        asyncio.run(bind(mms_id, where))
        command = [sys.executable, __file__, "send", str(folder), where, url, mms_id, str(rows)]
        ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    assert found["accepted"] == count, found
    judging = (found["whole"] - found["seconds"]) / count * 1000
    print(
        f"{name}: {count:,} rows: {count / found['seconds']:.0f} sends/s (target {TARGET_RATE}), judged in"
        f" {judging:.2f} ms a row before, CPU {found['cpu'] / count * 1000:.2f} ms a row, peak memory"
        f" {found['memory']:.0f} MB",
        flush=True,
    )
    return found


async def share(where: str) -> None:
    """Print what the ledger says of the time between claim and answer."""
    async with await open_ledger(where) as ledger:
        times = sorted([one.changed_at - one.claimed_at async for one in ledger.sends()])
    print(f"from the claim on disk to the recorded answer: {times[len(times) // 2] / 1000:.0f} ms median")


def main() -> None:
    """Both databases, one after the other."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    with tempfile.TemporaryDirectory(prefix="mmscheck-bench-") as name:
        folder = Path(name)
        few = measure(folder, "SQLite", f"{folder}/few.sqlite3", FEW)
        lots = measure(folder, "SQLite", f"{folder}/lots.sqlite3", many)
        asyncio.run(share(f"{folder}/few.sqlite3"))
        more = lots["memory"] - few["memory"]
        print(f"peak memory: {many:,} rows need {more:+.0f} MB to {FEW:,} rows (target {TARGET_MEMORY})")
        with cluster(durable=True) as running:
            measure(folder, "PostgreSQL", running.fresh(), 3 * FEW)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            asyncio.run(serve())
        case ["send", *arguments]:
            send(*arguments)
        case _:
            main()
