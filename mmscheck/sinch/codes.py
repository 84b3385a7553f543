"""The provider's codes: of a call, whether the message may have gone out; of a postback, what it tells.

Sources: Skycore XML API 1.3 appendix B (2015), Sinch XML API appendix (2021) and the later JSON code list
as far as public; for what they dropped, Skycore XML API 1.3 of 2013 to 2015-03. Left out: the functions of
2015 that have nothing to do with saving or sending an MMS (users, campaigns, e-mail, reports, passes,
beacons). A code that is not here is explained by nobody, so whoever meets one must treat the outcome as
unknown.

An answer and a postback may have the same code: ``E102`` is a call without a key, or a message that was not
delivered.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from mmscheck.model.ledger import PostbackMeaning


class CodeClass(StrEnum):
    """What a code says about the call that got it.

    ``fix``: certainly not done, and it will fail again until something is changed. ``retry``: certainly not
    done, and the same call may succeed later. ``unknown``: it may have been done.
    """

    FIX = "fix"
    RETRY = "retry"
    UNKNOWN = "unknown"


class ErrorCode(msgspec.Struct, frozen=True, kw_only=True):
    """One error code; ``meaning`` is a clause that can follow "the provider says".

    ``only`` names the one generation of the documents that has it, and is empty for the others: a reader can
    tell by it which codes can still come. ``too_fast``: every call of the account has to wait, not just this.
    """

    code: str
    meaning: str
    kind: CodeClass
    only: str = ""
    too_fast: bool = False

    @property
    def told(self) -> str:
        """The meaning, and which documents alone have the code, where not all do."""
        return f"{self.meaning} (documented by {self.only} only)" if self.only else self.meaning


_RETRY = {
    "E106": "calls followed each other too closely for this account",
    "E113": "this action's throughput limit was exceeded",
    "E618": "the lookup of the recipient's carrier failed",
    "E626": "the stored message is still being encoded (postback N003 has not come yet)",
}

_TOO_FAST = frozenset({"E106", "E113"})
"""Of these the ones that are about how often is called, and not about the one call."""

_UNKNOWN = {
    "E201": "an SMS could not be sent (documented for postbacks and for sending SMS, not for MMS calls)",
    "E503": "an internal error happened at the provider",
}

_FIX = {
    "E100": "the request is not a valid XML POST",
    "E101": "the action is missing, or there is no such action",
    "E102": "the user or the key is missing",
    "E103": "API access is blocked for this account or its parent account",
    "E104": "the API key is not valid",
    "E105": "this user has no API access",
    "E107": "this user may not use this action, or there is no such action",
    "E108": "the XML could not be parsed",
    "E109": "the API has not been activated for this account",
    "E110": "the recipient's number (to) is not valid",
    "E111": "the sender's number (from) is not valid for this account",
    "E112": "the caller's IP address is not on the account's allow-list",
    "E114": "the recipient's number is blacklisted",
    "E115": (
        "the sender mask (from-mask, Australia only) is not valid: at most 11 letters, digits, _ and - "
        "(XML API), or 50 characters (JSON API)"
    ),
    "E120": "the account's request limit is used up",
    "E212": "the page number is not valid",
    "E213": "the number of items per page is not valid",
    "E214": "the start date is not valid",
    "E223": "a slide holds more than one object (vCard, iCalendar, PDF or pass)",
    "E224": "a slide holds an object together with an image, audio or video",
    "E225": "the message has too many slides",
    "E226": "a slide holds audio together with video",
    "E227": "a slide holds a video together with an image",
    "E228": "a text is longer than the provider takes",
    "E229": "the content is not allowed",
    "E230": "a slide's duration is not valid",
    "E241": "there is no stored message with this mms-id",
    "E301": "the name is missing",
    "E302": "the message has no slides",
    "E303": "a slide is empty",
    "E304": "the subject is missing",
    "E311": "the name is missing or not valid",
    "E312": "the message has no slides",
    "E313": "a slide is empty",
    "E314": "the subject is missing or not valid",
    "E331": "an image is too big",
    "E332": "an audio file is too big",
    "E333": "a video is too big",
    "E334": "a slide's text is too long",
    "E335": "a vCard is too big",
    "E336": "an iCalendar file is too big",
    "E337": "a PDF is too big",
    "E338": "a pass is too big",
    "E341": "an image file is corrupted",
    "E343": "a video uses codecs the provider does not have",
    "E351": "an image could not be fetched from its URL",
    "E352": "an audio file could not be fetched from its URL",
    "E353": "a video could not be fetched from its URL",
    "E355": "a vCard could not be fetched from its URL",
    "E356": "an iCalendar file could not be fetched from its URL",
    "E357": "a PDF could not be fetched from its URL",
    "E358": "a pass could not be fetched from its URL",
    "E619": "the recipient's carrier is not set up for this account",
    "E620": "the mms-id is missing",
    "E621": "the recipient's number (to) is missing",
    "E622": "the fallback SMS text is missing",
    "E623": "there are more than 100 recipients",
    "E624": "the campaign to send to is missing",
    "E625": "the mms-id is not valid",
    "E627": "the service-id is missing or not valid",
    "E628": "the recipient's carrier is not supported",
    "E629": "a file's content type is not recognised",
    "E630": "the barcode database id is missing",
    "E631": "the barcode id is missing",
    "E632": "the barcode database id is not valid",
    "E633": "the stored message holds no barcode",
    "E640": "the inbox message id is missing",
    "E641": "the inbox message id is not valid",
    "E642": "the inbox message has no content",
    "E643": "the inbox message's content could not be removed",
    "E650": "the operator-id is missing or not valid",
    "E651": "the operator-id is not known to the provider",
    "E712": "the text is missing",
    "E713": "there is a billing problem with the account",
    "E714": "the campaign id is missing or not valid",
    "E715": "the recipient is not subscribed to the campaign",
}


_OLDEST, _OF_2015, _JSON = "Skycore XML API 1.3 until 2015-03", "Skycore XML API 1.3 (2015)", "the JSON API"
_OF_2014 = "Skycore XML API 1.3 of 2013 to 2014, before they became E311 to E314"
_ONLY = {
    **dict.fromkeys(("E101", "E102"), _OLDEST),
    **dict.fromkeys(("E301", "E302", "E303", "E304"), _OF_2014),
    **dict.fromkeys(
        ("E109", "E343", "E621", "E623", "E624", "E625", "E630", "E631", "E632", "E633"), _OF_2015
    ),
    **dict.fromkeys(("E640", "E641", "E642", "E643", "E712", "E714", "E715"), _OF_2015),
    **dict.fromkeys(("E103", "E115"), _JSON),
}
"""Codes that one generation of the documents has; E103 stood for another refusal until 2015-03."""


def _rows(meanings: dict[str, str], kind: CodeClass) -> list[ErrorCode]:
    return [
        ErrorCode(code=code, meaning=meaning, kind=kind, only=_ONLY.get(code, ""), too_fast=code in _TOO_FAST)
        for code, meaning in meanings.items()
    ]


ERROR_CODES: tuple[ErrorCode, ...] = tuple(
    sorted(
        _rows(_FIX, CodeClass.FIX) + _rows(_RETRY, CodeClass.RETRY) + _rows(_UNKNOWN, CodeClass.UNKNOWN),
        key=lambda row: row.code,
    )
)
"""Every error code that can concern saving or sending an MMS, in order."""

_BY_CODE = {row.code: row for row in ERROR_CODES}


def explain(code: str) -> ErrorCode | None:
    """The row for a code, written in any case and with white space around it, or None when unknown."""
    return _BY_CODE.get(code.strip().upper())


class PostbackCode(msgspec.Struct, frozen=True, kw_only=True):
    """One postback code; ``meaning`` is a clause that can follow "the provider reports that"."""

    code: str
    meaning: str
    kind: PostbackMeaning


_MEANINGS = {
    "N003": (PostbackMeaning.READY, "the message is saved, and encoded where needed: its mms-id can be used"),
    "N013": (PostbackMeaning.SENT, "the message is encoded and its sending has started (sendMMS)"),
    "N101": (PostbackMeaning.SENT, "the message was handed over to the carrier"),
    "N102": (PostbackMeaning.STATUS, "the message was delivered or its status changed, as its status says"),
    "N103": (PostbackMeaning.FAILED, "the message expired"),
    "N201": (PostbackMeaning.SENT, "an SMS was sent"),
    "N202": (
        PostbackMeaning.DELIVERED_AS_SMS,
        "the message went out as an SMS, and arrived unless its status says otherwise",
    ),
    "N211": (PostbackMeaning.INBOUND, "an SMS came in as a reply"),
    "N301": (PostbackMeaning.SUBSCRIBED, "the number subscribed"),
    "N302": (PostbackMeaning.UNSUBSCRIBED, "the number unsubscribed: it must not be texted"),
    "N401": (PostbackMeaning.INBOUND, "a message came in"),
    "N501": (PostbackMeaning.DISCOVERY, "a device discovery message was sent"),
    "N502": (PostbackMeaning.DISCOVERY, "a device discovery message changed its status"),
    "E002": (
        PostbackMeaning.CORRUPT,
        "the audio could not be encoded when saving: the mms-id must not be used",
    ),
    "E003": (
        PostbackMeaning.CORRUPT,
        "the video could not be encoded when saving: the mms-id must not be used",
    ),
    "E004": (
        PostbackMeaning.CORRUPT,
        "the image could not be encoded when saving: the mms-id must not be used",
    ),
    "E011": (
        PostbackMeaning.FAILED,
        "the content did not pass validation (in 2015: a video was not encoded)",
    ),
    "E012": (PostbackMeaning.FAILED, "the audio could not be encoded (sendMMS)"),
    "E013": (PostbackMeaning.FAILED, "the video could not be encoded (sendMMS)"),
    "E100": (PostbackMeaning.FAILED, "the request was not valid"),
    "E101": (PostbackMeaning.FAILED, "the message could not be sent"),
    "E102": (
        PostbackMeaning.FAILED,
        "the message was not delivered: expired, rejected, not supported or not recognised",
    ),
    "E201": (PostbackMeaning.FAILED, "the SMS was not sent"),
    "E202": (PostbackMeaning.FAILED, "the SMS in place of the MMS was not delivered"),
    "E501": (PostbackMeaning.DISCOVERY, "the device discovery message could not be sent"),
    "E502": (PostbackMeaning.DISCOVERY, "the device discovery message was not delivered"),
    "E999": (PostbackMeaning.FAILED, "an error happened after the message was queued"),
}

POSTBACK_CODES: tuple[PostbackCode, ...] = tuple(
    PostbackCode(code=code, kind=kind, meaning=meaning) for code, (kind, meaning) in _MEANINGS.items()
)
"""Every documented postback code."""

_BY_POSTBACK_CODE = {row.code: row for row in POSTBACK_CODES}


def explain_postback(code: str) -> PostbackCode | None:
    """The row for a postback code, in any case and with white space around it, or None when unknown."""
    return _BY_POSTBACK_CODE.get(code.strip().upper())


POSTBACK_MEANINGS: Mapping[str, str] = MappingProxyType({row.code: row.kind.value for row in POSTBACK_CODES})
"""For each code what it says, as the ledger takes it."""
