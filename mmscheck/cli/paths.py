"""What check and lint are to look at: messages and media files among the paths and folders given."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import msgspec

from mmscheck import slidexml
from mmscheck.base.extensions import BY_EXTENSION
from mmscheck.errors import InputError
from mmscheck.judge.documents import other_message
from mmscheck.report.escape import visible

STDIN = "-"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


class Paths(msgspec.Struct, frozen=True, kw_only=True):
    """Paths as given or found, each once: documents (also ``-``) and media files.

    ``unread`` are sentences on what was not found, ``left`` on what folders hold and was left out.
    """

    documents: tuple[str, ...]
    media: tuple[str, ...]
    unread: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def sort_paths(paths: Sequence[str], exclude: Sequence[str] = (), *, meant_for: str = "") -> Paths:
    """Folders are walked for messages and known media extensions; any other file that is named is a medium.

    Raises InputError when nothing was given, and for a URL.
    """
    if urls := [path for path in paths if is_url(path)]:
        raise InputError(f"{visible(urls[0])}: lint is offline; mmscheck check fetches URLs")
    inputs = _inputs(
        paths,
        {*slidexml.DOCUMENTS, *BY_EXTENSION},
        exclude,
        "no message (.xml, .json) and no media in it",
    )
    documents = tuple(
        path
        for path in inputs.documents
        if path == STDIN or _suffix(path) in slidexml.DOCUMENTS or _is_other_message(path, meant_for)
    )
    media = tuple(path for path in inputs.documents if path not in set(documents))
    return msgspec.structs.replace(inputs, documents=documents, media=media)


def document_paths(paths: Sequence[str], exclude: Sequence[str] = ()) -> Paths:
    """The same for documents alone: folders are walked for them, whatever else is named is one too."""
    return _inputs(paths, slidexml.DOCUMENTS, exclude, "no message in it (.xml or .json)")


def _inputs(paths: Sequence[str], suffixes: Collection[str], exclude: Sequence[str], none: str) -> Paths:
    if not paths:
        raise InputError("nothing was named to read: give files, folders or - for standard input")
    entries = [each for path in paths for each in _places(path, suffixes, exclude, none)]
    left = dict.fromkeys(each for each in entries if isinstance(each, slidexml.Left))
    return Paths(
        documents=tuple(dict.fromkeys(each for each in entries if isinstance(each, str))),
        media=(),
        unread=tuple(each.sentence for each in entries if isinstance(each, slidexml.Unread)),
        left=tuple(slidexml.left_out(tuple(left))),
    )


def _places(
    path: str, suffixes: Collection[str], exclude: Sequence[str], none: str
) -> Iterator[str | slidexml.Unread | slidexml.Left]:
    # A file that is named is judged, whatever is excluded.
    if not os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises on a NUL in the name
        yield path
        return
    below = tuple(slidexml.walk(path, suffixes, exclude=exclude))
    yield from below
    left = [each for each in below if isinstance(each, slidexml.Left)]
    if len(left) == len(below):
        reasons = "".join(f"; {sentence.rstrip('.')}" for sentence in slidexml.left_out(left))
        yield slidexml.Unread(f"{visible(path.rstrip('/'))}/: {none}{reasons}")


def _is_other_message(path: str, meant_for: str) -> bool:
    """Whether a file that no ending tells is a message for another provider, or is said to be one."""
    if _suffix(path) in BY_EXTENSION:
        return False
    if meant_for:
        return True
    inputs, _unread = slidexml.read_inputs((path,), io.BytesIO())
    return bool(inputs) and other_message(inputs[0].data, inputs[0].source) is not None


def is_url(path: str) -> bool:
    """Whether it is a URL; a file that is called so is a file."""
    return _URL.match(path) is not None and not os.path.lexists(path)


def _suffix(path: str) -> str:
    return Path(path).suffix.lower()
