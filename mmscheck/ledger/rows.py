"""Rows as values and back, texts as they are kept, and the chain of the history's rows.

An mms-id means nothing without its account, which is written ``HOST`` or ``HOST#MARK``. The mark tells
accounts of one provider apart, and is left out by whoever does not know it. None is a place that nobody
noted, as in ledgers of before there were any.

Every change is a row of the history whose hash covers the row and the hash before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec

from mmscheck.base.known_secret import KnownSecret
from mmscheck.base.phone import e164
from mmscheck.model.ledger import (
    HistoryEntry,
    Hold,
    MmsRecord,
    MmsState,
    Postback,
    PostbackMeaning,
    SendIntent,
    SendRecord,
    SendState,
)

Row = dict[str, Any]
"""One row of a projection by column."""

_MARK = "#"


def host_of(account: str | None) -> str | None:
    """The provider's part, which a notification tells and an id is kept by."""
    return None if account is None else account.partition(_MARK)[0]


def stored_id(mms_id: str, account: str | None) -> str:
    """The id of the row about a stored message: one a provider; the bare mms-id where none is noted."""
    host = host_of(account)
    return mms_id if host is None else f"{host} {mms_id}"


def mms_id_of(row_id: str, account: str | None) -> str:
    """The mms-id in the id of a row."""
    host = host_of(account)
    return row_id if host is None else row_id.removeprefix(f"{host} ")


def same_account(one: str | None, other: str | None) -> bool:
    """Whether both may be one account: the same provider, and no two different marks."""
    if one is None or other is None:
        return one is other
    (first, _, mine), (second, _, yours) = one.partition(_MARK), other.partition(_MARK)
    return first == second and (mine == yours or not (mine and yours))


def intent_columns(intent: SendIntent) -> Row:
    """The columns of ``sends`` that hold the intent; a number is its E.164 form, however it was written."""
    return {
        "key": intent.key,
        "account": intent.account,
        "mms_id": intent.mms_id,
        "recipient": e164(intent.to) or intent.to,
        "sender": intent.from_,
        "request_digest": intent.request_digest,
        "message_digest": intent.message_digest,
        "ruleset_digest": intent.ruleset_digest,
        "campaign": intent.campaign,
        "line": intent.row,
        "consent_source": intent.consent_source,
        "consent_at": intent.consent_at,
        "proof": intent.proof,
    }


def send_record(row: Row) -> SendRecord:
    """A row of ``sends``."""
    intent = SendIntent(
        key=row["key"],
        account=row["account"],
        mms_id=row["mms_id"],
        to=row["recipient"],
        from_=row["sender"],
        request_digest=row["request_digest"],
        message_digest=row["message_digest"],
        ruleset_digest=row["ruleset_digest"],
        campaign=row["campaign"],
        row=row["line"],
        consent_source=row["consent_source"],
        consent_at=row["consent_at"],
        proof=row["proof"],
    )
    same = ("id", "attempt", "owner", "claimed_at", "changed_at", "detail", "tracking_id", "error_code")
    rest = ("error_info", "http_status", "resolved_by", "resolved_why")
    columns = {name: row[name] for name in (*same, *rest)}
    return SendRecord(intent=intent, state=SendState(row["state"]), **columns)


def mms_record(row: Row) -> MmsRecord:
    """A row of ``mms``."""
    return MmsRecord(
        mms_id=mms_id_of(row["id"], row["account"]),
        state=MmsState(row["state"]),
        digest=row["digest"],
        media=msgspec.json.decode(row["media"], type=tuple[tuple[str, str], ...]),
        name=row["name"],
        subject=row["subject"],
        saved_at=row["saved_at"],
        changed_at=row["changed_at"],
        account=row["account"],
    )


def postback_record(row: Row) -> Postback:
    """A row of ``postbacks``."""
    columns = {
        name: row[name]
        for name in ("id", "received_at", "code", "tracking_id", "mms_id", "recipient", "account")
    }
    return Postback(
        meaning=PostbackMeaning(row["meaning"]),
        status=row["status"],
        fields=msgspec.json.decode(row["fields"], type=dict[str, str]),
        **columns,
    )


def hold_record(row: Row) -> Hold:
    """A row of ``holds``."""
    return Hold(id=row["id"], reason=row["reason"], who=row["who"], held_at=row["held_at"])


_SHORTEST_SECRET = 4
"""Characters: to take out anything shorter would spoil texts that merely hold it."""


_SHORT, _KEPT = 128, 4096
"""Characters of a text that is remembered, and how many: most columns of a send say what another's did."""


class Cleaner:
    """Takes known secrets, NUL and lone surrogates out of everything on its way into a column."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """``secrets`` are such as the API key: wherever one stands in a text, an ellipsis is kept instead."""
        self._secrets = tuple(KnownSecret(secret) for secret in secrets if len(secret) >= _SHORTEST_SECRET)
        self._often = lru_cache(maxsize=_KEPT)(self._cleaned)

    def text(self, value: str) -> str:
        """The text as it is kept."""
        return self._often(value) if len(value) <= _SHORT else self._cleaned(value)

    def _cleaned(self, value: str) -> str:
        for secret in self._secrets:
            value = secret.hidden(value, "…")
        if value.isascii() and "\0" not in value:
            return value
        return value.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")

    def row(self, values: dict[str, Any]) -> dict[str, Any]:
        """A row with every text in it clean."""
        whole = "".join([value for value in values.values() if isinstance(value, str)])
        if not self._secrets and whole.isascii() and "\0" not in whole:
            return dict(values)
        return {name: self.text(value) if isinstance(value, str) else value for name, value in values.items()}


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
