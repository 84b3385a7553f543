"""How the service holds up: many connections, small and large mixed; memory, latency, wrong verdicts.

A check of one picture is asked one after the other too, and held against what the command says that its own
check takes, in the same run.

Run by hand: python tests/bench/bench_serve.py [SECONDS [CONNECTIONS]].
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # for tests.support, wherever this is run from

from mmscheck.sandbox import Sandbox
from mmscheck.serve import Caps
from tests.support.command import PROGRAM, image, message
from tests.support.serving import BAD, GOOD, Client, serving

LARGE = message(*(image(f"photo-small.jpg?{number}") for number in range(8))).encode()
XML = {"Content-Type": "application/xml", "Prefer": "wait=100"}


def memory() -> int:
    """MB of this process, in which the service runs."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) // 1024
    return 0


async def asking(client: Client, until: float, number: int, took: list[float], wrong: list[str]) -> int:
    """Ask until it is time; a full queue is waited for, as it says."""
    done = 0
    while time.monotonic() < until:
        document, status = ((GOOD, 200), (BAD, 422), (LARGE, 200))[(number + done) % 3]
        began = time.monotonic()
        answer = await client.post("/v1/check", data=document, headers=XML)
        client.log.clear()  # the service writes its lines to nobody here, and they are no memory of its own
        if answer.status == 429:
            await asyncio.sleep(1 + number % 5 / 5)
            continue
        if answer.status != status:
            wrong.append(f"{answer.status} {answer.text[:200]}")
        done += 1
        if document is GOOD:
            took.append(time.monotonic() - began)
    return done


async def command(box: Sandbox, folder: Path) -> float:
    """Seconds that ``mmscheck check`` of the same message says it took, without the start of its process."""
    flags = "--allow-net", "127.0.0.0/8", "--connect-to", f"media.example.com:80:127.0.0.1:{box.media_port}"
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *("check", "-", "--format", "json", *flags),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=folder,
    )
    out, _ = await process.communicate(GOOD)
    return float(json.loads(out)["duration_ms"]) / 1000


async def main(seconds: float, connections: int) -> None:
    """Print what it came to."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            Sandbox() as box,
            serving(Path(folder), box=box, tokens=False, caps=Caps(slots=os.cpu_count() or 2)) as client,
        ):
            await client.post("/v1/check", data=GOOD, headers=XML)
            alone: list[float] = []
            for _ in range(60):
                began = time.monotonic()
                await client.post("/v1/check", data=GOOD, headers=XML)
                alone.append(time.monotonic() - began)
            own = [await command(box, Path(folder)) for _ in range(5)]
            before = memory()
            took: list[float] = []
            wrong: list[str] = []
            until = time.monotonic() + seconds
            asked = [asking(client, until, number, took, wrong) for number in range(connections)]
            loop = asyncio.get_running_loop()
            during: list[int] = []
            looks = [loop.call_later(seconds * at / 6, lambda: during.append(memory())) for at in range(1, 6)]
            done = sum(await asyncio.gather(*asked))
            for look in looks:
                look.cancel()
            p95 = statistics.quantiles(took, n=20)[-1] if len(took) > 1 else 0.0
            print(f"{connections} connections, {seconds:g} s: {done} checks, {len(wrong)} wrong verdicts")
            last = statistics.quantiles(alone, n=20)[-1]
            ratio = last / statistics.median(own)
            print(
                f"one picture, one by one: median {statistics.median(alone):.3f} s, p95 {last:.3f} s;"
                f" the command's own check {statistics.median(own):.3f} s; p95 is {ratio:.2f} of it"
            )
            print(f"one picture under this load, with its turn in the queue: p95 {p95:.3f} s")
            print(f"memory {before} MB before, {during} MB at each sixth, {memory()} MB after")
            if wrong:
                print(wrong[0])


if __name__ == "__main__":
    asyncio.run(
        main(
            float(sys.argv[1]) if len(sys.argv) > 1 else 60.0,
            int(sys.argv[2]) if len(sys.argv) > 2 else 200,
        )
    )
