"""Whether a file can be one ledger: the same one, with the same ``-wal`` beside it, for all who open it.

SQLite keeps the newest rows in a file beside the *path* and shares it by memory of one machine. Under a
second name, mounted alone, or across a network each reader has a ``-wal`` of its own, and neither sees what
the other sends. A symbolic link is no second name: SQLite goes where it leads, and keeps the ``-wal`` there.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

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
