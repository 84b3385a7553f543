"""What an approval is about: the document, its media as they were seen, and texts that take their places."""

from __future__ import annotations

import hashlib

import msgspec

from mmscheck.model.observation import Fetched
from mmscheck.model.report import Report
from mmscheck.model.request import Changes


def content_digest(report: Report, changes: Changes) -> str | None:
    """``sha256:`` and hex over one message's content; None when it was not seen whole, or is not one.

    Merge data is left out: it differs from person to person, and what it may hold is in the message.
    """
    if len(report.messages) != 1:
        return None
    (message,) = report.messages
    seen = {ref.url: message.observations.get(ref.url) for ref in message.media}
    digests = sorted((url, one.sha256) for url, one in seen.items() if isinstance(one, Fetched))
    if len(digests) != len(seen):
        return None
    texts = sorted((text.slide, text.value) for text in changes.custom_texts)
    whole = msgspec.json.encode([message.digest, digests, changes.custom_subject, texts])
    return "sha256:" + hashlib.sha256(whole).hexdigest()
