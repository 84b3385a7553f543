"""The fields of messages in the provider's JSON API, and which of them each action takes.

Sources: Sinch JSON API, savemms, sendmms and sendsavedmms (pages of 2026, seen in excerpts; first generation
about 2022 to 2025). What the excerpts do not show is not here, and is told as not documented.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mmscheck.base.json_text import Kind
from mmscheck.model.words import MediaKind

SAVE, SEND, SEND_SAVED = "savemms", "sendmms", "sendsavedmms"

SLIDE, NAME, SUBJECT, ACTION = "slide", "name", "message-subject", "action"

TYPES: Mapping[str, Kind] = MappingProxyType(
    {
        ACTION: Kind.TEXT,
        NAME: Kind.TEXT,
        SUBJECT: Kind.TEXT,
        SLIDE: Kind.ARRAY,
        **dict.fromkeys(
            (
                *("to", "from", "service-id", "mms-id", "fallback-sms-text", "client-reference"),
                *("fallback-sms-link-expiration", "mms-expiry-timestamp", "from-mask", "to-displayonly"),
            ),
            Kind.TEXT,
        ),
        **dict.fromkeys(("disable-fallback-sms", "disable-fallback-sms-link", "cache-content"), Kind.BOOLEAN),
        "custom-slides": Kind.ARRAY,
    }
)
"""Every field at the top by its type. Only that of ``cache-content`` is written down; the others follow from
the samples (texts) and from what switches are."""

_BOTH = frozenset(
    {
        *(ACTION, NAME, SUBJECT, SLIDE, "fallback-sms-text", "client-reference"),
        *("disable-fallback-sms", "disable-fallback-sms-link", "fallback-sms-link-expiration"),
    }
)
_SENDS = frozenset({"to", "from", "service-id", "to-displayonly", "from-mask", "mms-expiry-timestamp"})

FIELDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {SAVE: _BOTH, SEND: _BOTH | _SENDS | {"cache-content"}}
)
"""The fields of each action that has slides."""

MEDIA: Mapping[str, MediaKind] = MappingProxyType(
    {
        "image": MediaKind.IMAGE,
        "audio": MediaKind.AUDIO,
        "video": MediaKind.VIDEO,
        "contact": MediaKind.VCARD,
        "calendar": MediaKind.ICAL,
        "pdf": MediaKind.PDF,
    }
)
"""The members of a slide that name a file; passes are not among them, and the name for Excel is not shown."""

XML_MEDIA: Mapping[str, str] = MappingProxyType(
    {"vcard": "contact", "ical": "calendar", "passbook": "passbook"}
)
"""What the XML API calls some of them, and what to write in JSON; passes a rule refuses, by its data."""

TEXT, DURATION, URL = "message-text", "duration", "url"

KEYS = frozenset({"apikey", "xapikey"})
"""Names of the account's key, folded: it belongs into a header, and never into the body."""
