"""With --proxy everything goes through the proxy that was named; without it no proxy is ever used."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import pytest
import trustme

from mmscheck.base.redact import redact_text
from mmscheck.fetch import ConnectTo, FetchPolicy, fetch_all
from mmscheck.model.observation import Fetched, NotFetched, Observation, Reason
from mmscheck.model.words import Outcome
from tests.support.proxying import HOST, LOGIN, forward_proxy, how, judged, nobody, through
from tests.support.rawserver import RawServer, response, serve, sniff


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def secure(authority: trustme.CA, host: str = HOST) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    return context


async def test_http_is_asked_for_in_absolute_form_and_its_own_head_is_seen() -> None:
    async with serve(response(b"abc", "X-Raw:  yes")) as server, forward_proxy(server.port) as proxy:
        found = await through("http://media.example.com/a%20b.jpg?", how(proxy.url))
        assert server.connections == proxy.connections == 1
    assert proxy.lines == ["GET http://media.example.com/a%20b.jpg? HTTP/1.1"]
    assert b"\r\nHost: media.example.com\r\n" in proxy.heads[0]
    assert isinstance(found, Fetched)
    assert found.hops[0].values("x-raw") == ("yes",)
    assert (found.hops[0].proxy, found.hops[0].address) == (proxy.url, "127.0.0.1")
    assert found.hops[0].resolved == ()


async def test_https_goes_through_a_tunnel_and_the_proxys_own_head_is_not_taken_for_the_files(
    authority: trustme.CA, ca_file: str
) -> None:
    raw = response(b"x" * 100_000, "content-TYPE:image/jpeg")
    async with serve(raw, context=secure(authority)) as server, forward_proxy(server.port) as proxy:
        found = await through(f"https://{HOST}/a.jpg", how(proxy.url, ca_file=ca_file))
    assert proxy.lines == [f"CONNECT {HOST}:443 HTTP/1.1"]
    assert b"\r\nUser-Agent: mmscheck/" in proxy.heads[0]
    assert isinstance(found, Fetched)
    assert found.hops[0].headers == (("content-TYPE", "image/jpeg"), ("Content-Length", "100000"))
    assert (found.size, found.hops[0].proxy) == (100_000, proxy.url)
    assert server.requests[0].startswith(b"GET /a.jpg HTTP/1.1\r\n")


async def test_tunnels_are_used_again_and_each_answer_keeps_its_own_headers(
    authority: trustme.CA, ca_file: str
) -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"abc", f"X-Path: {head.split()[1].decode()}"))

    async with serve(respond, context=secure(authority)) as server, forward_proxy(server.port) as proxy:
        urls = [f"https://{HOST}/{number}" for number in range(6)]
        found = await fetch_all(urls, how(proxy.url, ca_file=ca_file, per_host=1), sniff, lookup=nobody)
    assert [found[url].hops[0].values("x-path") for url in urls] == [(f"/{n}",) for n in range(6)]
    assert proxy.connections == 1


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            Reason.LENGTH_AND_CHUNKED,
        ),
        (response(b"abc", length=9), Reason.SHORT_BODY),
        (response(status="404 Not Found"), Reason.BAD_STATUS),
        (response(status="503 Busy"), Reason.BUSY),
    ],
)
async def test_a_fault_of_the_server_is_the_servers_behind_a_tunnel(
    raw: bytes, reason: Reason, authority: trustme.CA, ca_file: str
) -> None:
    async with serve(raw, context=secure(authority)) as server, forward_proxy(server.port) as proxy:
        found = await through(f"https://{HOST}/a.jpg", how(proxy.url, ca_file=ca_file))
    assert isinstance(found, NotFetched)
    assert found.reason is reason


@pytest.mark.parametrize(("host", "trusted"), [("other.example.com", True), (HOST, False)])
async def test_the_certificate_is_verified_behind_the_tunnel(
    authority: trustme.CA, ca_file: str, host: str, *, trusted: bool
) -> None:
    issuer = authority if trusted else trustme.CA()
    async with serve(response(), context=secure(issuer, host)) as server, forward_proxy(server.port) as proxy:
        found = await through(f"https://{HOST}/a.jpg", how(proxy.url, ca_file=ca_file))
        assert server.requests == []
        assert proxy.connections == 1
    assert isinstance(found, NotFetched)
    assert found.reason is Reason.TLS_CERTIFICATE
    assert found.hops[0].status is None


async def test_a_redirect_is_asked_of_the_proxy_too() -> None:
    to = response(b"", f"Location: https://{HOST}/b", status="302 Found")
    async with serve(to) as server, forward_proxy(server.port, b"", only_connect=True) as proxy:
        found = await through("http://a.example.com/a", how(proxy.url))
    assert proxy.lines == ["GET http://a.example.com/a HTTP/1.1", f"CONNECT {HOST}:443 HTTP/1.1"]
    assert len(found.hops) == 2


async def test_one_host_and_port_under_both_schemes_is_asked_in_the_right_way() -> None:
    to = response(b"", "Location: https://a.example.com:8443/y", status="302 Found")
    refusal = b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"
    async with serve(to) as server, forward_proxy(server.port, refusal, only_connect=True) as proxy:
        found = await through("http://a.example.com:8443/x", how(proxy.url))
    assert [line.split()[0] for line in proxy.lines] == ["GET", "CONNECT"]
    assert isinstance(found, NotFetched)
    assert found.reason is Reason.PROXY_FAILED
    assert found.hops[-1].status is None


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_refuses_the_connection_is_named(scheme: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        found = await through(f"{scheme}://{HOST}/a.jpg", how(url, retries=1))
    assert isinstance(found, NotFetched)
    assert (found.reason, found.attempts) == (Reason.PROXY_FAILED, 2)
    assert url in redact_text(found.explanation)
    assert judged(found).outcome is Outcome.CANT_TELL


@pytest.mark.parametrize(
    ("status", "scheme", "attempts"),
    [
        ("407 Proxy Authentication Required", "http", 1),
        ("407 Proxy Authentication Required", "https", 1),
        ("502 Bad Gateway", "http", 2),
        ("502 Bad Gateway", "https", 2),
        ("503 Service Unavailable", "https", 2),
        ("403 Forbidden", "https", 1),
    ],
)
async def test_a_status_of_the_proxy_is_not_held_against_the_file(
    status: str, scheme: str, attempts: int
) -> None:
    async with forward_proxy(1, response(b"", "X-Proxy: 1", status=status)) as proxy:
        found = await through(f"{scheme}://{HOST}/a.jpg", how(proxy.url, retries=1))
    assert isinstance(found, NotFetched)
    assert (found.reason, found.attempts) == (Reason.PROXY_FAILED, attempts)
    assert proxy.url in redact_text(found.explanation)
    assert status[:3] in found.detail
    assert judged(found).outcome is Outcome.CANT_TELL


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200", b"rubbish\r\n\r\n"])
async def test_a_proxy_that_answers_connect_with_nothing_usable_is_named(answer: bytes) -> None:
    async with forward_proxy(1, answer) as proxy:
        found = await through(f"https://{HOST}/a.jpg", how(proxy.url))
    assert isinstance(found, NotFetched)
    assert found.reason is Reason.PROXY_FAILED
    assert found.hops[0].status is None
    assert found.hops[0].headers == ()


async def test_a_silent_tunnel_is_no_answer() -> None:
    async def silent(head: bytes, writer: asyncio.StreamWriter) -> None: ...

    async with serve(silent) as server, forward_proxy(server.port) as proxy:
        found = await through(f"https://{HOST}/a.jpg", how(proxy.url, timeout=0.8))
    assert isinstance(found, NotFetched)
    assert found.reason is Reason.TIMED_OUT
    assert (found.hops[0].status, found.hops[0].headers) == (None, ())


async def test_a_proxy_whose_name_is_unknown_is_named() -> None:
    def lookup(host: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no")

    url = f"http://{HOST}/a.jpg"
    found = (await fetch_all([url], how("http://proxy.example:3128"), sniff, lookup=lookup))[url]
    assert isinstance(found, NotFetched)
    assert found.reason is Reason.PROXY_FAILED
    assert found.detail == "http://proxy.example:3128 could not be reached: host name does not exist"


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_login_reaches_the_proxy_and_nothing_else(
    scheme: str, authority: trustme.CA, ca_file: str
) -> None:
    context = secure(authority) if scheme == "https" else None
    async with serve(response(), context=context) as server, forward_proxy(server.port) as proxy:
        url = f"http://us%20er:p%40ss@127.0.0.1:{proxy.port}"
        found = await through(f"{scheme}://{HOST}/a.jpg", how(url, ca_file=ca_file))
    assert f"\r\nProxy-Authorization: {LOGIN}\r\n".encode() in proxy.heads[0]
    if scheme == "https":
        assert b"Authorization" not in server.requests[0]
    assert isinstance(found, Fetched)
    assert found.hops[0].proxy == f"http://127.0.0.1:{proxy.port}"


NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_of_the_environment_sees_nothing(
    name: str, scheme: str, authority: trustme.CA, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = secure(authority) if scheme == "https" else None
    async with serve(response(), context=context) as server, forward_proxy(server.port) as proxy:
        monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        found = await direct(server, scheme, ca_file)
        assert proxy.connections == 0
    assert isinstance(found, Fetched)
    assert found.hops[0].proxy is None


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
async def test_the_environment_cannot_keep_a_host_from_the_proxy_that_was_named(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, f"*,{HOST}")
    async with serve(response()) as server, forward_proxy(server.port) as proxy:
        await through(f"http://{HOST}/a.jpg", how(proxy.url))
    assert len(proxy.heads) == 1


async def direct(server: RawServer, scheme: str, ca_file: str) -> Observation:
    url = server.url(scheme=scheme)
    mapping = (ConnectTo("", server.port, "127.0.0.1", server.port),)
    policy = FetchPolicy(
        retries=0, timeout=20.0, allow_net=("127.0.0.1/32",), connect_to=mapping, ca_file=ca_file
    )
    return (await fetch_all([url], policy, sniff))[url]
