"""What starting costs: run ``python tests/bench/bench_start.py [OLD ...]``; prints CPU seconds and ratios.

The commands of this checkout beside those of older ones (folders with ``mmscheck`` in them, made for example
with ``git worktree add --detach /tmp/old d7384b3``), and beside Python alone, in turn; the least of several
and the median: the machine may have other work. The rules are kept after the first run of each, and what
Python compiles, as an installation has both, whatever the environment says; "cold" is without the one,
"uncompiled" without the other.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROUNDS = 10
TEXT = (
    "<request><name>t</name><message-subject>Sale</message-subject>"
    "<slide><message-text>Hello there</message-text></slide></request>"
)
COMMANDS: dict[str, tuple[tuple[str, ...], str]] = {
    "--version": (("--version",), ""),
    "send --help": (("send", "--help"), "at most 0.25"),
    "ledger --help": (("ledger", "--help"), ""),
    "rules list": (("rules", "list"), ""),
    "lint of one file": (("lint", "text.xml"), ""),
    "check of a text": (("check", "text.xml"), "at most 0.35"),
    "check, cold": (("check", "text.xml"), ""),
    "check, uncompiled": (("check", "text.xml"), ""),
}
RUN = "from mmscheck.cli.main import entry; entry()"


def cpu(code: str, arguments: tuple[str, ...], folder: Path, environment: dict[str, str]) -> float:
    """CPU seconds, of user and system, of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{arguments} ended with {done.returncode}: {done.stderr.decode()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def measured(
    command: str, arguments: tuple[str, ...], trees: tuple[Path, ...], folder: Path
) -> list[list[float]]:
    """The CPU seconds of a command in each tree, of every round, and last those of Python alone."""
    found: list[list[float]] = [[] for _ in range(len(trees) + 1)]
    for turn in range(ROUNDS + 1):
        for at, tree in enumerate(trees):
            cold = folder / f"cold-{turn}-{at}" if "cold" in command else folder / f"warm-{at}"
            environment = {**os.environ, "PYTHONPATH": str(tree), "XDG_CACHE_HOME": str(cold)}
            environment["PYTHONDONTWRITEBYTECODE"] = "1" if "uncompiled" in command else ""
            compiled = "none" if "uncompiled" in command else f"compiled-{at}"
            environment["PYTHONPYCACHEPREFIX"] = str(folder / compiled)
            seconds = cpu(RUN, arguments, folder, environment)
            if turn:  # the first compiles, and keeps the rules
                found[at].append(seconds)
        found[-1].append(cpu("pass", (), folder, dict(os.environ)))
    return found


def main() -> None:
    """Measure every command in this checkout and in those that are named."""
    trees = (ROOT, *(Path(name).resolve() for name in sys.argv[1:]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "text.xml").write_text(TEXT)
        for command, (arguments, target) in COMMANDS.items():
            ours, *others, python = measured(command, arguments, trees, folder)
            best, middle = min(ours), statistics.median(ours)
            older = "".join(
                f", old {min(old):.3f} and {statistics.median(old):.3f} ({best / min(old):.2f} of it)"
                for old in others
            )
            wanted = f"; target: {target}" if target else ""
            print(
                f"{command}: least {best:.3f} s CPU, median {middle:.3f},"
                f" {best / min(python):.1f} times Python alone{older}{wanted}",
                flush=True,
            )


if __name__ == "__main__":
    main()
