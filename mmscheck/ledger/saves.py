"""Stored messages: which content an mms-id holds, and whether it may be used."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mmscheck.errors import UsageError
from mmscheck.ledger.book import Book, Needs, Operation, Row
from mmscheck.ledger.delivery import apply_encoding
from mmscheck.ledger.history import canonical
from mmscheck.ledger.records import mms_record
from mmscheck.model.ledger import MmsRecord, MmsState
from mmscheck.model.redact import redact_url


class Save(msgspec.Struct, frozen=True, kw_only=True):
    """A save, or a binding made by hand: the id and the content that it holds.

    ``media`` pairs URLs with ``sha256:`` digests. ``state`` is ``ready`` for messages of images and text
    alone, which need no encoding (Sinch: their N003 comes at once), ``saved`` where nobody knows. ``replace``
    binds an id anew that is bound to other content.
    """

    mms_id: str
    digest: str
    media: Iterable[tuple[str, str]] = ()
    name: str | None = None
    subject: str | None = None
    state: MmsState = MmsState.ENCODING
    replace: bool = False


def record(save: Save) -> Operation[MmsRecord]:
    """Bind the id to the content; raises UsageError when it is bound to other content already."""
    content = {
        "digest": save.digest,
        # A signed URL holds a secret.
        "media": canonical(sorted((redact_url(url), digest) for url, digest in save.media)),
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
        apply_encoding(book, row)
        return mms_record(row)

    return Operation(Needs(mms=frozenset({save.mms_id})), decide)


def _rebind(book: Book, save: Save, row: Row, content: Row) -> None:
    if not save.replace:
        raise UsageError(f"mms-id {save.mms_id} is bound to other content ({row['digest']}) already")
    book.update("mms-bound-anew", "mms", save.mms_id, {**content, "changed_at": book.at})
