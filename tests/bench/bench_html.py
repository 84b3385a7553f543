"""How an HTML report of 5,000 messages with 1,000 distinct media is written and opened.

Targets (issue 6): the index opens in under 2 s in Chromium, memory while writing stays below 400 MB. Run as
``python tests/bench/bench_html.py [MESSAGES]``.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # for tests.support, wherever this is run from

from mmscheck.cli.output import folder_of, write_site
from tests.support import html_reports
from tests.support.pages import chromium, visit

MESSAGES, MEDIA = 5_000, 1_000
OPENED = "performance.getEntriesByType('navigation')[0].loadEventEnd"


def main(number: int) -> None:
    """Print the figures."""
    view = html_reports.many(number, MEDIA)
    before = resident()
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "report.html"
        watch = Watch()
        started = time.perf_counter()
        with watch:
            write_site(file, view)
        took = time.perf_counter() - started
        files = [each for each in folder_of(file).rglob("*") if each.is_file()]
        size = sum(each.stat().st_size for each in files)
        print(f"write: {number:,} messages in {took:.1f} s, {len(files):,} files, {size / 1e6:.0f} MB")
        print(
            f"memory: report {before:.0f} MB, at most {watch.most:.0f} MB while writing (target: below 400)"
        )
        print(f"index: {file.stat().st_size / 1e6:.1f} MB")
        for _ in range(3):
            print(f"open: {opening(file):.2f} s until the load event has ended (target: below 2)")


def opening(file: Path) -> float:
    """Seconds until the index is loaded and drawn, in a fresh browser."""
    with chromium() as browser, visit(browser) as seen:
        page = seen.open(file)
        page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        return float(page.evaluate(OPENED)) / 1_000


def resident() -> float:
    """Megabytes of this process now."""
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * resource.getpagesize() / 1e6


class Watch:
    """The most memory of this process while the block runs, looked at every 20 ms."""

    def __init__(self) -> None:
        self.most = resident()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_failure: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(0.02):
            self.most = max(self.most, resident())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES)
