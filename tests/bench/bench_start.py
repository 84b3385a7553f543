"""What starting costs: run ``python tests/bench/bench_start.py [OLD ...]``; prints CPU seconds and ratios.

The commands of this checkout beside those of older ones (folders with ``mmscheck`` in them, made for example
with ``git worktree add --detach /tmp/old d7384b3``), and beside Python alone, in turn, the least of several:
the machine may have other work. The rules are kept after the first run of each; "cold" is without.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROUNDS = 7
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


def least(command: str, arguments: tuple[str, ...], trees: tuple[Path, ...], folder: Path) -> list[float]:
    """The least CPU seconds of a command in each tree, and last those of Python alone."""
    best = [float("inf")] * (len(trees) + 1)
    for turn in range(ROUNDS + 1):
        for at, tree in enumerate(trees):
            cold = folder / f"cold-{turn}-{at}" if "cold" in command else folder / f"warm-{at}"
            environment = {**os.environ, "PYTHONPATH": str(tree), "XDG_CACHE_HOME": str(cold)}
            seconds = cpu(RUN, arguments, folder, environment)
            if turn:  # the first compiles, and keeps the rules
                best[at] = min(best[at], seconds)
        best[-1] = min(best[-1], cpu("pass", (), folder, dict(os.environ)))
    return best


def main() -> None:
    """Measure every command in this checkout and in those that are named."""
    trees = (ROOT, *(Path(name).resolve() for name in sys.argv[1:]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "text.xml").write_text(TEXT)
        for command, (arguments, target) in COMMANDS.items():
            ours, *others, python = least(command, arguments, trees, folder)
            older = "".join(f", {old:.3f} old ({ours / old:.2f} of it)" for old in others)
            wanted = f"; target: {target}" if target else ""
            print(
                f"{command}: {ours:.3f} s CPU, {ours / python:.1f} times Python alone{older}{wanted}",
                flush=True,
            )


if __name__ == "__main__":
    main()
