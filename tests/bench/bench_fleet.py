"""What a run over many messages takes: time, memory of each process and bytes stored, and how it grows.

``python tests/bench/bench_fleet.py [MESSAGES URLS]...`` makes runs of ``check --store --workers 2`` over
messages of four media each, one after the other, and prints a row for each. The server is a process of the
same machine, and takes a core of it at times.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # for tests.support, wherever this is run from

from tests.support.command import PROGRAM
from tests.support.crowd import crowd

HOSTS = 100
EVERY = 0.5
"""Seconds between looks at the memory of the processes."""

ROLES = (
    ("decoder", "mmscheck.media"),
    ("worker", "spawn_main"),
    ("check", "check"),
)
"""How a process is told by its command line, the first that fits."""


def family(root: int) -> list[int]:
    """A process and all below it."""
    children = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        children[int(text.rpartition(")")[2].split()[1])].append(int(stat.parent.name))
    found, left = [], [root]
    while left:
        found.append(left.pop())
        left += children[found[-1]]
    return found


def resident(process: int) -> tuple[str, int]:
    """What a process is, and its proportional share of memory in MB."""
    folder = Path("/proc", str(process))
    command = folder.joinpath("cmdline").read_bytes().decode().replace("\0", " ")
    lines = folder.joinpath("smaps_rollup").read_text().splitlines()
    size = next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) // 1024
    return next((name for name, part in ROLES if part in command), "other"), size


def run(messages: int, urls: int) -> None:
    """Make one run, and print its row."""
    most: dict[str, int] = defaultdict(int)
    with tempfile.TemporaryDirectory() as place, crowd(0.0) as server:
        folder, store = Path(place, "messages"), Path(place, "run")
        folder.mkdir()
        for at in range(messages):
            numbers = [(at * 4 + medium) % urls for medium in range(4)]
            (folder / f"m{at:06d}.xml").write_text(server.message(numbers, HOSTS), encoding="utf-8")
        command = [str(PROGRAM), "check", str(folder), "--store", str(store), "--workers", "2"]
        began = time.monotonic()
        process = subprocess.Popen([*command, "--no-progress", *server.flags], stdout=subprocess.DEVNULL)
        while process.poll() is None:
            time.sleep(EVERY)
            for each in family(process.pid):
                try:
                    role, size = resident(each)
                except (OSError, StopIteration):
                    continue
                most[role] = max(most[role], size)
        took = time.monotonic() - began
        stored: dict[str, int] = defaultdict(int)
        for file in store.rglob("*"):
            if file.is_file():
                stored[file.relative_to(store).parts[0]] += file.stat().st_size
        asked = len(server.asked)
    megabytes = {name: round(size / 1e6, 1) for name, size in sorted(stored.items())}
    print(
        f"{messages:,} messages, {asked:,} URLs: exit {process.returncode}, {took:.0f} s; most memory of one"
        f" process in MB: {dict(most)}; stored in MB: {megabytes}",
        flush=True,
    )


def main() -> None:
    """Make the runs that the arguments name, or two small ones."""
    numbers = [int(text) for text in sys.argv[1:]] or [200, 100, 2_000, 1_000]
    for messages, urls in zip(numbers[::2], numbers[1::2], strict=True):
        run(messages, urls)


if __name__ == "__main__":
    main()
