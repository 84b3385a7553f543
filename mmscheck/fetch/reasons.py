"""What the HTTP library raises, turned into a named reason by what was seen on the wire."""

from __future__ import annotations

import errno
import re
import ssl

import aiohttp

from mmscheck.fetch.certificates import certificate_fault
from mmscheck.fetch.exchange import Exchange
from mmscheck.fetch.failure import Failure
from mmscheck.fetch.head import framing_fault
from mmscheck.fetch.wire import AddressDeniedError
from mmscheck.model.observation import Reason
from mmscheck.model.words import Handshake

_PASSING = frozenset({502, 503, 504})

_ERRNO = re.compile(r"\[Errno (\d+)\]")

_BY_ERRNO = {
    errno.ECONNREFUSED: Reason.REFUSED,
    errno.ECONNRESET: Reason.RESET,
    errno.ECONNABORTED: Reason.RESET,
    errno.EPIPE: Reason.RESET,
    errno.ENETUNREACH: Reason.UNREACHABLE,
    errno.EHOSTUNREACH: Reason.UNREACHABLE,
    errno.ENETDOWN: Reason.UNREACHABLE,
    errno.EHOSTDOWN: Reason.UNREACHABLE,
    errno.EADDRNOTAVAIL: Reason.UNREACHABLE,
    errno.EAFNOSUPPORT: Reason.UNREACHABLE,
    errno.EACCES: Reason.UNREACHABLE,
    errno.EPERM: Reason.UNREACHABLE,
    errno.ETIMEDOUT: Reason.TIMED_OUT,
}


def explain(error: Exception, exchange: Exchange) -> Failure:
    """The reason behind ``error``; an error that is not the network's or the server's is raised again."""
    if exchange.broken:
        return Failure(Reason.MALFORMED_HTTP, exchange.fault)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        exchange.tls_error, detail = certificate_fault(error.certificate_error)
        return Failure(Reason.TLS_CERTIFICATE, detail)
    if isinstance(error, aiohttp.ClientConnectorError):
        return _not_connected(error.os_error)
    if isinstance(error, aiohttp.ClientPayloadError):
        return _cut_short(exchange)
    if isinstance(error, aiohttp.ClientResponseError):
        return _malformed(error, exchange)
    if isinstance(error, aiohttp.ClientOSError | aiohttp.ServerDisconnectedError):
        return _dropped(exchange)
    raise error


def proxy_failure(error: Exception, exchange: Exchange) -> Failure | None:
    """What the proxy did wrong, or None when ``error`` is not of its making."""
    proxy = exchange.route.proxy
    if proxy is None:
        return None
    if isinstance(error, aiohttp.ClientHttpProxyError):
        detail = f"{proxy.text} answered CONNECT with HTTP {error.status} {error.message}".rstrip()
        return Failure(Reason.PROXY_FAILED, detail, transient=error.status in _PASSING)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        # A space behind the URL: redaction would take a mark there for a part of it.
        detail = f"{proxy.text} could not be reached: {error.os_error.strerror or error.os_error}"
        return Failure(Reason.PROXY_FAILED, detail, transient=True)
    if exchange.connected or isinstance(error, aiohttp.ClientConnectorError):
        return None
    return Failure(Reason.PROXY_FAILED, f"{proxy.text} gave no usable answer to CONNECT", transient=True)


def _not_connected(error: OSError) -> Failure:
    text = error.strerror or str(error)
    if isinstance(error, AddressDeniedError):
        return Failure(Reason.ADDRESS_REFUSED, text)
    if isinstance(error, ssl.SSLError):
        return Failure(Reason.TLS_HANDSHAKE, _tls_text(error))
    # Several addresses failed in different ways: the text alone still names the numbers.
    named = _ERRNO.search(str(error))
    number = error.errno or (int(named[1]) if named else None)
    if number is None and isinstance(error, ConnectionError):
        # The event loop makes these up without a number when a server closes during the TLS handshake.
        return Failure(Reason.RESET, "before any request could be made")
    if number not in _BY_ERRNO:
        raise error
    return Failure(_BY_ERRNO[number], "" if number == errno.ECONNREFUSED else text)


def _malformed(error: aiohttp.ClientResponseError, exchange: Exchange) -> Failure:
    head = exchange.head
    if head is not None and head.status is None:
        return Failure(Reason.MALFORMED_HTTP, f"the status line is {head.line!r}")
    fault = None if head is None else framing_fault(head)
    return fault or Failure(Reason.MALFORMED_HTTP, error.message.partition(":")[0])


def _cut_short(exchange: Exchange) -> Failure:
    if exchange.lost is not None:
        return reset_in_body(exchange)
    if exchange.length is not None:
        return Failure(Reason.SHORT_BODY, f"received {exchange.received} of {exchange.length} bytes")
    if exchange.ended:
        return Failure(Reason.RESET, f"before the last chunk, after {exchange.decoded} bytes of the body")
    return Failure(Reason.MALFORMED_HTTP, "the chunked body is not well formed")


def reset_in_body(exchange: Exchange) -> Failure:
    """The connection broke before the body was over."""
    expected = "" if exchange.length is None else f" of {exchange.length}"
    return Failure(Reason.RESET, f"after {exchange.body_so_far}{expected} bytes of the body")


def _dropped(exchange: Exchange) -> Failure:
    if isinstance(exchange.lost, ssl.SSLError):
        return Failure(Reason.TLS_HANDSHAKE, _tls_text(exchange.lost))
    return Failure(Reason.RESET, f"while {exchange.phase}")


def _tls_text(error: ssl.SSLError) -> str:
    reason = (error.reason or "").upper()
    return next((cause.value for cause, names in _HANDSHAKES if reason in names), Handshake.OTHER.value)


_HANDSHAKES: tuple[tuple[Handshake, frozenset[str]], ...] = (
    (
        Handshake.OLD_VERSION,
        frozenset(
            {
                *("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "WRONG_SSL_VERSION"),
                *("NO_PROTOCOLS_AVAILABLE", "UNKNOWN_PROTOCOL", "VERSION_TOO_LOW"),
            }
        ),
    ),
    (
        Handshake.NOT_TLS,
        frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"}),
    ),
    (Handshake.NAME_REFUSED, frozenset({"TLSV1_UNRECOGNIZED_NAME", "TLSV1_ALERT_UNRECOGNIZED_NAME"})),
    (
        Handshake.CLIENT_CERTIFICATE,
        frozenset(
            {"TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_BAD_CERTIFICATE", "TLSV1_ALERT_UNKNOWN_CA"}
        ),
    ),
    (
        Handshake.NO_AGREEMENT,
        frozenset(
            {
                *("SSLV3_ALERT_HANDSHAKE_FAILURE", "SSL/TLS_ALERT_HANDSHAKE_FAILURE", "NO_SHARED_CIPHER"),
                *("NO_CIPHERS_AVAILABLE", "TLSV1_ALERT_ACCESS_DENIED", "NO_SUITABLE_SIGNATURE_ALGORITHM"),
            }
        ),
    ),
    (
        Handshake.WEAK,
        frozenset(
            {
                *("DH_KEY_TOO_SMALL", "EE_KEY_TOO_SMALL", "CA_MD_TOO_WEAK", "BAD_DH_VALUE", "BAD_SIGNATURE"),
                *("TLSV1_ALERT_INSUFFICIENT_SECURITY", "WRONG_SIGNATURE_TYPE", "WRONG_CIPHER_RETURNED"),
                *("UNSAFE_LEGACY_RENEGOTIATION_DISABLED", "MODULUS_TOO_LARGE", "UNKNOWN_CIPHER_RETURNED"),
            }
        ),
    ),
    (Handshake.SERVER_FAULT, frozenset({"TLSV1_ALERT_INTERNAL_ERROR", "SSL/TLS_ALERT_INTERNAL_ERROR"})),
    (Handshake.CUT_OFF, frozenset({"UNEXPECTED_EOF_WHILE_READING", "SSLV3_ALERT_CLOSE_NOTIFY"})),
)
"""OpenSSL's names of reasons (openssl/sslerr.h, versions 1.1.1 to 3.5), by what they come down to."""
