"""Whether the schema still is what the migrations made: no trigger gone, and nothing added that acts.

A trigger, view, rule or policy of somebody else's can change or hide what is written, an index can be made
to hide rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

from sqlalchemy import bindparam, create_engine, text
from sqlalchemy.engine import Connection

from mmscheck.ledger.schema import POSTGRESQL_GUARDS, POSTGRESQL_NUMBERS, migrate, steps
from mmscheck.model.ledger import Tampering

_ACTING = frozenset({"trigger", "view", "index"})
"""Kinds of things of which the ledger has its own, and no others."""

_PARTS = text("SELECT type, name, tbl_name, sql FROM sqlite_master")
_TRIGGERS = text(
    "SELECT tgname AS name, pg_get_triggerdef(oid) AS sql FROM pg_trigger "
    # O and A fire; D is switched off, R fires for replicas only.
    "WHERE tgrelid = 'history'::regclass AND tgenabled IN ('O', 'A')"
)
_FUNCTION = text("SELECT prosrc FROM pg_proc WHERE oid = to_regproc('history_append_only')")
_ADDED = text(
    "WITH ours AS (SELECT c.oid, c.relname, c.relrowsecurity AS secured "
    "FROM pg_class c WHERE c.relkind = 'r' AND c.relname IN :tables "
    "AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'history'::regclass)) "
    "SELECT 'trigger' AS kind, tgname AS name, relname AS tbl FROM pg_trigger "
    "JOIN ours ON ours.oid = tgrelid WHERE NOT tgisinternal "
    "UNION SELECT 'index', i.relname, ours.relname FROM pg_index JOIN ours ON ours.oid = indrelid "
    "JOIN pg_class i ON i.oid = indexrelid "
    "UNION SELECT 'rule', rulename, relname FROM pg_rewrite JOIN ours ON ours.oid = ev_class "
    "UNION SELECT 'policy', polname, relname FROM pg_policy JOIN ours ON ours.oid = polrelid "
    # Without a policy it hides every row, a hold for one.
    "UNION SELECT 'policy', 'row level security', relname FROM ours WHERE secured "
    "UNION SELECT 'view', v.relname, ours.relname FROM pg_depend JOIN ours ON ours.oid = refobjid "
    "JOIN pg_rewrite r ON r.oid = objid JOIN pg_class v ON v.oid = r.ev_class "
    "WHERE classid = 'pg_rewrite'::regclass AND v.relkind IN ('v', 'm') ORDER BY 1, 2, 3"
).bindparams(bindparam("tables", expanding=True))

_NAMED = re.compile(r"CREATE TRIGGER (\w+) (.*)", re.DOTALL)
_MADE = re.compile(r"CREATE (?:UNIQUE )?(?:INDEX|TRIGGER) (\w+)")
_TABLE = re.compile(r"CREATE TABLE (\w+)")
_UNIQUE = re.compile(r"\b(\w{1,63}) \w{1,63} NOT NULL UNIQUE")


def guards(connection: Connection) -> list[Tampering]:
    """A finding for each part of the schema that is missing, switched off, changed or somebody else's."""
    return _of_file(connection) if connection.dialect.name == "sqlite" else _of_server(connection)


Parts = Mapping[tuple[str, str], tuple[str, str | None]]
"""By kind and name: the table, and the statement that made it."""


def _parts(connection: Connection) -> Parts:
    rows = connection.execute(_PARTS)
    return MappingProxyType({(kind, name): (table, sql) for kind, name, table, sql in rows})


@cache
def _wanted() -> Parts:
    """The parts of a ledger that has just been made."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        migrate(connection, steps("sqlite"))
        parts = _parts(connection)
    engine.dispose()
    return parts


def _of_file(connection: Connection) -> list[Tampering]:
    found, wanted = _parts(connection), _wanted()
    faults = []
    for (kind, name), made in wanted.items():
        if (kind, name) not in found:
            faults.append(_gone(kind, name))
        elif found[kind, name] != made:
            faults.append(_changed(kind, name))
    added = [(kind, name, table) for (kind, name), (table, _) in found.items() if (kind, name) not in wanted]
    return faults + _others(row for row in added if row[0] in _ACTING)


def _of_server(connection: Connection) -> list[Tampering]:
    # The server tells a definition in its own words: only that it fires on this table is compared.
    rows = connection.execute(_TRIGGERS).all()
    triggers = {str(name): f"CREATE TRIGGER {name} {_events(str(sql))}" for name, sql in rows}
    faults = _compared([_brief(one) for one in POSTGRESQL_GUARDS if "TRIGGER history" in one], triggers)
    body = connection.execute(_FUNCTION).scalar()
    if body is None or body not in POSTGRESQL_NUMBERS[-1]:
        faults.append(Tampering(seq=None, what="what the triggers of the history do was changed"))
    tables, own = _names([statement for step in steps("postgresql") for statement in step])
    added = connection.execute(_ADDED, {"tables": tables}).all()
    return faults + _others(row for row in map(tuple, added) if row[1] not in own)


def _names(statements: Iterable[str]) -> tuple[list[str], set[str]]:
    """The tables that the statements make, and the names of their triggers and indexes, also the server's."""
    tables, own = [], set[str]()
    for statement in statements:
        own |= set(_MADE.findall(statement))
        if made := _TABLE.match(statement):
            table = made.group(1)
            tables.append(table)
            own |= {f"{table}_pkey", *(f"{table}_{column}_key" for column in _UNIQUE.findall(statement))}
    return tables, own


def _others(added: Iterable[tuple[str, ...]]) -> list[Tampering]:
    return [
        Tampering(seq=None, what=f"the {kind} {name} on {table} is none of the ledger's: somebody added it")
        for kind, name, table in added
    ]


def _gone(kind: str, name: str) -> Tampering:
    purpose = ", which keeps the history append-only," if kind == "trigger" else ""
    return Tampering(seq=None, what=f"the {kind} {name}{purpose} is gone or switched off")


def _changed(kind: str, name: str) -> Tampering:
    return Tampering(seq=None, what=f"the {kind} {name} is another than it was")


def _compared(wanted: Iterable[str], found: Mapping[str, str]) -> list[Tampering]:
    faults = []
    for statement in wanted:
        named = _NAMED.fullmatch(statement)
        name = named.group(1) if named else statement
        if name not in found:
            faults.append(_gone("trigger", name))
        elif found[name] != statement:
            faults.append(_changed("trigger", name))
    return faults


def _brief(statement: str) -> str:
    named = _NAMED.fullmatch(statement)
    return f"CREATE TRIGGER {named.group(1)} {_events(named.group(2))}" if named else statement


def _events(definition: str) -> str:
    """When it fires, with the events in one order: ``BEFORE DELETE OR UPDATE ROW``."""
    when = "conditional " if " WHEN " in definition else ""
    events = sorted(event for event in ("DELETE", "INSERT", "TRUNCATE", "UPDATE") if event in definition)
    level = "ROW" if "FOR EACH ROW" in definition else "STATEMENT"
    time = "BEFORE" if "BEFORE" in definition else "AFTER"
    return f"{when}{time} {' OR '.join(events)} {level}"
