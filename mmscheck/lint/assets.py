"""A URL to the local file that will be uploaded to it, and local files to their bytes.

Names are compared letter by letter on every system: a web server tells ``Sale.jpg`` from ``sale.jpg``, even
where the disk does not.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

import msgspec

from mmscheck.base.url import take_apart

MAX_BYTES = 64 * 1024 * 1024
"""Bytes: a larger file is not read; the same as the most that a check fetches."""

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
# Opening a named pipe without O_NONBLOCK would wait for a writer for ever.


class Missing(msgspec.Struct, frozen=True):
    """Why there is no file for a URL, as a phrase, with the nearest name where there is one."""

    problem: str


class TooLarge(msgspec.Struct, frozen=True):
    """A file of more than ``MAX_BYTES``: its size in bytes."""

    size: int


def locate(url: str, assets: Sequence[tuple[str, Path]]) -> Path | Missing | None:
    """The file for this URL; Missing when its folder is mapped and has none; None when nothing is mapped.

    ``assets`` are pairs of URL prefix and folder, and the first that matches counts.
    """
    wanted = _comparable(url)
    for prefix, folder in assets:
        start = _comparable(prefix)
        if wanted.startswith(start):
            return _below(folder, wanted[len(start) :].partition("#")[0].partition("?")[0])
    return None


def read_local(path: Path) -> bytes | TooLarge | Missing:
    """The file's bytes, or why there are none; nothing is raised."""
    try:
        with open(os.open(path, _FLAGS), "rb") as file:  # noqa: PTH123 - the flags need os.open
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return Missing("not a regular file")
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return Missing("no such file")
    except (OSError, ValueError) as error:
        return Missing(getattr(error, "strerror", None) or str(error))
    return data if len(data) <= MAX_BYTES else TooLarge(max(status.st_size, len(data)))


def _comparable(url: str) -> str:
    """The URL with scheme and host in lower case, as those are compared (RFC 3986, section 6.2.2.1)."""
    url = url.strip()
    parts = take_apart(url)
    if parts.authority is None:
        return url.lower()
    start = len(parts.scheme or "") + len("://" if parts.scheme else "//") + len(parts.authority)
    return url[:start].lower() + url[start:]


def _below(folder: Path, path: str) -> Path | Missing:
    here = folder
    for part in path.split("/"):
        name = _name(part)
        if name is None:
            return Missing(f'"{part}" is no name of a file or folder')
        try:
            names = os.listdir(here)  # noqa: PTH208 - names are wanted, not paths
        except OSError as error:
            return Missing(f"the folder {here} cannot be listed ({error.strerror or error})")
        if name not in names:
            return Missing(_nearest(name, names, here))
        here /= name
    # Path.is_file raises for what may not be looked at.
    return here if os.path.isfile(here) else Missing(f"{here} is not a file")  # noqa: PTH113


def _name(part: str) -> str | None:
    """A part of the path as a name on disk; None for one that is none or would lead elsewhere."""
    try:
        name = unquote(part, errors="strict")
    except UnicodeDecodeError:
        return None
    return None if name in {"", ".", ".."} or any(char in name for char in "/\\\0") else name


def _nearest(name: str, names: Sequence[str], folder: Path) -> str:
    """What to say about a name that a folder does not have."""
    alike = {_folded(each): each for each in sorted(names, reverse=True)}
    if same := alike.get(_folded(name)):
        return f'{folder} has "{same}", and not "{name}": upper and lower case count in a URL'
    import difflib  # noqa: PLC0415 - only a name that a folder lacks is compared

    close = difflib.get_close_matches(_folded(name), alike, n=1, cutoff=0.7)
    hint = f'; did you mean "{alike[close[0]]}"?' if close else ""
    return f'{folder} has no "{name}"{hint}'


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
