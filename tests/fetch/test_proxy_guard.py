"""What is refused although a proxy is asked, and what is never said of it."""

from __future__ import annotations

import pytest

from mmscheck.base.redact import redact_text
from mmscheck.errors import UsageError
from mmscheck.fetch import ConnectTo, FetchPolicy, fetch_all, parse_proxy
from mmscheck.fetch.policy import check_policy
from mmscheck.judge.reports import allowances
from mmscheck.model.observation import Fetched, NotFetched, Reason
from mmscheck.model.words import Outcome
from tests.support.proxying import HOST, LOGIN, forward_proxy, how, judged, through
from tests.support.rawserver import response, serve, sniff

LITERALS = """
127.0.0.1 127.1 2130706433 0x7f.1 0x7f000001 0177.0.0.1 017700000001 0 0.0.0.0 169.254.169.254 169.254.43518
10.1 100.64.0.1 168.63.129.16 localhost LOCALHOST. x.localhost [::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1]
[64:ff9b::7f00:1] [2002:7f00:1::] [fd00:ec2::254] 1.2.3.4.5 256.1.1.1 1.2.3.08 0x 127.0.0.1.
\uff11\uff12\uff17\u3002\uff10\u3002\uff10\u3002\uff11 \u2460\u2461\u2466.0.0.1
"""


@pytest.mark.parametrize("host", LITERALS.split())
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_an_address_written_in_the_url_is_refused_before_the_proxy_is_asked(
    host: str, scheme: str
) -> None:
    async with forward_proxy(1) as proxy:
        found = await through(f"{scheme}://{host}/a.jpg", how(proxy.url))
        assert proxy.connections == 0
    assert isinstance(found, NotFetched)
    assert found.reason in {Reason.ADDRESS_REFUSED, Reason.INVALID_URL}


async def test_a_redirect_to_a_written_address_is_refused_too() -> None:
    to = response(b"", "Location: http://0x7f.1/", status="302 Found")
    async with serve(to) as server, forward_proxy(server.port) as proxy:
        found = await through("http://a.example.com/a", how(proxy.url))
        assert proxy.connections == 1
    assert isinstance(found, NotFetched)
    assert found.reason is Reason.ADDRESS_REFUSED
    assert judged(found).outcome is Outcome.FAILED


async def test_a_port_of_another_protocol_is_refused_behind_a_proxy_too() -> None:
    async with forward_proxy(1) as proxy:
        found = await through("http://a.example.com:25/a", how(proxy.url))
        assert proxy.connections == 0
    assert isinstance(found, NotFetched)
    assert found.reason is Reason.ADDRESS_REFUSED


@pytest.mark.parametrize(
    "host",
    [
        *("8.8.8.8", "134744072", "media.example.com", "10.1.2.3"),
        *(
            "media.example.co.uk",
            "bilder.example.xn--p1ai",
            "a.example.zip",
            "bucket.s3.amazonaws.com",
            "A.Example.DEV.",
        ),
    ],
)
async def test_a_public_or_allowed_address_and_a_name_are_left_to_the_proxy(host: str) -> None:
    async with serve(response()) as server, forward_proxy(server.port) as proxy:
        found = await through(f"http://{host}/a.jpg", how(proxy.url, allow_net=("10.1.2.3/32",)))
    assert isinstance(found, Fetched)
    result = judged(found)
    assert result.outcome is Outcome.PASSED
    assert redact_text(result.evidence["guarded_by"]) == f"the proxy {proxy.url}"


@pytest.mark.parametrize(
    "host",
    [
        "router",
        "media.internal",
        "x.LOCAL",
        "a.home.arpa",
        "nas.lan.",
        "ip6-localhost",
        "a.localhost.localdomain",
        # Clusters, containers, offices and routers.
        "kubernetes.default.svc",
        "vault.service.consul",
        "gateway.docker",
        "a.k8s",
        "a.cluster",
        "a.cluster.local",
        "printer.intra",
        "router.gateway",
        "fritz.nas",
        "wpad.dhcp",
        "1.0.0.127.in-addr.arpa",
        "a.example",
        "a.onion",
    ],
)
async def test_a_name_that_nobody_outside_knows_is_refused_behind_a_proxy(host: str) -> None:
    async with forward_proxy(0) as proxy:
        found = await through(f"http://{host}/a.jpg", how(f"http://127.0.0.1:{proxy.port}"))
    assert isinstance(found, NotFetched)
    assert found.reason is Reason.ADDRESS_REFUSED
    assert "local network" in found.detail


async def test_only_the_proxy_is_dialled_whatever_else_is_public() -> None:
    # The proxy's own name is the one name that is looked up, and it need not be public.
    asked: list[str] = []

    def lookup(host: str) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async with serve(response()) as server, forward_proxy(server.port) as proxy:
        urls = [f"http://{name}.example.com/a.jpg" for name in "abc"]
        policy = how(f"http://proxy.example:{proxy.port}")
        found = await fetch_all(urls, policy, sniff, lookup=lookup)
        assert server.connections == proxy.connections == 3
    assert asked == ["proxy.example"]
    assert all(isinstance(observation, Fetched) for observation in found.values())


async def test_the_login_is_in_no_reason_and_no_allowance() -> None:
    async with forward_proxy(1, response(b"", status="407 Who?")) as proxy:
        policy = how(f"http://us%20er:p%40ss@127.0.0.1:{proxy.port}")
        for scheme in ("http", "https"):
            found = await through(f"{scheme}://{HOST}/a.jpg", policy)
            assert "p%40ss" not in repr(found)
            assert LOGIN not in repr(found)
    told = " ".join(allowances(policy))
    assert f"went through the proxy http://127.0.0.1:{proxy.port}: which" in redact_text(told)
    assert "not by mmscheck" in told
    assert "ss@" not in told
    assert repr(parse_proxy(policy.proxy)) == f"Proxy(http://127.0.0.1:{proxy.port})"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "proxy.example",
        "proxy.example:3128",
        "http://proxy.example",
        "https://proxy.example:3128",
        "socks5://proxy.example:1080",
        "http://proxy.example:0",
        "http://proxy.example:99999",
        "http://proxy.example:3128/path",
        "http://proxy.example:3128?x",
        "http://:3128",
        "http://secret:secret@:3128",
        "http://user:secret#x@proxy.example:3128",
        "http://proxy example:3128",
    ],
)
def test_a_proxy_that_is_not_written_so_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(UsageError, match="expected http://HOST:PORT") as caught:
        check_policy(FetchPolicy(proxy=text))
    assert "secret" not in str(caught.value)


def test_a_proxy_on_ipv6_is_read() -> None:
    proxy = parse_proxy("HTTP://[::1]:3128/")
    assert proxy is not None
    assert (proxy.host, proxy.port, proxy.text) == ("::1", 3128, "http://[::1]:3128")


def test_a_proxy_and_connect_to_do_not_go_together() -> None:
    mapping = (ConnectTo("a.example.com", 80, "127.0.0.1", 80),)
    with pytest.raises(UsageError, match="cannot go together"):
        check_policy(FetchPolicy(proxy="http://127.0.0.1:3128", connect_to=mapping))
