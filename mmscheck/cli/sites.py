"""Writes an HTML report: one file, or an index with a folder of pages, put in place when whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from mmscheck.cli.files import mode_for
from mmscheck.errors import ReportError
from mmscheck.report import View

MARK = ".mmscheck-report"
"""The file by which a folder of pages is known to be one: no other folder is ever replaced or removed."""


_OTHERS, _OWNER_FOLDER = 0o077, 0o700


def folder_of(file: Path) -> Path:
    """The folder of the pages of a report: ``report_files`` beside ``report.html``."""
    return file.with_name(f"{file.name.removesuffix('.html')}_files")


def write_site(file: Path, view: View, *, private: bool = False) -> None:
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


def _fill(new: Path, file: Path, folder: Path, view: View) -> None:
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
