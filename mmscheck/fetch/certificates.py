"""What is wrong with a refused certificate, in plain words, and which one of the chain is at fault.

OpenSSL says the same of a missing intermediate certificate and of an authority that nobody trusts, and
browsers hide the first by fetching it themselves. So after a refusal one more handshake is made with the
same address, without verification and without a word of HTTP, for the certificates that come with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import aiohttp
import msgspec

from mmscheck.base.text import one_line
from mmscheck.fetch.exchange import Exchange
from mmscheck.fetch.failure import LONGEST, Failure
from mmscheck.fetch.guard import Networks
from mmscheck.fetch.url import Target
from mmscheck.fetch.wire import open_socket
from mmscheck.model.observation import Reason

_MEANINGS = {
    2: "the issuer of an intermediate certificate is not known",
    9: "the certificate is not valid yet",
    10: "the certificate has expired",
    18: "the certificate is self-signed",
    19: "the chain ends in a self-signed certificate that is not trusted",
    20: "the issuer is not known: an intermediate certificate is missing, or the authority is not trusted",
    21: "the first certificate cannot be verified: an intermediate certificate is missing",
    7: "the signature of a certificate is wrong",
    23: "the certificate has been revoked",
    24: "a certificate that signed another is not allowed to",
    25: "the chain has more certificates than one of them allows",
    26: "the certificate is not for web servers",
    47: "the certificate is for a name that its authority may not sign for",
    66: "the key of the certificate is too weak",
    67: "the key of an authority in the chain is too weak",
    68: "a certificate of the chain is signed in a way that is too weak",
    62: "the certificate is for another host name",
    64: "the certificate is for another address",
}
"""OpenSSL's X509_V_ERR_* numbers (openssl/x509_vfy.h)."""

_UNKNOWN = "the certificate could not be verified"

TIME_CODES = frozenset({9, 10})
"""Too early or too late for some certificate of the chain."""

NAME_CODES = frozenset({62, 64})
"""For another host."""

AUTHORITY_CODES = frozenset({2, 19, 20, 21})
"""No way from the server's certificate up to an authority that is trusted."""

PATIENCE = 5.0
"""Seconds for the second handshake: it only makes a sentence clearer."""

_MOST_NAMES = 5

_NAMING = ("commonName", "organizationalUnitName", "organizationName")


def certificate_fault(error: BaseException) -> tuple[str, str]:
    """(verification message, the same in plain words) of a refused certificate."""
    message = str(getattr(error, "verify_message", "") or error)
    code = getattr(error, "verify_code", None)
    return message, _MEANINGS.get(code, _UNKNOWN) if isinstance(code, int) else _UNKNOWN


class SentCertificate(msgspec.Struct, frozen=True):
    """What a certificate says of itself; nothing of it was verified.

    ``begins`` and ``ends`` are seconds since the epoch; ``hosts`` the names and addresses it is for;
    ``points_up`` whether it says where its issuer's certificate can be fetched, as those of public
    authorities do.
    """

    subject: tuple[Any, ...]
    issuer: tuple[Any, ...]
    begins: float
    ends: float
    hosts: tuple[str, ...]
    points_up: bool


async def clarify(failure: Failure, target: Target, exchange: Exchange, allowed: Networks) -> None:
    """Say in ``failure``, when a certificate was refused, which one is at fault; otherwise leave it as it is.

    Behind a proxy nothing is asked again.
    """
    cause = failure.__cause__
    if failure.reason is not Reason.TLS_CERTIFICATE or exchange.route.proxy or exchange.dialled is None:
        return
    if not isinstance(cause, aiohttp.ClientConnectorCertificateError):
        return
    code = getattr(cause.certificate_error, "verify_code", None)
    with contextlib.suppress(OSError, ValueError):
        async with asyncio.timeout(PATIENCE):
            chain = await sent_chain(exchange.dialled, exchange.route.port, target.host, allowed)
        told = describe(code, chain, time.time(), failure.detail)
        failure.detail = one_line(told, LONGEST)


async def sent_chain(address: str, port: int, host: str, allowed: Networks) -> tuple[SentCertificate, ...]:
    """The certificates that the server at ``address`` sends to one who asks for ``host``, its own first.

    Empty where this Python does not hand them out. Raises OSError, TimeoutError as the network does.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    dialled = open_socket(allowed, (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port)))
    loop = asyncio.get_running_loop()
    try:
        dialled.settimeout(0)
        await loop.sock_connect(dialled, (address, port))
        transport, _ = await loop.create_connection(
            asyncio.Protocol, sock=dialled, ssl=_unverified(), server_hostname=host
        )
    except BaseException:
        dialled.close()
        raise
    try:
        return _chain_of(transport.get_extra_info("ssl_object"))
    finally:
        transport.abort()


def describe(code: int | None, chain: tuple[SentCertificate, ...], now: float, said: str) -> str:
    """What is wrong, by OpenSSL's number and the certificates sent; ``said`` when they show no more."""
    if not chain:
        return said
    if code in TIME_CODES:
        return _out_of_time(chain, now) or said
    if code in NAME_CODES:
        return f"{said}: {_hosts(chain[0])}"
    return _without_authority(chain) if code in AUTHORITY_CODES else said


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    # Nothing is sent over this connection, and nothing that comes over it is taken for true.
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


def _chain_of(connection: Any) -> tuple[SentCertificate, ...]:
    # Public from Python 3.13 on as encoded bytes; the parsed form has been in this place since 3.10.
    inner = getattr(connection, "_sslobj", None)
    read: Callable[[], Iterable[Any] | None] | None = getattr(inner, "get_unverified_chain", None)
    if read is None:
        return ()
    return tuple(_certificate(item.get_info()) for item in read() or () if hasattr(item, "get_info"))


def _certificate(info: Mapping[str, Any]) -> SentCertificate:
    return SentCertificate(
        subject=info["subject"],
        issuer=info["issuer"],
        begins=ssl.cert_time_to_seconds(info["notBefore"]),
        ends=ssl.cert_time_to_seconds(info["notAfter"]),
        hosts=tuple(str(value) for _, value in info.get("subjectAltName", ())),
        points_up=bool(info.get("caIssuers")),
    )


def _without_authority(chain: tuple[SentCertificate, ...]) -> str:
    own, *others = chain
    top = _top(own, others)
    name = _name(top.issuer)
    if top.subject == top.issuer:
        return f"the authority {name} is not trusted"
    if top is not own:
        return f"the authority {name} is not trusted, or it is a further certificate missing from the chain"
    sent = (
        f"the server sends {len(chain)} certificates, and that of the issuer is not among them"
        if others
        else "the server sends only its own certificate"
    )
    missing = f"the intermediate certificate {name} is missing"
    return f"{missing}: {sent}" if own.points_up else f"{missing}, or this authority is not trusted: {sent}"


def _top(own: SentCertificate, others: list[SentCertificate]) -> SentCertificate:
    """The last certificate on the way up from the server's own."""
    top, left = own, list(others)
    while top.subject != top.issuer:
        above = next((item for item in left if item.subject == top.issuer), None)
        if above is None:
            break
        left.remove(above)
        top = above
    return top


def _out_of_time(chain: tuple[SentCertificate, ...], now: float) -> str | None:
    for place, item in enumerate(chain):
        which = f"the intermediate certificate {_name(item.subject)}" if place else "the certificate"
        if now > item.ends:
            return f"{which} has expired: it ended on {_day(item.ends)}"
        if now < item.begins:
            return f"{which} is not valid yet: it begins on {_day(item.begins)}"
    return None


def _hosts(own: SentCertificate) -> str:
    more = len(own.hosts) - _MOST_NAMES
    rest = f" and {more} more" if more > 0 else ""
    return f"{', '.join(own.hosts[:_MOST_NAMES]) or 'it names none'}{rest}"


def _name(subject: tuple[Any, ...]) -> str:
    parts = {key: value for pairs in subject for key, value in pairs}
    return '"' + next((str(parts[key]) for key in _NAMING if key in parts), "without a name") + '"'


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
