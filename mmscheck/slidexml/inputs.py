"""Paths, folders and standard input to the bytes of documents, with a sentence for all that was not read.

Nothing is skipped in silence: whatever was named and gave no document is a sentence, and a caller that
gets sentences must not say that all is well.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import msgspec

from mmscheck.base.text import escaped
from mmscheck.slidexml.decode import MAX_BYTES
from mmscheck.slidexml.walk import Left, Unread, walk

DOCUMENTS = frozenset({".xml"})
"""How the names of documents end, in small letters."""

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

    A path named twice is read once. ``-`` is standard input. OS errors are sentences, never raised, and so
    is what a folder holds and does not give; who leaves out on purpose walks it first (``walk``).
    """
    if not paths:
        return (), (_NOTHING,)
    places = dict.fromkeys(place for path in paths for place in _places(path))
    read = [_read(place, stdin) for place in places]
    inputs = tuple(result for result in read if isinstance(result, Input))
    return inputs, tuple(result.sentence for result in read if isinstance(result, Unread))


def document_places(paths: Sequence[str]) -> Iterator[str]:
    """The files that ``read_inputs`` would open for these paths, as the file system names them."""
    for path in paths:
        yield from (place for place in _places(path) if isinstance(place, str) and place != "-")


def _read(place: str | Unread, stdin: BinaryIO) -> Input | Unread:
    if isinstance(place, Unread):
        return place
    return _standard_input(stdin) if place == "-" else _file(place)


def _places(path: str) -> Iterator[str | Unread]:
    if not path:
        yield Unread("an empty path was given")
    elif path != "-" and os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises on a NUL in the name
        yield from _folder(path)
    else:
        yield path


def _standard_input(stdin: BinaryIO) -> Input | Unread:
    try:
        data = _up_to_cap(stdin)
    except (OSError, ValueError) as error:
        return Unread(f"standard input: {_words(error)}")
    return Input(source=STDIN, data=data) if data else Unread("standard input is empty")


def _file(path: str) -> Input | Unread:
    source = escaped(path)
    try:
        with open(os.open(path, _FLAGS), "rb") as file:  # noqa: PTH123 - the flags need os.open
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return Unread(f"{source}: not a regular file")
            return Input(source=source, data=_up_to_cap(file))
    except (OSError, ValueError) as error:
        return Unread(f"{source}: {_words(error)}")


def _folder(path: str) -> Iterator[str | Unread]:
    """Every .xml file below the folder by name, and sentences for what is not read."""
    found = False
    for place in walk(path, DOCUMENTS, ignoring=False):
        found = True
        yield Unread(f"{escaped(place.path)}: {place.why}") if isinstance(place, Left) else place
    if not found:
        yield Unread(f"{escaped(path).rstrip('/')}/: no .xml file in it")


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
