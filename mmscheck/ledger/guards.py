"""Whether the triggers that keep the history append-only still stand, as they were made."""

from __future__ import annotations

import re

from sqlalchemy import text
from sqlalchemy.engine import Connection

from mmscheck.ledger.ddl import POSTGRESQL_GUARDS, SQLITE_GUARDS
from mmscheck.model.ledger import Tampering

_SQLITE = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'history'")
_POSTGRESQL = text(
    "SELECT tgname AS name, pg_get_triggerdef(oid) AS sql FROM pg_trigger "
    # O and A fire; D is switched off, R fires for replicas only.
    "WHERE tgrelid = 'history'::regclass AND tgenabled IN ('O', 'A')"
)
_FUNCTION = text("SELECT prosrc FROM pg_proc WHERE oid = to_regproc('history_append_only')")
_NAMED = re.compile(r"CREATE TRIGGER (\w+) (.*)", re.DOTALL)


def guards(connection: Connection) -> list[Tampering]:
    """A finding for each trigger that is missing, switched off or another than it was made."""
    sqlite = connection.dialect.name == "sqlite"
    rows = connection.execute(_SQLITE if sqlite else _POSTGRESQL).all()
    found = {str(name): str(sql) for name, sql in rows}
    if sqlite:
        return _compared(SQLITE_GUARDS, found)
    # The server tells a definition in its own words: only that it fires on this table is compared.
    triggers = {name: f"CREATE TRIGGER {name} {_events(sql)}" for name, sql in found.items()}
    body = connection.execute(_FUNCTION).scalar()
    faults = _compared([_brief(one) for one in POSTGRESQL_GUARDS if "TRIGGER history" in one], triggers)
    if body is None or body not in POSTGRESQL_GUARDS[0]:
        faults.append(Tampering(seq=None, what="what the triggers of the history do was changed"))
    return faults


def _compared(wanted: tuple[str, ...] | list[str], found: dict[str, str]) -> list[Tampering]:
    faults = []
    for statement in wanted:
        named = _NAMED.fullmatch(statement)
        name = named.group(1) if named else statement
        if name not in found:
            what = f"the trigger {name}, which keeps the history append-only, is gone or switched off"
            faults.append(Tampering(seq=None, what=what))
        elif found[name] != statement:
            faults.append(Tampering(seq=None, what=f"the trigger {name} is another than it was"))
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
