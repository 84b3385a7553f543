"""A line of progress on standard error, and only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable

from mmscheck.model.observation import Fetched, Observation


def progress(total: int, *, wanted: bool) -> Callable[[str, Observation], None] | None:
    """A callback that redraws one line after each URL, or None when nobody would see it."""
    if not wanted or total == 0 or sys.stderr is None or not sys.stderr.isatty():
        return None
    done = {"fetched": 0, "not fetched": 0}

    def tell(_url: str, observation: Observation) -> None:
        done["fetched" if isinstance(observation, Fetched) else "not fetched"] += 1
        ended = sum(done.values())
        text = f"fetched {done['fetched']} of {total}"
        if done["not fetched"]:
            text += f", {done['not fetched']} could not be fetched"
        sys.stderr.write(f"\r\x1b[K{text}" if ended < total else "\r\x1b[K")
        sys.stderr.flush()

    return tell
