"""Keyed digests in place of phone numbers, and of what is made of numbers, that a ledger has forgotten.

The key is in the ledger: only with it can a number be recognised, which at-most-once and the suppression list
need. Whoever has the whole ledger can still try numbers one by one; whoever has a report, a list or a line of
it cannot.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import text
from sqlalchemy.engine import Connection

PREFIX = "forgotten_"

_LETTERS = str.maketrans("0123456789", "ghijklmnop")
"""No digit is in a pseudonym: nothing may take one for a number."""

_BYTES = 16


class Pseudonyms:
    """What numbers, keys and digests are called once they are forgotten."""

    def __init__(self, secret: str) -> None:
        """``secret`` is the ledger's own."""
        self._key = bytes.fromhex(secret)

    def of(self, value: str) -> str:
        """The one pseudonym of a value; its own of what is a pseudonym already."""
        if is_pseudonym(value):
            return value
        digest = hashlib.blake2b(value.encode(), key=self._key, digest_size=_BYTES).hexdigest()
        return PREFIX + digest.translate(_LETTERS)


def is_pseudonym(value: str) -> bool:
    """Whether this stands in place of something forgotten."""
    return value.startswith(PREFIX)


def pseudonyms(connection: Connection) -> Pseudonyms:
    """Those of this ledger."""
    return Pseudonyms(str(connection.execute(text("SELECT secret FROM pseudonyms")).scalar_one()))
