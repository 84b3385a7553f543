"""What the environment gives: values of options, and secrets, which are taken out of it at the start.

A secret comes from there or from a file that is named, never from an argument: every process of a machine may
read those.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import click

from mmscheck.errors import UsageError

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


def read_secret(option: str, file: Path) -> str:
    """The file's text without blanks at its ends; raises UsageError that names the option and the file."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"{option} {file}: cannot be read: {reason}") from None


def by_variable(name: str, expected: str) -> dict[str, Any]:
    """What makes an option of click take this variable; set to nothing it is no way to say "the default".

    A flag wins over it, and it wins over the configuration.
    """

    def demand(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
        # click takes an empty variable for none.
        if value is None and name in os.environ:
            raise UsageError(f"{name} is empty: give it {expected}, or unset it")
        return value

    return {"envvar": name, "callback": demand}
