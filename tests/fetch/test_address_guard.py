"""The address guard: what may be dialled, and that nothing gets round it."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest

from mmscheck.base.networks import GLOBAL_UNICAST, SPECIAL_PURPOSE
from mmscheck.errors import UsageError
from mmscheck.fetch import FetchPolicy, fetch_all
from mmscheck.fetch.exchange import CURRENT, Exchange
from mmscheck.fetch.guard import classify, parse_networks, refuse_route
from mmscheck.fetch.names import Route
from mmscheck.fetch.proxy import Proxy
from mmscheck.fetch.wire import AddressDeniedError, open_socket
from mmscheck.model.observation import NotFetched, Reason
from tests.support.rawserver import fetched, not_fetched, policy, response, serve, sniff

DENIED = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 100.100.100.200 127.0.0.1 127.255.255.254
169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.9 192.0.0.192 192.0.2.1 192.88.99.1
192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1
255.255.255.255 168.63.129.16 192.31.196.1 192.52.193.1 192.175.48.255
:: ::1 ::2 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.0.0.1 ::ffff:100.64.0.1
::ffff:169.254.169.254 ::ffff:168.63.129.16 ::ffff:0:a9fe:a9fe ::ffff:0:808:808
64:ff9b::a9fe:a9fe 64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::6440:1 64:ff9b:1::a9fe:a9fe
64:ff9b:1::808:808 64:ff9b:0:0:1::808:808
100::1 100:0:0:1::1 2001::1 2001:0:808:808::1 2001:2::1 2001:10::1 2001:20::1 2001:db8::1
2002:a9fe:a9fe:: 2002:808:808::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fdff::1 fe80::1 fe80::1%eth0 febf::1
fec0::1 feff::1 2620:4f:8000::1 ff02::1 ff0e::1 4000::1 a000::1 1::1
"""

PUBLIC = """
8.8.8.8 1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.255.255
169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.1 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0
168.63.129.15 168.63.129.17 223.255.255.255
::ffff:8.8.8.8 64:ff9b::808:808 2001:200::1 2001:4860:4860::8888 2400:cb00::1 2606:4700::1111 2a00:1450::1
"""


@pytest.mark.parametrize("address", DENIED.split())
def test_an_address_that_is_not_public_is_denied(address: str) -> None:
    assert classify(address)


@pytest.mark.parametrize(
    "address", [text for text in DENIED.split() if not text.startswith(("::ffff:", "64:ff9b::"))]
)
def test_the_table_alone_knows_every_denied_address(address: str) -> None:
    # What the standard library calls global differs between releases, so nothing may rest on it.
    number = ip_address(address.partition("%")[0])
    listed = any(number in network for network, _ in SPECIAL_PURPOSE)
    assert listed or (number.version == 6 and number not in GLOBAL_UNICAST)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_a_public_address_is_let_through(address: str) -> None:
    assert classify(address) is None


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "2130706433", "1.2.3.4.5", "0x7f.1", "1.2.3.04"])
def test_what_is_no_numeric_address_is_denied(text: str) -> None:
    assert classify(text) == "not a numeric address"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1", "loopback"),
        ("169.254.169.254", "link-local (cloud metadata)"),
        ("100.64.0.1", "shared address space (CGNAT)"),
        ("255.255.255.255", "broadcast"),
        ("fd00:ec2::254", "cloud metadata"),
        ("64:ff9b::a9fe:a9fe", "NAT64 for link-local (cloud metadata)"),
        ("::1", "loopback"),
        ("::", "this network"),
        ("0.1.2.3", "this network"),
        ("fec0::1", "site-local"),
        ("2001::1", "for protocol assignments"),
        ("2002:808:808::1", "a 6to4 relay or address"),
        ("::ffff:0:808:808", "an IPv4-translated address"),
        ("::127.0.0.1", "an IPv4-compatible address"),
    ],
)
def test_the_reason_names_what_the_address_is(address: str, why: str) -> None:
    assert classify(address) == why


@pytest.mark.parametrize(
    ("address", "networks", "allowed"),
    [
        ("127.0.0.1", "127.0.0.0/8", True),
        ("127.0.0.2", "127.0.0.1/32", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("10.1.2.3", "10.1.0.0/16", True),
        ("10.2.0.1", "10.1.0.0/16", False),
        ("10.2.0.1", "10.1.0.0/16 10.2.0.0/16", True),
        ("::ffff:10.1.2.3", "10.1.0.0/16", True),
        ("::ffff:127.0.0.1", "::/0", False),
        ("::ffff:127.0.0.1", "::ffff:0:0/96", False),
        ("127.0.0.1", "::/0", False),
        ("64:ff9b::10.1.2.3", "10.1.0.0/16", False),
        ("64:ff9b::10.1.2.3", "64:ff9b::/96", True),
        ("::1", "::1/128", True),
        ("::1", "127.0.0.0/8", False),
        ("2002:a01:203::1", "10.0.0.0/8", False),
        ("fe80::1%eth0", "fe80::/10", True),
        ("fe80::1%eth0", "fe80::1/128", True),
        ("fe80::2%eth0", "fe80::1/128", False),
        ("169.254.169.254", "169.254.169.253/32", False),
        ("::2", "::1/128", False),
        ("::ffff:10.0.0.2", "10.0.0.1/32", False),
        ("::10.0.0.1", "10.0.0.1/32", False),
        ("::ffff:0:10.0.0.1", "10.0.0.1/32", False),
        ("10.0.0.1", "::ffff:10.0.0.1/128", False),
        ("fd00:ec2::254", "fd00:ec2::/64", True),
        ("fd00:ec3::254", "fd00:ec2::/64", False),
        ("8.8.8.8", "10.0.0.0/8", True),
    ],
)
def test_an_allowed_network_is_taken_exactly(address: str, networks: str, *, allowed: bool) -> None:
    assert (classify(address, parse_networks(networks.split())) is None) is allowed


@pytest.mark.parametrize(
    "text", ["10.0.0.1/8", "10.0.0.0/33", "localhost", "", "10.0.0.0-10.0.0.9", "::/200"]
)
def test_a_network_that_is_not_exact_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected a network such as"):
        parse_networks([text])


@pytest.mark.parametrize(
    ("port", "mapped", "networks", "refused"),
    [
        (80, False, "", False),
        (443, False, "", False),
        (8080, False, "", False),
        (25, False, "", True),
        (22, False, "", True),
        (6667, False, "", True),
        (25, True, "", False),
        (25, False, "8.8.8.0/24", False),
        (25, False, "10.0.0.0/8", True),
    ],
)
def test_ports_of_other_protocols_are_refused(
    port: int, networks: str, *, mapped: bool, refused: bool
) -> None:
    allowed = parse_networks(networks.split())
    if not refused:
        refuse_route(["8.8.8.8"], port, mapped=mapped, allowed=allowed)
        return
    with pytest.raises(Exception, match=f"port {port}") as caught:
        refuse_route(["8.8.8.8"], port, mapped=mapped, allowed=allowed)
    assert caught.value.args[0] is Reason.ADDRESS_REFUSED


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0",
        "0.0.0.0",
        "2130706433",
        "127.1",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "\u2460\u2461\u2466.0.0.1",
        "\uff11\uff12\uff17\u3002\uff10\u3002\uff10\u3002\uff11",
    ],
)
async def test_no_spelling_of_loopback_gets_through(host: str) -> None:
    async with serve(response()) as server:
        found = await not_fetched(server.url(host=host), FetchPolicy(retries=0, timeout=5))
        assert server.connections == 0
    assert found.reason in {Reason.ADDRESS_REFUSED, Reason.INVALID_URL}


async def test_loopback_is_reached_when_it_is_allowed() -> None:
    async with serve(response()) as server:
        assert (
            await fetched(server.url(host="127.0.0.1"), FetchPolicy(allow_net=("127.0.0.1/32",)))
        ).size == 3


async def test_connect_to_does_not_get_round_the_guard() -> None:
    async with serve(response()) as server:
        found = await not_fetched(server.url(), policy(server, allow_net=()))
        assert server.connections == 0
    assert found.reason is Reason.ADDRESS_REFUSED
    assert found.hops[0].resolved == ("127.0.0.1",)
    assert found.attempts == 1


@pytest.mark.parametrize(
    "answers", [["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["8.8.8.8", "fe80::1"]]
)
async def test_one_denied_address_among_many_refuses_the_host(answers: list[str]) -> None:
    url = "http://media.example.com/a.jpg"
    found = (await fetch_all([url], FetchPolicy(), sniff, lookup=lambda _: answers))[url]
    assert isinstance(found, NotFetched)
    assert found.reason is Reason.ADDRESS_REFUSED
    assert found.hops[0].resolved == tuple(answers)
    assert found.hops[0].address is None


async def test_a_name_that_changes_its_answer_keeps_the_first_one() -> None:
    answers = [["127.0.0.1"], ["127.0.0.2"]]
    asked: list[str] = []

    def lookup(host: str) -> list[str]:
        asked.append(host)
        return answers[min(len(asked), 2) - 1]

    async with serve(response(), host="127.0.0.2") as inner, serve(response()) as server:
        urls = [server.url(f"/{number}") for number in range(4)]
        how = FetchPolicy(allow_net=("127.0.0.1/32",), per_host=1, retries=0)
        found = await fetch_all(urls, how, sniff, lookup=lookup)
        assert inner.connections == 0
    assert [observation.hops[0].address for observation in found.values()] == ["127.0.0.1"] * 4
    assert asked == ["media.example.com"]


async def test_a_judged_answer_cannot_be_exchanged_before_the_dial() -> None:
    # One address is allowed and judged; by the time of the dial, and of the retry, the name means another.
    asked: list[str] = []

    def lookup(host: str) -> list[str]:
        asked.append(host)
        return ["127.0.0.3"] if len(asked) == 1 else ["127.0.0.1"]

    async with serve(response()) as server:
        how = FetchPolicy(allow_net=("127.0.0.3/32",), retries=1, backoff=0.0)
        found = (await fetch_all([server.url()], how, sniff, lookup=lookup))[server.url()]
        assert server.connections == 0
    assert isinstance(found, NotFetched)
    assert found.reason is Reason.REFUSED
    assert found.hops[0].address == "127.0.0.3"
    assert len(asked) == 1


def test_no_socket_is_made_for_a_denied_address() -> None:
    info = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("169.254.169.254", 80))
    with pytest.raises(AddressDeniedError, match=r"169\.254\.169\.254 is link-local"):
        open_socket((), info)


@pytest.mark.parametrize(
    ("address", "port", "fits"),
    [("127.0.0.9", 3128, True), ("127.0.0.9", 80, False), ("8.8.8.8", 3128, False), ("8.8.8.8", 80, False)],
)
def test_behind_a_proxy_a_socket_is_made_for_the_proxy_alone(address: str, port: int, *, fits: bool) -> None:
    route = Route(("127.0.0.9",), 3128, proxy=Proxy("proxy.example", 3128))
    token = CURRENT.set(Exchange(route, keep=lambda: False, elapsed=lambda: 0.0))
    info = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port))
    try:
        if fits:
            open_socket((), info).close()
            return
        with pytest.raises(AddressDeniedError, match="not the proxy that was named"):
            open_socket(parse_networks(["0.0.0.0/0"]), info)
    finally:
        CURRENT.reset(token)


def test_a_socket_for_an_allowed_address_is_noted() -> None:
    exchange = Exchange(Route(("127.0.0.1",), 80), keep=lambda: False, elapsed=lambda: 0.0)
    token = CURRENT.set(exchange)
    info = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 80))
    open_socket(parse_networks(["127.0.0.0/8"]), info).close()
    CURRENT.reset(token)
    assert exchange.dialled == "127.0.0.1"


async def test_the_socket_itself_is_guarded_should_the_route_ever_not_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mmscheck.fetch.request.refuse_route", lambda *_, **__: None)
    async with serve(response()) as server:
        found = await not_fetched(server.url(host="127.0.0.1"), FetchPolicy(retries=0))
        assert server.connections == 0
    assert found.reason is Reason.ADDRESS_REFUSED
    assert found.detail == "127.0.0.1 is loopback"
    assert found.hops[0].address is None
