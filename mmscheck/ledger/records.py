"""Rows of the projections as values, and back."""

from __future__ import annotations

import msgspec

from mmscheck.base.phone import e164
from mmscheck.ledger.accounts import mms_id_of
from mmscheck.ledger.book import Row
from mmscheck.model.ledger import (
    Hold,
    MmsRecord,
    MmsState,
    Postback,
    PostbackMeaning,
    SendIntent,
    SendRecord,
    SendState,
)


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
