"""Whether an address is public by itself, for saying what was let through all the same.

Nothing is let through here: that is decided where sockets are made. What `ipaddress` calls global and is no
host on the public internet is listed beside it.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

_NOT_HOSTS = tuple(
    ip_network(text)
    for text in (
        "64:ff9b:1::/48",
        "2001::/23",
        "2002::/16",  # 6to4
        "3fff::/20",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.175.48.0/24",
        "2620:4f:8000::/48",
        "168.63.129.16/32",  # Azure's own services
    )
)
"""IANA's special-purpose registries (read November 2026) and clouds' services."""

_NAT64 = IPv6Network("64:ff9b::/96")
"""The last 32 bits are the IPv4 address that is dialled in the end."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")


def is_public(text: str) -> bool:
    """Whether a numeric address is a host on the public internet, as far as tables can tell."""
    try:
        address = _dialled(ip_address(text.partition("%")[0]))
    except ValueError:
        return False
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return not any(address in network for network in _NOT_HOSTS)


def _dialled(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address leads to, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address
