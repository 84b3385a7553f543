"""Where reports go: standard output, files, or for HTML a file with a folder of pages, several in one run."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

import msgspec

from mmscheck import report as reports
from mmscheck.cli.files import is_stream, mode_for, replace_file
from mmscheck.cli.say import write_stdout
from mmscheck.errors import ReportError, UsageError
from mmscheck.report.layout import Page

MARK = ".mmscheck-report"
"""The file by which a folder of pages is known to be one: no other folder is ever replaced or removed."""

_OTHERS, _OWNER_FOLDER = 0o077, 0o700

_DUMB = frozenset({"dumb", "unknown"})

_PROGRAMS = frozenset({"iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "Tabby", "rio"})
"""Values of TERM_PROGRAM of terminals that follow OSC 8 links; others show nothing, or rubbish."""

_MARKS = ("KITTY_WINDOW_ID", "WT_SESSION", "KONSOLE_VERSION", "DOMTERM", "ALACRITTY_WINDOW_ID")
"""Variables that only terminals set which follow OSC 8 links."""

_VTE = 5000
"""VTE_VERSION from which on GNOME's terminals and their kin follow links (0.50)."""


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """One requested report: its format, and a file or None for standard output.

    ``private``: numbers and names of recipients are in it, so a new file is its owner's alone.
    ``whole``: lines of JSON list what passed as well.
    """

    format: str
    file: Path | None = None
    private: bool = False
    whole: bool = False


def destinations(
    wanted: Sequence[str],
    known: Collection[str] = reports.FORMATS,
    *,
    private: bool = False,
    whole: bool = False,
) -> tuple[Destination, ...]:
    """Read ``FORMAT[=FILE]`` options; at most one may go to standard output. Raises UsageError."""
    chosen = tuple(
        msgspec.structs.replace(_destination(text, known), private=private, whole=whole)
        for text in wanted or ("text",)
    )
    if whole and not any(item.format == "jsonl" for item in chosen):
        raise UsageError("--all-evaluations is about --format jsonl; --format json always has them all")
    if sum(1 for item in chosen if item.file is None) > 1:
        raise UsageError(
            "--format: only one report can go to standard output; give the others a file: FORMAT=FILE"
        )
    files = [item.file for item in chosen if item.file is not None]
    if len(set(files)) != len(files):
        raise UsageError("--format: two reports cannot go to one file")
    folders = [folder_of(item.file) for item in chosen if item.file is not None and item.format == "html"]
    if len(set(folders)) != len(folders):
        raise UsageError(
            "--format: two HTML reports cannot share the folder of their pages; name one otherwise"
        )
    return chosen


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


def write_reports(wanted: Sequence[Destination], view: reports.View) -> None:
    """Write every report; raises ReportError naming the first place that could not be written."""
    view = msgspec.structs.replace(view, root=_root())
    for item in wanted:
        if item.file is not None:
            _write(item.file, item, msgspec.structs.replace(view, all_evaluations=item.whole))
    for item in wanted:
        if item.file is None:
            for_stdout = msgspec.structs.replace(
                view,
                color=wants_color(sys.stdout, os.environ),
                width=_width(),
                links=links(sys.stdout, os.environ),
                all_evaluations=item.whole,
            )
            for piece in reports.pieces(item.format, for_stdout):
                write_stdout(piece, commands=item.format == "github")


def _write(file: Path, item: Destination, view: reports.View) -> None:
    """One report into its file; HTML of many messages gets a folder of pages beside it."""
    if item.format == "html" and not is_stream(file):
        write_site(file, view, private=item.private)
    else:
        replace_file(file, reports.pieces(item.format, view), private=item.private)


def _root() -> str:
    """The folder that formats for code hosts name paths from."""
    try:
        return str(Path.cwd())
    except OSError:
        return ""


def page() -> Page:
    """The page that standard output is: its width, and colours where they are wanted."""
    return Page(width=_width(), color=wants_color(sys.stdout, os.environ))


def _width() -> int:
    return max(40, min(120, shutil.get_terminal_size((100, 24)).columns))


def wants_color(stream: TextIO | None, environ: Mapping[str, str]) -> bool:
    """Whether to paint: on a terminal, or anywhere where CLICOLOR_FORCE or FORCE_COLOR says so.

    NO_COLOR (no-color.org) wins over both, whatever it holds, and a dumb terminal is never painted unasked.
    """
    if "NO_COLOR" in environ or stream is None:
        return False
    if any(environ.get(name, "0") not in {"", "0"} for name in ("CLICOLOR_FORCE", "FORCE_COLOR")):
        return True
    return _is_terminal(stream) and environ.get("TERM") not in _DUMB


def links(stream: TextIO | None, environ: Mapping[str, str]) -> str:
    """The URL of the working folder, for links to files, on a terminal known to follow them; else empty."""
    if stream is None or not _is_terminal(stream) or not _follows_links(environ):
        return ""
    try:
        folder = Path.cwd()
    except OSError:
        return ""
    return f"file://{socket.gethostname()}{quote(str(folder).encode('utf-8', 'surrogateescape'))}/"


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:
        return False


def _follows_links(environ: Mapping[str, str]) -> bool:
    # Inside tmux and screen the variables are those of the terminal around them, which may be another by now.
    if environ.get("TERM", "").startswith(("dumb", "screen", "tmux", "linux")):
        return False
    vte = environ.get("VTE_VERSION", "")
    return (
        environ.get("TERM_PROGRAM") in _PROGRAMS
        or any(name in environ for name in _MARKS)
        or bool(re.fullmatch(r"[0-9]{4,6}", vte) and int(vte) >= _VTE)
    )


def folder_of(file: Path) -> Path:
    """The folder of the pages of a report: ``report_files`` beside ``report.html``."""
    return file.with_name(f"{file.name.removesuffix('.html')}_files")


def write_site(file: Path, view: reports.View, *, private: bool = False) -> None:
    """Write the report; raises ReportError naming what could not be written, and then leaves the old one.

    A folder of pages that an earlier run left is replaced, or removed where the new report has none. The
    report gets its mode as ``replace_file`` gives it; what nobody else may read, nobody may in the pages.
    """
    folder = folder_of(file)
    if folder.exists() and not _is_ours(folder):
        raise ReportError(f"{folder} is in the way of the report's pages and was not made by mmscheck")
    new = None
    try:
        new = Path(tempfile.mkdtemp(dir=file.parent, prefix=f".{file.name}."))
        _fill(new, file, folder, view)
        _protect(new, mode_for(file, private=private))
        _put_in_place(new, file, folder)
    except OSError as error:
        raise ReportError(f"the report could not be written to {file}: {error.strerror}") from error
    finally:
        if new is not None:
            shutil.rmtree(new, ignore_errors=True)


def _fill(new: Path, file: Path, folder: Path, view: reports.View) -> None:
    """Write everything below ``new``: the report as ``index``, its pages as ``pages``."""
    from mmscheck.report import html  # noqa: PLC0415 - only those who want this format need it

    pages = new / "pages"

    def put(path: str, content: Iterable[str | bytes]) -> None:
        target = pages / path if path else new / "index"
        if path and not target.parent.exists():
            target.parent.mkdir(parents=True)
            (pages / MARK).write_text("Pages of a report; mmscheck replaces this folder.\n", encoding="utf-8")
        with target.open("wb") as sink:
            for part in content:
                sink.write(part.encode("utf-8") if isinstance(part, str) else part)

    html.write(view, file.name, folder.name, put)


def _protect(new: Path, mode: int | None) -> None:
    if mode is not None:
        (new / "index").chmod(mode)
        if not mode & _OTHERS and (new / "pages").exists():
            (new / "pages").chmod(_OWNER_FOLDER)


def _put_in_place(new: Path, file: Path, folder: Path) -> None:
    """Exchange the old folder and then the old report; for that moment the old report has the new pages."""
    if folder.exists():
        folder.rename(new / "old")
    if (new / "pages").exists():
        (new / "pages").rename(folder)
    (new / "index").replace(file)


def _is_ours(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink() and (folder / MARK).is_file()
