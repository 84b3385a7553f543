"""Sends to put into a ledger, and a way round the ledger into its database."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy.ext.asyncio import create_async_engine

from mmscheck.ledger import Ledger
from mmscheck.ledger.schema import SQLITE_GUARDS
from mmscheck.ledger.where import place_of
from mmscheck.model.ledger import Claim, SendIntent
from mmscheck.model.request import SendResult, SendStatus
from mmscheck.sinch.codes import POSTBACK_CODES

MEANINGS: Mapping[str, str] = MappingProxyType({row.code: row.kind.value for row in POSTBACK_CODES})

WITHOUT_LOOKUPS = (
    *(f"DROP INDEX {name}" for name in ("postbacks_encoding", "postbacks_number", "sends_number")),
    "DROP INDEX history_saves",
    "DROP INDEX sends_mms",
    "DROP INDEX sends_claimed",
    "CREATE INDEX postbacks_mms ON postbacks (mms_id, id)",
)
"""What takes the steps ``LISTS`` and ``LOOKUPS`` back."""

WITHOUT_PROVING = (
    "DROP INDEX sends_proof",
    "ALTER TABLE sends DROP COLUMN proof",
    "DROP TABLE proofs",
    "DROP TABLE approvals",
)
"""What takes the step ``PROVING`` back."""

_WITHOUT_NUMBERS = (
    *WITHOUT_PROVING,
    *(f"ALTER TABLE sends DROP COLUMN {name}" for name in ("consent_source", "consent_at")),
    *(f"DROP TABLE {name}" for name in ("suppressions", "redactions", "pseudonyms", "deletions")),
)


def without_numbers(where: str) -> tuple[str, ...]:
    """What takes the step ``NUMBERS`` back, and those after it."""
    if "://" in where:
        return _WITHOUT_NUMBERS
    return ("DROP TRIGGER history_no_update", SQLITE_GUARDS[0], *_WITHOUT_NUMBERS)


WITHOUT_PLACES = (*(f"ALTER TABLE {table} DROP COLUMN account" for table in ("mms", "postbacks")),)
"""What takes the step ``PLACES`` back."""


def intent(key: str = "key-1", **changes: Any) -> SendIntent:
    """A send; its number is made of the key's digits."""
    number = int("".join(filter(str.isdigit, key)) or 0)
    fields = {
        "mms_id": "100001",
        "to": f"1555{number:07}",
        "from_": "28444",
        "request_digest": "sha256:request",
        "message_digest": "sha256:message",
        "ruleset_digest": "sha256:rules",
    }
    return SendIntent(key=key, **{**fields, **changes})


def accepted(tracking_id: str | None = None) -> SendResult:
    """The provider took it."""
    return SendResult(
        status=SendStatus.ACCEPTED, detail="Accepted.", tracking_id=tracking_id, http_status=200
    )


def refused(code: str = "E110") -> SendResult:
    """The provider did not take it."""
    return SendResult(status=SendStatus.REFUSED, detail="Refused.", error_code=code, http_status=200)


def unknown() -> SendResult:
    """Nobody can tell."""
    return SendResult(status=SendStatus.UNKNOWN, detail="The connection was reset.")


async def claimed(ledger: Ledger, key: str = "key-1", **changes: Any) -> Claim:
    """A fresh claim."""
    outcome = await ledger.claim(intent(key, **changes))
    assert isinstance(outcome, Claim), outcome
    return outcome


async def raw(where: str, *statements: str) -> list[Any]:
    """Run statements behind the ledger's back; returns the rows of the last."""
    if "://" not in where:
        connection = sqlite3.connect(where, isolation_level=None)
        try:
            return [list(map(tuple, connection.execute(one).fetchall())) for one in statements][-1]
        finally:
            connection.close()
    engine = create_async_engine(place_of(where).url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as server:
            results = [await server.exec_driver_sql(one) for one in statements]
            return list(map(tuple, results[-1])) if results[-1].returns_rows else []
    finally:
        await engine.dispose()


async def unguarded(where: str, *statements: str) -> None:
    """Run statements as somebody would who takes the triggers away first."""
    if "://" not in where:
        names = ("history_no_update", "history_no_delete", "history_no_replace")
        await raw(where, *(f"DROP TRIGGER {name}" for name in names), *statements)
    else:
        await raw(where, "ALTER TABLE history DISABLE TRIGGER ALL", *statements)
