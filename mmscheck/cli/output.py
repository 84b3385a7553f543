"""Where reports go: standard output or files, several in one run."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from mmscheck.cli.say import write_stdout
from mmscheck.errors import ReportError, UsageError
from mmscheck.formats import FORMATS, View
from mmscheck.formats.layout import Page


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """One requested report: its format, and a file or None for standard output."""

    format: str
    file: Path | None = None


def destinations(wanted: Sequence[str]) -> tuple[Destination, ...]:
    """Read ``FORMAT[=FILE]`` options; at most one may go to standard output. Raises UsageError."""
    found = tuple(_destination(text) for text in wanted or ("text",))
    if sum(1 for item in found if item.file is None) > 1:
        raise UsageError(
            "--format: only one report can go to standard output; give the others a file: FORMAT=FILE"
        )
    files = [item.file for item in found if item.file is not None]
    if len(set(files)) != len(files):
        raise UsageError("--format: two reports cannot go to one file")
    return found


def _destination(text: str) -> Destination:
    name, mark, file = text.partition("=")
    if name not in FORMATS:
        raise UsageError(f"--format {text}: unknown format {name!r}; there are: {', '.join(FORMATS)}")
    if mark and not file:
        raise UsageError(f"--format {text}: no file after '='")
    return Destination(format=name, file=Path(file) if mark else None)


def spare(wanted: Sequence[Destination], inputs: Sequence[str | Path | None]) -> None:
    """Refuse reports that would replace an input. Raises UsageError."""
    kept = {Path(item).resolve() for item in inputs if item is not None and item != "-"}
    for item in wanted:
        if item.file is not None and item.file.resolve() in kept:
            raise UsageError(f"--format {item.format}={item.file}: this would overwrite an input")


def write_reports(wanted: Sequence[Destination], view: View) -> None:
    """Write every report; raises ReportError naming the first place that could not be written."""
    for item in wanted:
        if item.file is not None:
            _replace(item.file, FORMATS[item.format](view))
    for item in wanted:
        if item.file is None:
            shown = msgspec.structs.replace(view, color=_wants_color(), width=_width())
            write_stdout(FORMATS[item.format](shown))


def _replace(file: Path, text: str) -> None:
    """Write beside the file and rename, so that a reader never sees half a report."""
    try:
        if file.exists() and not file.is_file():
            file.write_text(text, encoding="utf-8")
            return
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=file.parent, prefix=f".{file.name}.", delete=False
        ) as part:
            part.write(text)
        Path(part.name).chmod(0o644)
        Path(part.name).replace(file)
    except OSError as error:
        raise ReportError(f"the report could not be written to {file}: {error.strerror}") from error


def page() -> Page:
    """The page that standard output is: its width, and colours where they are wanted."""
    return Page(width=_width(), color=_wants_color())


def _wants_color() -> bool:
    return sys.stdout is not None and sys.stdout.isatty() and "NO_COLOR" not in os.environ


def _width() -> int:
    return max(40, min(120, shutil.get_terminal_size((100, 24)).columns))
