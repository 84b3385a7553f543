"""What it costs to know media: run ``python tests/bench/bench_media.py``; prints ratios against its peers.

1,000 distinct JPEGs of about 118 KB each, made here, over loopback, every rule of the send profile on:
(a) beside a shell loop of curl, file and ffprobe, four at a time, on the first 200 of the same files;
(b) beside the floor: Pillow decoding the same bytes at reduced scale on both cores, and nothing else;
(c) peak memory of this process and all its children together, sampled from /proc.
And start-up beside ``python -c pass``: ``mmscheck --version`` and ``mmscheck lint`` on one picture.
A peer whose programs are not installed is said to be missing and not measured.
"""

from __future__ import annotations

import asyncio
import io
import multiprocessing as mp
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from bench_check import jpeg, message, server
from PIL import Image

from mmscheck.fetch import ConnectTo, FetchPolicy
from mmscheck.judge.pipeline import check, load_rules
from mmscheck.model.words import Outcome, SenderType

IMAGES = 1000
BY_SHELL = 200
ROUNDS = 3
PROGRAM = Path(sysconfig.get_path("scripts")) / "mmscheck"
SHELL = 'curl -s -o "$1" "$0" && file -b --mime-type "$1" && ffprobe -v error -show_streams "$1"'


def decode(body: bytes) -> tuple[int, int]:
    """The floor: Pillow alone, at reduced scale."""
    with Image.open(io.BytesIO(body), formats=("JPEG",)) as picture:
        picture.draft("RGB", (picture.width // 8, picture.height // 8))
        picture.load()
        return picture.size


def floor() -> float:
    """Seconds for all pictures on both cores, pool and pictures ready."""
    bodies = [jpeg(seed) for seed in range(IMAGES)]
    with ProcessPoolExecutor(2, mp_context=mp.get_context("fork")) as pool:
        list(pool.map(decode, bodies[:8]))
        start = time.perf_counter()
        list(pool.map(decode, bodies, chunksize=16))
        return time.perf_counter() - start


def by_shell(port: int, folder: Path) -> float | None:
    """Seconds for one file of a shell loop, four at a time; None where a program is missing."""
    if not all(shutil.which(name) for name in ("curl", "file", "ffprobe", "xargs")):
        return None
    lines = "".join(f"http://127.0.0.1:{port}/{n}.jpg {folder}/{n}.jpg\n" for n in range(BY_SHELL))
    start = time.perf_counter()
    subprocess.run(  # the commands are our own
        ["xargs", "-P4", "-L1", "sh", "-c", SHELL],
        input=lines.encode(),
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return (time.perf_counter() - start) / BY_SHELL


class Memory(threading.Thread):
    """Samples the proportional memory of this process and its descendants, without the given ones."""

    def __init__(self, without: set[int]) -> None:
        super().__init__(daemon=True)
        self.peak, self._without, self.done = 0, without, threading.Event()

    def run(self) -> None:
        """Look every 20 ms until done."""
        while not self.done.wait(0.02):
            self.peak = max(self.peak, sum(map(memory, {mp.current_process().pid or 0, *self._children()})))

    def _children(self) -> set[int]:
        parents = {int(stat.parent.name): parent(stat) for stat in Path("/proc").glob("[0-9]*/stat")}
        found = {mp.current_process().pid or 0}
        while more := {
            pid for pid, of in parents.items() if of in found and pid not in found | self._without
        }:
            found |= more
        return found


def parent(stat: Path) -> int:
    """The parent of a process, 0 when it has gone."""
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def memory(pid: int) -> int:
    """Bytes of a process, pages shared with others counted in part; 0 when it has gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def startup() -> None:
    """Start-up of two commands beside that of Python itself."""
    bare = seconds([sys.executable, "-c", "pass"])
    version = seconds([str(PROGRAM), "--version"])
    print(f"start-up: mmscheck --version takes {version / bare:.1f} times python -c pass; target: within 6")
    picture = Path(__file__).parents[2] / "fixtures" / "media" / "photo-small.jpg"
    lint = seconds([str(PROGRAM), "lint", str(picture)])
    print(f"start-up: mmscheck lint on one picture takes {lint / bare:.1f} times; target: within 20")


def seconds(command: list[str]) -> float:
    """The median of seven runs."""
    taken = []
    for _ in range(7):
        start = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


async def main() -> None:
    """All measurements, one after another."""
    process, port, size = server(IMAGES, 0)
    urls = [f"http://host-{n % 16}.example/{n}.jpg" for n in range(IMAGES)]
    messages = [message(urls[at : at + 5], f"m{at}") for at in range(0, IMAGES, 5)]
    to_server = ConnectTo(host="", port=None, to_host="127.0.0.1", to_port=port)
    policy = FetchPolicy(allow_net=("127.0.0.1/32",), connect_to=(to_server,))
    ruleset = load_rules(sender=SenderType.SHORT_CODE)
    watch = Memory({process.pid or 0})
    watch.start()
    ours = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        report = await check(messages, ruleset, policy)
        ours.append(time.perf_counter() - start)
        decodes = [
            item.outcome
            for each in report.messages
            for item in each.evaluations
            if item.rule == "image-decodes"
        ]
        if decodes != [Outcome.PASSED] * IMAGES:
            raise SystemExit("not every picture was decoded")
    watch.done.set()
    watch.join()
    floors = [await asyncio.to_thread(floor) for _ in range(ROUNDS)]
    rate, base = IMAGES / statistics.median(ours), IMAGES / statistics.median(floors)
    print(f"{IMAGES} JPEGs, {size / 1e6:.0f} MB, every rule on: {rate:.0f}/s; Pillow alone: {base:.0f}/s")
    with tempfile.TemporaryDirectory() as folder:
        each = await asyncio.to_thread(by_shell, port, Path(folder))
    told = (
        f"{rate * each:.1f} times the shell loop ({1 / each:.0f}/s)"
        if each
        else "curl, file or ffprobe is missing"
    )
    print(f"(a) {told}; target: at least 30 times")
    print(f"(b) {base / rate:.2f} times the time of the floor; target: within 2")
    print(f"(c) peak memory of all processes together {watch.peak / 1e6:.0f} MB; target: below 600 MB")
    process.kill()
    startup()


if __name__ == "__main__":
    asyncio.run(main())
