"""Stored messages: which content an mms-id holds, whether it may be used, and saves that nobody ended.

A save without an end in the history was cut short by a crash in the call: there may be a stored message
whose id nobody knows.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import select
from sqlalchemy.engine import Connection

from mmscheck.base.redact import stored_url
from mmscheck.errors import UsageError
from mmscheck.ledger import deletions
from mmscheck.ledger.postbacks import apply_encoding
from mmscheck.ledger.rows import Row, canonical, mms_record, same_account, stored_id
from mmscheck.ledger.schema import HISTORY, MMS
from mmscheck.ledger.transaction_state import Operation, RowsNeeded, TransactionState
from mmscheck.model.check import Binding
from mmscheck.model.ledger import MmsRecord, MmsState


class Save(msgspec.Struct, frozen=True, kw_only=True):
    """A save, or a binding made by hand: the id and the content that it holds.

    ``media`` pairs URLs with ``sha256:`` digests. ``state`` is ``ready`` for messages of images and text
    alone, which need no encoding (Sinch: their N003 comes at once), ``saved`` where nobody knows. ``replace``
    binds an id anew that is bound to other content. ``who`` and ``why`` are of a person who does this by
    hand; with them ``ready`` also makes an id ready whose N003 nobody received. ``account`` is where it was
    saved (``mmscheck.ledger.rows``); what was saved nobody knows where is never sent by the program.
    ``since`` is when the provider was asked of it (seconds since the epoch): a later deletion holds.
    """

    mms_id: str
    digest: str
    media: Iterable[tuple[str, str]] = ()
    name: str | None = None
    subject: str | None = None
    state: MmsState = MmsState.ENCODING
    replace: bool = False
    who: str | None = None
    why: str | None = None
    account: str | None = None
    since: float | None = None


@functools.lru_cache(maxsize=64)
def media_text(media: tuple[tuple[str, str], ...]) -> str:
    """Pairs of URL and digest as they are kept: in order, and no URL with a secret in it."""
    return canonical(sorted((stored_url(url), digest) for url, digest in media))


def record(save: Save) -> Operation[MmsRecord]:
    """Bind the id to the content; raises UsageError when it is bound to other content already."""
    content = {
        "digest": save.digest,
        "media": media_text(tuple((url, digest) for url, digest in save.media)),
        "name": save.name,
        "subject": save.subject,
        "account": save.account,
    }
    key = stored_id(save.mms_id, save.account)

    def decide(transaction: TransactionState) -> MmsRecord:
        row = transaction.get("mms", key)
        if row is not None and not save.replace and _differs(row, content) and not _is_gone(transaction, key):
            raise UsageError(_bound_otherwise(save, row))
        since = None if save.since is None else int(save.since * 1_000_000)
        deleted_at = deletions.lift(transaction, key, save.mms_id, since)
        if row is None:
            times = {"saved_at": transaction.at, "changed_at": transaction.at}
            row = transaction.insert("mms-saved", "mms", {"state": save.state.value, **content, **times}, key)
        elif (
            deleted_at is not None or _differs(row, content) or not same_account(row["account"], save.account)
        ):
            _rebind(transaction, save, row, content)
        elif save.who and save.state is MmsState.READY and row["state"] in _NOT_YET:
            transaction.update(
                "mms-ready-by-hand", "mms", key, {"state": "ready", "changed_at": transaction.at}
            )
        if save.who:
            transaction.note("bound-by-hand", {"mms_id": save.mms_id, "who": save.who, "why": save.why or ""})
        apply_encoding(transaction, row, since=deleted_at or 0)
        return mms_record(row)

    needs = RowsNeeded(mms=frozenset({key}), encoded=frozenset({save.mms_id}))
    return Operation(needs, decide)


_NOT_YET = (MmsState.SAVED.value, MmsState.ENCODING.value)


def _differs(row: Row, content: Row) -> bool:
    return any(row[name] != value for name, value in content.items() if name != "account")


def _is_gone(transaction: TransactionState, key: str) -> bool:
    """Whether the content that was bound is known to be deleted, so that the id may hold other content."""
    return deletions.state_of(deletions.unlifted(transaction, {key})) is MmsState.DELETED


def _bound_otherwise(save: Save, row: Row) -> str:
    what = (
        "this content with other media, name or subject"
        if row["digest"] == save.digest
        else f"other content ({row['digest']})"
    )
    return f"mms-id {save.mms_id} is bound to {what} already; --replace --reason ... binds it anew"


def _rebind(transaction: TransactionState, save: Save, row: Row, content: Row) -> None:
    # The same content at another account of the provider, or under a new key: that loses nothing.
    # Corrupt is for ever: the provider's files do not change with what is bound to them.
    state = row["state"] if row["state"] == MmsState.CORRUPT.value else save.state.value
    transaction.update(
        "mms-bound-anew", "mms", row["id"], {**content, "state": state, "changed_at": transaction.at}
    )


def binding(mms_id: str, account: str | None, known: Sequence[MmsRecord]) -> Binding:
    """What the rules about stored messages judge, of all that is ``known`` of an id, at whatever account.

    An id that nobody bound at this account has no content.
    """
    for one in known:
        if same_account(one.account, account):
            return Binding(
                mms_id=mms_id,
                content=one.digest,
                state=one.state.value,
                media=one.media,
                account=account,
            )
    elsewhere = tuple(one.account for one in known)
    state = MmsState.ENCODING.value
    return Binding(mms_id=mms_id, content=None, state=state, account=account, elsewhere=elsewhere)


class OpenSave(msgspec.Struct, frozen=True, kw_only=True):
    """A save that was begun at a time (microseconds since the epoch) and has no end in the history."""

    begun_at: int
    message_digest: str


def open_saves(connection: Connection) -> tuple[OpenSave, ...]:
    """All of them, the oldest first; one that another process is making just now is among them."""
    query = (
        select(HISTORY.c.at, HISTORY.c.kind, HISTORY.c.body)
        .where(HISTORY.c.kind.in_(("save-begun", "save-ended")))
        .order_by(HISTORY.c.seq)
    )
    found: dict[str, OpenSave] = {}
    for at, kind, body in connection.execute(query):
        note = msgspec.json.decode(body)
        if kind == "save-begun":
            found[note["save"]] = OpenSave(begun_at=at, message_digest=note["message"])
        else:
            found.pop(note["save"], None)
    return tuple(found.values())


def stored(connection: Connection) -> tuple[MmsRecord, ...]:
    """Every stored message that the ledger knows, the oldest first.

    One of nobody knows where is left out when its id has been bound since where it is.
    """
    rows = connection.execute(select(MMS).order_by(MMS.c.saved_at, MMS.c.id)).mappings()
    found = [mms_record(dict(row)) for row in rows]
    placed = {one.mms_id for one in found if one.account is not None}
    return tuple(one for one in found if one.account is not None or one.mms_id not in placed)
