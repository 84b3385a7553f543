"""Networks that the configuration allows media to come from although they are not public."""

from __future__ import annotations

import ipaddress

from mmscheck.ruleset.scope import Scope, shorten


def inspect_networks(scope: Scope, networks: tuple[str, ...]) -> None:
    """Record every text that is no network in CIDR form."""
    for position, text in enumerate(networks):
        try:
            ipaddress.ip_network(text)
        except ValueError:
            scope.at(position).fault(f"expected a network such as '10.0.0.0/8', got {shorten(text)}")
