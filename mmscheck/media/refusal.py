"""How a decoder says that a file is not fit to be used, and which exceptions of a library say so.

What a library raises is a verdict on the file only where it is listed as one. Everything else comes from our
own call, a library that changed, or a fault in it: nobody knows then whether the file is sound.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import msgspec

LONGEST_TRACE = 8000
"""Characters of a traceback that are kept, from its end."""

REPORT_IT = "please report it with the evidence"


class RefusedError(Exception):
    """A file that its decoder refuses; the text says why, ``partial`` what was read before."""

    def __init__(self, reason: str, partial: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Take the reason in plain words and JSON values by name."""
        super().__init__(reason)
        self.partial = dict(partial)


class Verdicts(msgspec.Struct, frozen=True, kw_only=True):
    """The exceptions by which one library refuses a file.

    Both hold our words for each kind, and the first that fits is told. ``own`` are those that mean nothing
    else. ``inside`` are general ones that count only when a module of the library raised them, one whose name
    begins with one of ``modules``. OSError from the system, which has a number, is never one of them.
    ``said`` is for a library that is no Python and has general exceptions only: by how its ValueError begins.
    """

    own: Mapping[type[Exception], str] = {}
    inside: Mapping[type[Exception], str] = {}
    modules: tuple[str, ...] = ()
    said: Mapping[str, str] = {}

    def on(self, error: Exception) -> str | None:
        """Why the file is refused, in our words; None when the exception says nothing about it."""
        if (words := _words(self.own, error)) is not None:
            return words
        if isinstance(error, ValueError):
            words = next((words for start, words in self.said.items() if str(error).startswith(start)), None)
            if words is not None:
                return words
        if getattr(error, "errno", None) is not None or not raised_in(error).startswith(self.modules):
            return None
        return _words(self.inside, error)


def _words(kinds: Mapping[type[Exception], str], error: Exception) -> str | None:
    return next((words for kind, words in kinds.items() if isinstance(error, kind)), None)


def raised_in(error: Exception) -> str:
    """The name of the module whose code raised it."""
    name = ""
    for frame, _line in traceback.walk_tb(error.__traceback__):
        name = str(frame.f_globals.get("__name__", ""))
    return name


@contextmanager
def judging(verdicts: Verdicts) -> Iterator[None]:
    """Put a library's verdict on the file in our words, as RefusedError; let everything else through."""
    try:
        yield
    except (RefusedError, MemoryError):
        raise
    except Exception as error:
        why = verdicts.on(error)
        if why is None:
            raise
        raise RefusedError(why) from error


def trace() -> str:
    """The end of the traceback of the exception being handled, for whoever mends mmscheck."""
    return traceback.format_exc()[-LONGEST_TRACE:]
