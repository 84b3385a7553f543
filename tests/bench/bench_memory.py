"""What memory ``mmscheck check`` of many messages takes at most, by format: 500, 2,000 and 8,000 messages.

Run ``python tests/bench/bench_memory.py [FORMAT,FORMAT ... [OLD_CHECKOUT ...]]``. Whole commands, loopback:
ten messages share a picture, and every fifth has a subject that is denied. Printed are megabytes of the
largest process of the command (``ru_maxrss``), and those of the most messages by those of the fewest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench_check import server

HERE = Path(__file__).parents[2]
SIZES = (500, 2_000, 8_000)
PICTURES = 20
SHARED = 10
FORMATS = ("text", "json", "jsonl", "csv", "markdown", "junit", "sarif", "github", "gitlab", "html")
RUN = "from mmscheck.cli.main import entry; entry()"


def write_messages(folder: Path, number: int, port: int) -> None:
    """So many messages of one picture each; a picture is that of ten."""
    folder.mkdir()
    for at in range(number):
        url = f"http://127.0.0.1:{port}/{at // SHARED}.jpg"
        subject = "Sale \U0001f600" if at % 5 == 0 else "Sale"
        text = (
            f"<request><name>m{at}</name><message-subject>{subject}</message-subject>"
            f"<slide><image><url>{url}</url></image><message-text>Only today {at}</message-text></slide>"
            "</request>"
        )
        (folder / f"m{at:05d}.xml").write_text(text, encoding="utf-8")


def most(name: str, folder: Path, checkout: Path) -> tuple[float, float]:
    """Megabytes and CPU seconds of one check that writes this format."""
    output = folder.parent / "out" / f"report.{name}"
    output.parent.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", RUN, "check", str(folder), "--allow-net", "127.0.0.0/8"),
            *("--per-host", "64", "--deadline", "600", "--no-progress", "--format", f"{name}={output}"),
        ],
        env={**os.environ, "PYTHONPATH": str(checkout)},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{name}: exit {process.returncode}")
    return usage.ru_maxrss / 1e3, usage.ru_utime + usage.ru_stime


def main(formats: tuple[str, ...], trees: tuple[Path, ...]) -> None:
    """Print a line for each format and checkout."""
    process, port, _ = server(PICTURES, 0)
    with tempfile.TemporaryDirectory() as name:
        for number in SIZES:
            write_messages(Path(name) / str(number), number, port)
        for tree in trees:
            print(f"{tree.name}:", flush=True)
            for format_ in formats:
                found = [most(format_, Path(name) / str(number), tree) for number in SIZES]
                told = ", ".join(
                    f"{number:,}: {megabytes:.0f} MB ({cpu:.1f} s)"
                    for number, (megabytes, cpu) in zip(SIZES, found, strict=True)
                )
                ratio = found[-1][0] / found[0][0]
                times = SIZES[-1] // SIZES[0]
                print(
                    f"  {format_}: {told}; {times} times the messages: {ratio:.2f} times the memory",
                    flush=True,
                )
    process.kill()


if __name__ == "__main__":
    chosen = tuple(sys.argv[1].split(",")) if len(sys.argv) > 1 else FORMATS
    main(chosen, (HERE, *(Path(each).resolve() for each in sys.argv[2:])))
