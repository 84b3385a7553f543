"""Which addresses are hosts of the public internet: a table of our own, as `ipaddress` alone is no filter.

``ipaddress`` calls NAT64, 6to4, site-local, multicast and several clouds' metadata addresses global, and its
tables differ between patch releases of Python. An address must pass the table below, be global unicast by
`ipaddress` too, and pass again as the IPv4 address it stands for.

The table: the IANA special-purpose registries for IPv4 and IPv6 (November 2026) and cloud metadata services
on addresses that look public.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = IPv6Network("64:ff9b::/96")
"""The well-known prefix: the last 32 bits are the IPv4 address that is dialled in the end."""

GLOBAL_UNICAST = IPv6Network("2000::/3")
"""The only IPv6 space handed out for public hosts."""

_BY_KIND = {
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


def _narrowest_first() -> tuple[tuple[Network, str], ...]:
    # Of two networks that hold an address the narrower has the more telling words.
    rows = ((ip_network(cidr), why) for why, cidrs in _BY_KIND.items() for cidr in cidrs.split())
    return tuple(sorted(rows, key=lambda row: -row[0].prefixlen))


SPECIAL_PURPOSE = _narrowest_first()
"""(network, what it is): no address of theirs is a host of the public internet."""


def numeric(text: str) -> Address:
    """A numeric address, as the operating system writes it; raises ValueError for anything else.

    An IPv4-mapped address (``::ffff:a.b.c.d``) is the same destination as a.b.c.d, so it is read as that.
    """
    address = ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def why_not_public(address: Address) -> str | None:
    """What kind of address it is, as the end of a sentence; None for a host of the public internet."""
    if isinstance(address, IPv6Address) and address in _NAT64:
        carried = why_not_public(IPv4Address(int(address) & 0xFFFFFFFF))
        return None if carried is None else f"NAT64 for {carried}"
    for network, why in SPECIAL_PURPOSE:
        if address in network:
            return why
    if address.is_multicast or address.is_reserved or not address.is_global:
        return "not a public unicast address"
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return "outside the global unicast range"
    return None


def is_public(text: str) -> bool:
    """Whether a text is the numeric address of a host on the public internet, as far as tables can tell."""
    try:
        return why_not_public(numeric(text)) is None
    except ValueError:
        return False
