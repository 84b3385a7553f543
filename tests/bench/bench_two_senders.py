"""What a campaign from two processes costs: run ``python tests/bench/bench_two_senders.py [ROWS]``.

It prints figures.

Two processes of the installed command's code send one file of ROWS (5,000 unless given) as one campaign, over
one PostgreSQL with its durable settings, to a sandbox in a process of its own that answers after 50 ms. Each
phone must have got one message. CPU is told apart: it says the same on a machine that others use, where sends
per second do not.

The peer, in the same run: two processes that post as many rows to the same sandbox by aiohttp alone, with one
durable INSERT for each before its call, by asyncpg: no rules, no rivals, no history, no answers noted.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import asyncpg
import bench_campaign

sys.path.insert(0, str(Path(__file__).parents[2]))  # for tests.support, wherever this is run from

from tests.sandbox.raw_http import send_xml
from tests.support.campaigns import DOCUMENT, bind, write_recipients
from tests.support.postgres import Cluster, cluster

ROWS, SENDERS, AT_ONCE = 5_000, 2, 64
TARGET_RATE, TARGET_CPU = 500, 4.0
TICKS = os.sysconf("SC_CLK_TCK")
TABLE = "CREATE TABLE bare (id BIGINT PRIMARY KEY, body TEXT)"
BODY = "x" * 600
"""About what a send and its row of the history hold."""


def used_by_children() -> float:
    """CPU seconds of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def used_by_database(port: int) -> float:
    """CPU seconds of the server at this port: its own, its running processes' and its ended ones'."""
    fields = {}
    servers = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it has ended meanwhile
            continue
        fields[int(folder.name)] = state
        if b"-p" in command and str(port).encode() in command and command[0].endswith(b"postgres"):
            servers.add(int(folder.name))
    assert servers, "no server to measure"
    its = [state for pid, state in fields.items() if pid in servers or int(state[1]) in servers]
    return sum(int(ticks) for state in its for ticks in state[11:15]) / TICKS


async def post(where: str, url: str, mms_id: str, first: int, count: int) -> None:
    """The peer: these rows, with AT_ONCE on their way."""
    numbers = iter(range(first, first + count))
    headers = {"Content-Type": "text/xml"}
    async with asyncpg.create_pool(where) as pool, aiohttp.ClientSession(headers=headers) as session:

        async def work() -> None:
            for number in numbers:
                await pool.execute("INSERT INTO bare VALUES ($1, $2)", number, BODY)
                async with session.post(url, data=send_xml(mms_id, to=f"1555{number:07}")) as answer:
                    told = await answer.text()
                    assert "Success" in told, told

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def made(where: str) -> None:
    """The peer's table."""
    connection = await asyncpg.connect(where)
    await connection.execute(TABLE)
    await connection.close()


def run(running: Cluster, name: str, commands: list[list[str]]) -> tuple[float, float, float, list[str]]:
    """Run the senders at once; returns seconds, CPU of them and of the database, and what they printed."""
    database, senders, begun = used_by_database(running.port), used_by_children(), time.monotonic()
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    printed = [process.communicate()[0] for process in processes]
    codes = [process.returncode for process in processes]
    assert not any(codes), f"{name}: the senders ended with {codes}"
    took = time.monotonic() - begun
    return took, used_by_children() - senders, used_by_database(running.port) - database, printed


def told(name: str, rows: int, took: float, parts: tuple[float, float, float]) -> float:
    """Print one way's figures; returns CPU milliseconds a row."""
    each = [part / rows * 1000 for part in parts]
    print(
        f"{name}: {rows:,} rows from {SENDERS} processes: {rows / took:.0f} rows/s from start to end"
        f" (target {TARGET_RATE}); CPU a row: senders {each[0]:.2f} ms, database {each[1]:.2f} ms,"
        f" sandbox {each[2]:.2f} ms, together {sum(each):.2f} ms (target {TARGET_CPU:g})",
        flush=True,
    )
    return sum(each)


def ours(folder: Path, running: Cluster, rows: int) -> float:
    """The campaign; returns CPU milliseconds a row."""
    where = running.fresh()
    file = write_recipients(folder / "rows.csv", ((f"1555{at:07}", f"Ana {at}") for at in range(1, rows + 1)))
    commands = []
    with bench_campaign.provider() as (url, mms_id):
        asyncio.run(bind(mms_id, where, at=url))
        for sender in range(SENDERS):
            own = folder / str(sender)
            own.mkdir()
            (own / "sale.xml").write_text(DOCUMENT)
            given = ["send", str(own), where, url, mms_id, str(file), ""]
            commands.append([sys.executable, bench_campaign.__file__, *given])
        took, senders, database, printed = run(running, "campaign", commands)
        so_far = used_by_children()
    sandbox = used_by_children() - so_far
    accepted = [json.loads(lines.splitlines()[-1])["accepted"] for lines in printed]
    assert sum(accepted) == rows, f"{accepted} of {rows} accepted"
    return told("campaign", rows, took, (senders, database, sandbox))


def peer(running: Cluster, rows: int) -> float:
    """The same rows without a ledger; returns CPU milliseconds a row."""
    where = running.fresh()
    asyncio.run(made(where))
    half = rows // SENDERS
    with bench_campaign.provider() as (url, mms_id):
        parts = [str(1 + sender * half) for sender in range(SENDERS)]
        commands = [[sys.executable, __file__, "post", where, url, mms_id, part, str(half)] for part in parts]
        took, senders, database, _ = run(running, "peer", commands)
        so_far = used_by_children()
    sandbox = used_by_children() - so_far
    return told("peer", half * SENDERS, took, (senders, database, sandbox))


def main(rows: int) -> None:
    """The peer and the campaign, one after the other."""
    with tempfile.TemporaryDirectory(prefix="mmscheck-bench-") as folder, cluster(durable=True) as running:
        least = peer(running, rows)
        whole = ours(Path(folder), running, rows)
    print(f"CPU a row: {whole / least:.1f} times the peer's")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["post", where, url, mms_id, first, count]:
            asyncio.run(post(where, url, mms_id, int(first), int(count)))
        case arguments:
            main(int(arguments[0]) if arguments else ROWS)
