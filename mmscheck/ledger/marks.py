"""Notes of how far a ledger had got, kept outside of it, by which one that is behind is noticed.

A copy that was put back, a file that was moved without its ``-wal``, and a way to the file that nobody
thought of have one thing in common: rows are missing that were there. So each commit is noted in a small
file beside the ledger, and now and then as an attribute of the ledger's file itself, which goes wherever
that goes. A note may be late, and never early: it is written after the commit. Both are best effort; where
neither can be kept, nothing is noticed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

SUFFIX = "-head"
"""What the file beside the ledger is called after it."""

_ATTRIBUTE = "user.mmscheck.head"
_MAGIC = "mmscheck-head-1"
_LONGEST = 512
_TRIES = 5
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_EVERY = 1.0
"""Seconds between two flushes of the note to the disk: a note that a power cut makes late does no harm."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Which ledger, the number of its last row and that row's hash."""

    ledger: str
    seq: int
    hash: str

    def text(self) -> bytes:
        """As it is kept: one line that ends in a check of itself, of one length however long it gets."""
        line = f"{_MAGIC} {self.ledger} {self.seq:018} {self.hash}"
        return f"{line} {_check(line)}\n".encode("ascii")


def mark_of(text: bytes) -> Mark | None:
    """The mark that was kept, or None for what is none, such as one that is just being written."""
    line, _, check = text.decode("ascii", "replace").strip().rpartition(" ")
    parts = line.split(" ")
    if check != _check(line) or len(parts) != 4 or parts[0] != _MAGIC:  # noqa: PLR2004 - see `Mark.text`
        return None
    return Mark(ledger=parts[1], seq=int(parts[2]), hash=parts[3])


def _check(line: str) -> str:
    return hashlib.sha256(line.encode("utf-8", "replace")).hexdigest()[:16]


class Marks:
    """The notes of one file; nothing is written before ``begin`` says whose."""

    def __init__(self, file: Path) -> None:
        """Open nothing yet; ``file`` may be a link."""
        self.file = Path(os.path.realpath(file))
        self._ledger = ""
        self._opened: int | None = None
        self._flushing: ThreadPoolExecutor | None = None
        self._next = 0.0

    def found(self) -> Iterator[Mark]:
        """What is noted beside this file and in it."""
        if beside := beside_file(self.file):
            yield beside
        with contextlib.suppress(OSError, AttributeError):
            if inside := mark_of(os.getxattr(self.file, _ATTRIBUTE)):
                yield inside

    def begin(self, ledger: str) -> None:
        """From now on note this ledger's commits, in place of whatever is noted."""
        self._ledger = ledger

    def write(self, seq: int, hash_: str) -> None:
        """Note a commit, from the thread that made it."""
        if not self._ledger:
            return
        text = Mark(ledger=self._ledger, seq=seq, hash=hash_).text()
        with contextlib.suppress(OSError, AttributeError):
            if self._opened is None:
                self._opened = os.open(f"{self.file}{SUFFIX}", _FLAGS, 0o600)
                # Root may have come first, with a hold: those who send have to write here as well.
                owner = self.file.stat()
                os.fchown(self._opened, owner.st_uid, owner.st_gid)
                self._flushing = ThreadPoolExecutor(1, thread_name_prefix="mmscheck-ledger-note")
            os.pwrite(self._opened, text, 0)
            if self._flushing is not None and time.monotonic() >= self._next:
                self._next = time.monotonic() + _EVERY
                self._flushing.submit(_flush, self._opened)
                os.setxattr(self.file, _ATTRIBUTE, text)

    def close(self) -> None:
        """Flush the last one; blocks."""
        if self._flushing is not None and self._opened is not None:
            self._flushing.submit(_flush, self._opened)
            self._flushing.shutdown()
            with contextlib.suppress(OSError, AttributeError):
                os.setxattr(self.file, _ATTRIBUTE, os.pread(self._opened, _LONGEST, 0))
            os.close(self._opened)
        self._flushing, self._opened, self._ledger = None, None, ""


def beside_file(file: Path) -> Mark | None:
    """What is noted beside a file that is or was there."""
    try:
        opened = os.open(f"{file}{SUFFIX}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        # It may be read while it is being written.
        texts = (os.pread(opened, _LONGEST, 0) for _ in range(_TRIES))
        return next(filter(None, map(mark_of, texts)), None)
    except OSError:
        return None
    finally:
        os.close(opened)


def _flush(opened: int) -> None:
    with contextlib.suppress(OSError):
        os.fsync(opened)
