"""Stored messages: which content an mms-id holds, and whether it may be used."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

import msgspec

from mmscheck.base.redact import stored_url
from mmscheck.errors import UsageError
from mmscheck.ledger.accounts import same_account, stored_id
from mmscheck.ledger.book import Book, Needs, Operation, Row
from mmscheck.ledger.delivery import apply_encoding
from mmscheck.ledger.history import canonical
from mmscheck.ledger.records import mms_record
from mmscheck.model.check import Binding
from mmscheck.model.ledger import MmsRecord, MmsState


class Save(msgspec.Struct, frozen=True, kw_only=True):
    """A save, or a binding made by hand: the id and the content that it holds.

    ``media`` pairs URLs with ``sha256:`` digests. ``state`` is ``ready`` for messages of images and text
    alone, which need no encoding (Sinch: their N003 comes at once), ``saved`` where nobody knows. ``replace``
    binds an id anew that is bound to other content. ``who`` and ``why`` are of a person who does this by
    hand; with them ``ready`` also makes an id ready whose N003 nobody received. ``account`` is where it was
    saved (``mmscheck.ledger.accounts``); what was saved nobody knows where is never sent by the program.
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

    def decide(book: Book) -> MmsRecord:
        row = book.get("mms", key)
        if row is None:
            times = {"saved_at": book.at, "changed_at": book.at}
            row = book.insert("mms-saved", "mms", {"state": save.state.value, **content, **times}, key)
        elif _differs(row, content) or not same_account(row["account"], save.account):
            _rebind(book, save, row, content)
        elif save.who and save.state is MmsState.READY and row["state"] in _NOT_YET:
            book.update("mms-ready-by-hand", "mms", key, {"state": "ready", "changed_at": book.at})
        if save.who:
            book.note("bound-by-hand", {"mms_id": save.mms_id, "who": save.who, "why": save.why or ""})
        apply_encoding(book, row)
        return mms_record(row)

    needs = Needs(mms=frozenset({key}), encoded=frozenset({save.mms_id}))
    return Operation(needs, decide)


_NOT_YET = (MmsState.SAVED.value, MmsState.ENCODING.value)


def _differs(row: Row, content: Row) -> bool:
    return any(row[name] != value for name, value in content.items() if name != "account")


def _rebind(book: Book, save: Save, row: Row, content: Row) -> None:
    # The same content at another account of the provider, or under a new key: that loses nothing.
    if not save.replace and _differs(row, content):
        what = (
            "this content with other media, name or subject"
            if row["digest"] == save.digest
            else f"other content ({row['digest']})"
        )
        raise UsageError(f"mms-id {save.mms_id} is bound to {what} already")
    # Corrupt is for ever: the provider's files do not change with what is bound to them.
    state = row["state"] if row["state"] == MmsState.CORRUPT.value else save.state.value
    book.update("mms-bound-anew", "mms", row["id"], {**content, "state": state, "changed_at": book.at})


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
