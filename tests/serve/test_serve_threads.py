"""No thread of a service is the first to resolve a type: two at once would end the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.command import surroundings


def test_no_thread_resolves_a_type() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.support.resolving"],
        cwd=Path(__file__).parents[2],
        env=surroundings(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, ""), ended.stderr
