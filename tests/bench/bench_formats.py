"""What writing a report of 2,000 messages takes, format by format: seconds of CPU, bytes, and memory.

Run ``python tests/bench/bench_formats.py [MESSAGES [OLD_CHECKOUT]]``. Each format is written in a process of
its own, piece by piece as the command line does. Memory is what came on top of the report itself, at most;
with a checkout of an old commit the same is done with its code, in turn.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parents[2]
sys.path.insert(0, os.environ.get("MMSCHECK_BENCH_CHECKOUT", str(HERE)))

MESSAGES, MEDIA = 2_000, 500
FORMATS = ("json", "jsonl", "csv", "junit", "sarif", "markdown", "github", "gitlab", "text")


def write(name: str, messages: int) -> None:
    """Write one format to nowhere; prints seconds, bytes, and kB of memory on top."""
    from mmscheck.report import pieces  # noqa: PLC0415 - of whichever checkout it is
    from tests.support import html_reports  # noqa: PLC0415 - likewise

    view = html_reports.many(messages, MEDIA)
    sum(map(len, pieces(name, html_reports.many(2, 1))))  # what is imported late is not the report's
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the highest mark begins anew
    begun = time.process_time()
    size = sum(map(len, pieces(name, view)))
    took = time.process_time() - begun
    print(took, size, max(0, _status("VmHWM") - before))


def _status(name: str) -> int:
    """Kilobytes of this process, as the kernel counts them."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def figures(name: str, messages: int, checkout: Path) -> tuple[float, int, int] | None:
    """What ``write`` prints, from a process that runs the checkout's code; None: it has no such format."""
    done = subprocess.run(
        [sys.executable, __file__, "--write", name, str(messages)],
        env={**os.environ, "MMSCHECK_BENCH_CHECKOUT": str(checkout), "PYTHONPATH": str(checkout)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    if done.returncode:
        return None
    seconds, size, memory = done.stdout.split()
    return float(seconds), int(size), int(memory)


def main(messages: int, old: Path | None) -> None:
    """Print a line for each format."""
    for name in FORMATS:
        now = figures(name, messages, HERE)
        assert now is not None, name
        seconds, size, memory = now
        told = (
            f"{name}: {size / 1e6:.1f} MB in {seconds:.1f} s of CPU, {memory / 1e3:.0f} MB of memory on top"
        )
        before = None if old is None else figures(name, messages, old)
        if before is not None:
            told += f"; before {before[0]:.1f} s, {before[2] / 1e3:.0f} MB"
        print(told, flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        write(sys.argv[2], int(sys.argv[3]))
    else:
        main(
            int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES,
            Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None,
        )
