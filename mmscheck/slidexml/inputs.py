"""Paths, folders and standard input to the bytes of documents, with a sentence for all that was not read.

Nothing is skipped in silence: whatever was named and gave no document is a sentence, and a caller that
gets sentences must not say that all is well.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from mmscheck.slidexml.decode import MAX_BYTES

STDIN = "<stdin>"
"""The source of the document that came by standard input."""

_NOTHING = "nothing was named to read: give files, folders or - for standard input"
# Opening a named pipe without this flag would wait for a writer for ever.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One document as read: ``source`` is its path as given (or ``<stdin>``), ``data`` its bytes.

    At most ``MAX_BYTES`` + 1 bytes are read; the reader of the XML refuses what is larger.
    """

    source: str
    data: bytes


def read_inputs(paths: Sequence[str], stdin: BinaryIO) -> tuple[tuple[Input, ...], tuple[str, ...]]:
    """The documents in the order given, folders by name, and sentences for what could not be read.

    A path named twice is read once. ``-`` is standard input. OS errors are sentences, never raised.
    """
    if not paths:
        return (), (_NOTHING,)
    places = dict.fromkeys(place for path in paths for place in _places(path))
    read = [_read(place, stdin) for place in places]
    inputs = tuple(result for result in read if isinstance(result, Input))
    return inputs, tuple(result.sentence for result in read if isinstance(result, _Unread))


def document_places(paths: Sequence[str]) -> Iterator[str]:
    """The files that ``read_inputs`` would open for these paths, as the file system names them."""
    for path in paths:
        yield from (place for place in _places(path) if isinstance(place, str) and place != "-")


class _Unread(msgspec.Struct, frozen=True):
    """Something that was named and gave no document."""

    sentence: str


def _read(place: str | _Unread, stdin: BinaryIO) -> Input | _Unread:
    if isinstance(place, _Unread):
        return place
    return _standard_input(stdin) if place == "-" else _file(place)


def _places(path: str) -> Iterator[str | _Unread]:
    if not path:
        yield _Unread("an empty path was given")
    elif path != "-" and os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises on a NUL in the name
        yield from _folder(path)
    else:
        yield path


def _standard_input(stdin: BinaryIO) -> Input | _Unread:
    try:
        data = _up_to_cap(stdin)
    except (OSError, ValueError) as error:
        return _Unread(f"standard input: {_words(error)}")
    return Input(source=STDIN, data=data) if data else _Unread("standard input is empty")


def _file(path: str) -> Input | _Unread:
    source = _shown(path)
    try:
        with open(os.open(path, _FLAGS), "rb") as file:  # noqa: PTH123 - the flags need os.open
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return _Unread(f"{source}: not a regular file")
            return Input(source=source, data=_up_to_cap(file))
    except (OSError, ValueError) as error:
        return _Unread(f"{source}: {_words(error)}")


def _folder(path: str) -> Iterator[str | _Unread]:
    """Every .xml file below the folder by name, and sentences for folders that cannot be listed."""
    found, seen, waiting = False, set[tuple[int, int]](), [Path(path)]
    while waiting:
        folder = waiting.pop()
        try:
            files, folders = _listed(folder, seen)
        except OSError as error:
            files, folders = [], []
            found = True
            yield _Unread(f"{_shown(str(folder))}/: {_words(error)}")
        found = found or bool(files)
        yield from files
        waiting.extend(reversed(folders))
    if not found:
        yield _Unread(f"{_shown(path).rstrip('/')}/: no .xml file in it")


def _listed(folder: Path, seen: set[tuple[int, int]]) -> tuple[list[str], list[Path]]:
    """The documents and the open folders in one folder; empty when it was ``seen`` before."""
    # By device and inode, so that no loop of links is walked for ever and nothing is read twice.
    status = folder.stat()
    if (status.st_dev, status.st_ino) in seen:
        return [], []
    seen.add((status.st_dev, status.st_ino))
    with os.scandir(folder) as found:
        kinds = sorted((entry.name, _kind(entry)) for entry in found)
    files = [str(folder / name) for name, kind in kinds if kind == "file"]
    return files, [folder / name for name, kind in kinds if kind == "folder"]


def _kind(entry: os.DirEntry[str]) -> str:
    """Whether an entry is a ``file`` to read, a ``folder`` to walk or of ``no`` interest."""
    try:
        if entry.is_dir():
            return "no" if entry.name.startswith(".") else "folder"
    except OSError:
        return "file"  # it may be a link to documents: reading it says what is wrong
    return "file" if entry.name.lower().endswith(".xml") else "no"


def _up_to_cap(stream: BinaryIO) -> bytes:
    parts: list[bytes] = []
    wanted = MAX_BYTES + 1
    # A raw stream may give less than was asked for, so only an empty read is the end.
    while wanted > 0 and (part := stream.read(wanted)):
        parts.append(part)
        wanted -= len(part)
    return b"".join(parts)


def _words(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or "could not be read"


def _shown(path: str) -> str:
    """The path with whatever cannot be printed or encoded written as an escape."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in path)
