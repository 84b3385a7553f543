"""The schema's numbered steps: each is taken once, whole or not at all, by one process at a time.

A step is never changed after a release; what comes later is a new step.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

from mmscheck.errors import LedgerError
from mmscheck.ledger.ddl import (
    ADDRESSES,
    LOOKUPS,
    PLACES,
    POSTGRESQL_GUARDS,
    POSTGRESQL_NUMBERED,
    SQLITE_GUARDS,
    SQLITE_NUMBERED,
    TABLES,
)

_LOCK = 0x6D6D73636865636B
"""The advisory lock on PostgreSQL: the ASCII of "mmscheck"."""


def steps(dialect: str) -> tuple[Sequence[str], ...]:
    """Every step's statements, the first step first; ``dialect`` is SQLAlchemy's name of the database."""
    if dialect == "sqlite":
        return (TABLES, SQLITE_GUARDS, ADDRESSES, SQLITE_NUMBERED, PLACES, LOOKUPS)
    return (TABLES, POSTGRESQL_GUARDS, ADDRESSES, POSTGRESQL_NUMBERED, PLACES, LOOKUPS)


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
