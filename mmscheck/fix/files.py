"""Putting products into their places: beside, then renamed, so that no half file is ever there."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from mmscheck.errors import ReportError

PART = ".mmscheck-fix-part-"
"""How the names of unfinished files begin; what a kill left of them the next run takes away."""


def put(target: Path, data: bytes, like: Path) -> None:
    """Write beside and rename; the bytes are on the disk before they have the name. Raises ReportError.

    Nobody may read it who may not read the file that it is ``like``.
    """
    part = target.with_name(f"{PART}{secrets.token_hex(6)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _gone_unless_kept(part), part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            if target.exists():
                part.chmod(target.stat().st_mode & 0o777)
            else:
                part.chmod(part.stat().st_mode & like.stat().st_mode & 0o777)
            part.replace(target)
    except OSError as error:
        raise ReportError(f"{target} could not be written: {error.strerror or error}") from error


def take_away(file: Path) -> None:
    """Remove a file that another one has taken the place of. Raises ReportError."""
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise ReportError(f"{file} could not be removed: {error.strerror or error}") from error


@contextlib.contextmanager
def _gone_unless_kept(part: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def sweep(folder: Path, *, below: bool = True) -> None:
    """Take away what a run that was killed left unfinished in a folder, or also ``below`` it."""
    if folder.is_dir():
        for part in folder.rglob(f"{PART}*") if below else folder.glob(f"{PART}*"):
            part.unlink(missing_ok=True)
