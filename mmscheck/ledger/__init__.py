"""The durable record of saves, checks, sends, postbacks and holds, and the guard against sending twice.

What is kept, and why:

- of a send: its number, sender, stored message, digests, campaign and line, because an unknown outcome can
  only be cleared up, and a postback without a tracking id only be matched, by who was to get what;
- of a stored message: name, subject, digests, and its media's URLs with every query that may be a secret
  replaced, because they prove that what is sent is what was checked;
- of a postback: every element it came with, because nobody can ask for it again;
- of a hold or a resolution: reason and name.

Texts of messages and merge data are not kept; they are in the digests. The API key is never handed to the
ledger but as something to keep out (``secrets``).

Every change is a row of an append-only, hash-chained history; the other tables are what it amounts to,
written in the same transaction. Of several processes on one database each may do everything at any time:
whoever writes locks the history's end, and a constraint holds each idempotency key to one send.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

from mmscheck.errors import UsageError

if TYPE_CHECKING:
    from mmscheck.ledger.claims import idempotency_key as idempotency_key
    from mmscheck.ledger.deletions import Wish as Wish
    from mmscheck.ledger.ledger import LEASE as LEASE
    from mmscheck.ledger.ledger import MAX_ATTEMPTS as MAX_ATTEMPTS
    from mmscheck.ledger.ledger import REMOTE_LEASE as REMOTE_LEASE
    from mmscheck.ledger.ledger import Ledger as Ledger
    from mmscheck.ledger.ledger import open_ledger as open_ledger
    from mmscheck.ledger.questions import Activity as Activity
    from mmscheck.ledger.questions import Summary as Summary
    from mmscheck.ledger.reading import Concerned as Concerned
    from mmscheck.ledger.reading import Filter as Filter
    from mmscheck.ledger.saves import OpenSave as OpenSave
    from mmscheck.ledger.saves import Save as Save
    from mmscheck.ledger.sends import Match as Match
    from mmscheck.ledger.suppression_list import Addition as Addition
    from mmscheck.ledger.suppressions import number_form as number_form
    from mmscheck.ledger.suppressions import scope_form as scope_form
    from mmscheck.ledger.where import default_file as default_file
    from mmscheck.ledger.where import place_of as place_of

_HOMES = {
    "LEASE": "ledger",
    "MAX_ATTEMPTS": "ledger",
    "REMOTE_LEASE": "ledger",
    "Activity": "questions",
    "Addition": "suppression_list",
    "Concerned": "reading",
    "Filter": "reading",
    "Ledger": "ledger",
    "Match": "sends",
    "OpenSave": "saves",
    "Save": "saves",
    "Summary": "questions",
    "Wish": "deletions",
    "default_file": "where",
    "idempotency_key": "claims",
    "number_form": "suppressions",
    "scope_form": "suppressions",
    "open_ledger": "ledger",
    "place_of": "where",
}

__all__ = sorted({*_HOMES, "demand_installed"})  # noqa: PLE0605 - the type checker reads the imports above


LEDGER_MISSING = "this needs a ledger, and so more than mmscheck alone: pip install 'mmscheck[ledger]'"


def demand_installed() -> None:
    """Raise UsageError where SQLAlchemy is not installed, which nothing but a ledger needs."""
    if importlib.util.find_spec("sqlalchemy") is None:
        raise UsageError(LEDGER_MISSING)


def __getattr__(name: str) -> Any:
    """Import a name from its home when it is first used: SQLAlchemy takes longer to load than --help may.

    Raises UsageError as `demand_installed` does.
    """
    if name not in _HOMES:
        raise AttributeError(f"module 'mmscheck.ledger' has no attribute {name!r}")
    demand_installed()
    return getattr(importlib.import_module(f"mmscheck.ledger.{_HOMES[name]}"), name)
