"""The tables as SQLAlchemy sees them; the migrations make them.

``history`` is the record. The others are projections of it, so that the present can be asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

METADATA = MetaData()

HEAD = Table(
    "head",
    METADATA,
    Column("one", Integer, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)
"""One row: the last row of the history. Whoever writes locks it first, so that the chain has one end."""

HISTORY = Table(
    "history",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

SENDS = Table(
    "sends",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempt", BigInteger, nullable=False),
    Column("owner", Text, nullable=False),
    Column("account", Text),
    Column("mms_id", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("request_digest", Text, nullable=False),
    Column("message_digest", Text, nullable=False),
    Column("ruleset_digest", Text, nullable=False),
    Column("campaign", Text),
    Column("line", BigInteger),
    Column("claimed_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("tracking_id", Text),
    Column("error_code", Text),
    Column("error_info", Text),
    Column("http_status", BigInteger),
    Column("resolved_by", Text),
    Column("resolved_why", Text),
)

ADDRESS = "campaign || ' ' || recipient"
"""Who a campaign sent to, as one value and as an index has it; NULL for what belongs to no campaign."""


def address(campaign: str, recipient: str) -> str:
    """The value of ``ADDRESS``."""
    return f"{campaign} {recipient}"


TAIL = "CASE WHEN length(recipient) < 7 THEN recipient ELSE substr(recipient, length(recipient) - 6) END"
"""A number's last seven digits, as the indexes by number have them: what the spellings of one phone share."""


def tail(number: str) -> str:
    """The value of ``TAIL`` of a number that is digits only."""
    return number[-7:]


DELIVERY = "mms_id || ' ' || recipient"
"""Who got which stored message, of whatever account, as one value and as an index has it."""


def delivery(mms_id: str, recipient: str) -> str:
    """The value of ``DELIVERY``."""
    return f"{mms_id} {recipient}"


MMS = Table(
    "mms",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("media", Text, nullable=False),
    Column("name", Text),
    Column("subject", Text),
    Column("saved_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("account", Text),
)
"""``id`` is ``accounts.stored_id``; ``account`` is NULL where nobody noted the place, as in old ledgers."""

POSTBACKS = Table(
    "postbacks",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("code", Text, nullable=False),
    Column("meaning", Text, nullable=False),
    Column("tracking_id", Text),
    Column("mms_id", Text),
    Column("recipient", Text),
    Column("status", Text),
    Column("fields", Text, nullable=False),
    Column("account", Text),
)

HOLDS = Table(
    "holds",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("held_at", BigInteger, nullable=False),
    Column("released_by", Text),
    Column("released_at", BigInteger),
)

FIXED: Mapping[str, frozenset[str]] = MappingProxyType(
    {"sends": frozenset({"key", "account", "mms_id", "recipient", "sender", "request_digest"})}
)
"""Columns that no update changes: SQLite writes every index anew that has a column which is set."""

PROJECTIONS: Mapping[str, Table] = MappingProxyType(
    {table.name: table for table in (SENDS, MMS, POSTBACKS, HOLDS)}
)
"""By name; the key of each is its column ``id``."""
