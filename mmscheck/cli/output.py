"""Where reports go: standard output or files, several in one run."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from mmscheck.cli.files import is_stream, replace_file
from mmscheck.cli.say import write_stdout
from mmscheck.cli.sites import folder_of, write_site
from mmscheck.cli.terminal import links, wants_color
from mmscheck.errors import UsageError
from mmscheck.report import FORMATS, View, pieces
from mmscheck.report.layout import Page


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """One requested report: its format, and a file or None for standard output.

    ``private``: numbers and names of recipients are in it, so a new file is its owner's alone.
    """

    format: str
    file: Path | None = None
    private: bool = False


def destinations(
    wanted: Sequence[str], known: Collection[str] = FORMATS, *, private: bool = False
) -> tuple[Destination, ...]:
    """Read ``FORMAT[=FILE]`` options; at most one may go to standard output. Raises UsageError."""
    found = tuple(_destination(text, known, private=private) for text in wanted or ("text",))
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


def _destination(text: str, known: Collection[str], *, private: bool) -> Destination:
    name, mark, file = text.partition("=")
    if name not in known:
        raise UsageError(f"--format {text}: unknown format {name!r}; there are: {', '.join(known)}")
    if mark and not file:
        raise UsageError(f"--format {text}: no file after '='")
    return Destination(format=name, file=Path(file) if mark else None, private=private)


def shows_media(wanted: Sequence[Destination]) -> bool:
    """Whether one of the reports draws the media, and likenesses of them have to be made."""
    return any(item.format.startswith("html") for item in wanted)


def write_reports(wanted: Sequence[Destination], view: View) -> None:
    """Write every report; raises ReportError naming the first place that could not be written."""
    view = msgspec.structs.replace(view, root=_root())
    for item in wanted:
        if item.file is not None:
            _write(item.file, item, view)
    for item in wanted:
        if item.file is None:
            shown = msgspec.structs.replace(
                view, color=_wants_color(), width=_width(), links=links(sys.stdout, os.environ)
            )
            for piece in pieces(item.format, shown):
                write_stdout(piece, commands=item.format == "github")


def _write(file: Path, item: Destination, view: View) -> None:
    """One report into its file; HTML of many messages gets a folder of pages beside it."""
    if item.format == "html" and not is_stream(file):
        write_site(file, view, private=item.private)
    else:
        replace_file(file, pieces(item.format, view), private=item.private)


def _root() -> str:
    """The folder that formats for code hosts name paths from."""
    try:
        return str(Path.cwd())
    except OSError:
        return ""


def page() -> Page:
    """The page that standard output is: its width, and colours where they are wanted."""
    return Page(width=_width(), color=_wants_color())


def _wants_color() -> bool:
    return wants_color(sys.stdout, os.environ)


def _width() -> int:
    return max(40, min(120, shutil.get_terminal_size((100, 24)).columns))
