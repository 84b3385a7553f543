"""ZIP archives, which passes are: the directory judged before anything is read."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Collection
from pathlib import PurePosixPath, PureWindowsPath

from mmscheck.base.text import escaped
from mmscheck.media.refusal import RefusedError, Verdicts

CONTENT = "pass.json"
MANIFEST = "manifest.json"
SIGNATURE = "signature"
"""What every Wallet pass holds at its top (Apple, Wallet passes: creating the source for a pass)."""

MOST_ENTRIES = 1000
MOST_UNPACKED = 64 * 1024 * 1024
"""Bytes of all files together; a message takes a fiftieth of it."""

MOST_RATIO = 200
"""Times that packing may shrink the whole; deflate reaches 1,032, JSON and pictures stay below 30."""

FREE_RATIO = 1024 * 1024
"""Bytes unpacked below which the ratio does not matter."""

ZIP = Verdicts(
    own={zipfile.BadZipFile: "it is no whole ZIP archive", zlib.error: "a file in it is damaged"},
    inside=dict.fromkeys(
        (ValueError, EOFError, IndexError, NotImplementedError, OverflowError, struct.error),
        "its directory is damaged",
    ),
    modules=("zipfile",),
)
"""How zipfile refuses an archive."""

METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
ENCRYPTED = 0x1
"""The flag of an entry that needs a password."""


def is_pass(names: Collection[str]) -> bool:
    """Whether an archive with these files is a Wallet pass, be it one that lacks something."""
    return CONTENT in names or {MANIFEST, SIGNATURE} <= set(names) or bool(folder_of(names))


def folder_of(names: Collection[str]) -> str:
    """The one folder in which the files of a pass were packed; empty where they lie at the top."""
    if CONTENT in names:
        return ""
    inside = [name.removesuffix(CONTENT) for name in names if name.endswith(f"/{CONTENT}")]
    return inside[0] if len(inside) == 1 and inside[0] + MANIFEST in names else ""


def check_directory(entries: list[zipfile.ZipInfo], unpacked: int) -> None:
    """RefusedError for an archive too large to unpack."""
    partial = {"entries": len(entries), "unpacked": unpacked}
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > MOST_ENTRIES:
        raise RefusedError(f"it has more than {MOST_ENTRIES} entries", partial)
    if unpacked > MOST_UNPACKED:
        raise RefusedError(f"it unpacks to more than {MOST_UNPACKED} bytes", partial)
    if unpacked > FREE_RATIO and unpacked > MOST_RATIO * max(packed, 1):
        raise RefusedError(f"it unpacks to more than {MOST_RATIO} times its size", partial)


def read_files(
    archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]
) -> tuple[dict[str, bytes], list[str]]:
    """The files by their names, and what is wrong with those that cannot be read."""
    files: dict[str, bytes] = {}
    faults: list[str] = []
    for entry in entries:
        if entry.is_dir():
            continue
        fault = "stands in it twice" if entry.filename in files else _entry_fault(entry)
        if fault is None:
            try:
                files[entry.filename] = archive.read(entry)
            except Exception as error:
                if ZIP.on(error) is None:
                    raise
                raise RefusedError(f"{shown(entry.filename)} is damaged") from error
        else:
            faults.append(f"{shown(entry.filename)} {fault}")
    return files, faults


def _entry_fault(entry: zipfile.ZipInfo) -> str | None:
    """Why an entry is not read."""
    posix, windows = PurePosixPath(entry.filename), PureWindowsPath(entry.filename)
    if ".." in windows.parts or posix.is_absolute() or windows.anchor or "\\" in entry.filename:
        return "lies outside the pass's own folder"
    if entry.flag_bits & ENCRYPTED:
        return "is encrypted"
    return None if entry.compress_type in METHODS else "is packed in a way that phones cannot unpack"


def shown(name: str) -> str:
    """A file's name as it can stand in a report."""
    return escaped(name[:80])
