"""The elements of a stored message in each dialect, and which element a name stands for.

Spellings: Sinch XML API, saveMMS and sendMMS (2021), for the modern dialect; Skycore XML API 1.3,
saveMMS and sendMMS (2011 to 2015), for the legacy ones, with what Skycore's current pages add. Names are
compared without regard to case, hyphens and underscores, so that ``Image``, ``apiKey`` and ``MESSAGE_TEXT``
are taken for what they mean.
"""

from __future__ import annotations

from mmscheck.base.xml import folded
from mmscheck.model.words import MediaKind

MODERN, LEGACY, LEGACY_CONTENT = "modern", "legacy", "legacy-content"

SUBJECT, NAME, SLIDE, TEXT, DURATION, URL = (
    "messagesubject",
    "name",
    "slide",
    "messagetext",
    "duration",
    "url",
)
UNSEEN = "personalizedimage"
"""A picture made for each recipient from a template (Skycore's current pages of sendMMS and saveMMS)."""
KINDS = {kind.value: kind for kind in MediaKind}
CONTAINERS = frozenset({"content", "sequence"})

_MODERN_SPELLINGS = {
    key.replace("-", "").lower(): key
    for key in (
        *("request", "action", "api-key", "message-subject", "name", "slide"),
        *("message-text", "duration", "url", *KINDS),
        *("to", "from", "operator-id", "service-id", "campaignRef", "mms-id"),
        *("fallback-sms-text", "fallback-sms-link-expiration", "from-mask"),
    )
}
_LEGACY_SPELLINGS = {
    **{key: spelling.upper().replace("-", "") for key, spelling in _MODERN_SPELLINGS.items()},
    "apikey": "API_KEY",
    "frommask": "FROM_MASK",
    "disablefallbacksms": "DISABLEFALLBACKSMS",
    "disablefallbacksmslink": "DISABLEFALLBACKSMSLINK",
    "object": "OBJECT",
    UNSEEN: "PERSONALIZED-IMAGE",
    "templateid": "TEMPLATE-ID",
    SUBJECT: "SUBJECT",
    TEXT: "TEXT",
    "content": "CONTENT",
    "sequence": "SEQUENCE",
    "spid": "SPID",
    "user": "USER",
    "pass": "PASS",
}
_SPELLINGS = {MODERN: _MODERN_SPELLINGS, LEGACY: _LEGACY_SPELLINGS, LEGACY_CONTENT: _LEGACY_SPELLINGS}

FIELDS = {
    key.replace("-", ""): key
    for key in (
        *("to", "from", "service-id", "operator-id", "fallback-sms-text", "fallback-sms-link-expiration"),
        *("from-mask", "disable-fallback-sms", "disable-fallback-sms-link"),
    )
}
"""What a message that is sent at once says beside its slides, by the names that both APIs have for it."""

_JSON_ONLY = {
    key.replace("-", ""): key
    for key in (
        *("disable-fallback-sms", "disable-fallback-sms-link", "client-reference"),
        *("mms-expiry-timestamp", "cache-content", "to-displayonly"),
    )
}
"""Fields of the provider's JSON API that its XML API's pages do not have."""

# "contact" and "calendar" are the names of the provider's JSON API.
_SYNONYMS = {"subject": SUBJECT, "text": TEXT, "contact": "vcard", "calendar": "ical"}
_LOOKALIKES = {
    **dict.fromkeys(("img", "picture", "photo", "gif"), "image"),
    "sound": "audio",
    "movie": "video",
    "vcf": "vcard",
    "ics": "ical",
    "pass": "passbook",
    "pkpass": "passbook",
    "uri": URL,
    "link": URL,
    "href": URL,
    "src": URL,
    "caption": TEXT,
}
_CLOSE = 0.8  # of 1.0 by difflib: "imgae" and "vidoe" reach it, words of another meaning do not


def key_of(name: str) -> str:
    """The name without case, hyphens, underscores and prefix; legacy and JSON names become modern ones."""
    key = folded(name.rpartition(":")[2])
    return _SYNONYMS.get(key, key)


def is_known(key: str) -> bool:
    """Whether any dialect documents an element of this key."""
    return key in _MODERN_SPELLINGS or key in _LEGACY_SPELLINGS


def elsewhere(key: str) -> str | None:
    """Who documents an element that this dialect does not have, or None when nobody does."""
    if key in _LEGACY_SPELLINGS and key not in _MODERN_SPELLINGS and key not in _LOOKALIKES:
        return "documented for the upper-case dialect only"
    return "documented for the provider's JSON API only" if key in _JSON_ONLY else None


def spelling(key: str, dialect: str) -> str | None:
    """How the dialect writes the element, or None when it has no such element."""
    return _SPELLINGS[dialect].get(key)


def likely(key: str) -> str | None:
    """The key of the documented element that an unknown name was probably meant to be."""
    if key in _LOOKALIKES:
        return _LOOKALIKES[key]
    import difflib  # noqa: PLC0415 - only a name that nobody knows is compared

    close = difflib.get_close_matches(key[:60], _MODERN_SPELLINGS, n=1, cutoff=_CLOSE)
    return close[0] if close else None
