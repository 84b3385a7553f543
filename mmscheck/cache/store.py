"""Observations kept in a folder for a short time, so that a check run again need not fetch everything again.

Only whole answers are kept, with whatever the rules make of them. Failures are not: most are the network's
or our own, and the others are what somebody is mending while checking again. An entry is found only by
those who know its URL and asked in the very same way. It is sealed with a key made from the URL, because
headers, redirects and pages hold secrets, and bears a name from which neither URL nor key can be told.

An entry that is damaged, another user's, a link, too old or from the future is as good as none.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import hmac
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import msgspec

from mmscheck.errors import UsageError
from mmscheck.model.facts import Undecoded
from mmscheck.model.observation import Fetched, Observation, Probe, Reason

_MAGIC = b"mmscheck-cache 1\n"
_NONCE, _TAG = 16, 32
_LARGEST = 4 * 1024 * 1024
"""Bytes: an observation holds heads, facts and at most a likeness, never a body: some kilobytes."""

_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO
_DEFINITE = frozenset({Reason.BAD_STATUS, Reason.LENGTH_AND_CHUNKED, Reason.TWO_LENGTHS, Reason.TOO_LARGE})
"""What a server can answer to a further request that is its word and no accident."""


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What a sealed file holds: when it was made (seconds since the epoch), and the observation."""

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
        box = _Box(url, manner)
        sealed = self._read(box.name)
        plain = box.unseal(sealed) if sealed is not None else None
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
            box = _Box(url, manner)
            with contextlib.suppress(OSError):
                self._write(box.name, box.seal(plain))

    def _read(self, name: str) -> bytes | None:
        # Not blocking: a named pipe that somebody put there must not hold up the check.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            with os.fdopen(os.open(name, flags, dir_fd=self._folder), "rb") as file:
                return file.read(_LARGEST + 1) if _is_ours(os.fstat(file.fileno())) else None
        except OSError:
            return None

    def _write(self, name: str, sealed: bytes) -> None:
        """Put the whole entry there at once, so that nobody ever reads half of one."""
        draft = f".{name}.{secrets.token_hex(8)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with self._gone_afterwards(draft):
            with os.fdopen(os.open(draft, flags, 0o600, dir_fd=self._folder), "wb") as file:
                file.write(sealed)
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
    of the first answer, which is kept with it.
    """
    if seen.cached_at is not None or seen.sniffed.problem is not None:
        return False
    if isinstance(seen.decoded, Undecoded) and seen.decoded.contained:
        return False
    return all(map(_is_settled, seen.probes))


def _is_settled(probe: Probe) -> bool:
    if probe.skipped:
        return not probe.broken
    return probe.reason is None or probe.reason in _DEFINITE


class _Box:
    """The name and the keys of one entry.

    The seal is a stream cipher of SHAKE-256 under a fresh nonce, authenticated with HMAC-SHA-256: what the
    standard library has, and enough for files that live for minutes.
    """

    def __init__(self, url: str, manner: str) -> None:
        text = msgspec.json.encode([url.encode("utf-8", "surrogatepass").hex(), manner])
        self.name = _derived(b"name", text).hex()
        self._cipher = _derived(b"cipher", text)
        self._mac = _derived(b"mac", text)

    def seal(self, plain: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        body = self._ciphered(nonce, plain)
        return _MAGIC + nonce + self._tag(nonce, body) + body

    def unseal(self, sealed: bytes) -> bytes | None:
        """The plain bytes; None when this is no entry of this URL, or not as it was written."""
        start = len(_MAGIC)
        nonce, tag = sealed[start : start + _NONCE], sealed[start + _NONCE : start + _NONCE + _TAG]
        body = sealed[start + _NONCE + _TAG :]
        if not sealed.startswith(_MAGIC) or not hmac.compare_digest(tag, self._tag(nonce, body)):
            return None
        return self._ciphered(nonce, body)

    def _ciphered(self, nonce: bytes, data: bytes) -> bytes:
        stream = hashlib.shake_256(self._cipher + nonce).digest(len(data))
        return (int.from_bytes(data) ^ int.from_bytes(stream)).to_bytes(len(data))

    def _tag(self, nonce: bytes, body: bytes) -> bytes:
        return hmac.digest(self._mac, nonce + body, "sha256")


def _derived(purpose: bytes, text: bytes) -> bytes:
    return hashlib.blake2b(text, person=purpose, digest_size=32).digest()


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
