"""No row of the deny table is ever dialled: as literal, by name, by redirect, by a changing name server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from mmscheck.base.networks import SPECIAL_PURPOSE
from mmscheck.fetch.guard import BAD_PORTS, classify
from tests.support.address_watch import PUBLIC, addresses, spellings

ROOT = Path(__file__).parents[2]

PROMISED = """
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
168.63.129.16/32 ::/96 ::1/128 ::ffff:0:0:0/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16
3fff::/20 5f00::/16 fc00::/7 fd00:ec2::254/128 fe80::/10 fec0::/10 ff00::/8
"""
"""Rows that may be worded or split otherwise, and never be lost."""

RUNS = {
    "audit": [sys.executable, "-m", "tests.support.address_watch", "audit"],
    "listen": ["unshare", "-n", sys.executable, "-m", "tests.support.address_watch", "listen"],
}


def has_namespaces() -> bool:
    """Whether a network namespace can be made here, which takes Linux, the tools and the right to."""
    if not (shutil.which("unshare") and shutil.which("ip")):
        return False
    return subprocess.run(["unshare", "-n", "ip", "link", "show", "lo"], capture_output=True).returncode == 0  # noqa: PLW1510 - fixed words


@pytest.fixture(scope="module", params=["audit", "listen"])
def seen(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What a process that tried everything dialled."""
    if request.param == "listen" and not has_namespaces():
        reason = "no network namespace can be made here (Linux, root, unshare and Debian's iproute2)"
        if os.environ.get("MMSCHECK_REQUIRE_SERVERS"):
            pytest.fail(reason)
        pytest.skip(reason)
    done = subprocess.run(RUNS[request.param], cwd=ROOT, capture_output=True, text=True, timeout=240)  # noqa: PLW1510 - our own module
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_nothing_denied_is_dialled_in_any_way(seen: dict[str, Any]) -> None:
    assert seen["denied"] == []


def test_a_name_that_was_public_first_is_not_dialled_when_it_no_longer_is(seen: dict[str, Any]) -> None:
    assert seen["after_public"] == []
    assert seen["after_change"] == []


def test_every_way_to_every_address_ends_as_refused(seen: dict[str, Any]) -> None:
    let_through = [
        (way, url, reason)
        for way, url, reason in seen["results"]
        if reason != "ADDRESS_REFUSED" and way != "public first"
    ]
    assert let_through == []


def test_every_address_was_tried_in_every_way(seen: dict[str, Any]) -> None:
    ways = [way for way, _, _ in seen["results"]]
    count = len(addresses())
    assert count >= 3 * len(SPECIAL_PURPOSE) - 20
    for way in ("name", "failed first", "public later"):
        assert ways.count(way) == ways.count(f"redirect, {way}") == count
    assert ways.count("mixed") == ways.count("redirect, mixed") == 2 * count
    literals = sum(len(list(spellings(address))) for address in addresses())
    assert ways.count("literal") == ways.count("redirect, literal") == literals
    assert ways.count("public first") == ways.count("denied now") == count


def test_without_the_guard_the_watcher_does_see_them_dialled(seen: dict[str, Any]) -> None:
    # Otherwise the silence of the other tests would prove nothing.
    assert PUBLIC in seen["control"]
    reached = {str(ip_address(text)) for text in seen["control"]}
    assert {"127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.0", "::1", "fd00:ec2::254"} <= reached
    # To multicast, broadcast and the like no connection can be made at all.
    assert len(reached) >= 0.8 * len(addresses())


@pytest.mark.parametrize("row", PROMISED.split())
def test_no_promised_row_is_lost(row: str) -> None:
    network = ip_network(row)
    for number in (network[0], network[-1], network[network.num_addresses // 2]):
        assert any(number in denied for denied, _ in SPECIAL_PURPOSE), number


def test_a_wide_row_does_not_hide_the_words_of_a_narrow_one() -> None:
    lengths = [network.prefixlen for network, _ in SPECIAL_PURPOSE]
    assert lengths == sorted(lengths, reverse=True)


@pytest.mark.parametrize("address", addresses())
def test_every_address_that_is_tried_is_denied_by_itself(address: str) -> None:
    assert classify(address)


@pytest.mark.parametrize("port", [1, 7, 22, 23, 25, 53, 110, 143, 389, 465, 587, 993, 995, 2049, 6000, 6667])
def test_ports_of_other_protocols_are_on_the_list(port: int) -> None:
    assert port in BAD_PORTS


@pytest.mark.parametrize("port", [80, 443, 8000, 8080, 8443, 3000])
def test_ports_of_web_servers_are_not(port: int) -> None:
    assert port not in BAD_PORTS
