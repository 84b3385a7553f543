"""Observations kept in a folder for a short time, so that a check run again need not fetch everything again.

Only whole answers are kept, with whatever the rules make of them. Failures are not: most are the network's
or our own, and the others are what somebody is mending while checking again. An entry is found only by
those who know its URL and asked in the very same way: its name is a digest of both, from which neither can
be told. What is in it is plain JSON, headers and redirects with their secrets. That is guarded as a private
key of SSH is: by its owner, who alone may write to the folder (made as 0700) and touch the file (0600), and
by its short life (--cache-ttl is at most an hour).

An entry that is damaged, another user's, a link, too old or from the future is as good as none.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import msgspec

from mmscheck.base.resolved import resolved
from mmscheck.errors import UsageError
from mmscheck.model.facts import Undecoded
from mmscheck.model.observation import Fetched, Observation, Probe, Reason

_MAGIC = b"mmscheck-cache 2\n"
"""The first line; 1 had a cipher, and its entries are as good as none."""

_DIGEST = 32
"""Bytes of BLAKE2b: enough that no damage goes unseen."""

_LARGEST = 4 * 1024 * 1024
"""Bytes: an observation holds heads, facts and at most a likeness, never a body: some kilobytes."""

_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO
_DEFINITE = frozenset({Reason.BAD_STATUS, Reason.LENGTH_AND_CHUNKED, Reason.TWO_LENGTHS, Reason.TOO_LARGE})
"""What a server can answer to a further request that is its word and no accident."""


@resolved
class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What a file holds: when it was made (seconds since the epoch), and the observation."""

    made: float
    seen: Fetched


class ResultCache:
    """Entries in one folder, used by any number of processes at a time; closes with ``with``."""

    def __init__(self, folder: Path, ttl: float, now: Callable[[], float] = time.time) -> None:
        """Open or make the folder; entries of more than ``ttl`` seconds are not used.

        Raises UsageError when it cannot be made, or others than its owner could write to it.
        """
        self._ttl = ttl
        self._now = now
        self._folder = _opened(folder)

    def __enter__(self) -> Self:
        """Be ready; everything was done before."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Close the folder."""
        os.close(self._folder)

    def find(self, url: str, manner: str) -> Fetched | None:
        """The observation kept for this URL asked in this manner, with ``cached_at`` set; None for none."""
        key = _key(url, manner)
        content = self._read(_name(key))
        plain = _checked(key, content) if content is not None else None
        if plain is None:
            return None
        entry = _entry(plain)
        if entry is None or not 0 <= self._now() - entry.made < self._ttl:
            return None
        made = dt.datetime.fromtimestamp(entry.made, dt.UTC)
        return msgspec.structs.replace(entry.seen, cached_at=f"{made:%Y-%m-%dT%H:%M:%SZ}")

    def keep(self, url: str, manner: str, seen: Observation) -> None:
        """Keep the observation when it is worth keeping; a folder that cannot be written to is no error."""
        if not isinstance(seen, Fetched) or not worth_keeping(seen):
            return
        plain = _plain(_Entry(made=self._now(), seen=seen))
        if plain is not None and len(plain) < _LARGEST:
            key = _key(url, manner)
            with contextlib.suppress(OSError):
                self._write(_name(key), _written(key, plain))

    def _read(self, name: str) -> bytes | None:
        # Not blocking: a named pipe that somebody put there must not hold up the check.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(name, flags, dir_fd=self._folder), "rb") as file:
                return file.read(_LARGEST + 1) if _is_ours(os.fstat(file.fileno())) else None
        except OSError:
            return None

    def _write(self, name: str, content: bytes) -> None:
        """Put the whole entry there at once, so that nobody ever reads half of one."""
        draft = f".{name}.{secrets.token_hex(8)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with self._gone_afterwards(draft):
            with os.fdopen(os.open(draft, flags, 0o600, dir_fd=self._folder), "wb") as file:
                file.write(content)
            os.replace(draft, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    @contextlib.contextmanager
    def _gone_afterwards(self, draft: str) -> Iterator[None]:
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.unlink(draft, dir_fd=self._folder)


def _plain(entry: _Entry) -> bytes | None:
    """The entry as JSON; None when it would not come back equal, as with a number that is none."""
    try:
        plain = msgspec.json.encode(entry)
    except UnicodeEncodeError:
        return None
    return plain if _entry(plain) == entry else None


def _entry(plain: bytes) -> _Entry | None:
    try:
        return msgspec.json.decode(plain, type=_Entry)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def worth_keeping(seen: Fetched) -> bool:
    """Whether nothing about it is an accident of the network or of our own workers.

    A further request that broke off could be answered next time; one that was left out was left out because
    of the first answer, which is kept with it, unless files of that one run stood in for it.
    """
    if seen.cached_at is not None or seen.sniffed.problem is not None:
        return False
    if isinstance(seen.decoded, Undecoded) and seen.decoded.contained:
        return False
    return all(map(_is_settled, seen.probes))


def _is_settled(probe: Probe) -> bool:
    if probe.skipped:
        return not (probe.broken or probe.sampled)
    return probe.reason is None or probe.reason in _DEFINITE


def _name(key: bytes) -> str:
    """The name of the file of a URL and a manner: a digest, so that a listing tells nothing."""
    return hashlib.blake2b(key, person=b"name", digest_size=_DIGEST).hexdigest()


def _key(url: str, manner: str) -> bytes:
    """URL and manner in one; a URL may hold lone surrogates, which UTF-8 has no bytes for."""
    return msgspec.json.encode([url.encode("utf-8", "surrogatepass").hex(), manner])


def _digest(key: bytes, plain: bytes) -> bytes:
    """Over what is kept and whose it is: a file that was moved to another name is damaged as well."""
    return hashlib.blake2b(plain, key=hashlib.blake2b(key).digest(), digest_size=_DIGEST).digest()


def _written(key: bytes, plain: bytes) -> bytes:
    return _MAGIC + _digest(key, plain) + plain


def _checked(key: bytes, content: bytes) -> bytes | None:
    """The plain bytes; None when this is no entry of this URL, or not as it was written."""
    start = len(_MAGIC) + _DIGEST
    plain = content[start:]
    sound = content[:start] == _MAGIC + _digest(key, plain)
    return plain if sound else None


def _is_ours(status: os.stat_result) -> bool:
    """A plain file that this user alone may touch."""
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_MAY


def _opened(folder: Path) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        opened = os.open(folder, flags)
    except (OSError, ValueError) as error:
        # Path.is_symlink raises for what may not be looked at.
        linked = os.path.islink(folder)  # noqa: PTH114
        reason = "it is a link" if linked else getattr(error, "strerror", None) or error
        raise UsageError(
            f"--cache {folder}: no folder to keep results in: {reason}; name one in a folder of yours"
        ) from None
    status = os.fstat(opened)
    if status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_MAY_WRITE:
        return opened
    os.close(opened)
    raise UsageError(f"--cache {folder}: others can write to this folder; give one that is yours alone")
