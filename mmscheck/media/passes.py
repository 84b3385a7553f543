"""Wallet passes: the archive's directory judged before anything is read, then every digest verified.

What a pass needs: Apple, Wallet passes, "Creating the source for a pass" and "Building a pass".
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
import zlib
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from mmscheck.media.refusal import RefusedError, Verdicts, judging
from mmscheck.model.facts import PassFacts

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

MANIFEST = "manifest.json"
SIGNATURE = "signature"
UNLISTED = frozenset({MANIFEST, SIGNATURE})
"""Files that the manifest does not list."""

REQUIRED_KEYS = (
    "description",
    "formatVersion",
    "organizationName",
    "passTypeIdentifier",
    "serialNumber",
    "teamIdentifier",
)
"""Keys that every pass.json has."""

MOST_FAULTS = 20


def decode(data: bytes, _type: str) -> PassFacts:
    """The facts of a pass with all its faults; RefusedError for a broken archive.

    An archive within the archive is a file like others: it is not opened.
    """
    with judging(ZIP), zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        unpacked = sum(entry.file_size for entry in entries)
        _check_directory(entries, unpacked)
        files, faults = _read(archive, entries)
    faults += _missing(files) + _manifest_faults(files) + _pass_faults(files)
    return PassFacts(entries=len(entries), unpacked=unpacked, faults=tuple(faults[:MOST_FAULTS]))


def _check_directory(entries: list[zipfile.ZipInfo], unpacked: int) -> None:
    """RefusedError for an archive too large to unpack."""
    partial = {"entries": len(entries), "unpacked": unpacked}
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > MOST_ENTRIES:
        raise RefusedError(f"it has more than {MOST_ENTRIES} entries", partial)
    if unpacked > MOST_UNPACKED:
        raise RefusedError(f"it unpacks to more than {MOST_UNPACKED} bytes", partial)
    if unpacked > FREE_RATIO and unpacked > MOST_RATIO * max(packed, 1):
        raise RefusedError(f"it unpacks to more than {MOST_RATIO} times its size", partial)


def _read(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> tuple[dict[str, bytes], list[str]]:
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
                raise RefusedError(f"{_shown(entry.filename)} is damaged") from error
        else:
            faults.append(f"{_shown(entry.filename)} {fault}")
    return files, faults


def _entry_fault(entry: zipfile.ZipInfo) -> str | None:
    """Why an entry is not read."""
    posix, windows = PurePosixPath(entry.filename), PureWindowsPath(entry.filename)
    if ".." in windows.parts or posix.is_absolute() or windows.anchor or "\\" in entry.filename:
        return "lies outside the pass's own folder"
    if entry.flag_bits & ENCRYPTED:
        return "is encrypted"
    return None if entry.compress_type in METHODS else "is packed in a way that phones cannot unpack"


def _missing(files: dict[str, bytes]) -> list[str]:
    return [
        f"{name} is missing" for name in ("pass.json", MANIFEST, SIGNATURE, "icon.png") if name not in files
    ]


def _manifest_faults(files: dict[str, bytes]) -> list[str]:
    """Where the manifest and the files disagree."""
    if MANIFEST not in files:
        return []
    manifest = _object(files[MANIFEST])
    if manifest is None:
        return [f"{MANIFEST} is no JSON object"]
    listed = {name: data for name, data in files.items() if name not in UNLISTED}
    faults = [
        f"{_shown(name)} is in the manifest but not in the pass" for name in manifest if name not in files
    ]
    for name, data in listed.items():
        if name not in manifest:
            faults.append(f"{_shown(name)} is not in the manifest")
        elif str(manifest[name]).lower() != hashlib.sha1(data, usedforsecurity=False).hexdigest():
            faults.append(f"{_shown(name)} differs from its digest in the manifest")
    return faults


def _pass_faults(files: dict[str, bytes]) -> list[str]:
    """What pass.json lacks."""
    if "pass.json" not in files:
        return []
    content = _object(files["pass.json"])
    if content is None:
        return ["pass.json is no JSON object"]
    return [f"pass.json has no {key}" for key in REQUIRED_KEYS if content.get(key) in (None, "")]


def _object(data: bytes) -> dict[str, Any] | None:
    """The JSON object in those bytes, or None."""
    try:
        value = json.loads(data)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _shown(name: str) -> str:
    """A file's name as it can stand in a report."""
    return repr(name[:80])[1:-1]
