"""The fields of one ``sendSavedMMS`` call and the changes it makes to a stored message.

Field names and their meaning: Sinch XML API documentation, sendSavedMMS (2015, 2021 and later web
version). The API key is no field here: it never travels through the values that reports are made of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from mmscheck.model.words import SenderType


class CustomText(msgspec.Struct, frozen=True, kw_only=True):
    """A text that replaces the text of one slide (``custom-text``); slides count from 1."""

    slide: int
    value: str


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What a send changes in the stored message: subject, slide texts and merge data.

    ``data`` may be given as a mapping of names to values; it is kept as pairs, so that it can be hashed.
    """

    custom_subject: str | None = None
    custom_texts: tuple[CustomText, ...] = ()
    data: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Turn a mapping into pairs."""
        if isinstance(self.data, Mapping):
            msgspec.structs.force_setattr(self, "data", tuple(self.data.items()))


class SendWindow(msgspec.Struct, frozen=True, kw_only=True):
    """When the message is planned to go out: seconds since the epoch, both ends included."""

    opens: float
    closes: float


class SendRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of one ``sendSavedMMS`` call; None is a field that is left out."""

    mms_id: str | None = None
    to: str | None = None
    from_: str | None = None
    service_id: str | None = None
    fallback_sms_text: str | None = None
    operator_id: str | None = None
    ddm_force: str | None = None
    ddm_message_text: str | None = None
    ddm_message_subject: str | None = None
    ddm_message_timeout: str | None = None
    changes: Changes = Changes()

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts that it carries beside the message."""
        given = (self.fallback_sms_text, self.ddm_message_text, self.ddm_message_subject)
        return tuple(text for text in given if text)

    @property
    def digest(self) -> str:
        """``sha256:`` and the hex digest of all fields in a fixed order."""
        return "sha256:" + hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


_LONGEST_SHORT_CODE = 6
_TOLL_FREE = ("800", "833", "844", "855", "866", "877", "888")


def sender_type(number: str | None) -> SenderType | None:
    """The kind of a North American sender by its form, or None when the form does not tell.

    Short codes have 5 or 6 digits; toll-free numbers are 1 and an 8xx service code (NANP).
    """
    if not number or not (number.isascii() and number.isdigit()):
        return None
    if len(number) <= _LONGEST_SHORT_CODE:
        return SenderType.SHORT_CODE
    if number.startswith("1") and number[1:].startswith(_TOLL_FREE):
        return SenderType.TOLL_FREE
    return SenderType.LONG_CODE
