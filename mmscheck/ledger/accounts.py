"""At which provider and account a stored message is: an mms-id means nothing without it.

An account is written ``HOST`` or ``HOST#MARK``. The mark tells accounts of one provider apart, and is left
out by whoever does not know it. None is a place that nobody noted, as in ledgers of before there were any.
"""

from __future__ import annotations

_MARK = "#"


def host_of(account: str | None) -> str | None:
    """The provider's part, which a notification tells and an id is kept by."""
    return None if account is None else account.partition(_MARK)[0]


def stored_id(mms_id: str, account: str | None) -> str:
    """The id of the row about a stored message: one a provider; the bare mms-id where none is noted."""
    host = host_of(account)
    return mms_id if host is None else f"{host} {mms_id}"


def mms_id_of(row_id: str, account: str | None) -> str:
    """The mms-id in the id of a row."""
    host = host_of(account)
    return row_id if host is None else row_id.removeprefix(f"{host} ")


def same_account(one: str | None, other: str | None) -> bool:
    """Whether both may be one account: the same provider, and no two different marks."""
    if one is None or other is None:
        return one is other
    (first, _, mine), (second, _, yours) = one.partition(_MARK), other.partition(_MARK)
    return first == second and (mine == yours or not (mine and yours))
