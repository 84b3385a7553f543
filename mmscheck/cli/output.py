"""Where reports go: standard output or files, several in one run."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import IO

import msgspec

from mmscheck.cli.say import write_stdout
from mmscheck.cli.sites import folder_of, write_site
from mmscheck.cli.terminal import links, wants_color
from mmscheck.errors import ReportError, UsageError
from mmscheck.formats import FORMATS, View, pieces
from mmscheck.formats.layout import Page


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """One requested report: its format, and a file or None for standard output."""

    format: str
    file: Path | None = None


def destinations(wanted: Sequence[str], known: Collection[str] = FORMATS) -> tuple[Destination, ...]:
    """Read ``FORMAT[=FILE]`` options; at most one may go to standard output. Raises UsageError."""
    found = tuple(_destination(text, known) for text in wanted or ("text",))
    if sum(1 for item in found if item.file is None) > 1:
        raise UsageError(
            "--format: only one report can go to standard output; give the others a file: FORMAT=FILE"
        )
    files = [item.file for item in found if item.file is not None]
    if len(set(files)) != len(files):
        raise UsageError("--format: two reports cannot go to one file")
    folders = [folder_of(item.file) for item in found if item.file is not None and item.format == "html"]
    if len(set(folders)) != len(folders):
        raise UsageError(
            "--format: two HTML reports cannot share the folder of their pages; name one otherwise"
        )
    return found


def _destination(text: str, known: Collection[str]) -> Destination:
    name, mark, file = text.partition("=")
    if name not in known:
        raise UsageError(f"--format {text}: unknown format {name!r}; there are: {', '.join(known)}")
    if mark and not file:
        raise UsageError(f"--format {text}: no file after '='")
    return Destination(format=name, file=Path(file) if mark else None)


def shows_media(wanted: Sequence[Destination]) -> bool:
    """Whether one of the reports draws the media, and likenesses of them have to be made."""
    return any(item.format.startswith("html") for item in wanted)


def spare(wanted: Sequence[Destination], inputs: Sequence[str | Path | None]) -> None:
    """Refuse reports that would replace an input. Raises UsageError."""
    kept = {Path(item).resolve() for item in inputs if item is not None and item != "-"}
    for item in wanted:
        if item.file is not None and item.file.resolve() in kept:
            raise UsageError(f"--format {item.format}={item.file}: this would overwrite an input")


def write_reports(wanted: Sequence[Destination], view: View) -> None:
    """Write every report; raises ReportError naming the first place that could not be written."""
    view = msgspec.structs.replace(view, root=_root())
    for item in wanted:
        if item.file is not None:
            _write(item.file, item.format, view)
    for item in wanted:
        if item.file is None:
            shown = msgspec.structs.replace(
                view, color=_wants_color(), width=_width(), links=links(sys.stdout, os.environ)
            )
            for piece in pieces(item.format, shown):
                write_stdout(piece, commands=item.format == "github")


def _write(file: Path, form: str, view: View) -> None:
    """One report into its file; HTML of many messages gets a folder of pages beside it."""
    if form == "html" and (not file.exists() or file.is_file()):
        write_site(file, view)
    else:
        replace_file(file, pieces(form, view))


def _root() -> str:
    """The folder that formats for code hosts name paths from."""
    try:
        return str(Path.cwd())
    except OSError:
        return ""


def replace_file(file: Path, text: Iterable[str]) -> None:
    """Write beside the file and rename, so that a reader never sees half a report; in pieces or not."""
    told = (text,) if isinstance(text, str) else text
    try:
        if file.exists() and not file.is_file():
            with file.open("w", encoding="utf-8") as device:
                device.writelines(told)
            return
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=file.parent, prefix=f".{file.name}.", delete=False
        ) as part:
            _fill(part, told)
        Path(part.name).chmod(0o644)
        Path(part.name).replace(file)
    except OSError as error:
        raise ReportError(f"the report could not be written to {file}: {error.strerror}") from error


def _fill(part: IO[str], told: Iterable[str]) -> None:
    """Write all pieces; what stops half way leaves no file behind."""
    try:
        part.writelines(told)
    except BaseException:
        Path(part.name).unlink(missing_ok=True)
        raise


def page() -> Page:
    """The page that standard output is: its width, and colours where they are wanted."""
    return Page(width=_width(), color=_wants_color())


def _wants_color() -> bool:
    return wants_color(sys.stdout, os.environ)


def _width() -> int:
    return max(40, min(120, shutil.get_terminal_size((100, 24)).columns))
