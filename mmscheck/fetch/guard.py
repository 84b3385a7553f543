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
from mmscheck.model.observation import Reason

Address = IPv4Address | IPv6Address


Networks = tuple[IPv4Network | IPv6Network, ...]


NAT64 = IPv6Network("64:ff9b::/96")
"""The well-known prefix: the last 32 bits are the IPv4 address that is dialled in the end."""


GLOBAL_UNICAST = IPv6Network("2000::/3")
"""The only IPv6 space handed out for public hosts."""


_REASONS = {
    "this network": "0.0.0.0/8 ::/128",
    "loopback": "127.0.0.0/8 ::1/128",
    "a private network": "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7",
    "shared address space (CGNAT)": "100.64.0.0/10",
    "link-local (cloud metadata)": "169.254.0.0/16 fe80::/10",
    "cloud metadata": "168.63.129.16/32 fd00:ec2::254/128",
    "for protocol assignments": "192.0.0.0/24 2001::/23",
    "for documentation": "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20",
    "a 6to4 relay or address": "192.88.99.0/24 2002::/16",
    "for benchmarking": "198.18.0.0/15",
    "anycast of a network service": "192.31.196.0/24 192.52.193.0/24 192.175.48.0/24 2620:4f:8000::/48",
    "multicast": "224.0.0.0/4 ff00::/8",
    "broadcast": "255.255.255.255/32",
    "reserved": "240.0.0.0/4",
    "an IPv4-compatible address": "::/96",
    "an IPv4-translated address": "::ffff:0:0:0/96",
    "NAT64 of a local network": "64:ff9b:1::/48",
    "discard-only": "100::/64 100:0:0:1::/64",
    "a segment routing identifier": "5f00::/16",
    "site-local": "fec0::/10",
}


def _denied() -> tuple[tuple[IPv4Network | IPv6Network, str], ...]:
    rows = ((ip_network(cidr), why) for why, cidrs in _REASONS.items() for cidr in cidrs.split())
    return tuple(sorted(rows, key=lambda row: -row[0].prefixlen))


DENIED = _denied()
"""(network, what it is), the narrowest first, so that the most telling words are found first."""


_BAD_PORTS = (
    "0 1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113 "
    "115 117 119 123 135 137 139 143 161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554 "
    "556 563 587 601 636 989 990 993 995 1719 1720 1723 2049 3659 4045 4190 5060 5061 6000 6566 6665 "
    "6666 6667 6668 6669 6679 6697 10080"
)


BAD_PORTS = frozenset(map(int, _BAD_PORTS.split()))
"""Ports of mail, name, file and chat services."""


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
