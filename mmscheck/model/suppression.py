"""Who must not be texted: entries of the suppression list, and what puts a number on it and takes it off."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class SuppressionSource(StrEnum):
    """What put a number on the list; what a person's reply put there, another reply may take off."""

    COMMAND = "command"
    IMPORT = "import"
    REPLY = "reply"
    UNSUBSCRIBED = "unsubscribed"
    REFUSED = "refused"


BY_REPLY = frozenset(
    {SuppressionSource.REPLY.value, SuppressionSource.UNSUBSCRIBED.value, SuppressionSource.REFUSED.value}
)
"""What START undoes: what somebody here entered by hand was no matter of one reply, and stays."""


class SuppressionScope(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry is about; an empty field is every account, sender or list.

    ``account`` is a provider's host, ``sender`` a number that messages come from, ``list_name`` what
    ``--list`` calls a list of recipients. A send that names no list may be of any.
    """

    account: str = ""
    sender: str = ""
    list_name: str = ""


EVERYTHING = SuppressionScope()


class Suppression(msgspec.Struct, frozen=True, kw_only=True):
    """One entry: that a number gets nothing within a scope, who said so, why and when (microseconds).

    ``number`` is a keyed digest where the number was forgotten. It holds until ``removed_at``.
    """

    id: int
    number: str
    scope: SuppressionScope
    source: SuppressionSource
    reason: str
    who: str
    added_at: int
    removed_at: int | None = None
    removed_by: str | None = None
    removed_why: str | None = None


class SuppressionCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many numbers were put on the list, and how many were there already in the same scope."""

    added: int
    known: int
