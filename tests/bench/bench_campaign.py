"""What a campaign costs: run ``python tests/bench/bench_campaign.py [ROWS]``; prints figures.

The sandbox answers each send after 50 ms and runs in a process of its own; the sender runs in another, by the
installed command's own code. Everything is flushed to the disk as in production.

(a) SQLite and PostgreSQL, a campaign of 3,000 as fast as it goes: sends per second over the sending.
(b) SQLite, a campaign of 1,000 and one of ROWS (100,000 unless given): the same, and the sender's peak
    memory; their difference has a target of 60 MB.
(c) The ledger's share of a send: how long each send waits for the intent, the kill switch and the answer,
    at 100 sends a second, where nothing waits for its turn at the processor, and in (a) and (b).
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # for tests.support, wherever this is run from

from mmscheck.cli.main import main as mmscheck
from mmscheck.ledger import Ledger
from mmscheck.sandbox import Sandbox, Ways
from mmscheck.send.send import SendCall
from tests.support.campaigns import DOCUMENT, bind, stored, write_recipients
from tests.support.postgres import cluster

ANSWER = 0.05
FEW, SOME, MANY = 1_000, 3_000, 100_000
CALM = 100
TARGET_RATE, TARGET_MEMORY, TARGET_SHARE = 300, 60, 5


async def serve() -> None:
    """The sandbox, until standard input ends; writes its address and the stored message's id."""
    async with Sandbox(ways=Ways(answer_seconds=ANSWER)) as box:
        os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="mmscheck-bench-")
        mms_id = await stored(box)
        print(json.dumps([box.provider_url, mms_id]), flush=True)
        await asyncio.to_thread(sys.stdin.read)
        counts = box.phones.counts
        print(json.dumps([len(counts), box.phones.total]), flush=True)


def shares() -> list[float]:
    """The ledger's share of every send from now on, in milliseconds."""
    found: list[float] = []
    spent: contextvars.ContextVar[list[float]] = contextvars.ContextVar("spent")
    make = SendCall.make

    async def watched(*given: Any) -> Any:
        spent.set([])
        result = await make(*given)
        found.append(sum(spent.get()) * 1000)
        return result

    def timed(call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def timed_call(*given: Any, **named: Any) -> Any:
            begun = time.perf_counter()
            try:
                return await call(*given, **named)
            finally:
                spent.get([]).append(time.perf_counter() - begun)

        return timed_call

    # What a campaign awaits on the way of a send; the note of the permit is in the claim's transaction.
    for name in ("claim", "held", "answer"):
        setattr(Ledger, name, timed(getattr(Ledger, name)))
    setattr(SendCall, "make", watched)  # noqa: B010 - mypy lets no method be assigned to
    return found


def send(folder: str, where: str, url: str, mms_id: str, *more: str) -> None:
    """One campaign in this process; writes its figures. ``more`` is the rows' file and the rate, or empty."""
    rows, rate = more
    share = shares()
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
        *(["--rate", rate] if rate else []),
    ]
    files = [f"{folder}/sale.xml", "--recipients", rows, "--api-url", url, "--format", f"json={report}"]
    began = time.monotonic()
    mmscheck(["send", *files, *given])
    whole = time.monotonic() - began
    told = json.loads(Path(report).read_text())["send"]["campaign"]
    usage = resource.getrusage(resource.RUSAGE_SELF)
    memory = usage.ru_maxrss / 1024
    cpu = usage.ru_utime + usage.ru_stime
    used = {"memory": memory, "whole": whole, "cpu": cpu, "share": statistics.median(share)}
    print(json.dumps({**told, **used}), flush=True)


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


def measure(folder: Path, name: str, where: str, count: int, rate: int = 0) -> dict[str, float]:
    """Print one campaign's figures."""
    rows = write_recipients(
        folder / f"{count}.csv", ((f"1555{at:07}", f"Ana {at}") for at in range(1_000_000, 1_000_000 + count))
    )
    (folder / "sale.xml").write_text(DOCUMENT)
    with provider() as (url, mms_id):
        asyncio.run(bind(mms_id, where, at=url))
        command = [sys.executable, __file__, "send", str(folder), where, url, mms_id, str(rows)]
        command.append(str(rate or ""))
        ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    assert found["accepted"] == count, found
    judging = (found["whole"] - found["seconds"]) / count * 1000
    aim = f"--rate {rate}" if rate else f"target {TARGET_RATE}"
    print(
        f"{name}: {count:,} rows: {count / found['seconds']:.0f} sends/s ({aim}), the ledger's share"
        f" {found['share']:.2f} ms median{f' (target {TARGET_SHARE})' if rate else ''}; judged in"
        f" {judging:.2f} ms a row before, CPU {found['cpu'] / count * 1000:.2f} ms a row, peak memory"
        f" {found['memory']:.0f} MB",
        flush=True,
    )
    return found


def main() -> None:
    """One campaign after the other."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    with tempfile.TemporaryDirectory(prefix="mmscheck-bench-") as name, cluster(durable=True) as running:
        folder = Path(name)
        measure(folder, "SQLite", f"{folder}/some.sqlite3", SOME)
        measure(folder, "PostgreSQL", running.fresh(), SOME)
        measure(folder, "SQLite", f"{folder}/calm.sqlite3", FEW, CALM)
        measure(folder, "PostgreSQL", running.fresh(), FEW, CALM)
        few = measure(folder, "SQLite", f"{folder}/few.sqlite3", FEW)
        lots = measure(folder, "SQLite", f"{folder}/lots.sqlite3", many)
        more = lots["memory"] - few["memory"]
        print(f"peak memory: {many:,} rows need {more:+.0f} MB to {FEW:,} rows (target {TARGET_MEMORY})")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            asyncio.run(serve())
        case ["send", *arguments]:
            send(*arguments)
        case _:
            main()
