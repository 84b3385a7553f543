"""Rule sets kept as data in the user's cache folder, so that a command need not read 147 files anew.

Reading, inspecting and binding them takes 0.2 s of CPU, several times what judging a message takes. What is
kept is found only under the digest of everything that it follows from: every rule, profile, limit and server
file, by content and by name, the configuration, what was asked for, and the source of this program. A file of
another version, damaged, another user's or one that others may write to is as good as none, and where
nothing can be written nothing is kept. For a pull request, where the folder may be brought along by whoever
opened it, nothing is kept either, nor ever inside a repository.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from mmscheck import ruleset as rulesets
from mmscheck.base.version import VERSION
from mmscheck.model.check import Check
from mmscheck.model.rule import Follow, Rule, RuleSet, Wording
from mmscheck.model.words import Document, Owner, SenderType, Severity, TargetKind
from mmscheck.ruleset.discovery import is_for_pull_request
from mmscheck.ruleset.folder import packaged_root

_MAGIC = b"mmscheck-rules 1\n"
_DIGEST = hashlib.sha256().digest_size
_SOURCES = ("base", "model", "ruleset", "checks")
"""The packages whose code decides what becomes of the files."""

_MOST_FILES, _LARGEST = 4096, 4 * 1024 * 1024
"""Files in a folder of rules, and bytes in one, beyond which nothing is kept; ours has 147, below 300 kB."""

_DEEPEST = 4
_MOST_KEPT = 16
"""Rule sets kept at a time, for so many ways to call mmscheck; each takes some 250 kB."""

_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


class _NotKeptError(Exception):
    """Raised where what a rule set follows from cannot be told by a digest."""


class _KeptRule(msgspec.Struct, frozen=True, kw_only=True):
    """A `Rule` whose check is named, with the check's parameters as they would stand in a file."""

    id: str
    title: str
    severity: Severity
    target: TargetKind
    owner: Owner
    check: str
    params: dict[str, Any]
    text: Wording
    source: str
    provider_codes: tuple[str, ...]
    limits: dict[str, str]
    follows: tuple[Follow, ...]
    documents: tuple[Document, ...]


class _KeptSet(msgspec.Struct, frozen=True, kw_only=True):
    """A `RuleSet`, which has no rules itself, and its rules."""

    ruleset: RuleSet
    rules: tuple[_KeptRule, ...]


def kept_ruleset(
    load: Callable[[], RuleSet],
    *,
    checks: Mapping[str, Check],
    profile: str | None,
    sender: SenderType | None,
    carriers: Sequence[str],
    providers: Sequence[str],
    transcoding: bool | None,
    config: rulesets.Config | None,
) -> RuleSet:
    """What ``load`` returns for this profile, selection and configuration, or the same kept earlier.

    Raises whatever ``load`` raises: sets with faults are not kept.
    """
    folder = _folder()
    if folder is None:
        return load()
    asked = (profile, sender, tuple(carriers), tuple(providers), transcoding)
    key = _key(asked, config)
    kept = None if key is None else _read(folder, key, checks)
    if kept is not None:
        return kept
    ruleset = load()
    # A file that was changed meanwhile must not be kept under the digest of what it was.
    if key is not None and key == _key(asked, config):
        _write(folder, key, ruleset, checks)
    return ruleset


def _folder() -> Path | None:
    """The folder for kept sets, whether it is there or not; None where none may be kept."""
    if not hasattr(os, "geteuid") or is_for_pull_request(dict(os.environ)):
        return None
    named = os.environ.get("XDG_CACHE_HOME", "")
    try:
        # A relative path is invalid by the XDG Base Directory Specification, 0.8.
        base = Path(named) if named.startswith("/") else Path.home() / ".cache"
        inside = any((parent / ".git").exists() for parent in (base.resolve(), *base.resolve().parents))
    except (OSError, RuntimeError, ValueError):
        return None
    return None if inside else base / "mmscheck"


def _key(asked: tuple[Any, ...], config: rulesets.Config | None) -> bytes | None:
    """The digest of everything that a rule set follows from; None where that cannot be told."""
    program = Path(__file__).parents[1]
    found = hashlib.sha256()
    try:
        said = (VERSION, sys.version, msgspec.__version__, asked, config)
        _add(found, "asked", msgspec.json.encode(said, enc_hook=str))
        for name in _SOURCES:
            _add_folder(found, program / name, [_MOST_FILES])
        for root in (packaged_root(), *(config.extra_rules if config else ())):
            _add(found, "root", os.fsencode(root))
            _add_folder(found, root, [_MOST_FILES])
    except (_NotKeptError, OSError):
        return None
    return found.digest()


def _add_folder(found: Any, folder: Path, left: list[int], depth: int = 0) -> None:
    """Add the names and contents of all that is in a folder, but for what Python compiles there."""
    with os.scandir(folder) as scanned:
        entries = sorted(scanned, key=lambda entry: entry.name)
    for entry in entries:
        left[0] -= 1
        if entry.is_dir():
            if depth == _DEEPEST or left[0] < 0:
                raise _NotKeptError
            _add(found, f"{entry.name}/", b"")
            if entry.name != "__pycache__":
                _add_folder(found, folder / entry.name, left, depth + 1)
        else:
            _add(found, entry.name, _content(entry, left))
    _add(found, "/", b"")


def _content(entry: os.DirEntry[str], left: list[int]) -> bytes:
    # Opening a pipe or a device could wait for ever.
    if left[0] < 0 or not entry.is_file() or entry.stat().st_size > _LARGEST:
        raise _NotKeptError
    with open(entry.path, "rb") as file:  # noqa: PTH123 - 250 of them: a Path each takes twice as long
        return file.read(_LARGEST)


def _add(found: Any, name: str, data: bytes) -> None:
    """Add a name and a content such that no two lists of them are the same bytes."""
    label = name.encode("utf-8", "surrogateescape")
    found.update(b"%d %d " % (len(label), len(data)) + label)
    found.update(data)


def _read(folder: Path, key: bytes, checks: Mapping[str, Check]) -> RuleSet | None:
    """The set kept under this key; None where there is none that can be trusted."""
    try:
        if not _is_ours(os.lstat(folder), stat.S_ISDIR):
            return None
        descriptor = os.open(folder / _name(key), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not _is_ours(os.fstat(descriptor), stat.S_ISREG):
                return None
            data = file.read(_LARGEST + 1)
    except OSError:
        return None
    head = _MAGIC + key
    payload = data[len(head) + _DIGEST :]
    whole = len(data) <= _LARGEST and data.startswith(head + hashlib.sha256(payload).digest())
    return decoded(payload, checks) if whole else None


def _is_ours(found: os.stat_result, is_kind: Callable[[int], bool]) -> bool:
    return is_kind(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & _OTHERS_MAY_WRITE


def _name(key: bytes) -> str:
    return f"{key.hex()}.rules"


def encoded(ruleset: RuleSet) -> bytes:
    """The set as data: no code, and checks by their names."""
    rules = [
        {
            **{name: getattr(rule, name) for name in rule.__struct_fields__},
            "check": rule.check.name,
            "params": msgspec.to_builtins(rule.params),
        }
        for rule in ruleset.rules
    ]
    return msgspec.msgpack.encode({"ruleset": msgspec.structs.replace(ruleset, rules=()), "rules": rules})


def decoded(payload: bytes, checks: Mapping[str, Check]) -> RuleSet | None:
    """The set that was encoded, bound to the checks; None for anything else."""
    try:
        kept = msgspec.msgpack.decode(payload, type=_KeptSet)
        rules = tuple(_bound(rule, checks[rule.check]) for rule in kept.rules)
    except (msgspec.MsgspecError, KeyError):
        return None
    return msgspec.structs.replace(kept.ruleset, rules=rules)


def _bound(kept: _KeptRule, check: Check) -> Rule:
    fields = {name: getattr(kept, name) for name in kept.__struct_fields__}
    return Rule(**{**fields, "check": check, "params": msgspec.convert(kept.params, check.params)})


def _write(folder: Path, key: bytes, ruleset: RuleSet, checks: Mapping[str, Check]) -> None:
    """Keep the set, if what would be read back is the very same; wherever that fails nothing is kept."""
    payload = encoded(ruleset)
    if decoded(payload, checks) != ruleset:
        return
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(os.lstat(folder), stat.S_ISDIR):
            return
        # Whole under its name, or not at all.
        draft = folder / f".draft-{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_MAGIC + key + hashlib.sha256(payload).digest() + payload)
            draft.replace(folder / _name(key))
        finally:
            draft.unlink(missing_ok=True)
        for old in _beyond(folder):
            old.unlink(missing_ok=True)


def _beyond(folder: Path) -> Iterator[Path]:
    """The files of sets that were kept longest ago, beyond as many as are kept."""
    files = sorted(folder.glob("*.rules"), key=lambda file: file.stat().st_mtime_ns)
    yield from files[:-_MOST_KEPT]
