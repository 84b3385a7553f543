"""Putting a report into its place: whole or not at all, with the mode it is to have, and without hanging."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import select
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from mmscheck.errors import ReportError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

PATIENCE = 30
"""Seconds that a pipe's reader may take nothing before it is given up (a judgement)."""

_ALL, _OWNER = 0o666, 0o600
_FLAGS = os.O_WRONLY | os.O_CLOEXEC | os.O_NOCTTY
_OPEN_FILES = "/proc/"
"""Where ``/dev/stdout`` and ``/dev/fd/3`` lead: to what a process has open, and no file may replace."""

_held: dict[Path, int] = {}
"""Pipes that are open from before a call until its report: closing one tells its reader that this was all."""


def replace_file(file: Path, text: Iterable[str], *, private: bool = False) -> None:
    """Write beside the file and rename, so that a reader never sees half a report; in pieces or not.

    An old file keeps its own mode; a new one is made with the umask, or readable by its owner alone when
    ``private``. Terminals, devices and pipes that somebody reads are written to. Raises ReportError.
    """
    pieces = (text,) if isinstance(text, str) else text
    try:
        if is_stream(file):
            with _stream(file) as stream:
                stream.writelines(pieces)
            return
        mode = mode_for(file, private=private)
        part = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        first = _OWNER if private or mode is not None else _ALL
        with _gone_unless_kept(part), _new(part, first) as opened:
            opened.writelines(pieces)
            opened.flush()
            if mode is not None:
                part.chmod(mode)
            part.replace(file)
    except OSError as error:
        raise _unwritable(file, error) from error


@contextlib.contextmanager
def opened_file(file: Path, *, private: bool = False) -> Iterator[IO[str]]:
    """The file, emptied or new, to be written to piece by piece; modes as with ``replace_file``."""
    try:
        if is_stream(file):
            opened = _stream(file)
        else:
            flags = _FLAGS | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK
            descriptor = os.open(file, flags, _OWNER if private else _ALL)
            opened = os.fdopen(descriptor, "w", encoding="utf-8", newline="")
    except OSError as error:
        raise _unwritable(file, error) from error
    try:
        yield opened
    finally:
        try:
            opened.close()
        except OSError as error:
            # What could not be written before is tried again by this.
            raise _unwritable(file, error) from error


def mode_for(file: Path, *, private: bool) -> int | None:
    """The report's mode: that of the old file, or for the owner alone; None: as the umask says."""
    try:
        return stat.S_IMODE(file.stat().st_mode) & 0o777
    except OSError:
        return _OWNER if private else None


def is_stream(file: Path) -> bool:
    """Whether this is a terminal, device or pipe, written to as it is. Raises ReportError for a folder."""
    try:
        mode = file.stat().st_mode
    except OSError:
        return False
    if stat.S_ISCHR(mode) or stat.S_ISFIFO(mode):
        return True
    if stat.S_ISREG(mode):
        return _leads_to_open_file(file)
    what = "a folder" if stat.S_ISDIR(mode) else "a device or socket that holds no reports"
    raise _unwritable(file, OSError(0, f"it is {what}; name a file"))


def hold(file: Path) -> bool:
    """Whether this is a pipe; held open from now until its report. Raises ReportError where nobody reads."""
    try:
        if not stat.S_ISFIFO(file.stat().st_mode):
            return False
        if file not in _held:
            _held[file] = _opened(file)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unwritable(file, error) from error
    return True


def _leads_to_open_file(file: Path) -> bool:
    here = os.path.realpath(file.parent)
    if file.is_symlink():
        here = os.path.realpath(Path(here, file.readlink()).parent)
    return f"{here}/".startswith(_OPEN_FILES)


def _opened(file: Path) -> int:
    # Opening a pipe that nobody reads would wait for ever without O_NONBLOCK.
    try:
        return os.open(file, _FLAGS | os.O_NONBLOCK | os.O_APPEND)
    except OSError as error:
        if stat.S_ISFIFO(file.stat().st_mode):
            raise OSError(0, "it is a pipe that nobody reads") from error
        raise


def _stream(file: Path) -> IO[str]:
    descriptor = _held.pop(file, None)
    raw = _Patient(_opened(file) if descriptor is None else descriptor)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", newline="")


class _Patient(io.RawIOBase):
    """What is written to a terminal, device or pipe; OSError when its reader takes nothing for too long."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._ready = select.poll()
        self._ready.register(descriptor, select.POLLOUT)

    def writable(self) -> bool:
        """It is for nothing else."""
        return True

    def write(self, data: Buffer, /) -> int:
        """How many bytes were taken, at least one where there are any."""
        while True:
            if not self._ready.poll(PATIENCE * 1000):
                raise OSError(0, f"its reader took nothing for {PATIENCE} seconds")
            with contextlib.suppress(BlockingIOError):
                return os.write(self._descriptor, data)

    def close(self) -> None:
        """Close the descriptor, once."""
        if not self.closed:
            super().close()
            os.close(self._descriptor)


def _new(part: Path, mode: int) -> IO[str]:
    flags = _FLAGS | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    return os.fdopen(os.open(part, flags, mode), "w", encoding="utf-8")


@contextlib.contextmanager
def _gone_unless_kept(part: Path) -> Iterator[None]:
    """What stops half way leaves no file behind."""
    try:
        yield
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _unwritable(file: Path, error: OSError) -> ReportError:
    return ReportError(f"the report could not be written to {file}: {error.strerror}")
