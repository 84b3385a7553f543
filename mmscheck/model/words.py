"""The small closed vocabularies: outcomes (W3C EARL), severities, targets, owners and media kinds."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What one rule found on one target, in the words of W3C EARL."""

    PASSED = "passed"
    FAILED = "failed"
    CANT_TELL = "cant-tell"
    INAPPLICABLE = "inapplicable"


class Severity(StrEnum):
    """Whether a rule guards the gate (error) or advises (warning)."""

    ERROR = "error"
    WARNING = "warning"


class TargetKind(StrEnum):
    """What a rule looks at."""

    MESSAGE = "message"
    SLIDE = "slide"
    MEDIA = "media"
    REQUEST = "request"


class Owner(StrEnum):
    """Who can mend what a rule finds."""

    CONTENT = "content"
    HOSTING = "hosting"
    SENDER = "sender"


class MediaKind(StrEnum):
    """The slide elements that carry a URL, named as the provider names them (saveMMS)."""

    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    VCARD = "vcard"
    ICAL = "ical"
    PDF = "pdf"
    PASSBOOK = "passbook"


OBJECT_KINDS = frozenset({MediaKind.VCARD, MediaKind.ICAL, MediaKind.PDF, MediaKind.PASSBOOK})
"""The kinds the provider calls objects: one to a slide, beside nothing but text (E223, E224)."""


class SenderType(StrEnum):
    """The kinds of number a message is sent from; size limits differ by them."""

    SHORT_CODE = "short-code"
    LONG_CODE = "long-code"
    TOLL_FREE = "toll-free"
