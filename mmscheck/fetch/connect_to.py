"""Dial another address than the URL names, as curl's ``--connect-to`` does."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address

import msgspec

from mmscheck.errors import UsageError

_FIELD = r"(\[[^\[\]]*\]|[^:\[\]]*)"
_SHAPE = re.compile(rf"{_FIELD}:(\d*):{_FIELD}:(\d*)", re.ASCII)
_LAST_PORT = 65535


class ConnectTo(msgspec.Struct, frozen=True):
    """Connections for ``host``:``port`` go to ``to_host``:``to_port``.

    An empty ``host`` and a ``port`` of None match any. IPv6 addresses are kept without brackets. The
    Host header, the TLS server name and the certificate check stay those of the URL.
    """

    host: str
    port: int | None
    to_host: str
    to_port: int

    def matches(self, host: str, port: int) -> bool:
        """Whether a URL's host and port are meant."""
        return (self.port is None or self.port == port) and (
            not self.host or canonical_host(self.host) == canonical_host(host)
        )


def parse_connect_to(text: str) -> ConnectTo:
    """Read ``HOST:PORT:ADDRESS:PORT``; raise `UsageError` naming what was expected."""
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise UsageError(
            f"--connect-to {text!r}: expected HOST:PORT:ADDRESS:PORT, with IPv6 addresses in brackets, "
            "such as media.example.com:443:[::1]:8443"
        )
    host, port, to_host, to_port = shape.groups()
    if not to_host.strip("[]"):
        raise UsageError(f"--connect-to {text!r}: expected an address to connect to after HOST:PORT")
    return ConnectTo(
        host=_unbracketed(text, host),
        port=_port(text, port) if port else None,
        to_host=_unbracketed(text, to_host),
        to_port=_port(text, to_port),
    )


def first_match(rules: Iterable[ConnectTo], host: str, port: int) -> ConnectTo | None:
    """The first rule that speaks of this host and port, as in curl."""
    return next((rule for rule in rules if rule.matches(host, port)), None)


def canonical_host(host: str) -> str:
    """A form in which two spellings of one host are equal: lower case, no final dot, short IPv6."""
    try:
        return str(ip_address(host))
    except ValueError:
        return host.lower().removesuffix(".")


def _unbracketed(text: str, host: str) -> str:
    if not host.startswith("["):
        return host
    try:
        return str(ip_address(host[1:-1]))
    except ValueError:
        raise UsageError(f"--connect-to {text!r}: expected an IPv6 address in the brackets") from None


def _port(text: str, digits: str) -> int:
    number = int(digits or "0")
    if not 0 < number <= _LAST_PORT:
        raise UsageError(f"--connect-to {text!r}: expected a port from 1 to 65535, not {digits!r}")
    return number
