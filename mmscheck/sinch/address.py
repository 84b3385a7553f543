"""Where the provider is: an address the API key may travel to."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import yarl

from mmscheck.base.redact import redact_url
from mmscheck.errors import UsageError


def provider_url(text: str) -> yarl.URL:
    """The parsed address; raises UsageError for anything but plain https, or http on this machine.

    The key is an element of the document, so over http it would travel in clear.
    """
    shown = ascii(redact_url(text))
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname or "", parts.port
        url = yarl.URL(text)
    except ValueError:
        raise UsageError(f"the provider's address {shown} is not a URL") from None
    if parts.scheme not in {"http", "https"} or not host or not text.isascii():
        raise UsageError(f"the provider's address {shown} is not an http or https URL with a host")
    if "@" in parts.netloc or parts.fragment or any(character.isspace() for character in text):
        raise UsageError(f"the provider's address {shown} must not hold user, fragment or white space")
    if parts.scheme == "http" and not _is_loopback(host):
        raise UsageError(f"the provider's address {shown} must be https: the API key would travel in clear")
    return url


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
