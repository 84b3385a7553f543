"""What helps when a URL gave no whole file, and who can do it: by the reason, for an answer by its status.

`ADVICE` is complete over the reasons. An empty fix leaves the rule's own: to look with another client.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from mmscheck.model.observation import NotFetched, Reason
from mmscheck.model.words import Handshake, Owner


class ReachAdvice(msgspec.Struct, frozen=True):
    """What to do and who can; ``doubt`` ends the sentence of a reason that decides nothing."""

    owner: Owner
    fix: str
    doubt: str = ""


_CONTENT, _HOSTING, _SENDER = Owner.CONTENT, Owner.HOSTING, Owner.SENDER
_NOT_CERTAIN = "; it is not certain that the server is at fault"
_OUTSIDE = "Try the URL with curl from a machine outside your network"
_CERTIFICATE = (
    "Install a certificate that is in date, is issued for this host name by a public authority, and is"
    " served with all intermediate certificates (the full chain file); tls-valid says what is wrong with it."
)
_REDIRECT = (
    "Write the URL at the end of the redirects into the message, where it is permanent, or let the server"
    " redirect to it once, over https and with one whole Location."
)

ADVICE: Mapping[Reason, ReachAdvice] = MappingProxyType(
    {
        Reason.INVALID_URL: ReachAdvice(
            _CONTENT,
            "Correct the URL in the message: the whole address, beginning with http:// or https://, and"
            " nothing around it. The rules url-absolute and url-clean name what is wrong with it.",
        ),
        Reason.ADDRESS_REFUSED: ReachAdvice(
            _HOSTING,
            "Put the media on a public host, on port 80 or 443: the provider cannot reach into your network."
            " Every DNS record of the host, IPv4 and IPv6, must be a public address. For a test of your own,"
            " allow the network with --allow-net.",
        ),
        Reason.DNS_NOT_FOUND: ReachAdvice(
            _CONTENT,
            "Correct the host name in the URL: there is no DNS record for the one written there. If it is"
            " spelled as you want it, ask those who run the host to create the record, and check again.",
        ),
        Reason.DNS_FAILED: ReachAdvice(
            _SENDER,
            "Check again, and see whether this machine can look up other host names. If it can, hosting has"
            " to look at the name servers of the domain, and at its DNSSEC.",
            _NOT_CERTAIN,
        ),
        Reason.REFUSED: ReachAdvice(
            _HOSTING,
            "Start the web server, open its port in the firewall, or correct the port in the URL."
            f" {_OUTSIDE}: a firewall of your own may be what refuses.",
            _NOT_CERTAIN,
        ),
        Reason.UNREACHABLE: ReachAdvice(
            _SENDER,
            "See whether this machine reaches other hosts, over IPv6 too where the host has such an address."
            " If it does, hosting has to look at the route to the server.",
            _NOT_CERTAIN,
        ),
        Reason.RESET: ReachAdvice(
            _HOSTING,
            "Look into the server's log, and into the firewall, bot protection or proxy before it, for what"
            f" closes the connection (the provider is no browser either). {_OUTSIDE}: it may be your own.",
            _NOT_CERTAIN,
        ),
        Reason.TIMED_OUT: ReachAdvice(
            _HOSTING,
            f"Look for a firewall that drops connections, or for what keeps the server busy. {_OUTSIDE}: your"
            " own may be what is slow. Then check again, with a longer --timeout if need be.",
            _NOT_CERTAIN,
        ),
        Reason.TOO_SLOW: ReachAdvice(
            _HOSTING,
            "Serve the media from a CDN or a bucket, and make large files smaller."
            f" {_OUTSIDE}: your own may be what is slow.",
            _NOT_CERTAIN,
        ),
        Reason.PROXY_FAILED: ReachAdvice(
            _SENDER,
            "Start the proxy, correct --proxy (or proxy in mmscheck.toml), or give it the credentials it"
            " asks for (407); for a 502 or 504, see in its log why it did not get through.",
            "; this says nothing about the media server",
        ),
        Reason.DEADLINE: ReachAdvice(
            _SENDER,
            "Check again with a longer --deadline, or fewer messages at once.",
        ),
        Reason.BUSY: ReachAdvice(
            _HOSTING,
            "Check again later; slow mmscheck down with --rate 1 or --per-host 1. If it stays, exempt the"
            " media path from the rate limit, as the provider is likely to fetch from few addresses too, and"
            " see whether the server is overloaded or in maintenance (503).",
        ),
        Reason.LENGTH_AND_CHUNKED: ReachAdvice(
            _HOSTING,
            "Mend what not-chunked finds for this URL: with Transfer-Encoding beside Content-Length, programs"
            " disagree on where the file ends.",
        ),
        Reason.TWO_LENGTHS: ReachAdvice(
            _HOSTING, "Mend what content-length-true finds for this URL: its length is stated more than once."
        ),
        Reason.SHORT_BODY: ReachAdvice(
            _HOSTING,
            "Mend what content-length-true finds for this URL: fewer bytes came than were stated.",
        ),
        Reason.MALFORMED_HTTP: ReachAdvice(
            _HOSTING,
            "Mend what response-well-formed finds for this URL; it shows the lines that are at fault.",
        ),
        Reason.TOO_LARGE: ReachAdvice(
            _CONTENT,
            "Write the URL of a smaller file into the message: this one is far beyond what any MMS carries.",
        ),
        Reason.BAD_STATUS: ReachAdvice(_HOSTING, ""),
        Reason.REDIRECT_LOOP: ReachAdvice(_HOSTING, _REDIRECT),
        Reason.TOO_MANY_REDIRECTS: ReachAdvice(_HOSTING, _REDIRECT),
        Reason.INSECURE_REDIRECT: ReachAdvice(_HOSTING, _REDIRECT),
        Reason.BAD_REDIRECT: ReachAdvice(_HOSTING, _REDIRECT),
        Reason.TLS_CERTIFICATE: ReachAdvice(_HOSTING, _CERTIFICATE),
        Reason.TLS_HANDSHAKE: ReachAdvice(
            _HOSTING,
            "Let the server speak TLS 1.2 or 1.3 on this port, for this host name; a port that serves plain"
            " http needs a URL with http:// in place of https://.",
        ),
        Reason.NOT_LOOKED: ReachAdvice(_SENDER, "Check again: nobody has asked for this file yet."),
        Reason.OFFLINE: ReachAdvice(_SENDER, "Use mmscheck check, which fetches what lint does not."),
        Reason.NO_LOCAL_FILE: ReachAdvice(
            _CONTENT, "Put the file into the folder that is mapped to this URL."
        ),
        Reason.INTERNAL: ReachAdvice(
            _SENDER,
            "Check again; if it stays, report it with the evidence: mmscheck itself is at fault.",
            "; this says nothing about the media server",
        ),
    }
)
"""What helps, by the reason; that of `Reason.BAD_STATUS` stands for statuses of which no more is known."""

_NOT_THERE = ReachAdvice(
    _CONTENT,
    "Look for a typing error in the URL (in a path, A is not a); else upload the file to exactly this path.",
)
_LOCKED = ReachAdvice(
    _HOSTING,
    "Make the file public: to be fetched without login, cookie or Referer, and exempt from bot and hotlink"
    " protection, as the provider logs in nowhere and is no browser either. Some buckets answer 403 also for"
    " a file that is not there, so look for a typing error in the URL, too; a signed URL may have expired.",
)
_NOT_WHOLE = ReachAdvice(
    _HOSTING, "Let the server answer a plain GET, without Range or conditions, with 200."
)
_BROKEN = ReachAdvice(
    _HOSTING,
    "Look into the log of the server, and of what runs behind it, for this URL; mend that and check again.",
)

BY_STATUS: Mapping[int, ReachAdvice] = MappingProxyType(
    {
        **dict.fromkeys((401, 403, 451), _LOCKED),
        **dict.fromkeys((404, 410), _NOT_THERE),
        **dict.fromkeys((*range(201, 300), 304), _NOT_WHOLE),
        **dict.fromkeys(range(500, 600), _BROKEN),
    }
)
"""What helps where the server answered, by its last status."""


_VERSION = (
    "Switch on TLS 1.2 and 1.3 on this server; the certificate is not the matter. In nginx: ssl_protocols"
    " TLSv1.2 TLSv1.3; in Apache: SSLProtocol -all +TLSv1.2 +TLSv1.3."
)
_CLIENT = (
    "Do not demand a client certificate on the media host: the provider has none to show. In nginx:"
    " ssl_verify_client off; in Apache: SSLVerifyClient none; at a CDN: mutual TLS off for this host."
)
_NAME = (
    "Add this host name to the server (its server block, virtual host or site) with a certificate for it, or"
    " correct the host name in the URL."
)
_CIPHERS = (
    "Offer ciphers and keys of today: ECDHE with AES-GCM or ChaCha20, and RSA keys of 2048 bits or more (or"
    " ECDSA); without a list of ciphers of their own, current servers do."
)

BY_HANDSHAKE: Mapping[Handshake, str] = MappingProxyType(
    {
        Handshake.OLD_VERSION: _VERSION,
        Handshake.NOT_TLS: "Let this port speak TLS, or write http:// in place of https:// into the message.",
        Handshake.NAME_REFUSED: _NAME,
        Handshake.CLIENT_CERTIFICATE: _CLIENT,
        Handshake.NO_AGREEMENT: f"One of three. {_CLIENT} {_NAME} {_CIPHERS}",
        Handshake.WEAK: _CIPHERS,
        Handshake.SERVER_FAULT: f"Look into the server's log. {_NAME}",
        Handshake.CUT_OFF: (
            f"Look into the server's log, and at the firewall or balancer before it. {_NAME} {_VERSION}"
        ),
        Handshake.OTHER: f"{_VERSION} If it speaks these already: {_NAME}",
    }
)
"""What helps when a handshake failed, by why it did."""


def handshake_fix(observation: NotFetched) -> str:
    """What helps against a failed handshake; empty where it was none, or where the reason says no more."""
    if observation.reason is not Reason.TLS_HANDSHAKE:
        return ""
    return next((fix for why, fix in BY_HANDSHAKE.items() if why.value == observation.detail), "")


def advice(observation: NotFetched) -> ReachAdvice:
    """What helps, and who can do it."""
    if fix := handshake_fix(observation):
        return ReachAdvice(_HOSTING, fix)
    status = observation.final.status if observation.final else None
    general = ADVICE[observation.reason]
    if observation.reason is not Reason.BAD_STATUS or status is None:
        return general
    return BY_STATUS.get(status, general)


def how_often(observation: NotFetched) -> str:
    """``, asked 3 times``, as the end of a phrase; empty for once and where the last turn made no request."""
    times = observation.attempts
    if times <= 1 or observation.reason in _NOT_ASKED or _held_back(observation):
        return ""
    asked = f"asked {times} times"
    # Not "did so 3 times": the requests before the last may have met something else.
    return f"; it was {asked}" if observation.reason is Reason.BUSY else f", {asked}"


_NOT_ASKED = frozenset({Reason.DEADLINE, Reason.INTERNAL})
"""Reasons that may end an attempt before its request."""


def _held_back(observation: NotFetched) -> bool:
    """Whether the server had told another URL's request to wait, so that this one was not made."""
    status = observation.final.status if observation.final else None
    return observation.reason is Reason.BUSY and status not in _BUSY


_BUSY = frozenset({429, 503})
