"""The codes of the provider's postbacks: what became of a save or a send after the call was answered.

Sources: Skycore XML API 1.3 (2015), Sinch XML API appendix and postback pages (2021 and later web version).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec


class PostbackKind(StrEnum):
    """What a postback says about the stored message or the send it names.

    ``status`` is a change that only the postback's status text explains.
    """

    READY = "ready"
    CORRUPT = "corrupt"
    SENT = "sent"
    STATUS = "status"
    DELIVERED_AS_SMS = "delivered-as-sms"
    FAILED = "failed"
    INBOUND = "inbound"
    DISCOVERY = "discovery"


class PostbackCode(msgspec.Struct, frozen=True, kw_only=True):
    """One postback code; ``meaning`` is a clause that can follow "the provider reports that"."""

    code: str
    meaning: str
    kind: PostbackKind


_MEANINGS = {
    "N003": (PostbackKind.READY, "the message is saved, and encoded where needed: its mms-id can be used"),
    "N013": (PostbackKind.SENT, "the message is encoded and its sending has started (sendMMS)"),
    "N101": (PostbackKind.SENT, "the message was handed over to the carrier"),
    "N102": (PostbackKind.STATUS, "the message was delivered or its status changed, as its status says"),
    "N103": (PostbackKind.FAILED, "the message expired"),
    "N201": (PostbackKind.SENT, "an SMS was sent"),
    "N202": (
        PostbackKind.DELIVERED_AS_SMS,
        "the message went out as an SMS, and arrived unless its status says otherwise",
    ),
    "N401": (PostbackKind.INBOUND, "a message came in"),
    "N501": (PostbackKind.DISCOVERY, "a device discovery message was sent"),
    "N502": (PostbackKind.DISCOVERY, "a device discovery message changed its status"),
    "E002": (PostbackKind.CORRUPT, "the audio could not be encoded when saving: the mms-id must not be used"),
    "E003": (PostbackKind.CORRUPT, "the video could not be encoded when saving: the mms-id must not be used"),
    "E004": (PostbackKind.CORRUPT, "the image could not be encoded when saving: the mms-id must not be used"),
    "E011": (PostbackKind.FAILED, "the content did not pass validation (in 2015: a video was not encoded)"),
    "E012": (PostbackKind.FAILED, "the audio could not be encoded (sendMMS)"),
    "E013": (PostbackKind.FAILED, "the video could not be encoded (sendMMS)"),
    "E100": (PostbackKind.FAILED, "the request was not valid"),
    "E101": (PostbackKind.FAILED, "the message could not be sent"),
    "E102": (
        PostbackKind.FAILED,
        "the message was not delivered: expired, rejected, not supported or not recognised",
    ),
    "E201": (PostbackKind.FAILED, "the SMS was not sent"),
    "E202": (PostbackKind.FAILED, "the SMS in place of the MMS was not delivered"),
    "E501": (PostbackKind.DISCOVERY, "the device discovery message could not be sent"),
    "E502": (PostbackKind.DISCOVERY, "the device discovery message was not delivered"),
    "E999": (PostbackKind.FAILED, "an error happened after the message was queued"),
}

POSTBACK_CODES: tuple[PostbackCode, ...] = tuple(
    PostbackCode(code=code, kind=kind, meaning=meaning) for code, (kind, meaning) in _MEANINGS.items()
)
"""Every documented postback code."""

_BY_CODE = {row.code: row for row in POSTBACK_CODES}


def explain_postback(code: str) -> PostbackCode | None:
    """The row for a postback code, in any case and with white space around it, or None when unknown."""
    return _BY_CODE.get(code.strip().upper())


POSTBACK_MEANINGS: Mapping[str, str] = MappingProxyType({row.code: row.kind.value for row in POSTBACK_CODES})
"""For each code what it says, as the ledger takes it."""
