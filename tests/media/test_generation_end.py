"""A program may end at any moment after its workers were stopped, and nobody complains of a leak."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys, time
from multiprocessing import resource_tracker
from mmscheck.media.confinement import Confinement
from mmscheck.media.generation import Generation

def slowly(name, kind, really=resource_tracker.unregister):
    print("giving back", flush=True)
    time.sleep(0.2)
    really(name, kind)

resource_tracker.unregister = slowly
pool = Generation(1, 5.0, Confinement(memory_bytes=2**30), 10, decode=False)
pool.end()
del pool
time.sleep(float(sys.argv[1]))
"""
"""Semaphores are given back by unlinking them first; here it takes long until Python's tracker is told."""


@pytest.mark.parametrize("seconds", ["0", "0.1", "0.3", "0.5", "0.7", "1"])
def test_a_program_that_ends_while_a_pool_is_put_away_is_quiet(seconds: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, seconds], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("giving back") >= 2
