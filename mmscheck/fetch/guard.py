"""Which addresses may be dialled: a table of our own, because `ipaddress` alone is no filter.

``ipaddress`` calls NAT64, 6to4, site-local, multicast and several clouds' metadata addresses global, and its
tables differ between patch releases of Python. An address must pass the table below, be global unicast by
`ipaddress` too, and pass again as the IPv4 address it stands for.

``allowed`` networks are taken exactly as written: an address inside one is let through. An
IPv4-mapped address (``::ffff:a.b.c.d``) is the same destination as a.b.c.d, so it is judged as that and by
IPv4 networks alone: ``::/0`` opens no IPv4 loopback. Other forms that merely carry an IPv4 address
(NAT64, 6to4) are let through only by an IPv6 network.

Ports are left free, as media hosts on 8080 exist, except those of other protocols (mail, DNS, ...), which an
HTTP request could be abused to speak; a ``connect_to`` mapping or an allowed address frees these too.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from mmscheck.errors import UsageError
from mmscheck.fetch.failure import Failure
from mmscheck.fetch.tables import BAD_PORTS, DENIED, GLOBAL_UNICAST, NAT64
from mmscheck.model.observation import Reason

Address = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]


def parse_networks(texts: Iterable[str]) -> Networks:
    """Read CIDR networks; raise `UsageError` naming the one that is not exact."""
    return tuple(_network(text) for text in texts)


def classify(address: str, allowed: Networks = ()) -> str | None:
    """None when ``address`` (numeric, as from the operating system) may be dialled, else why not."""
    try:
        number = _numeric(address)
    except ValueError:
        return "not a numeric address"
    if any(number in network for network in allowed):
        return None
    if isinstance(number, IPv6Address) and number in NAT64:
        carried = _why_denied(IPv4Address(int(number) & 0xFFFFFFFF))
        return None if carried is None else f"NAT64 for {carried}"
    return _why_denied(number)


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
    return any(_numeric(address) in network for network in allowed)


def _numeric(text: str) -> Address:
    address = ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def _why_denied(address: Address) -> str | None:
    for network, why in DENIED:
        if address in network:
            return why
    if address.is_multicast or address.is_reserved or not address.is_global:
        return "not a public unicast address"
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return "outside the global unicast range"
    return None


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise UsageError(f"--allow-net {text!r}: expected a network such as 10.1.0.0/16 ({error})") from None
