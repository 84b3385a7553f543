"""The statements of the schema's steps, as both databases take them.

The unique ``previous`` keeps the chain from forking; the triggers are a first defence, not the proof.
"""

from __future__ import annotations

from mmscheck.ledger.history import GENESIS
from mmscheck.ledger.tables import ADDRESS, TAIL

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
