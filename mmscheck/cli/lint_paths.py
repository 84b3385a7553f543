"""What lint is to look at: slide XML and media files among the paths and folders given."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from mmscheck.errors import InputError
from mmscheck.formats.escape import visible
from mmscheck.model.extensions import BY_EXTENSION

STDIN = "-"
_DOCUMENT = ".xml"


class Paths(msgspec.Struct, frozen=True, kw_only=True):
    """Paths as given or found, each once: documents (also ``-``) and media files; and what was not found."""

    documents: tuple[str, ...]
    media: tuple[str, ...]
    unread: tuple[str, ...] = ()


def sort_paths(paths: Sequence[str]) -> Paths:
    """Folders are walked for .xml and for known media extensions; any other file that is named is a medium.

    Raises InputError when nothing was given.
    """
    if not paths:
        raise InputError("nothing was named to read: give files, folders or - for standard input")
    unread: list[str] = []
    found = tuple(dict.fromkeys(each for path in paths for each in _places(path, unread)))
    documents = tuple(path for path in found if path == STDIN or _suffix(path) == _DOCUMENT)
    media = tuple(path for path in found if path not in set(documents))
    return Paths(documents=documents, media=media, unread=tuple(unread))


def _places(path: str, unread: list[str]) -> Iterator[str]:
    if not os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises on a NUL in the name
        yield path
        return
    below = tuple(_walk(path, unread))
    if not below:
        unread.append(f"{path.rstrip('/')}/: no .xml file and no media file in it")
    yield from below


def _walk(folder: str, unread: list[str]) -> Iterator[str]:
    """Every file of interest below, folder by folder, by name; not in hidden folders, nor through links.

    With a list of its own of what is still to be walked: folders may lie deeper than calls may.
    """
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as found:
                entries = sorted(found, key=lambda entry: entry.name)
            kinds = {entry.name: entry.is_dir() for entry in entries}
        except OSError as error:
            unread.append(f"{visible(here)}/: {(error.strerror or str(error)).lower()}")
            continue
        for name in (name for name, is_folder in kinds.items() if not is_folder):
            if _suffix(name) == _DOCUMENT or _suffix(name) in BY_EXTENSION:
                yield str(Path(here) / name)
        folders = (entry for entry in reversed(entries) if kinds[entry.name] and not entry.is_symlink())
        waiting += [entry.path for entry in folders if not entry.name.startswith(".")]


def _suffix(path: str) -> str:
    return Path(path).suffix.lower()
