"""The schema: the tables as SQLAlchemy sees them, and the steps by which migrations make them.

``history`` is the record. The others are projections of it, so that the present can be asked for. The unique
``previous`` keeps the chain from forking; the triggers are a first defence, not the proof.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, inspect, text
from sqlalchemy.engine import Connection

from mmscheck.errors import LedgerError
from mmscheck.ledger.rows import GENESIS

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
    Column("consent_source", Text),
    Column("consent_at", Text),
    Column("proof", Text),
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

SUPPRESSIONS = Table(
    "suppressions",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("recipient", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("list_name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Column("removed_at", BigInteger),
    Column("removed_by", Text),
    Column("removed_why", Text),
)
"""Who must not be texted; an empty account, sender or list is every one. Ids: see ``suppressions``."""

DELETIONS = Table(
    "deletions",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("stored", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("begun_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("error_code", Text),
    Column("http_status", BigInteger),
    Column("lifted_at", BigInteger),
)
"""Deletions of stored messages; ``stored`` is ``rows.stored_id``, also of ids that are not in ``mms``."""

PROOFS = Table(
    "proofs",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False),
    Column("campaign", Text, nullable=False),
    Column("lines", Text, nullable=False),
    Column("names", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("begun_at", BigInteger, nullable=False),
)
"""Campaigns that were shown to named phones first; ``content`` is the digest that an approval is bound to."""

APPROVALS = Table(
    "approvals",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("approved_at", BigInteger, nullable=False),
)
"""A named person's word that a content may go out, by its digest; ``via`` is by what it came."""

REDACTIONS = Table(
    "redactions",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", Text, nullable=False),
)
"""Rows of the history, by their number, from which a phone number was taken out, and their digest since."""

FIXED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "sends": frozenset({"key", "account", "mms_id", "recipient", "sender", "request_digest"}),
        "suppressions": frozenset({"recipient", "account", "sender", "list_name", "added_at"}),
    }
)
"""Columns that no update changes: SQLite writes every index anew that has a column which is set."""

PROJECTIONS: Mapping[str, Table] = MappingProxyType(
    {
        table.name: table
        for table in (SENDS, MMS, POSTBACKS, HOLDS, SUPPRESSIONS, REDACTIONS, DELETIONS, PROOFS, APPROVALS)
    }
)
"""By name; the key of each is its column ``id``."""


TABLES = (
    "CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), seq BIGINT NOT NULL, hash TEXT NOT NULL)",
    f"INSERT INTO head (one, seq, hash) VALUES (1, 0, '{GENESIS}')",  # noqa: S608 - a constant of ours
    (
        "CREATE TABLE history (seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, kind TEXT NOT NULL, "
        "target TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL, previous TEXT NOT NULL UNIQUE, "
        "hash TEXT NOT NULL UNIQUE)"
    ),
    "CREATE INDEX history_subject ON history (target, subject, seq)",
    (
        "CREATE TABLE sends (id BIGINT PRIMARY KEY, key TEXT NOT NULL UNIQUE, state TEXT NOT NULL, "
        "attempt BIGINT NOT NULL, owner TEXT NOT NULL, account TEXT, mms_id TEXT NOT NULL, "
        "recipient TEXT NOT NULL, sender TEXT NOT NULL, request_digest TEXT NOT NULL, "
        "message_digest TEXT NOT NULL, ruleset_digest TEXT NOT NULL, campaign TEXT, line BIGINT, "
        "claimed_at BIGINT NOT NULL, changed_at BIGINT NOT NULL, detail TEXT NOT NULL, tracking_id TEXT, "
        "error_code TEXT, error_info TEXT, http_status BIGINT, resolved_by TEXT, resolved_why TEXT)"
    ),
    "CREATE INDEX sends_tracking ON sends (tracking_id)",
    "CREATE INDEX sends_state ON sends (state, id)",
    "CREATE INDEX sends_campaign ON sends (campaign, id)",
    (
        "CREATE TABLE mms (id TEXT PRIMARY KEY, state TEXT NOT NULL, digest TEXT NOT NULL, "
        "media TEXT NOT NULL, name TEXT, subject TEXT, saved_at BIGINT NOT NULL, changed_at BIGINT NOT NULL)"
    ),
    (
        "CREATE TABLE postbacks (id BIGINT PRIMARY KEY, digest TEXT NOT NULL UNIQUE, "
        "received_at BIGINT NOT NULL, code TEXT NOT NULL, meaning TEXT NOT NULL, tracking_id TEXT, "
        "mms_id TEXT, recipient TEXT, status TEXT, fields TEXT NOT NULL)"
    ),
    "CREATE INDEX postbacks_tracking ON postbacks (tracking_id)",
    "CREATE INDEX postbacks_mms ON postbacks (mms_id, id)",
    (
        "CREATE TABLE holds (id BIGINT PRIMARY KEY, reason TEXT NOT NULL, who TEXT NOT NULL, "
        "held_at BIGINT NOT NULL, released_by TEXT, released_at BIGINT)"
    ),
    "CREATE INDEX holds_open ON holds (released_at)",
)

ADDRESSES = (f"CREATE INDEX sends_address ON sends (({ADDRESS}))",)
"""A campaign sends each number one message: every claim looks for another one."""

LOOKUPS = (
    # Nearly all that comes about a message is about its sends: a million rows of no use to its next claim.
    "DROP INDEX postbacks_mms",
    "CREATE INDEX postbacks_encoding ON postbacks (mms_id) WHERE meaning IN ('ready', 'corrupt')",
    f"CREATE INDEX postbacks_number ON postbacks (({TAIL}), mms_id, received_at)",
    f"CREATE INDEX sends_number ON sends (({TAIL}), mms_id, claimed_at)",
    "CREATE INDEX history_saves ON history (seq) WHERE kind IN ('save-begun', 'save-ended')",
)
"""What is asked for of one number, or of a message's encoding, costs the same however much is there."""

LISTS = (
    "CREATE INDEX sends_mms ON sends (mms_id, id)",
    "CREATE INDEX sends_claimed ON sends (claimed_at, id)",
)
"""What people ask for: a message's sends, and those since a time, without a look at all the others."""

PLACES = (
    "ALTER TABLE mms ADD COLUMN account TEXT",
    "ALTER TABLE postbacks ADD COLUMN account TEXT",
)
"""What is stored belongs to an account, and a notification to the one that it came from."""

SQLITE_GUARDS = (
    (
        "CREATE TRIGGER history_no_update BEFORE UPDATE ON history "
        "BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END"
    ),
    (
        "CREATE TRIGGER history_no_delete BEFORE DELETE ON history "
        "BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END"
    ),
    # REPLACE deletes without asking the delete trigger.
    (
        "CREATE TRIGGER history_no_replace BEFORE INSERT ON history "
        "WHEN EXISTS (SELECT 1 FROM history WHERE seq = NEW.seq) "
        "BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END"
    ),
)

POSTGRESQL_GUARDS = (
    (
        "CREATE FUNCTION history_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the history is append-only'; END $$"
    ),
    (
        "CREATE TRIGGER history_no_change BEFORE UPDATE OR DELETE ON history "
        "FOR EACH ROW EXECUTE FUNCTION history_append_only()"
    ),
    (
        "CREATE TRIGGER history_no_truncate BEFORE TRUNCATE ON history "
        "FOR EACH STATEMENT EXECUTE FUNCTION history_append_only()"
    ),
)

SQLITE_NUMBERED = (
    # A trigger and not a constraint: a table of millions of rows is not written anew, and rows that somebody
    # put in before stay where verify finds them.
    (
        "CREATE TRIGGER history_numbered BEFORE INSERT ON history "
        "WHEN typeof(NEW.seq) <> 'integer' OR NEW.seq < 1 "
        "BEGIN SELECT RAISE(ABORT, 'the rows of the history are numbered from 1'); END"
    ),
    "CREATE TABLE identity (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, home TEXT NOT NULL)",
    "INSERT INTO identity (one, id, home) VALUES (1, lower(hex(randomblob(16))), '')",
)
"""``identity`` tells a file from every other one, and where it was opened last: see ``marks``."""

POSTGRESQL_NUMBERED = (
    # NOT VALID: it holds for new rows, and what somebody put in before stays where verify finds it.
    "ALTER TABLE history ADD CONSTRAINT history_numbered CHECK (seq > 0) NOT VALID",
)

NUMBERS = (
    (
        "CREATE TABLE suppressions (id BIGINT PRIMARY KEY, recipient TEXT NOT NULL, account TEXT NOT NULL, "
        "sender TEXT NOT NULL, list_name TEXT NOT NULL, source TEXT NOT NULL, reason TEXT NOT NULL, "
        "who TEXT NOT NULL, added_at BIGINT NOT NULL, removed_at BIGINT, removed_by TEXT, removed_why TEXT)"
    ),
    "CREATE INDEX suppressions_number ON suppressions (recipient) WHERE removed_at IS NULL",
    "CREATE TABLE redactions (id BIGINT PRIMARY KEY, digest TEXT NOT NULL)",
    "ALTER TABLE sends ADD COLUMN consent_source TEXT",
    "ALTER TABLE sends ADD COLUMN consent_at TEXT",
    "CREATE TABLE pseudonyms (one INTEGER PRIMARY KEY CHECK (one = 1), secret TEXT NOT NULL)",
)
"""Who must not be texted, and how numbers are taken out of a ledger again."""

PROVING = (
    "ALTER TABLE sends ADD COLUMN proof TEXT",
    "CREATE INDEX sends_proof ON sends (proof) WHERE proof IS NOT NULL",
    (
        "CREATE TABLE proofs (id BIGINT PRIMARY KEY, content TEXT NOT NULL UNIQUE, campaign TEXT NOT NULL, "
        "lines TEXT NOT NULL, names TEXT NOT NULL, who TEXT NOT NULL, begun_at BIGINT NOT NULL)"
    ),
    (
        "CREATE TABLE approvals (id BIGINT PRIMARY KEY, content TEXT NOT NULL, name TEXT NOT NULL, "
        "via TEXT NOT NULL, note TEXT NOT NULL, approved_at BIGINT NOT NULL)"
    ),
    "CREATE INDEX approvals_content ON approvals (content)",
)
"""What goes to named phones first, and who said that it may go to everybody."""

SQLITE_NUMBERS = (
    *NUMBERS,
    "INSERT INTO pseudonyms (one, secret) VALUES (1, lower(hex(randomblob(32))))",
    "DROP TRIGGER history_no_update",
    (
        "CREATE TRIGGER history_no_update BEFORE UPDATE ON history "
        "WHEN NOT (NEW.seq IS OLD.seq AND NEW.at IS OLD.at AND NEW.kind IS OLD.kind "
        "AND NEW.target IS OLD.target AND NEW.subject IS OLD.subject AND NEW.previous IS OLD.previous "
        "AND NEW.hash IS OLD.hash AND EXISTS (SELECT 1 FROM redactions WHERE id = OLD.seq)) "
        "BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END"
    ),
)
"""The body alone of a row that a redaction names may change: what it becomes is in the chain already."""

POSTGRESQL_NUMBERS = (
    *NUMBERS,
    (
        "INSERT INTO pseudonyms (one, secret) VALUES "
        "(1, replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''))"
    ),
    (
        "CREATE OR REPLACE FUNCTION history_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF TG_OP = 'UPDATE' THEN IF NEW.seq = OLD.seq AND NEW.at = OLD.at AND NEW.kind = OLD.kind "
        "AND NEW.target = OLD.target AND NEW.subject = OLD.subject AND NEW.previous = OLD.previous "
        "AND NEW.hash = OLD.hash AND EXISTS (SELECT 1 FROM redactions WHERE id = OLD.seq) "
        "THEN RETURN NEW; END IF; END IF; RAISE EXCEPTION 'the history is append-only'; END $$"
    ),
)


DELETED = (
    (
        "CREATE TABLE deletions (id BIGINT PRIMARY KEY, stored TEXT NOT NULL, account TEXT NOT NULL, "
        "state TEXT NOT NULL, owner TEXT NOT NULL, who TEXT NOT NULL, reason TEXT NOT NULL, "
        "begun_at BIGINT NOT NULL, changed_at BIGINT NOT NULL, detail TEXT NOT NULL, error_code TEXT, "
        "http_status BIGINT, lifted_at BIGINT)"
    ),
    "CREATE INDEX deletions_stored ON deletions (stored) WHERE lifted_at IS NULL",
    "CREATE INDEX deletions_begun ON deletions (state) WHERE lifted_at IS NULL",
)
"""What was deleted at the provider, or may be: nothing is sent under such an id."""


_LOCK = 0x6D6D73636865636B
"""The advisory lock on PostgreSQL: the ASCII of "mmscheck"."""


def steps(dialect: str) -> tuple[Sequence[str], ...]:
    """Every step's statements, the first step first; ``dialect`` is SQLAlchemy's name of the database."""
    own = {
        "sqlite": (SQLITE_GUARDS, SQLITE_NUMBERED, SQLITE_NUMBERS),
        "postgresql": (POSTGRESQL_GUARDS, POSTGRESQL_NUMBERED, POSTGRESQL_NUMBERS),
    }
    guards, numbered, numbers = own[dialect]
    return (TABLES, guards, ADDRESSES, numbered, PLACES, LOOKUPS, LISTS, numbers, DELETED, PROVING)


def version(connection: Connection) -> int:
    """The schema's version; 0 when there is none yet."""
    tables = inspect(connection).get_table_names()
    if "ledger_schema" not in tables:
        return 0
    found = (connection.execute(text("SELECT version FROM ledger_schema"))).scalar()
    return int(found or 0)


def migrate(connection: Connection, plan: Sequence[Sequence[str]]) -> None:
    """Take every step that is missing, inside the transaction that the connection is in.

    Raises LedgerError when the schema is newer than the plan, and leaves it alone.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    found = version(connection)
    check_version(found, len(plan))
    if found == len(plan):
        return
    if found == 0:
        connection.execute(text("CREATE TABLE ledger_schema (version INTEGER NOT NULL)"))
        connection.execute(text("INSERT INTO ledger_schema (version) VALUES (0)"))
    for step in plan[found:]:
        for statement in step:
            connection.exec_driver_sql(statement)
    connection.execute(text("UPDATE ledger_schema SET version = :new"), {"new": len(plan)})


def check_version(found: int, known: int) -> None:
    """Raise LedgerError for a schema that a newer program made."""
    if found > known:
        raise LedgerError(
            f"the ledger has schema version {found}, and this mmscheck knows versions up to {known}: "
            "a newer mmscheck has used it. Use that one; nothing was changed."
        )
