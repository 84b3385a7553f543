"""Which addresses may be dialled: those of public hosts by `mmscheck.base.networks`, and those let through.

``allowed`` networks are taken exactly as written: an address inside one is let through. An
IPv4-mapped address (``::ffff:a.b.c.d``) is the same destination as a.b.c.d, so it is judged as that and by
IPv4 networks alone: ``::/0`` opens no IPv4 loopback. Other forms that merely carry an IPv4 address
(NAT64, 6to4) are let through only by an IPv6 network.

Ports are left free, as media hosts on 8080 exist, except those of other protocols (mail, DNS, ...), which an
HTTP request could be abused to speak; a ``connect_to`` mapping or an allowed address frees these too.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network

from mmscheck.base.networks import Network, numeric, why_not_public
from mmscheck.errors import UsageError
from mmscheck.fetch.failure import Failure
from mmscheck.model.observation import Reason

Networks = tuple[Network, ...]

_BAD_PORTS = (
    "0 1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113 "
    "115 117 119 123 135 137 139 143 161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554 "
    "556 563 587 601 636 989 990 993 995 1719 1720 1723 2049 3659 4045 4190 5060 5061 6000 6566 6665 "
    "6666 6667 6668 6669 6679 6697 10080"
)

BAD_PORTS = frozenset(map(int, _BAD_PORTS.split()))
"""Ports of mail, name, file and chat services: the "bad port" list of the WHATWG Fetch standard."""


def parse_networks(texts: Iterable[str]) -> Networks:
    """Read CIDR networks; raise `UsageError` naming the one that is not exact."""
    return tuple(_network(text) for text in texts)


def classify(address: str, allowed: Networks = ()) -> str | None:
    """None when ``address`` (numeric, as from the operating system) may be dialled, else why not."""
    try:
        number = numeric(address)
    except ValueError:
        return "not a numeric address"
    if any(number in network for network in allowed):
        return None
    return why_not_public(number)


def refuse_route(addresses: Iterable[str], port: int, *, mapped: bool, allowed: Networks) -> None:
    """Raise `Failure` when any of ``addresses`` is denied, or ``port`` belongs to another protocol.

    One bad address refuses all: which of them is dialled must not depend on chance or on the name server.
    """
    for address in addresses:
        why = classify(address, allowed)
        if why is not None:
            raise Failure(Reason.ADDRESS_REFUSED, f"{address} is {why}")
        if not mapped and not inside(address, allowed):
            refuse_port(port)


def refuse_port(port: int) -> None:
    """Raise `Failure` for a port of another protocol, which a request could be abused to speak."""
    if port in BAD_PORTS:
        raise Failure(Reason.ADDRESS_REFUSED, f"port {port} belongs to another protocol than HTTP")


def inside(address: str, allowed: Networks) -> bool:
    """Whether ``address`` (numeric) is in a network that the user let through."""
    return any(numeric(address) in network for network in allowed)


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise UsageError(f"--allow-net {text!r}: expected a network such as 10.1.0.0/16 ({error})") from None
