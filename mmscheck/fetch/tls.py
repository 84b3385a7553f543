"""Whom to trust, and what is wrong with a certificate in plain words."""

from __future__ import annotations

import ssl
from typing import Any

from mmscheck.errors import UsageError
from mmscheck.model.observation import Certificate

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


def trust(ca_file: str | None) -> ssl.SSLContext | None:
    """Trust the system's authorities and those in ``ca_file``; None for the system's alone.

    Raises `UsageError` when the file cannot be used.
    """
    if ca_file is None:
        return None
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_verify_locations(cafile=ca_file)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"--ca-file {ca_file}: expected a readable file of PEM certificates ({error})"
        ) from None
    return context


def shortest(connection: Any) -> Certificate | None:
    """Of the certificates that were verified the one that ends first; that of the authority is not counted.

    None where the connection has none to show.
    """
    own = connection.getpeercert() if connection is not None else None
    if not own:
        return None
    # Public from Python 3.13 on as encoded bytes; the parsed form has been in this place since 3.10.
    read = getattr(getattr(connection, "_sslobj", None), "get_verified_chain", None)
    chain = [item.get_info() for item in (read() if read else None) or () if hasattr(item, "get_info")]
    infos = [own, *chain[1:-1]]
    place = min(range(len(infos)), key=lambda at: ssl.cert_time_to_seconds(infos[at]["notAfter"]))
    return Certificate(
        begins=ssl.cert_time_to_seconds(infos[place]["notBefore"]),
        ends=ssl.cert_time_to_seconds(infos[place]["notAfter"]),
        intermediate=place > 0,
    )


def certificate_fault(error: BaseException) -> tuple[str, str]:
    """(verification message, the same in plain words) of a refused certificate."""
    message = str(getattr(error, "verify_message", "") or error)
    code = getattr(error, "verify_code", None)
    return message, _MEANINGS.get(code, _UNKNOWN) if isinstance(code, int) else _UNKNOWN
