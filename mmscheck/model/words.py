"""The small closed vocabularies: outcomes (W3C EARL), causes, severities, targets, owners and media kinds."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What one rule found on one target, in the words of W3C EARL."""

    PASSED = "passed"
    FAILED = "failed"
    CANT_TELL = "cant-tell"
    INAPPLICABLE = "inapplicable"

    @property
    def settled(self) -> bool:
        """Whether there is nothing to look at: it passed, or does not apply."""
        return self in _SETTLED


_SETTLED = frozenset({Outcome.PASSED, Outcome.INAPPLICABLE})


class Because(StrEnum):
    """What a rule is undecided for want of, or what its failure comes down to: for programs, in no report.

    By this, and by no sentence, reports tell what follows from what, and what would decide it.
    """

    DOCUMENT = "document"  # it could not be read
    FILE = "file"  # it did not come whole
    ANSWER = "answer"  # no server gave one, as for a local file
    PROXY = "proxy"  # what came may be the proxy's work
    TAGS = "tags"  # of a text, whose values are not known
    TOO_LONG = "too-long"  # a text that is not looked at one by one
    WEIGHT = "weight"  # of a text in the size of the message
    LIMIT = "limit"  # which of several numbers counts is not known
    UNPROVEN_TYPE = "unproven-type"  # a name suggests one, and no byte
    UNKNOWN_TYPE = "unknown-type"
    COMPRESSED = "compressed"  # the type is that of what is packed
    NOT_LOOKED_AT = "not-looked-at"  # whatever looked at the bytes broke off
    NOT_DECODED = "not-decoded"  # nothing tried
    NOT_DECODABLE = "not-decodable"  # a decoder tried
    OTHER_KIND = "other-kind"  # the decoder took it for something else
    DECODER = "decoder"  # it does not look for what is asked
    TIME = "time"  # a worker was stopped
    CPU_TIME = "cpu-time"
    MEMORY = "memory"
    WORKER_DIED = "worker-died"
    NO_WORKER = "no-worker"  # none could be started here
    NOT_ASKED = "not-asked"  # for, with gzip accepted
    OTHER_ANSWER = "other-answer"  # the one to a request that accepts gzip is at fault
    LENGTHS = "lengths"  # nothing but how many bytes are stated
    OTHER_DOCUMENT = "other-document"  # the rule is for other kinds of document


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


class DocumentKind(StrEnum):
    """What a document asks for: to keep a message, to send one at once, or something of another provider."""

    SAVED = "saved"  # saveMMS, savemms; sent later by its mms-id
    ONE_SHOT = "one-shot"  # sendMMS, sendmms
    OTHER = "other"  # the payload of another provider, which is checked and never sent


class Dialect(StrEnum):
    """The notation a document is written in."""

    XML = "xml"
    JSON = "json"


class Document(StrEnum):
    """Kind and dialect in one: what a rule is for is said in these words."""

    SAVED_XML = "saved-xml"
    SAVED_JSON = "saved-json"
    ONE_SHOT_XML = "one-shot-xml"
    ONE_SHOT_JSON = "one-shot-json"
    OTHER = "other"


def dialect_of(document: Document) -> Dialect:
    """The notation of a document; payloads of other providers count as XML, and no call is made of them."""
    return Dialect.JSON if document in {Document.SAVED_JSON, Document.ONE_SHOT_JSON} else Dialect.XML


def document_of(kind: DocumentKind, dialect: Dialect) -> Document:
    """The word for both; that of another provider is one in either dialect."""
    return Document.OTHER if kind is DocumentKind.OTHER else Document(f"{kind}-{dialect}")


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


class Handshake(StrEnum):
    """The causes that OpenSSL's errors and the alerts of TLS (RFC 8446, section 6) come down to."""

    OLD_VERSION = "the server speaks only versions of TLS older than 1.2"
    NOT_TLS = "what answers there does not speak TLS; perhaps it is plain http"
    NAME_REFUSED = "the server does not know this host name, and refuses it (SNI)"
    CLIENT_CERTIFICATE = "the server demands a certificate of whoever connects"
    NO_AGREEMENT = (
        "the server refused the handshake: it shares no cipher with current clients, has no certificate for"
        " this host name, or demands a certificate of whoever connects"
    )
    WEAK = "the server offers only ciphers or keys that are too weak"
    SERVER_FAULT = (
        "the server itself failed in the handshake; perhaps it has no certificate for this host name"
    )
    CUT_OFF = "the server closed the connection in the middle of the handshake"
    OTHER = "the server and this program could not agree on a connection"


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
