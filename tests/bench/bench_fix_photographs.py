"""How near and how quick mended photographs are beside ImageMagick: run with a folder of photographs.

    python tests/bench/bench_fix_photographs.py FOLDER [--budgets 300000,600000] [--magick convert]

Nearness: each photograph, fitted and upright, within each budget; beside it ImageMagick's own search
(``jpeg:extent``) for the bytes that came out, from the same pixels. Both are measured by the same SSIM
against these pixels. A picture whose bytes need no other pixels (it was right already) is left out.
Time: ``mmscheck fix --jobs 2`` over the folder, judging before and after and writing included, beside
``xargs -P 2`` of ImageMagick over the files that it mended; both with the two cores, one after the other.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from PIL import Image

from mmscheck.fix.aims import aims
from mmscheck.fix.colours import plain
from mmscheck.fix.fitting import fitted
from mmscheck.fix.likeness import ssim
from mmscheck.fix.values import Aims, Job, Mended, Wishes
from mmscheck.fix.work import mend
from mmscheck.judge.pipeline import load_rules
from mmscheck.model.words import SenderType

PROGRAM = Path(sysconfig.get_path("scripts")) / "mmscheck"
SUFFIXES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}
TOLERATED = 0.0005
"""What counts as no difference: the reports state four places."""

Row = tuple[str, int, int, float, float]
"""Name, budget, bytes, our SSIM, ImageMagick's."""


def compared(file: Path, most: int, wanted: Aims, magick: str) -> Row | None:
    """One photograph within one budget; None where nothing is made of it."""
    data = file.read_bytes()
    type_ = SUFFIXES[file.suffix.lower()]
    answer = mend(Job(data=data, type=type_, name=file.name, aims=wanted, wishes=Wishes(), most=most))
    if not isinstance(answer, Mended) or any("bit for bit" in clause for clause in answer.done):
        return None
    with Image.open(file) as picture:
        reference, _ = fitted(plain(picture, (255, 255, 255))[0], wanted, Wishes(), picture.size)
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "in.ppm"), Path(folder, "out.jpg")
        reference.save(source)
        extent = f"jpeg:extent={len(answer.data)}B"
        subprocess.run([magick, str(source), "-define", extent, str(made)], check=True, capture_output=True)
        theirs = ssim(reference, _opened(made.read_bytes()))
    return file.name, most, len(answer.data), ssim(reference, _opened(answer.data)), theirs


def _opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("RGB")


def nearness(files: list[Path], budgets: list[int], magick: str, jobs: int) -> Iterator[Row]:
    """Every photograph within every budget."""
    wanted = aims(load_rules("lint", sender=SenderType.TOLL_FREE))
    with ProcessPoolExecutor(jobs) as pool:
        for most in budgets:
            for row in pool.map(partial(compared, most=most, wanted=wanted, magick=magick), files):
                if row is not None:
                    yield row


def times(folder: Path, magick: str, jobs: int) -> tuple[int, float, float]:
    """How many files were mended, our seconds for all, ImageMagick's for those."""
    with tempfile.TemporaryDirectory() as kept:
        ours, theirs = Path(kept, "ours"), Path(kept, "theirs")
        theirs.mkdir()
        command = [str(PROGRAM), "fix", str(folder), "--output", str(ours), "--sender", "toll-free"]
        start = time.monotonic()
        done = subprocess.run(
            [*command, "--jobs", str(jobs), "--format", "json"], capture_output=True, check=False
        )
        our_time = time.monotonic() - start
        entries = json.loads(done.stdout)["files"]
        mended = [each["source"] for each in entries if each["action"] == "mended"]
        line = (
            f'{magick} "$0" -auto-orient -resize "1920x1920>" -strip -define jpeg:extent=525000B'
            f' {theirs}/"$(basename "$0")".jpg'
        )
        start = time.monotonic()
        subprocess.run(
            ["xargs", "-0", "-P", str(jobs), "-n", "1", "sh", "-c", line],
            input="\0".join(mended).encode(),
            check=False,
            capture_output=True,
        )
        return len(mended), our_time, time.monotonic() - start


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--budgets", default="100000,300000,525000")
    parser.add_argument("--magick", default="convert")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--skip-times", action="store_true")
    options = parser.parse_args()
    if options.folder is None:
        print("fix: name a folder of photographs; not measured")
        return
    files = sorted(each for each in options.folder.iterdir() if each.suffix.lower() in SUFFIXES)
    rows = list(nearness(files, [int(n) for n in options.budgets.split(",")], options.magick, options.jobs))
    for most in sorted({row[1] for row in rows}):
        mine = [row for row in rows if row[1] == most]
        worse = [row for row in mine if row[3] < row[4] - TOLERATED]
        print(
            f"{most:,} bytes: {len(mine)} photographs,"
            f" SSIM {statistics.mean(row[3] for row in mine):.4f} beside"
            f" {statistics.mean(row[4] for row in mine):.4f}; worse: {len(worse)}"
        )
        for name, _, size, ours, theirs in worse:
            print(f"  {name}: {size:,} bytes, {ours:.4f} beside {theirs:.4f}")
    if not options.skip_times:
        count, ours, theirs = times(options.folder, options.magick, options.jobs)
        print(f"time for {count} files mended: {ours:.1f} s beside {theirs:.1f} s, {ours / theirs:.2f} times")


if __name__ == "__main__":
    main()
