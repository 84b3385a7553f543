"""A secret that the command line names by its file: never an argument, which every process may read."""

from __future__ import annotations

from pathlib import Path

from mmscheck.errors import UsageError


def read_secret(option: str, file: Path) -> str:
    """The file's text without blanks at its ends; raises UsageError that names the option and the file."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"{option} {file}: cannot be read: {reason}") from None
