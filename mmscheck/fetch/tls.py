"""Whom to trust, and what is wrong with a certificate in plain words."""

from __future__ import annotations

import ssl

from mmscheck.errors import UsageError

_MEANINGS = {
    2: "the issuer of an intermediate certificate is not known",
    9: "the certificate is not valid yet",
    10: "the certificate has expired",
    18: "the certificate is self-signed",
    19: "the chain ends in a self-signed certificate that is not trusted",
    20: "the issuer is not known: an intermediate certificate is missing, or the authority is not trusted",
    21: "the first certificate cannot be verified: an intermediate certificate is missing",
    23: "the certificate has been revoked",
    62: "the certificate is for another host name",
    64: "the certificate is for another address",
}
"""OpenSSL's X509_V_ERR_* numbers (openssl/x509_vfy.h)."""

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


def certificate_fault(error: BaseException) -> tuple[str, str]:
    """(verification message, the same in plain words) of a refused certificate."""
    message = str(getattr(error, "verify_message", "") or error)
    code = getattr(error, "verify_code", None)
    return message, _MEANINGS.get(code, message) if isinstance(code, int) else message
