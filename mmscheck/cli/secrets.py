"""Secrets of the environment, taken out of it at the start: for no child process and no core file."""

from __future__ import annotations

import contextlib
import os

API_KEY, POSTBACK_SECRET = "MMSCHECK_API_KEY", "MMSCHECK_POSTBACK_SECRET"

_taken: dict[str, str] = {}


def hide() -> None:
    """Keep them from children and core files; for the process as a whole, so only its entry may call this."""
    for name in (API_KEY, POSTBACK_SECRET):
        if (value := os.environ.pop(name, None)) is not None:
            _taken[name] = value
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 - not on every system

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def secret(name: str) -> str | None:
    """What the environment gave; None when it gave none."""
    return _taken.get(name, os.environ.get(name))
