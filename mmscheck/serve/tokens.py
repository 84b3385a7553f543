"""Who may do what: tokens in a file, with rights each.

    [tokens.pipeline]
    sha256 = "hex of the token's SHA-256"     # or: token = "the token itself", in a file of the owner's alone
    rights = ["check", "send"]
    rate = 5.0                                # requests a second; default: no bound of its own

Only digests are kept in memory, and every digest is compared, whichever fits.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec

from mmscheck.errors import UsageError

SHORTEST_TOKEN = 24
"""Characters: what can be guessed keeps nobody out."""

LARGEST_FILE = 1 << 20
"""Bytes of a tokens file: some 10,000 tokens."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Right(StrEnum):
    """What a token may do: judge and read reports, mend, call the provider, stop sends, approve content."""

    CHECK = "check"
    FIX = "fix"
    SEND = "send"
    HOLD = "hold"
    APPROVE = "approve"


WITHOUT_TOKENS = frozenset({Right.CHECK, Right.FIX})
"""What whoever reaches a service without tokens may do; sends never."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who a request comes from: a token's name and rights; ``rate`` is requests a second, None: unbounded."""

    name: str
    rights: frozenset[Right]
    rate: float | None = None


ANYBODY = Caller(name="(local)", rights=WITHOUT_TOKENS)
"""Whoever reaches a service that has no tokens, which only this machine can; no token can have that name."""


class _Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    rights: Annotated[tuple[Right, ...], msgspec.Meta(min_length=1)]
    token: Annotated[str, msgspec.Meta(min_length=SHORTEST_TOKEN)] | None = None
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")] | None = None
    rate: Annotated[float, msgspec.Meta(gt=0)] | None = None


class Tokens:
    """The tokens of one file, by their digests."""

    def __init__(self, callers: Mapping[bytes, Caller]) -> None:
        """Use ``read_tokens``; ``callers`` are keyed by the token's digest."""
        self._callers = dict(callers)

    def __repr__(self) -> str:
        """Without them."""
        return f"Tokens({len(self._callers)})"

    def caller(self, presented: str) -> Caller | None:
        """Whose token this is; takes as long whichever it is, and when it is none."""
        digest = _digest(presented)
        found = None
        for known, caller in self._callers.items():
            if hmac.compare_digest(known, digest):
                found = caller
        return found

    def has(self, name: str, right: Right) -> bool:
        """Whether the token of that name has a right."""
        return any(caller.name == name and right in caller.rights for caller in self._callers.values())

    @property
    def rights(self) -> frozenset[Right]:
        """Every right that somebody has."""
        return frozenset(right for caller in self._callers.values() for right in caller.rights)


def read_tokens(file: Path) -> Tokens:
    """The tokens in a file; raises UsageError that names the file and what is wrong, and never a token."""
    try:
        mode = file.stat().st_mode
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
    except OSError as error:
        raise UsageError(f"--tokens {file}: cannot be read: {error.strerror}") from None
    if len(content) > LARGEST_FILE:
        raise UsageError(f"--tokens {file}: more than {LARGEST_FILE:,} bytes are no tokens file")
    rows = _rows(file, content)
    if stat.S_IMODE(mode) & _FOR_OTHERS and any(row.token for row in rows.values()):
        raise UsageError(
            f"--tokens {file}: holds tokens and others may read it: chmod 600 {file}, or give their sha256"
        )
    callers: dict[bytes, Caller] = {}
    for name, digest, row in _digests(file, rows):
        if digest in callers:
            raise UsageError(f"--tokens {file}: {callers[digest].name} and {name} have the same token")
        callers[digest] = Caller(name=name, rights=frozenset(row.rights), rate=row.rate)
    return Tokens(callers)


def _rows(file: Path, content: bytes) -> dict[str, _Row]:
    try:
        raw = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise UsageError(f"--tokens {file}: is no UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        place = str(error).rpartition("(")[2].rstrip(")") if "(" in str(error) else "somewhere"
        raise UsageError(f"--tokens {file}: is no TOML ({place})") from None
    tables = raw.pop("tokens", {})
    if raw or not isinstance(tables, dict):
        raise UsageError(f"--tokens {file}: expected tables such as [tokens.pipeline], and nothing else")
    rows = {name: _row(file, name, table) for name, table in tables.items()}
    if not rows:
        raise UsageError(f"--tokens {file}: there is none in it; expected tables such as [tokens.pipeline]")
    return rows


def _row(file: Path, name: str, table: object) -> _Row:
    if not _NAME.fullmatch(name):
        raise UsageError(f"--tokens {file}: {name!a}: a token's name is made of letters, digits and . _ -")
    try:
        return msgspec.convert(table, _Row)
    except msgspec.ValidationError as error:
        # The words are about types and keys; no value is in them.
        told = str(error).replace("`$.", "`").replace(" - at `$`", "")
        raise UsageError(f"--tokens {file}: tokens.{name}: {told[0].lower()}{told[1:]}") from None


def _digests(file: Path, rows: Mapping[str, _Row]) -> Iterator[tuple[str, bytes, _Row]]:
    for name, row in rows.items():
        if (row.token is None) == (row.sha256 is None):
            raise UsageError(f"--tokens {file}: tokens.{name}: give either token or sha256")
        if row.token is not None and not (row.token.isascii() and row.token.isprintable()):
            raise UsageError(f"--tokens {file}: tokens.{name}: a token is made of printable ASCII characters")
        yield name, bytes.fromhex(row.sha256) if row.sha256 else _digest(row.token or ""), row


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
