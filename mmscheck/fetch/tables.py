"""Which networks are never public media hosts, and which ports are never HTTP.

Networks: the IANA special-purpose registries for IPv4 and IPv6 (November 2026) and cloud metadata services
on addresses that look public. Ports: the "bad port" list of the WHATWG Fetch standard.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

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
