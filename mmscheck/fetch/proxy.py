"""The proxy that the user named: how it is written, and what is still refused before it is asked.

Behind a proxy nobody here knows which address a name leads to, so the proxy guards names. What a URL itself
says is judged as ever: an address in any of the spellings that a resolver reads, ``localhost``, the port.
"""

from __future__ import annotations

import base64
import re
import socket
from urllib.parse import unquote_to_bytes

import msgspec

from mmscheck.errors import UsageError
from mmscheck.fetch.failure import Failure
from mmscheck.fetch.guard import Networks, refuse_port, refuse_route
from mmscheck.fetch.url import BadUrlError, Target, canonical_host, parse_url
from mmscheck.model.observation import Reason

_SHAPE = re.compile(r"http://(?:([^@/?#]*)@)?([^@/?#]+:[0-9]+)/?", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
_NO_HOSTS = frozenset({"arpa", "onion"})
"""In the list, and without web servers for everybody: RFC 3172 and RFC 7686."""

_LOOPBACK = ("127.0.0.1", "::1")


class Proxy(msgspec.Struct, frozen=True):
    """Where the proxy listens; ``authorization`` is the header value that its login becomes."""

    host: str
    port: int
    authorization: str | None = None

    @property
    def text(self) -> str:
        """Its URL without a login, fit for a report."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def __repr__(self) -> str:
        """Name it without its login: what is printed by chance must hold no secret."""
        return f"Proxy({self.text})"


def parse_proxy(text: str | None) -> Proxy | None:
    """Read ``http://host:port`` or ``http://user:password@host:port``; None for None.

    Raises `UsageError`, which does not repeat the text: it may hold a password.
    """
    if text is None:
        return None
    shape = _SHAPE.fullmatch(text)
    try:
        target = parse_url(f"http://{shape[2]}/") if shape else None
    except BadUrlError:
        target = None
    if shape is None or target is None:
        raise UsageError("--proxy: expected http://HOST:PORT, such as http://proxy.example.com:3128")
    return Proxy(target.host, target.port, None if shape[1] is None else _basic(shape[1]))


def _basic(login: str) -> str:
    user, _, password = login.partition(":")
    pair = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
    return f"Basic {base64.b64encode(pair).decode()}"


def refuse_written(target: Target, allowed: Networks) -> None:
    """Raise `Failure` when the URL itself, without any lookup, leads where nothing may be asked for."""
    addresses = _written_addresses(target.host)
    if addresses:
        refuse_route(addresses, target.port, mapped=False, allowed=allowed)
    elif _is_local(target.host):
        raise Failure(
            Reason.ADDRESS_REFUSED, f"{target.host} is a name of a local network: it ends in no public domain"
        )
    else:
        refuse_port(target.port)


def _is_local(host: str) -> bool:
    """Whether nobody outside can know the name: it ends in no top-level domain of the public DNS.

    The list is the Public Suffix List's section of ICANN's domains, in which every delegated one stands.
    Clusters, routers and offices use names beside it.
    """
    # Some 50 ms, and only behind a proxy.
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415

    suffix = PublicSuffixList(accept_unknown=False, only_icann=True).publicsuffix(canonical_host(host))
    return suffix is None or suffix.rpartition(".")[2] in _NO_HOSTS


def _written_addresses(host: str) -> tuple[str, ...]:
    """The addresses that every resolver takes ``host`` for; empty for what only a name server knows."""
    name = canonical_host(host)
    if ":" in name:
        return (name,)
    if name == "localhost" or name.endswith(".localhost"):
        return _LOOPBACK
    if not _NUMBER.fullmatch(name.rpartition(".")[2]):
        return ()
    try:
        return (socket.inet_ntoa(socket.inet_aton(name)),)
    except OSError:
        # Resolvers read such a host as an address or not at all, and they differ in which.
        raise Failure(Reason.ADDRESS_REFUSED, f"{name} is not a numeric address") from None
