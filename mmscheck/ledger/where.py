"""Where a ledger is: a file of the user's own, or a PostgreSQL database by URL."""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import os
from pathlib import Path

import msgspec
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from mmscheck.errors import LedgerError, MissingLedgerError, UsageError
from mmscheck.ledger.parameters import checked
from mmscheck.ledger.sole import SIDES, must_be_one

VARIABLE = "MMSCHECK_LEDGER"
"""Names the ledger where nothing else does."""

ELSEWHERE = "name one where this user may write: --ledger FILE or MMSCHECK_LEDGER, or a postgresql:// URL"
_NOT_HERE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENOENT})
"""Reasons that a place gives, and that another place does not have."""

_POSTGRESQL = frozenset({"postgresql", "postgres", "postgresql+asyncpg"})
_SQLITE = frozenset({"sqlite"})


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger's address: ``url`` for SQLAlchemy, ``shown`` without its password, ``file`` on SQLite."""

    url: URL
    shown: str
    file: Path | None = None


def default_file() -> Path:
    """``mmscheck/ledger.sqlite3`` in the user's state folder (XDG Base Directory, ``XDG_STATE_HOME``)."""
    state = os.environ.get("XDG_STATE_HOME", "")
    # The specification has relative paths ignored.
    root = Path(state) if state.startswith("/") else Path.home() / ".local" / "state"
    return root / "mmscheck" / "ledger.sqlite3"


def place_of(where: str | None) -> Place:
    """The place that a URL or a path names; None: that MMSCHECK_LEDGER names, or else the default file.

    Raises UsageError for anything else.
    """
    if where is None:
        where = os.environ.get(VARIABLE)
        if where is None:
            return _file(default_file())
        if not where.strip():
            raise UsageError(f"{VARIABLE} is empty: give it a file or a postgresql:// URL, or unset it")
    if "://" not in where:
        if not where.strip() or "\0" in where:
            raise UsageError("the ledger's address is empty: give a file or a postgresql:// URL")
        return _file(Path(where))
    try:
        url = make_url(where)
    except (ArgumentError, ValueError):
        raise UsageError(_wanted("the ledger's address cannot be read as a URL")) from None
    if url.drivername in _SQLITE:
        if not url.database or url.database == ":memory:" or url.query:
            raise UsageError(_wanted("a ledger on SQLite is a file"))
        return _file(Path(url.database))
    if url.drivername in _POSTGRESQL:
        return _server(where, url)
    raise UsageError(_wanted(f"a ledger cannot be kept in {url.drivername}"))


def _wanted(fault: str) -> str:
    return f"{fault}: give a path, sqlite:///PATH, or postgresql://USER@HOST/DATABASE"


def _file(path: Path) -> Place:
    full = path.expanduser().absolute()
    return Place(url=URL.create("sqlite", database=str(full)), shown=str(full), file=full)


def _server(where: str, url: URL) -> Place:
    if importlib.util.find_spec("asyncpg") is None:
        raise UsageError(
            "a ledger on PostgreSQL needs the package asyncpg: pip install asyncpg where mmscheck is, or "
            "install mmscheck with its extra postgresql"
        )
    shown = url.set(query={}).render_as_string(hide_password=True)
    checked(where, url)
    return Place(url=url.set(drivername="postgresql+asyncpg"), shown=shown)


def prepare(file: Path, *, create: bool) -> None:
    """Make folder (0700) and file (0600) where they are missing; raises LedgerError, also when not to create.

    Numbers of customers are in it, so nobody else may read what this makes. What is there keeps its mode. A
    file that cannot be one ledger for everybody is refused.
    """
    real = Path(os.path.realpath(file))
    try:
        if not real.exists():
            _make(file, real, create=create)
        must_be_one(file)
        # Never opened here: to close it would let go of the locks that this process has on it by SQLite, and
        # another one would take away the -wal that is being written.
        if create and not os.access(real, os.R_OK | os.W_OK, effective_ids=True):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        way_out = f"; {ELSEWHERE}" if error.errno in _NOT_HERE else ""
        raise LedgerError(f"the ledger {file} cannot be written: {error.strerror}{way_out}") from error


def _make(file: Path, real: Path, *, create: bool) -> None:
    for side in SIDES:
        left = Path(f"{real}{side}")
        if left.is_file() and left.stat().st_size:
            raise LedgerError(
                f"there is no ledger at {file}, and {left.name} is left of one: it was moved or removed "
                "alone, and its newest rows are in what is left. Put it back beside that"
            )
    if not create:
        raise MissingLedgerError(f"there is no ledger at {file}")
    _folders(real.parent)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(real, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _folders(folder: Path) -> None:
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)
