"""Where a ledger is: a file of the user's own, or a PostgreSQL database by URL.

The parameters of a PostgreSQL address have libpq's names (PostgreSQL 17's documentation, 32.1.2 "Parameter
Key Words"). What asyncpg cannot do is refused when it was asked for (``channel_binding=require``), and left
out where it changes nothing.
"""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import msgspec
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from mmscheck.errors import LedgerError, MissingLedgerError, UsageError
from mmscheck.ledger.ledger_file import SIDES, must_be_one

_TLS = frozenset(
    {
        *("sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl", "sslnegotiation"),
        *("ssl_min_protocol_version", "ssl_max_protocol_version"),
    }
)
"""What asyncpg takes in an address only."""

_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

_PLAIN = frozenset({"passfile", "target_session_attrs", "krbsrvname", "gsslib"})
"""What asyncpg takes under the same name."""

_PLACE: Mapping[str, str] = MappingProxyType(
    {"user": "username", "password": "password", "dbname": "database", "database": "database"}
)
"""Parts of the address that may stand among the parameters."""

_HOST = frozenset({"host", "port"})
"""What SQLAlchemy reads among the parameters by itself; there may be several."""

_NUMBERS = frozenset(
    {
        *("connect_timeout", "timeout", "command_timeout"),
        *("statement_cache_size", "prepared_statement_cache_size", "max_cached_statement_lifetime"),
    }
)

_WITHOUT: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "channel_binding": frozenset({"disable", "prefer"}),
        "gssencmode": frozenset({"disable", "prefer"}),
        "client_encoding": frozenset({"utf8", "utf-8", "auto", "unicode"}),
        **dict.fromkeys(
            ("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"),
            frozenset[str](),
        ),
    }
)
"""What is left out, with the values that ask for nothing which asyncpg cannot do; empty: any."""

_NAMED = ("application_name", "fallback_application_name", "options")

KNOWN = frozenset({*_TLS, *_PLAIN, *_PLACE, *_HOST, *_NUMBERS, *_WITHOUT, *_NAMED, "ssl"})
"""Every parameter that an address may have."""

_OPTION = re.compile(r"(?:-c\s*|--)([A-Za-z_][\w.]*)=((?:\\.|[^\s\\])*)(?:\s+|$)")
"""One of the server's options on a command line; a backslash keeps the character behind it."""


def checked(where: str, url: URL) -> None:
    """Raise UsageError for a parameter that is unknown or cannot be read; no value is ever told."""
    if "@" in where.partition("?")[2]:
        # What stands there may be the rest of a password, so that nothing of it is told.
        raise UsageError("the ledger's address has an @ behind its ?: write @ in a password as %40, ? as %3F")
    for name in url.query:
        if name not in KNOWN:
            raise UsageError(
                f"the ledger's address has a parameter that nobody here knows, {name!a}. "
                f"There are: {', '.join(sorted(KNOWN))}"
            )
    arguments(url)


def arguments(url: URL) -> tuple[URL, dict[str, Any], dict[str, str]]:
    """The address without its parameters, what ``asyncpg.connect`` gets of them, and the server's settings.

    Raises UsageError for a value that cannot be read.
    """
    parameters = {name: _one(name, value) for name, value in url.query.items() if name not in _HOST}
    hosts = {name: value for name, value in url.query.items() if name in _HOST}
    place: dict[str, Any] = {field: parameters[name] for name, field in _PLACE.items() if name in parameters}
    numbers = {name: _number(name, parameters[name]) for name in parameters if name in _NUMBERS}
    seconds = numbers.pop("connect_timeout", None)
    for name, harmless in _WITHOUT.items():
        if name in parameters and harmless and parameters[name].lower() not in harmless:
            raise UsageError(f"the ledger's address demands {name}, which asyncpg cannot do: leave it out")
    taken: dict[str, Any] = {name: parameters[name] for name in parameters if name in _PLAIN}
    taken |= {name: int(one) if name.endswith("cache_size") else one for name, one in numbers.items()}
    if seconds is not None:
        # As in libpq: none waits for ever, and less than two seconds cannot be asked for.
        taken["timeout"] = max(2.0, seconds) if seconds > 0 else None
    if tls := _tls(parameters):
        taken["dsn"] = f"postgresql:///?{urlencode(tls)}"
    return url.set(drivername="postgresql+asyncpg", query=hosts, **place), taken, _settings(parameters)


def _one(name: str, value: str | tuple[str, ...]) -> str:
    if isinstance(value, str):
        return value
    raise UsageError(f"the ledger's address has the parameter {name!a} {len(value)} times: give it once")


def _number(name: str, value: str) -> float:
    if not re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", value.strip()):
        raise UsageError(f"the parameter {name!a} of the ledger's address is not a number")
    return float(value)


def _tls(parameters: Mapping[str, str]) -> dict[str, str]:
    tls = {name: value for name, value in parameters.items() if name in _TLS}
    if "ssl" in parameters:
        tls.setdefault("sslmode", "require" if parameters["ssl"].lower() == "true" else parameters["ssl"])
    if tls.get("sslmode", "prefer") not in _MODES:
        raise UsageError(f"the parameter 'sslmode' of the ledger's address is none of {', '.join(_MODES)}")
    return tls


def _settings(parameters: Mapping[str, str]) -> dict[str, str]:
    settings: dict[str, str] = {}
    rest = parameters.get("options", "").strip()
    while rest:
        option = _OPTION.match(rest)
        if option is None:
            raise UsageError(
                "the parameter 'options' of the ledger's address cannot be read: it is -c NAME=VALUE, also "
                "several of them (a blank in an address is written %20)"
            )
        settings[option.group(1).lower()] = re.sub(r"\\(.)", r"\1", option.group(2))
        rest = rest[option.end() :]
    for name in ("fallback_application_name", "application_name"):
        if name in parameters:
            settings["application_name"] = parameters[name]
    return settings


VARIABLE = "MMSCHECK_LEDGER"
"""Names the ledger where nothing else does."""

ELSEWHERE = "name one where this user may write: --ledger FILE or MMSCHECK_LEDGER, or a postgresql:// URL"
_NOT_HERE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENOENT})
"""Reasons that a place gives, and that another place does not have."""

_POSTGRESQL = frozenset({"postgresql", "postgres", "postgresql+asyncpg"})
_SQLITE = frozenset({"sqlite"})


class LedgerPlace(msgspec.Struct, frozen=True, kw_only=True):
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


def place_of(where: str | None) -> LedgerPlace:
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


def _file(path: Path) -> LedgerPlace:
    full = path.expanduser().absolute()
    return LedgerPlace(url=URL.create("sqlite", database=str(full)), shown=str(full), file=full)


def _server(where: str, url: URL) -> LedgerPlace:
    if importlib.util.find_spec("asyncpg") is None:
        raise UsageError(
            "a ledger on PostgreSQL needs the package asyncpg: pip install asyncpg where mmscheck is, or "
            "install mmscheck with its extra postgresql"
        )
    shown = url.set(query={}).render_as_string(hide_password=True)
    checked(where, url)
    return LedgerPlace(url=url.set(drivername="postgresql+asyncpg"), shown=shown)


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
