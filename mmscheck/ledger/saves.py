"""Stored messages: which content an mms-id holds, and whether it may be used."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mmscheck.errors import UsageError
from mmscheck.ledger.book import Book, Needs, Operation, Row
from mmscheck.ledger.delivery import apply_encoding
from mmscheck.ledger.history import canonical
from mmscheck.ledger.records import mms_record
from mmscheck.model.check import Binding
from mmscheck.model.ledger import MmsRecord, MmsState
from mmscheck.model.redact import stored_url


class Save(msgspec.Struct, frozen=True, kw_only=True):
    """A save, or a binding made by hand: the id and the content that it holds.

    ``media`` pairs URLs with ``sha256:`` digests. ``state`` is ``ready`` for messages of images and text
    alone, which need no encoding (Sinch: their N003 comes at once), ``saved`` where nobody knows. ``replace``
    binds an id anew that is bound to other content. ``who`` and ``why`` are of a person who does this by
    hand; with them ``ready`` also makes an id ready whose N003 nobody received.
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


def record(save: Save) -> Operation[MmsRecord]:
    """Bind the id to the content; raises UsageError when it is bound to other content already."""
    content = {
        "digest": save.digest,
        # A signed URL holds a secret.
        "media": canonical(sorted((stored_url(url), digest) for url, digest in save.media)),
        "name": save.name,
        "subject": save.subject,
    }

    def decide(book: Book) -> MmsRecord:
        row = book.get("mms", save.mms_id)
        if row is None:
            times = {"saved_at": book.at, "changed_at": book.at}
            row = book.insert(
                "mms-saved", "mms", {"state": save.state.value, **content, **times}, save.mms_id
            )
        elif any(row[name] != value for name, value in content.items()):
            _rebind(book, save, row, content)
        elif save.who and save.state is MmsState.READY and row["state"] in _NOT_YET:
            book.update("mms-ready-by-hand", "mms", save.mms_id, {"state": "ready", "changed_at": book.at})
        if save.who:
            book.note("bound-by-hand", {"mms_id": save.mms_id, "who": save.who, "why": save.why or ""})
        apply_encoding(book, row)
        return mms_record(row)

    return Operation(Needs(mms=frozenset({save.mms_id})), decide)


_NOT_YET = (MmsState.SAVED.value, MmsState.ENCODING.value)


def _rebind(book: Book, save: Save, row: Row, content: Row) -> None:
    if not save.replace:
        what = (
            "this content with other media, name or subject"
            if row["digest"] == save.digest
            else f"other content ({row['digest']})"
        )
        raise UsageError(f"mms-id {save.mms_id} is bound to {what} already")
    # Corrupt is for ever: the provider's files do not change with what is bound to them.
    state = row["state"] if row["state"] == MmsState.CORRUPT.value else save.state.value
    book.update("mms-bound-anew", "mms", save.mms_id, {**content, "state": state, "changed_at": book.at})


def binding(mms_id: str, known: MmsRecord | None) -> Binding:
    """What the rules about stored messages judge; an id that nobody bound has no content."""
    if known is None:
        return Binding(mms_id=mms_id, content=None, state=MmsState.ENCODING.value)
    return Binding(mms_id=mms_id, content=known.digest, state=known.state.value, media=known.media)
