"""The reference that a send carries to the provider and back, so that its notification is known again."""

from __future__ import annotations

import hashlib


def client_reference(key: str) -> str:
    """The ``client-reference`` of the send with this idempotency key: 64 hex digits, as many as it may have.

    64 characters: Sinch JSON API, sendsavedmms (pages of 2026). It is a digest, because a key may hold what
    the provider has no business to know.
    """
    return hashlib.sha256(
        b"mmscheck client-reference\0" + key.encode("utf-8", "backslashreplace")
    ).hexdigest()
