"""Which certificate of a chain is at fault, said over real handshakes that carry no request."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

import mmscheck
from mmscheck.cli.bind import command as bind
from mmscheck.cli.check import command as check
from mmscheck.cli.save import command as save
from mmscheck.cli.send import command as send
from mmscheck.fetch import FetchPolicy
from mmscheck.fetch.certificates import SentCertificate, describe, sent_chain
from mmscheck.fetch.certificates import (
    _chain_of as chain_of,
)  # the original, beside one that is put in its place
from mmscheck.fetch.exchange import CURRENT, Exchange
from mmscheck.fetch.names import Route
from mmscheck.fetch.wire import AddressDeniedError
from mmscheck.model.observation import NotFetched, Reason
from tests.support.rawserver import RawServer, not_fetched, policy, response, serve

HOST = "media.example.com"
NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


class Signed:
    """A key and its certificate, signed by ``issuer`` or by itself."""

    def __init__(
        self, name: str, issuer: Signed | None = None, *, host: str = "", url: str = "", ended: bool = False
    ) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        above = issuer or self
        begin, end = (NOW - 9 * DAY, NOW - DAY) if ended else (NOW - DAY, NOW + DAY)
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(above.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=not host, path_length=None), critical=True)
        )
        if host:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        if url:
            where = x509.AccessDescription(
                AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(url)
            )
            builder = builder.add_extension(x509.AuthorityInformationAccess([where]), critical=False)
        self.certificate = builder.sign(above.key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def showing(folder: Path, *chain: Signed) -> ssl.SSLContext:
    """A server that sends these certificates in this order, its own first."""
    private = chain[0].key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "server.pem"
    file.write_bytes(private + b"".join(item.pem for item in chain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def trusting(folder: Path, *roots: Signed) -> str:
    file = folder / "roots.pem"
    file.write_bytes(b"".join(root.pem for root in roots))
    return str(file)


async def refused(server: RawServer, ca_file: str) -> NotFetched:
    found = await not_fetched(server.url(scheme="https"), policy(server, ca_file=ca_file))
    assert found.reason is Reason.TLS_CERTIFICATE
    assert server.requests == []
    return found


async def test_a_missing_intermediate_is_named(tmp_path: Path) -> None:
    root = Signed("Root")
    middle = Signed("Middle R3", root)
    leaf = Signed("leaf", middle, host=HOST, url="http://ca.example/middle.der")
    async with serve(response(), context=showing(tmp_path, leaf)) as server:
        found = await refused(server, trusting(tmp_path, root))
    assert found.detail == (
        'the intermediate certificate "Middle R3" is missing: the server sends only its own certificate'
    )


async def test_a_missing_intermediate_beside_others_is_named(tmp_path: Path) -> None:
    root = Signed("Root")
    leaf = Signed("leaf", Signed("Middle", root), host=HOST, url="http://ca.example/middle.der")
    async with serve(response(), context=showing(tmp_path, leaf, Signed("Old", root))) as server:
        found = await refused(server, trusting(tmp_path, root))
    assert found.detail.startswith('the intermediate certificate "Middle" is missing: the server sends 2')


async def test_without_a_hint_of_the_certificate_both_causes_are_named(tmp_path: Path) -> None:
    leaf = Signed("leaf", Signed("House CA"), host=HOST)
    async with serve(response(), context=showing(tmp_path, leaf)) as server:
        found = await refused(server, trusting(tmp_path, Signed("Root")))
    assert found.detail == (
        'the intermediate certificate "House CA" is missing, or this authority is not trusted:'
        " the server sends only its own certificate"
    )


@pytest.mark.parametrize("root_is_sent", [True, False])
async def test_an_authority_that_is_not_trusted_is_named(tmp_path: Path, *, root_is_sent: bool) -> None:
    root = Signed("House Root")
    middle = Signed("House Middle", root)
    leaf = Signed("leaf", middle, host=HOST)
    sent = (leaf, middle, root) if root_is_sent else (leaf, middle)
    async with serve(response(), context=showing(tmp_path, *sent)) as server:
        found = await refused(server, trusting(tmp_path, Signed("Root")))
    assert found.detail.startswith('the authority "House Root" is not trusted')
    assert ("missing" in found.detail) is not root_is_sent


async def test_an_intermediate_that_has_expired_is_told_from_the_certificate_itself(tmp_path: Path) -> None:
    root = Signed("Root")
    middle = Signed("Middle", root, ended=True)
    leaf = Signed("leaf", middle, host=HOST)
    async with serve(response(), context=showing(tmp_path, leaf, middle)) as server:
        found = await refused(server, trusting(tmp_path, root))
    day = (NOW - DAY).date().isoformat()
    assert found.detail == f'the intermediate certificate "Middle" has expired: it ended on {day}'


async def test_a_name_with_terminal_commands_in_it_is_escaped(tmp_path: Path) -> None:
    leaf = Signed("leaf", Signed("evil\x1b[31m\nCA"), host=HOST)
    async with serve(response(), context=showing(tmp_path, leaf)) as server:
        found = await refused(server, trusting(tmp_path, Signed("Root")))
    assert found.detail.isprintable()


async def test_the_second_handshake_is_made_once_and_with_the_same_guarded_address(tmp_path: Path) -> None:
    leaf = Signed("leaf", Signed("House CA"), host=HOST)
    async with serve(response(), context=showing(tmp_path, leaf)) as server:
        found = await refused(server, trusting(tmp_path, Signed("Root")))
        assert server.connections <= 2
    assert found.hops[0].address == "127.0.0.1"
    assert found.attempts == 1


@pytest.mark.parametrize("chain", [None, ()])
async def test_where_the_chain_cannot_be_had_the_plain_words_stay(
    chain: tuple[()] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object) -> tuple[()]:
        if chain is None:
            raise ConnectionRefusedError
        return chain

    monkeypatch.setattr("mmscheck.fetch.certificates.sent_chain", nothing)
    leaf = Signed("leaf", Signed("House CA"), host=HOST)
    async with serve(response(), context=showing(tmp_path, leaf)) as server:
        found = await refused(server, trusting(tmp_path, Signed("Root")))
    assert found.detail.startswith("the issuer is not known")


async def test_a_server_that_stalls_the_second_handshake_costs_little_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stalling(*_: object) -> tuple[()]:
        await asyncio.sleep(60)
        return ()

    monkeypatch.setattr("mmscheck.fetch.certificates.sent_chain", stalling)
    monkeypatch.setattr("mmscheck.fetch.certificates.PATIENCE", 0.1)
    leaf = Signed("leaf", Signed("House CA"), host=HOST)
    async with serve(response(), context=showing(tmp_path, leaf)) as server, asyncio.timeout(30):
        found = await refused(server, trusting(tmp_path, Signed("Root")))
    assert found.detail.startswith("the issuer is not known")


def certificate(subject: str, issuer: str) -> SentCertificate:
    return SentCertificate(
        subject=((("commonName", subject),),),
        issuer=((("commonName", issuer),),),
        begins=0.0,
        ends=10.0,
        hosts=tuple(f"h{number}.example" for number in range(7)),
        points_up=False,
    )


def test_of_many_names_a_few_are_told() -> None:
    told = describe(62, (certificate("leaf", "root"),), 5.0, "for another host name")
    assert told == (
        "for another host name: h0.example, h1.example, h2.example, h3.example, h4.example and 2 more"
    )


def test_certificates_that_point_at_each_other_end_the_walk() -> None:
    chain = (certificate("leaf", "a"), certificate("a", "b"), certificate("b", "a"))
    assert describe(20, chain, 5.0, "?").startswith('the authority "a" is not trusted')


@pytest.mark.parametrize("code", [None, 18, 23])
def test_what_the_chain_does_not_explain_is_left_as_said(code: int | None) -> None:
    assert describe(code, (certificate("a", "a"),), 5.0, "as said") == "as said"


def test_a_certificate_that_was_in_time_for_us_is_left_as_said() -> None:
    assert describe(10, (certificate("a", "a"),), 5.0, "as said") == "as said"


UNSAFE = re.compile(r"insecure|no.?verify|verify|ignore|trust.?all", re.IGNORECASE)


def test_there_is_no_way_to_leave_certificates_unverified() -> None:
    # Options, configuration keys and the policy are all the ways there are to tell the fetcher anything.
    options = [name for command in (check, send, save, bind) for each in command.params for name in each.opts]
    assert "--ca-file" in options
    names = [*options, *FetchPolicy.__struct_fields__]
    assert [name for name in names if UNSAFE.search(name)] == []
    assert "-k" not in options


def test_verification_is_off_in_one_place_only() -> None:
    package = Path(mmscheck.__file__).parent
    words = re.compile(r"CERT_NONE|CERT_OPTIONAL|check_hostname|_create_unverified|ssl=False")
    found = {file.name for file in package.rglob("*.py") if words.search(file.read_text(encoding="utf-8"))}
    assert found == {"certificates.py"}


async def test_the_second_handshake_is_guarded_like_the_first() -> None:
    exchange = Exchange(Route(("127.0.0.1",), 443), keep=lambda: False, elapsed=lambda: 0.0)
    token = CURRENT.set(exchange)
    async with serve(response()) as server:
        with pytest.raises(AddressDeniedError, match=r"127\.0\.0\.1 is loopback"):
            await sent_chain("127.0.0.1", server.port, HOST, ())
        assert server.connections == 0
    CURRENT.reset(token)


async def test_a_python_that_hands_out_no_chain_gives_the_plain_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Other:
        _sslobj = object()

    monkeypatch.setattr("mmscheck.fetch.certificates._chain_of", lambda _: chain_of(Other()))
    leaf = Signed("leaf", Signed("House CA"), host=HOST)
    async with serve(response(), context=showing(tmp_path, leaf)) as server:
        found = await refused(server, trusting(tmp_path, Signed("Root")))
    assert found.detail.startswith("the issuer is not known")
