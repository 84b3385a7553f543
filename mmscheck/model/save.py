"""What one ``saveMMS`` call stores with the provider: a whole document."""

from __future__ import annotations

import hashlib

import msgspec


class SaveRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One document to be saved, as the bytes that were checked; the API key is no part of it."""

    document: bytes

    @property
    def message_digest(self) -> str:
        """``sha256:`` and the hex digest of the document, as ``Mms.digest`` has it."""
        return "sha256:" + hashlib.sha256(self.document).hexdigest()

    @property
    def digest(self) -> str:
        """The same of the call; no digest of a send can equal it, which is the digest of a JSON object."""
        return "sha256:" + hashlib.sha256(b"saveMMS\0" + self.document).hexdigest()


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A stored message as ``getMMSTemplates`` lists it; None is what it did not say.

    It tells name, subject and how many slides there are; not what is on them.
    """

    mms_id: str
    name: str | None = None
    subject: str | None = None
    slides: str | None = None
