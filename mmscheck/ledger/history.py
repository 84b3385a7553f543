"""The chain: every change is a row whose hash covers the row and the hash before it."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from mmscheck.model.ledger import HistoryEntry

GENESIS = hashlib.sha256(b"mmscheck ledger").hexdigest()
"""What stands where the first row's predecessor would."""


class HistoryChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change before it is a row: ``values`` are columns it sets in row ``subject`` of ``target``."""

    kind: str
    target: str
    subject: str
    values: dict[str, Any]


def canonical(values: Any) -> str:
    """The one JSON text of a value: keys sorted, no white space."""
    return msgspec.json.encode(values, order="sorted").decode()


def chained(change: HistoryChange, *, seq: int, at: int, previous: str) -> HistoryEntry:
    """The row for a change, following the row whose hash is ``previous``."""
    row = HistoryEntry(
        seq=seq,
        at=at,
        kind=change.kind,
        table=change.target,
        subject=change.subject,
        body=canonical(change.values),
        previous=previous,
        hash="",
    )
    return msgspec.structs.replace(row, hash=digest(row))


def digest(row: HistoryEntry) -> str:
    """The hash that this row must have, in hex: SHA-256 of the JSON array of all its other columns."""
    parts = (row.seq, row.at, row.kind, row.table, row.subject, row.body, row.previous)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()
