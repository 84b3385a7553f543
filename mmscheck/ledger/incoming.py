"""Postbacks: kept as they come, each once, and applied to what they name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from mmscheck.base.phone import digits
from mmscheck.base.xml import folded
from mmscheck.errors import UsageError
from mmscheck.ledger.accounts import host_of, stored_id
from mmscheck.ledger.book import Book, Needs, Operation
from mmscheck.ledger.delivery import apply_encoding, apply_known, told
from mmscheck.ledger.history import canonical
from mmscheck.ledger.records import postback_record
from mmscheck.ledger.transaction import ENCODING
from mmscheck.model.ledger import Postback, PostbackMeaning

_SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        "code": "code",
        "trackingid": "tracking-id",
        "mmsid": "mms-id",
        "to": "to",
        "from": "from",
        "status": "status",
    }
)
"""Names in lower case and without ``-`` and ``_``: there are ``mms-id``, ``MMSID`` and ``mmsId``."""


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A postback before it is recorded; ``digest`` is over all of it and tells a repetition.

    ``account`` is the provider that it came from, None where nobody says.
    """

    fields: Mapping[str, str]
    meaning: PostbackMeaning
    digest: str
    account: str | None = None

    def field(self, name: str) -> str | None:
        """A field that the ledger reads, or None when it is missing or blank."""
        return self.fields.get(name, "").strip() or None


def arrival(fields: Mapping[str, str], meanings: Mapping[str, str], account: str | None = None) -> Arrival:
    """A postback from the elements it came with; raises UsageError when it has no code.

    ``meanings`` tells for each code, in capitals, a value of ``PostbackMeaning``; a status of failure wins.
    """
    named = {_name(name): value for name, value in fields.items()}
    code = named.get("code", "").strip().upper()
    if not code:
        raise UsageError("a postback has a code, and this one has none")
    named["code"] = code
    host = host_of(account)
    # The same words of two providers are about two messages.
    whole = canonical(named) if host is None else f"{host}\n{canonical(named)}"
    return Arrival(
        fields=named,
        meaning=told(PostbackMeaning(meanings.get(code, PostbackMeaning.UNKNOWN)), named.get("status")),
        digest="sha256:" + hashlib.sha256(whole.encode()).hexdigest(),
        account=host,
    )


UNREADABLE = "(unreadable)"
"""The code of a body that is no postback; no code of the provider has brackets."""


def stray(body: str, why: str) -> Arrival:
    """A body that is no postback, kept as it came: nobody may ever send it again."""
    fields = {"code": UNREADABLE, "why": f"it {why}", "body": body}
    return Arrival(
        fields=fields,
        meaning=PostbackMeaning.UNKNOWN,
        digest="sha256:" + hashlib.sha256(canonical(fields).encode()).hexdigest(),
    )


def _name(name: str) -> str:
    return _SPELLINGS.get(folded(name), name.lower())


def record(arrived: Arrival) -> Operation[Postback]:
    """Keep the postback and apply it; one that is known already changes nothing."""
    tracking, mms = arrived.field("tracking-id"), arrived.field("mms-id")
    # What is told of a send moves no stored message: of a large campaign there is no end of it.
    encoded = frozenset({mms} if mms and arrived.meaning.value in ENCODING else ())
    stored = stored_id(mms, arrived.account) if mms else None

    def decide(book: Book) -> Postback:
        known = book.find("postbacks", digest=arrived.digest)
        if known:
            return postback_record(known[0])
        columns = {
            "digest": arrived.digest,
            "received_at": book.at,
            "code": arrived.fields["code"],
            "meaning": arrived.meaning.value,
            "tracking_id": tracking,
            "mms_id": mms,
            "recipient": digits(arrived.field("to")) or None,
            "status": arrived.field("status"),
            "fields": canonical(dict(arrived.fields)),
            "account": arrived.account,
        }
        row = book.insert("postback", "postbacks", columns)
        for send in book.find("sends", tracking_id=tracking) if tracking else ():
            apply_known(book, send)
        for saved in book.find("mms", id=stored) if encoded else ():
            apply_encoding(book, saved)
        return postback_record(row)

    needs = Needs(
        reported=frozenset({tracking} if tracking else ()),
        mms=frozenset({stored} if encoded and stored else ()),
        encoded=encoded,
        postbacks=frozenset({arrived.digest}),
    )
    return Operation(needs, decide)
