"""What a command reads is never what it writes: the one place where the two are held against each other.

Files are compared by what they are (device and inode), so that links of either kind and other spellings of
a path do not matter; and by name without regard to case and composition where one of them is not there yet,
because many disks (macOS, Windows) take such names for one.
"""

from __future__ import annotations

import os
import stat
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from mmscheck import ledger as ledgers
from mmscheck import ruleset as rulesets
from mmscheck.base.extensions import BY_EXTENSION
from mmscheck.cli.commands import values_of
from mmscheck.cli.output import Destination, folder_of
from mmscheck.errors import UsageError

READ: Mapping[str, str] = MappingProxyType(
    {
        "config_file": "the configuration",
        "ca_file": "the certificate authorities",
        "api_ca_file": "the provider's certificate authorities",
        "api_key_file": "the file of the API key",
        "secret_file": "the file of the secret",
        "tokens_file": "the file of the tokens",
        "recipients": "an input",
        "proof": "an input",
        "numbers_file": "an input",
        "baseline": "the baseline",
    }
)
"""Parameters of commands that name a file to read, and what that is."""

WRITTEN = ("formats", "output", "row_log", "where", "write_baseline")
"""Parameters of commands that name files to write: reports, a folder, the row log, the ledger, a baseline."""

_BESIDE_A_LEDGER = ("", "-wal", "-shm", "-journal")
"""SQLite's own files (https://www.sqlite.org/tempfiles.html, 2026-11-30)."""

_DATABASE = b"SQLite format 3\0"
"""How each begins (https://www.sqlite.org/fileformat.html, section 1.3, 2026-11-30)."""


class _Kept(msgspec.Struct, frozen=True):
    """Something that stays as it is: a file, or with ``whole`` a folder and all in it."""

    file: Path
    what: str
    whole: bool = False


class _Target(msgspec.Struct, frozen=True):
    """Something that is written, by which option; ``folder`` is replaced as a whole beside it."""

    option: str
    file: Path
    folder: Path | None = None


def spare(
    options: msgspec.Struct | Mapping[str, Any],
    wanted: Sequence[Destination] = (),
    *,
    inputs: Iterable[str | Path] = (),
    config: rulesets.Config | None = None,
    copies: Sequence[Path] = (),
) -> None:
    """Refuse to write over anything that the command reads. Raises UsageError naming both.

    ``options`` are the command's, ``inputs`` every file that it reads as its input, ``config`` the
    configuration that applies, found or named. ``copies`` are files that ``--output`` makes, each another.
    """
    values = values_of(options) if isinstance(options, msgspec.Struct) else options
    targets = tuple(_targets(values, wanted))
    if not targets and not copies:
        return
    kept = (*(_Kept(Path(file), "an input") for file in inputs), *_named(values), *_configured(config))
    known = _Known(kept)
    for copy in copies:
        if found := known.meets(_Target("--output", copy)):
            raise UsageError(f"--output: {copy} would overwrite {found.what} ({found.file})")
    for at, target in enumerate(targets):
        _refuse_special(target)
        if met := known.meets(target):
            raise UsageError(f"{target.option}: this would overwrite {met.what} ({met.file})")
        for other in targets[:at]:
            if _Known(_written(other)).meets(target):
                raise UsageError(f"{target.option}: {other.option} goes to the same file")


def _targets(values: Mapping[str, Any], wanted: Sequence[Destination]) -> Iterator[_Target]:
    for item in wanted:
        if item.file is not None:
            folder = folder_of(item.file) if item.format == "html" else None
            yield _Target(f"--format {item.format}={item.file}", item.file, folder)
    if (log := values.get("row_log")) is not None:
        yield _Target(f"--row-log {log}", Path(log))
    if (baseline := values.get("write_baseline")) is not None:
        yield _Target(f"--write-baseline {baseline}", Path(baseline))
    if "where" in values:
        yield from (_Target(f"--ledger {file}", file) for file in _ledger(values["where"]))


def _written(target: _Target) -> Iterator[_Kept]:
    yield _Kept(target.file, "")
    if target.folder is not None:
        yield _Kept(target.folder, "", whole=True)


def _ledger(where: str | None) -> tuple[Path, ...]:
    file = ledgers.place_of(where).file
    return () if file is None else tuple(file.with_name(file.name + end) for end in _BESIDE_A_LEDGER)


def _named(values: Mapping[str, Any]) -> Iterator[_Kept]:
    for name, what in READ.items():
        if values.get(name) is not None:
            yield _Kept(Path(values[name]), what)
    for name in ("store", "run"):
        if (place := values.get(name)) is not None and "://" not in place:
            yield _Kept(Path(place), "a run", whole=True)
    if values.get("cache_folder") is not None:
        yield _Kept(Path(values["cache_folder"]), "a kept result", whole=True)


def _configured(config: rulesets.Config | None) -> Iterator[_Kept]:
    yield _Kept(rulesets.packaged_root(), "a rule", whole=True)
    if config is None:
        return
    yield _Kept(config.path, "the configuration")
    if config.ca_file is not None:
        yield _Kept(config.ca_file, "the certificate authorities")
    yield from (_Kept(folder, "a rule", whole=True) for folder in config.extra_rules)
    yield from (_Kept(folder, "an asset", whole=True) for _, folder in config.assets)


class _Known:
    """Files and folders by what they are and by their names."""

    def __init__(self, kept: Iterable[_Kept]) -> None:
        self._by_name: dict[str, _Kept] = {}
        self._by_inode: dict[tuple[int, int], _Kept] = {}
        self._kept = tuple(kept)
        for one in self._kept:
            self._by_name.setdefault(_name(one.file), one)
            if (inode := _inode(one.file)) is not None:
                self._by_inode.setdefault(inode, one)
        if (inode := _standard_input()) is not None:
            self._by_inode.setdefault(inode, _Kept(Path("-"), "an input"))

    def meets(self, target: _Target) -> _Kept | None:
        """What this target would overwrite, or take away with the folder beside it."""
        return self._same(target.file) or self._around(target) or self._inside(target.folder)

    def _same(self, file: Path) -> _Kept | None:
        inode = _inode(file)
        if inode is not None and inode in self._by_inode:
            return self._by_inode[inode]
        met = self._by_name.get(_name(file))
        # Two files that are both there, and are not one, stay two however alike their names are.
        apart = met is not None and inode is not None and _inode(met.file) is not None
        same_place = met is not None and _place(met.file) == _place(file)
        return None if apart and not same_place else met

    def _around(self, target: _Target) -> _Kept | None:
        """The folder that stays whole and that the target is in."""
        for place in (Path(_place(target.file)), Path(os.path.realpath(target.file))):
            for folder in place.parents:
                met = self._by_inode.get(_inode(folder) or (0, 0)) or self._by_name.get(_name(folder))
                if met is not None and met.whole and _belongs(met, place):
                    return met
        return None

    def _inside(self, folder: Path | None) -> _Kept | None:
        inode = None if folder is None else _inode(folder)
        if folder is None or inode is None:
            return None
        for one in self._kept:
            place = Path(_place(one.file))
            if any(_inode(each) == inode for each in (place, *place.parents)):
                return one
        return None


def _belongs(met: _Kept, file: Path) -> bool:
    """Whether a file in such a folder is part of it: reports may lie among assets, as other files do."""
    if met.what != "an asset":
        return True
    return file.suffix.lower() in BY_EXTENSION and file.exists()


def _refuse_special(target: _Target) -> None:
    """What no report may replace whatever is read: configurations by their names, and databases."""
    if target.file.name.casefold() in {rulesets.OWN_FILE, rulesets.SHARED_FILE}:
        raise UsageError(f"{target.option}: that is the name of a configuration; choose another")
    if target.option.startswith("--ledger"):
        return
    for end in _BESIDE_A_LEDGER:
        base = target.file.with_name(target.file.name.removesuffix(end) or target.file.name)
        if (not end or base != target.file) and _is_database(base):
            raise UsageError(f"{target.option}: {base} is a database, as a ledger is; choose another file")


def _is_database(file: Path) -> bool:
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return False
        with file.open("rb") as opened:
            return opened.read(len(_DATABASE)) == _DATABASE
    except OSError:
        return False


def _name(file: Path) -> str:
    return unicodedata.normalize("NFC", _place(file)).casefold()


def _place(file: Path) -> str:
    """The file's own place, its folder's links followed and its own not."""
    return os.path.join(_folder(str(file.parent.absolute())), file.name)  # noqa: PTH118 - texts are compared


@cache
def _folder(folder: str) -> str:
    return os.path.realpath(folder)


def _inode(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except (OSError, ValueError):
        return None
    # Terminals and the like may be read and written at once.
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        return None
    return status.st_dev, status.st_ino


def _standard_input() -> tuple[int, int] | None:
    try:
        status = os.fstat(sys.stdin.fileno())
    except (OSError, ValueError, AttributeError):
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None
