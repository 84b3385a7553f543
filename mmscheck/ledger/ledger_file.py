"""The file of a ledger: whether it can be one, whether it is this user's alone, and how far it had got.

SQLite keeps the newest rows in a file beside the *path* and shares it by memory of one machine. Under a
second name, mounted alone, or across a network each reader has a ``-wal`` of its own, and neither sees what
the other sends. A symbolic link is no second name: SQLite goes where it leads, and keeps the ``-wal`` there.

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
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from mmscheck.errors import LedgerError

SIDES = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside the file, and takes for a part of it."""

_REMOTE = frozenset(
    {
        *("9p", "afs", "ceph", "cifs", "coda", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4"),
        *("ocfs2", "orangefs", "smb3", "smbfs"),
        # Shared with the machine that runs this one, which has locks and memory of its own.
        *("drvfs", "fakeowner", "osxfs", "prl_fs", "vboxsf", "virtiofs", "vmhgfs"),
    }
)
_LOCAL_FUSE = frozenset({"fuse.fuse-overlayfs", "fuse.gocryptfs", "fuse.encfs", "fuse.ntfs-3g"})
"""File systems in user space that nobody reaches from elsewhere; all others show what lies elsewhere too."""

_OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO


def must_be_one(file: Path) -> None:
    """Raise LedgerError for a file that there is, or could be, a second way to; a missing one is none.

    Where the system does not tell what is mounted (no /proc), only names and links are looked at.
    """
    real = Path(os.path.realpath(file))
    folder = _mount_of(real.parent)
    kind = _type_of(folder)
    if is_shared(kind):
        raise _refusal(
            file,
            f"it lies on {kind}, where other machines see other rows of it: put it in a folder on a disk of "
            "this machine, or use PostgreSQL for several machines (--ledger postgresql://...)",
        )
    for one in (real, *(Path(f"{real}{side}") for side in SIDES)):
        if fault := _fault(one, folder):
            named = "it" if one == real else one.name
            raise _refusal(file, f"{named} {fault}")


def is_shared(kind: str) -> bool:
    """Whether other machines may write to file systems of this type; also one in user space nobody knows."""
    return kind in _REMOTE or (kind.partition(".")[0] == "fuse" and kind not in _LOCAL_FUSE)


def _fault(path: Path, folder: str | None) -> str:
    """Why it is not one file in its folder, as a clause without its subject; empty for one, and for none."""
    try:
        status = path.lstat()
    except OSError:
        return ""
    if stat.S_ISLNK(status.st_mode):
        return "is a symbolic link: remove it, SQLite makes the file anew"
    if not stat.S_ISREG(status.st_mode):
        return "is no regular file"
    if status.st_nlink > 1:
        return (
            f"has {status.st_nlink} names (hard links), and under each it would hold other rows: "
            "remove all names but one"
        )
    mount = _mount_of(path)
    if mount is not None and folder is not None and mount != folder:
        return (
            "is mounted by itself, without the files that SQLite keeps beside it: mount the folder that it "
            "is in, or use PostgreSQL (--ledger postgresql://...)"
        )
    return ""


def open_to_others(file: Path) -> str:
    """Why somebody else could have a hand in this ledger, as a clause; empty where nobody could.

    The file and what SQLite keeps beside it belong to this user alone, and so does a link that leads there.
    """
    real = Path(os.path.realpath(file))
    if file.is_symlink() and file.lstat().st_uid not in {os.geteuid(), 0}:
        return f"it is reached by a link that another user made (user {file.lstat().st_uid})"
    for one in (real, *(Path(f"{real}{side}") for side in SIDES)):
        try:
            status = one.lstat()
        except OSError:
            continue
        if status.st_uid != os.geteuid():
            return (
                f"{one.name} belongs to user {status.st_uid}, and this is user {os.geteuid()}: "
                "send as the user that the ledger belongs to"
            )
        if status.st_mode & _OTHERS_MAY:
            return f"others can read or write {one.name}: chmod 600 {one}"
    return ""


def _refusal(file: Path, why: str) -> LedgerError:
    return LedgerError(f"the ledger {file} cannot be written: {why}")


def _mount_of(path: Path) -> str | None:
    """The number of the mount that a path is on; None where the system does not tell."""
    try:
        # O_PATH opens nothing: to close a file that was opened would let go of SQLite's locks on it.
        opened = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (OSError, AttributeError):
        return None
    try:
        lines = Path(f"/proc/self/fdinfo/{opened}").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    finally:
        os.close(opened)
    return next((line.split()[1] for line in lines if line.startswith("mnt_id:")), None)


def _type_of(mount: str | None) -> str:
    """The type of the file system of a mount, as mountinfo has it (proc(5)); empty where it is not told."""
    try:
        text = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    for line in text.splitlines():
        mounted, _, source = line.partition(" - ")
        if mounted.split()[0] == mount:
            return source.split()[0]
    return ""


SUFFIX = "-head"
"""What the file beside the ledger is called after it."""

_ATTRIBUTE = "user.mmscheck.head"
_MAGIC = "mmscheck-head-1"
_LONGEST = 512
_TRIES = 5
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_EVERY = 1.0
"""Seconds between two flushes of the note to the disk: a note that a power cut makes late does no harm."""


class HeadNote(msgspec.Struct, frozen=True, kw_only=True):
    """Which ledger, the number of its last row and that row's hash."""

    ledger: str
    seq: int
    hash: str

    def text(self) -> bytes:
        """The line that is kept: it ends in a check of itself, and has one length however long it gets."""
        line = f"{_MAGIC} {self.ledger} {self.seq:018} {self.hash}"
        return f"{line} {_check(line)}\n".encode("ascii")


def mark_of(text: bytes) -> HeadNote | None:
    """The mark that was kept, or None for what is none, such as one that is just being written."""
    line, _, check = text.decode("ascii", "replace").strip().rpartition(" ")
    parts = line.split(" ")
    if check != _check(line) or len(parts) != 4 or parts[0] != _MAGIC:  # noqa: PLR2004 - see `HeadNote.text`
        return None
    return HeadNote(ledger=parts[1], seq=int(parts[2]), hash=parts[3])


def _check(line: str) -> str:
    return hashlib.sha256(line.encode("utf-8", "replace")).hexdigest()[:16]


class HeadNotes:
    """The notes of one file; nothing is written before ``begin`` says whose."""

    def __init__(self, file: Path) -> None:
        """Open nothing yet; ``file`` may be a link."""
        self.file = Path(os.path.realpath(file))
        self._ledger = ""
        self._opened: int | None = None
        self._flushing: ThreadPoolExecutor | None = None
        self._next = 0.0

    def found(self) -> Iterator[HeadNote]:
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
        text = HeadNote(ledger=self._ledger, seq=seq, hash=hash_).text()
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


def beside_file(file: Path) -> HeadNote | None:
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
