"""Redirects are followed by hand, and each hop is judged like the first."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import pytest
import trustme

from mmscheck.checks.reach import redirect_free
from mmscheck.fetch import ConnectTo, fetch_all
from mmscheck.fetch.head import parse_head
from mmscheck.fetch.status import next_target
from mmscheck.fetch.url import parse_url
from mmscheck.model.check import MediaTarget, NoParams
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import AnomalyKind, Fetched, NotFetched, Reason
from mmscheck.model.words import MediaKind, Outcome
from tests.support.rawserver import Respond, fetched, not_fetched, policy, response, serve, sniff


def redirecting(to: str, status: str = "302 Found") -> bytes:
    return response(b"", f"Location: {to}", status=status)


def by_path(answers: dict[str, bytes]) -> Respond:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answers[head.split()[1].decode("latin-1")])

    return respond


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
async def test_each_hop_is_kept_with_its_headers(status: str) -> None:
    answers = {
        "/a.jpg": redirecting("/b/c.jpg", status),
        "/b/c.jpg": redirecting("d.jpg?x=1", status),
        "/b/d.jpg?x=1": response(b"abc", "Content-Type: image/jpeg"),
    }
    async with serve(by_path(answers)) as server:
        found = await fetched(server.url(), policy(server))
    assert [hop.url for hop in found.hops] == [
        server.url("/a.jpg"),
        server.url("/b/c.jpg"),
        server.url("/b/d.jpg?x=1"),
    ]
    assert [hop.status for hop in found.hops] == [int(status[:3])] * 2 + [200]
    assert found.hops[0].values("location") == ("/b/c.jpg",)
    assert found.hops[-1].values("content-type") == ("image/jpeg",)
    assert not any(b"Referer" in request for request in server.requests)


async def test_five_redirects_are_followed_and_a_sixth_is_not() -> None:
    answers = {f"/{number}": redirecting(f"/{number + 1}") for number in range(6)} | {"/6": response()}
    async with serve(by_path(answers)) as server:
        good, bad = server.url("/1"), server.url("/0")
        found = await fetch_all([good, bad], policy(server), sniff)
    assert isinstance(found[good], Fetched)
    assert len(found[good].hops) == 6
    refused = found[bad]
    assert isinstance(refused, NotFetched)
    assert refused.reason is Reason.TOO_MANY_REDIRECTS
    assert len(refused.hops) == 6


@pytest.mark.parametrize("back", ["/a.jpg", "/a.jpg#again", "http://media.example.com:{port}/a.jpg"])
async def test_a_loop_is_named_at_its_first_turn(back: str) -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(redirecting("/b.jpg" if b"/a.jpg" in head else back.format(port=server.port)))

    async with serve(respond) as server:
        found = await not_fetched(server.url(), policy(server))
    assert found.reason is Reason.REDIRECT_LOOP
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("location", "detail"),
    [
        ("ftp://media.example.com/a.jpg", "scheme is ftp"),
        ("data:image/png;base64,AAAA", "scheme is data"),
        ("file:///etc/passwd", "scheme is file"),
        ("http:///nowhere", "no host"),
        ("http://user:secret@media.example.com/", "user name or password"),
        ("//user@media.example.com/", "user name or password"),
        ("/a b.jpg", "white space"),
        ("/a\tb.jpg", "white space"),
        ("\\\\media.example.com\\a.jpg", "backslash"),
        ("/a\x7f.jpg", "control character"),
        ("http://media.example.com:0/", "port"),
        ("http://media.example.com:99999/", "port"),
        ("http://[::1/", "host"),
        ("http:a.jpg", "no // after http:"),
        ("", "no Location"),
    ],
)
async def test_a_location_that_cannot_be_followed_is_named(location: str, detail: str) -> None:
    async with serve(redirecting(location)) as server:
        found = await not_fetched(server.url(), policy(server))
    assert found.reason is Reason.BAD_REDIRECT
    assert detail in found.detail
    assert "secret" not in found.detail
    assert len(server.requests) == 1
    assert found.hops[0].status == 302


async def test_a_redirect_without_a_location_is_named() -> None:
    async with serve(response(b"", status="301 Moved")) as server:
        found = await not_fetched(server.url(), policy(server))
    assert found.reason is Reason.BAD_REDIRECT
    assert found.detail == "HTTP 301 Moved with no Location"


async def test_two_different_locations_are_no_location() -> None:
    raw = response(b"", "Location: /a", "Location: /b", status="302 Found")
    async with serve(raw) as server:
        found = await not_fetched(server.url(), policy(server))
    assert found.reason is Reason.BAD_REDIRECT


@pytest.mark.parametrize(
    "location", ["http://127.0.0.2:{port}/", "//127.0.0.2:{port}/", "http://127.2:{port}/"]
)
async def test_a_redirect_to_a_denied_address_never_connects(location: str) -> None:
    async with serve(response(), host="127.0.0.2") as inner:
        to = location.format(port=inner.port)
        async with serve(redirecting(to)) as server:
            how = policy(server, allow_net=("127.0.0.1/32",))
            found = await not_fetched(server.url(), how)
        assert inner.connections == 0
    assert found.reason is Reason.ADDRESS_REFUSED
    assert found.detail == "127.0.0.2 is loopback"
    assert [hop.status for hop in found.hops] == [302, None]
    assert found.hops[1].resolved == ("127.0.0.2",)
    assert found.hops[1].address is None


async def test_a_redirect_to_a_name_of_a_denied_address_never_connects() -> None:
    async with serve(response(), host="127.0.0.2") as inner:
        to = f"http://inner.example.com:{inner.port}/"
        async with serve(redirecting(to)) as server:
            found = await fetch_all(
                [server.url()],
                policy(server, allow_net=("127.0.0.1/32",)),
                sniff,
                lookup=lambda _: ["127.0.0.2"],
            )
        assert inner.connections == 0
    refused = found[server.url()]
    assert isinstance(refused, NotFetched)
    assert refused.reason is Reason.ADDRESS_REFUSED


def test_a_step_down_from_https_is_refused() -> None:
    head = parse_head(redirecting("http://media.example.com/a.jpg"))
    with pytest.raises(Exception, match=r"http://media\.example\.com") as caught:
        next_target(head, parse_url("https://media.example.com/a.jpg"), set(), 5)
    assert caught.value.reason is Reason.INSECURE_REDIRECT  # type: ignore[attr-defined] # a Failure


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ("http://h.example/a/../b?", "http://h.example/a/../b?"),
        ("//h.example/x", "http://h.example/x"),
        ("?x", "http://media.example.com/d/a.jpg?x"),
        ("../c.jpg", "http://media.example.com/c.jpg"),
        ("/caf\xc3\xa9.jpg", "http://media.example.com/caf%C3%A9.jpg"),
        ("/caf\xe9.jpg", "http://media.example.com/caf%C3%A9.jpg"),
        ("HTTPS://h.example/", "https://h.example/"),
    ],
)
def test_a_location_is_taken_as_written(location: str, text: str) -> None:
    head = parse_head(redirecting(location))
    assert next_target(head, parse_url("http://media.example.com/d/a.jpg"), set(), 5).text == text


async def test_the_last_hop_may_fail_like_the_first() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        async with serve(redirecting(gone)) as server:
            found = await not_fetched(server.url(), policy(server))
    assert found.reason is Reason.REFUSED
    assert [hop.url for hop in found.hops] == [server.url(), gone]


async def test_connect_to_is_applied_to_every_hop() -> None:
    answers = {"/a.jpg": redirecting("http://other.example.com/b.jpg"), "/b.jpg": response()}
    async with serve(by_path(answers)) as server:
        how = policy(
            connect_to=(
                ConnectTo("media.example.com", None, "127.0.0.1", server.port),
                ConnectTo("other.example.com", 80, "127.0.0.1", server.port),
            )
        )
        found = await fetched(server.url(), how)
    assert found.hops[-1].url == "http://other.example.com/b.jpg"
    assert b"\r\nHost: other.example.com\r\n" in server.requests[1]


async def test_a_redirect_to_a_port_of_another_protocol_never_connects() -> None:
    async with serve(redirecting("http://8.8.8.8:25/a.jpg")) as server:
        found = await not_fetched(server.url(), policy(server))
    assert found.reason is Reason.ADDRESS_REFUSED
    assert found.detail == "port 25 belongs to another protocol than HTTP"
    assert found.hops[1].address is None


async def test_the_certificate_of_each_hop_counts(tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    stranger.issue_cert("media.example.com").configure_cert(context)
    async with serve(redirecting("http://media.example.com/c.jpg"), context=context) as secure:
        async with serve(redirecting(secure.url(scheme="https"))) as server:
            how = policy(server, secure, ca_file=str(tmp_path / "ca.pem"))
            found = await not_fetched(server.url(), how)
        assert secure.requests == []
    assert found.reason is Reason.TLS_CERTIFICATE
    assert [hop.status for hop in found.hops] == [302, None]
    assert found.hops[1].tls_error


async def test_what_is_odd_about_the_head_of_a_redirect_is_kept_with_its_hop() -> None:
    odd = redirecting("/b.jpg").replace(b"\r\nLocation", b"\nLocation")
    async with serve(by_path({"/a.jpg": odd, "/b.jpg": response()})) as server:
        found = await fetched(server.url(), policy(server))
    assert [oddity.kind for oddity in found.hops[0].anomalies] == [AnomalyKind.BARE_LF]
    assert found.hops[1].anomalies == ()


@pytest.mark.parametrize(
    ("location", "handed"),
    [
        ("http://other.example.com:{port}/b.jpg?sig=secret", ["other.example.com"]),
        ("http://other.example.com:{port}/b.jpg?sig=new", None),
        ("http://other.example.com:{port}/b.jpg", None),
        ("/b.jpg?sig=secret", None),
    ],
)
async def test_a_query_that_a_redirect_hands_to_another_host_is_noted(
    location: str, handed: list[str] | None
) -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        to = redirecting(location.format(port=server.port))
        writer.write(to if b"/a.jpg" in head else response())

    async with serve(respond) as server:
        found = await fetched(server.url("/a.jpg?sig=secret"), policy(server))
    ref = MediaRef(url=found.url, kind=MediaKind.IMAGE, line=1, slide=1, index=1)
    result = redirect_free(MediaTarget(ref=ref, observation=found), NoParams())
    assert result.outcome is Outcome.FAILED
    assert result.evidence.get("query_handed_to") == handed
