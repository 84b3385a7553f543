"""The suppression list: who is on it, and how numbers come on it and go off it, each in the history.

An entry's id is 1024 times the number of the history row that made it, so that ids grow with time; what was
put on together (``suppression_import``) is one row of the history for up to 1024 entries, which its body has
in the order of their ids: a million rows would take a minute and a gigabyte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from mmscheck.base.phone import dialled_at_home, digits, e164, parsed, possible, same_number
from mmscheck.base.url import authority_of
from mmscheck.errors import UsageError
from mmscheck.ledger.pseudonyms import Pseudonyms
from mmscheck.ledger.rows import Row, host_of
from mmscheck.ledger.transaction_state import Operation, RowsNeeded, TransactionState
from mmscheck.model.replies import ReplyWish
from mmscheck.model.suppression import (
    BY_REPLY,
    EVERYTHING,
    Suppression,
    SuppressionScope,
    SuppressionSource,
)

TOGETHER = 1024
"""Entries that one row of the history can make."""

MANY = "suppression-import"
"""The kind of such a row."""

TABLE = "suppressions"

_HOMES = ("US", "AU")
"""Where the provider's numbers are (Sinch XML API: +1 and +61); one may be written as it is dialled there."""


_WRITTEN = re.compile(
    r"(?:tel:)?[0-9\s+()./'\"=\-\u2010-\u2015\u2212\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]*",
    re.IGNORECASE,
)
"""How people and spreadsheets write one number, copied marks of writing direction too; no further words."""


def number_form(text: str) -> str:
    """A number as the list has it; raises UsageError for what is none, or lacks its country code."""
    form = e164(text)
    if not form or not possible_form(form) or not _WRITTEN.fullmatch(text):
        raise UsageError(f"{text!a} is no telephone number with its country code, as in 15551230001")
    if len(form) == _NANP - 1 and "+" not in text and dialled_at_home(form):
        raise UsageError(f"{text!a} is a number of North America without its country code: write 1{form}")
    return form


def possible_form(form: str) -> bool:
    """Whether these digits can be a whole number: short codes are nobody's phone."""
    if len(form) == _NANP and form[0] == "1" and form[1] > "1":
        return True
    whole = parsed(form)
    return whole is not None and possible(whole)


_NANP = 11
"""Digits of a number of country code 1."""


def scope_form(scope: SuppressionScope) -> SuppressionScope:
    """A scope as sends are held against it; raises UsageError for one that no send could ever be in."""
    account = authority_of(scope.account)
    if scope.account and not account:
        raise UsageError(f"{scope.account!a} is no provider's host, as in api.example.com")
    sender = digits(scope.sender)
    if scope.sender and not (sender and _WRITTEN.fullmatch(scope.sender)):
        raise UsageError(f"{scope.sender!a} is no number that messages come from, as in 28444")
    return SuppressionScope(account=account, sender=sender, list_name=scope.list_name.strip())


def readings(number: str | None) -> frozenset[str]:
    """Every number that this may mean in a notification: with its country code, and as dialled at home."""
    plain = digits(number)
    if not plain:
        return frozenset()
    at_home = (parsed(plain, home) for home in _HOMES)
    forms = {f"{one.country_code}{one.national_number}" for one in at_home if one and possible(one)}
    return frozenset(forms | {e164(plain) or plain})


def suppression(row: Row) -> Suppression:
    """A row of ``suppressions``."""
    same = ("id", "reason", "who", "added_at", "removed_at", "removed_by", "removed_why")
    return Suppression(
        number=row["recipient"],
        scope=SuppressionScope(account=row["account"], sender=row["sender"], list_name=row["list_name"]),
        source=SuppressionSource(row["source"]),
        **{name: row[name] for name in same},
    )


def entry(scope: SuppressionScope, source: SuppressionSource, reason: str, who: str, at: int) -> Row:
    """The columns of an entry but its id and its number."""
    return {
        "account": scope.account,
        "sender": scope.sender,
        "list_name": scope.list_name,
        "source": source.value,
        "reason": reason,
        "who": who,
        "added_at": at,
        "removed_at": None,
        "removed_by": None,
        "removed_why": None,
    }


def is_scope(row: Row, scope: SuppressionScope) -> bool:
    """Whether an entry has this very scope."""
    return bool((row["account"], row["sender"], row["list_name"]) == msgspec.structs.astuple(scope))


def applies(row: Mapping[str, Any], *, account: str | None, sender: str, list_name: str) -> bool:
    """Whether an entry is about such a send; what the send does not say may be what the entry names."""
    host = (host_of(account) or "").partition("/")[0]
    return (
        (not row["account"] or not host or host in {row["account"], authority_of(row["account"])})
        and (not row["sender"] or row["sender"] == sender or same_number(row["sender"], sender))
        and (not row["list_name"] or not list_name or _same_name(row["list_name"], list_name))
    )


def _same_name(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def put_on(
    transaction: TransactionState,
    numbers: Iterable[str],
    scope: SuppressionScope,
    source: SuppressionSource,
    said: tuple[str, str],
) -> None:
    """Put numbers on the list that are not on it in this scope; ``said`` is the reason and who gave it."""
    for number in sorted(numbers):
        known = (row for row in _open(transaction, number) if is_scope(row, scope))
        if next(known, None) is None:
            columns = {"recipient": number, **entry(scope, source, *said, transaction.at)}
            transaction.insert("suppressed", TABLE, columns, key=transaction.next() * TOGETHER)


def take_off(transaction: TransactionState, row: Row, who: str, why: str) -> None:
    """End one entry."""
    values = {"removed_at": transaction.at, "removed_by": who, "removed_why": why}
    transaction.update("unsuppressed", TABLE, row["id"], values)


def _open(transaction: TransactionState, number: str) -> list[Row]:
    return transaction.find(TABLE, recipient=number, removed_at=None)


REPLIED, BLACKLISTED = "the number replied STOP", "the provider has the number on its blacklist"
UNSUBSCRIBED_THERE = "the provider told that the number unsubscribed"
_BACK = "the number replied START"


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a notification says of a number's wish; ``numbers`` are all that it may mean.

    ``sender`` is the number it was said to, ``account`` the provider's host, each empty where nobody knows.
    """

    numbers: frozenset[str]
    wish: ReplyWish
    source: SuppressionSource
    reason: str
    account: str = ""
    sender: str = ""

    def scope(self, breadth: str) -> SuppressionScope:
        """What STOP is about by ``everything``, ``account`` or ``sender``."""
        if breadth == "everything":
            return EVERYTHING
        return SuppressionScope(account=self.account, sender=self.sender if breadth == "sender" else "")


BREADTHS = ("everything", "account", "sender")
"""What a STOP may be taken to be about, the safest first."""


def obey(transaction: TransactionState, reply: Reply, breadth: str, *, repeated: bool) -> None:
    """Do as a reply says.

    STOP counts also where the very same words came before: they may have been said again since. Of START that
    cannot be known, and it may be the provider that comes again.
    """
    if reply.wish is ReplyWish.STOP:
        said = (reply.reason, "the provider's notification")
        put_on(transaction, reply.numbers, reply.scope(breadth), reply.source, said)
    elif not repeated:
        for number in reply.numbers:
            for row in _open(transaction, number):
                told = applies(row, account=reply.account, sender=reply.sender, list_name="")
                if row["source"] in BY_REPLY and told:
                    take_off(transaction, row, "the provider's notification", _BACK)


def remove(
    numbers: Sequence[str], scope: SuppressionScope | None, said: tuple[str, str], names: Pseudonyms
) -> Operation[int]:
    """End the entries of these numbers, of one scope or of all; how many there were."""
    wanted = frozenset(numbers) | frozenset(map(names.of, numbers))

    def decide(transaction: TransactionState) -> int:
        rows = [
            row
            for number in sorted(wanted)
            for row in _open(transaction, number)
            if scope is None or is_scope(row, scope)
        ]
        for row in rows:
            take_off(transaction, row, said[1], said[0])
        return len(rows)

    return Operation(RowsNeeded(suppressed=wanted), decide)
