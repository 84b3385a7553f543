"""The idempotency key that a send gets when its caller names none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from mmscheck.base.phone import e164
from mmscheck.ledger.history import canonical
from mmscheck.model.effective import key_of
from mmscheck.model.request import CustomText


def idempotency_key(
    *,
    account: str | None,
    to: str,
    mms_id: str,
    subject: str | None,
    custom_texts: Iterable[CustomText] = (),
    data: Iterable[tuple[str, str]] = (),
    campaign: str | None = None,
) -> str:
    """``sha256:`` and a digest of who gets what: the same message to the same phone has the same key.

    ``subject`` is the final one, after merging. Of a slide's texts, and of the values of a name, the last
    counts, as in the send. A number is its E.164 form, however it is written.
    """
    parts = {
        "account": account,
        "to": e164(to) or to,
        "mms-id": mms_id.strip(),
        "subject": subject,
        "texts": sorted({text.slide: text.value for text in custom_texts}.items()),
        "data": sorted({key_of(name): value for name, value in data}.items()),
        "campaign": campaign,
    }
    return "sha256:" + hashlib.sha256(canonical(parts).encode()).hexdigest()
