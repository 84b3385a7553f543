"""Why a TLS handshake failed, in words that stand for OpenSSL's; each reads as the end of a sentence."""

from __future__ import annotations

from enum import StrEnum


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
