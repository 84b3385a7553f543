"""TLS over real sockets, with certificates that are wrong in every common way."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mmscheck.fetch import ConnectTo, FetchPolicy, fetch_all
from mmscheck.model.observation import Fetched, Reason
from mmscheck.model.words import Handshake
from tests.support.rawserver import RawServer, fetched, not_fetched, policy, response, serve, sniff

HOST = "media.example.com"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def context_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "self.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    return context


def how(server: RawServer, ca_file: str | None) -> FetchPolicy:
    return policy(server, ca_file=ca_file, retries=2)


async def test_a_trusted_certificate_is_fetched_over_and_headers_are_kept(
    authority: trustme.CA, ca_file: str
) -> None:
    raw = response(b"x" * 200_000, "content-TYPE:image/jpeg")
    async with serve(raw, context=context_of(authority.issue_cert(HOST))) as server:
        found = await fetched(server.url(scheme="https"), how(server, ca_file))
    assert found.hops[0].headers == (("content-TYPE", "image/jpeg"), ("Content-Length", "200000"))
    assert found.hops[0].address == "127.0.0.1"
    assert found.size == 200_000


async def test_connections_over_tls_are_used_again_with_headers_of_their_own(
    authority: trustme.CA, ca_file: str
) -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"abc", f"X-Path: {head.split()[1].decode()}"))

    async with serve(respond, context=context_of(authority.issue_cert(HOST))) as server:
        urls = [server.url(f"/{number}", scheme="https") for number in range(10)]
        found = await fetch_all(urls, policy(server, ca_file=ca_file, per_host=1), sniff)
    assert server.connections == 1
    for number, url in enumerate(urls):
        assert found[url].hops[0].values("x-path") == (f"/{number}",)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc", Reason.MALFORMED_HTTP),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            Reason.LENGTH_AND_CHUNKED,
        ),
        (response(b"abc", length=9), Reason.SHORT_BODY),
    ],
)
async def test_a_response_refused_by_the_library_is_seen_through_tls_too(
    raw: bytes, reason: Reason, authority: trustme.CA, ca_file: str
) -> None:
    async with serve(raw, context=context_of(authority.issue_cert(HOST))) as server:
        found = await not_fetched(server.url(scheme="https"), how(server, ca_file))
    assert found.reason is reason
    assert found.hops[0].values("content-length")


async def test_excess_bytes_are_counted_through_tls_too(authority: trustme.CA, ca_file: str) -> None:
    context = context_of(authority.issue_cert(HOST))
    async with serve(response(b"abcdef", length=4), context=context) as server:
        found = await fetched(server.url(scheme="https"), how(server, ca_file))
    assert (found.size, found.excess) == (4, 2)


def expired(authority: trustme.CA, folder: Path) -> ssl.SSLContext:
    past = dt.datetime.now(dt.UTC) - dt.timedelta(days=3)
    return context_of(authority.issue_cert(HOST, not_before=past, not_after=past + dt.timedelta(1)))


def not_yet_valid(authority: trustme.CA, folder: Path) -> ssl.SSLContext:
    ahead = dt.datetime.now(dt.UTC) + dt.timedelta(days=3)
    return context_of(authority.issue_cert(HOST, not_before=ahead, not_after=ahead + dt.timedelta(1)))


def for_another_host(authority: trustme.CA, folder: Path) -> ssl.SSLContext:
    return context_of(authority.issue_cert("other.example.com"))


def of_an_unknown_authority(authority: trustme.CA, folder: Path) -> ssl.SSLContext:
    return context_of(trustme.CA().issue_cert(HOST))


def without_its_intermediate(authority: trustme.CA, folder: Path) -> ssl.SSLContext:
    leaf = authority.create_child_ca().issue_cert(HOST)
    return context_from(folder, leaf, leaf.cert_chain_pems[0].bytes())


def of_an_unknown_authority_that_is_sent(authority: trustme.CA, folder: Path) -> ssl.SSLContext:
    stranger = trustme.CA()
    leaf = stranger.issue_cert(HOST)
    return context_from(folder, leaf, leaf.cert_chain_pems[0].bytes() + stranger.cert_pem.bytes())


def context_from(folder: Path, leaf: trustme.LeafCert, sent: bytes) -> ssl.SSLContext:
    pem = folder / "sent.pem"
    pem.write_bytes(leaf.private_key_pem.bytes() + sent)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    return context


def signed_by_itself(authority: trustme.CA, folder: Path) -> ssl.SSLContext:
    return self_signed(folder)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (expired, ("certificate has expired", "the certificate has expired: it ended on 20")),
        (not_yet_valid, ("certificate is not yet valid", "is not valid yet: it begins on 20")),
        (for_another_host, ("Hostname mismatch", "another host name: other.example.com")),
        (of_an_unknown_authority, ("unable to get local issuer", "or this authority is not trusted")),
        (without_its_intermediate, ("unable to get local issuer", "the intermediate certificate")),
        (of_an_unknown_authority_that_is_sent, ("self-signed certificate in cert", "is not trusted")),
        (signed_by_itself, ("self-signed certificate", "self-signed")),
    ],
)
async def test_a_certificate_that_is_not_valid_is_named_in_plain_words(
    make: Callable[[trustme.CA, Path], ssl.SSLContext],
    words: tuple[str, str],
    authority: trustme.CA,
    ca_file: str,
    tmp_path: Path,
) -> None:
    async with serve(response(), context=make(authority, tmp_path)) as server:
        found = await not_fetched(server.url(scheme="https"), how(server, ca_file))
        assert server.requests == []
    message, plain = words
    assert found.reason is Reason.TLS_CERTIFICATE
    assert plain in found.detail
    assert message in (found.hops[0].tls_error or "")
    assert found.hops[0].address == "127.0.0.1"
    assert found.attempts == 1


async def test_a_chain_with_its_intermediate_is_valid(authority: trustme.CA, ca_file: str) -> None:
    leaf = authority.create_child_ca().issue_cert(HOST)
    async with serve(response(), context=context_of(leaf)) as server:
        await fetched(server.url(scheme="https"), how(server, ca_file))


async def test_a_numeric_host_must_be_named_by_the_certificate(authority: trustme.CA, ca_file: str) -> None:
    async with serve(response(), context=context_of(authority.issue_cert("127.0.0.1"))) as server:
        await fetched(server.url(host="127.0.0.1", scheme="https"), how(server, ca_file))
        found = await not_fetched(server.url(host="127.0.0.2", scheme="https"), how(server, ca_file))
    assert found.detail == "the certificate is for another address: 127.0.0.1"


async def test_without_the_ca_file_a_private_authority_is_not_trusted(authority: trustme.CA) -> None:
    async with serve(response(), context=context_of(authority.issue_cert(HOST))) as server:
        found = await not_fetched(server.url(scheme="https"), how(server, None))
    assert found.reason is Reason.TLS_CERTIFICATE


async def test_a_server_that_speaks_no_tls_is_named(ca_file: str) -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        raise AssertionError

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(response())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server:
        raw = RawServer(respond)
        raw.port = server.sockets[0].getsockname()[1]
        found = await not_fetched(raw.url(scheme="https"), how(raw, ca_file))
    assert found.reason is Reason.TLS_HANDSHAKE
    assert "does not speak TLS" in found.detail


async def test_a_server_that_hangs_up_during_the_handshake_is_named_and_asked_again(ca_file: str) -> None:
    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        raise AssertionError

    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(rude, "127.0.0.1", 0)
    async with server:
        raw = RawServer(respond)
        raw.port = server.sockets[0].getsockname()[1]
        found = await not_fetched(
            raw.url(scheme="https"), msgspec.structs.replace(how(raw, ca_file), retries=1)
        )
    assert (found.reason, found.detail, found.attempts) == (
        Reason.RESET,
        "before any request could be made",
        2,
    )


def _demanding(context: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED


def _old(context: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version


def _with_cipher(context: ssl.SSLContext, cipher: str) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(cipher)


def _refusing_the_name(context: ssl.SSLContext, alert: int) -> None:
    context.sni_callback = lambda *_: alert


TLS = ssl.TLSVersion


@pytest.mark.parametrize(
    ("set_up", "how", "cause"),
    [
        (_demanding, TLS.TLSv1_3, Handshake.CLIENT_CERTIFICATE),
        (_demanding, TLS.TLSv1_2, Handshake.NO_AGREEMENT),
        (_old, TLS.TLSv1, Handshake.OLD_VERSION),
        (_old, TLS.TLSv1_1, Handshake.OLD_VERSION),
        (_with_cipher, "AES128-SHA:@SECLEVEL=0", Handshake.NO_AGREEMENT),
        (_refusing_the_name, ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME, Handshake.NAME_REFUSED),
        (_refusing_the_name, ssl.ALERT_DESCRIPTION_INTERNAL_ERROR, Handshake.SERVER_FAULT),
        (_refusing_the_name, ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE, Handshake.NO_AGREEMENT),
        (_refusing_the_name, ssl.ALERT_DESCRIPTION_INSUFFICIENT_SECURITY, Handshake.WEAK),
    ],
)
# What is old is what this is about.
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_why_a_handshake_failed_is_told_in_words_of_our_own(
    set_up: Callable[[ssl.SSLContext, Any], None],
    how: Any,
    cause: Handshake,
    authority: trustme.CA,
    ca_file: str,
) -> None:
    context = context_of(
        trustme.CA(key_type=trustme.KeyType.RSA).issue_cert(HOST, key_type=trustme.KeyType.RSA)
    )
    if set_up is _demanding:
        context = context_of(authority.issue_cert(HOST))
    set_up(context, how)

    def shake_hands(listener: socket.socket) -> None:
        # asyncio's server drops the alert that a blocking one sends.
        plain, _ = listener.accept()
        with context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False) as connection:
            with contextlib.suppress(ssl.SSLError):
                connection.do_handshake()
            # Unread bytes would make the close a reset, which can overtake the alert.
            while socket.socket.recv(connection, 65536):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        shaking = asyncio.create_task(asyncio.to_thread(shake_hands, listener))
        port = listener.getsockname()[1]
        how_once = policy(ca_file=ca_file, connect_to=(ConnectTo("", None, "127.0.0.1", port),))
        found = await not_fetched(f"https://{HOST}/a.jpg", how_once)
        await shaking
    assert (found.reason, found.detail) == (Reason.TLS_HANDSHAKE, cause.value)


async def test_when_an_accepted_certificate_ends_is_kept_on_every_hop_of_a_connection(
    authority: trustme.CA, ca_file: str
) -> None:
    end = dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC)

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"abc"))

    async with serve(respond, context=context_of(authority.issue_cert(HOST, not_after=end))) as server:
        urls = [server.url(f"/{number}", scheme="https") for number in range(3)]
        found = await fetch_all(urls, policy(server, ca_file=ca_file, per_host=1), sniff)
    assert server.connections == 1
    for url in urls:
        (hop,) = found[url].hops
        assert hop.certificate is not None
        assert (hop.certificate.ends, hop.certificate.intermediate) == (end.timestamp(), False)


async def test_behind_an_intermediate_the_servers_own_end_is_kept(tmp_path: Path) -> None:
    root = trustme.CA()
    end = dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    middle = root.create_child_ca()
    leaf = middle.issue_cert(HOST, not_after=end)
    root.cert_pem.write_to_path(str(tmp_path / "root.pem"))
    async with serve(response(), context=context_of(leaf)) as server:
        found = await fetched(server.url(scheme="https"), how(server, str(tmp_path / "root.pem")))
    assert found.hops[0].certificate is not None
    assert found.hops[0].certificate.ends == end.timestamp()


async def test_a_redirect_from_https_to_http_is_refused(authority: trustme.CA, ca_file: str) -> None:
    async with serve(response()) as plain:
        to = response(b"", f"Location: {plain.url()}", status="302 Found")
        async with serve(to, context=context_of(authority.issue_cert(HOST))) as server:
            both = policy(server, plain, ca_file=ca_file)
            found = await not_fetched(server.url(scheme="https"), both)
        assert plain.connections == 0
    assert found.reason is Reason.INSECURE_REDIRECT
    assert found.hops[0].status == 302


async def test_a_redirect_from_http_to_https_is_followed(authority: trustme.CA, ca_file: str) -> None:
    async with serve(response(), context=context_of(authority.issue_cert(HOST))) as secure:
        to = response(b"", f"Location: {secure.url(scheme='https')}", status="301 Moved")
        async with serve(to) as server:
            found = await fetched(server.url(), policy(server, secure, ca_file=ca_file))
    assert isinstance(found, Fetched)
    assert [hop.status for hop in found.hops] == [301, 200]
