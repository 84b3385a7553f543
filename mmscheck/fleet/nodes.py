"""The long-running sides of a cluster: the scheduler, a worker, and the keys that they know each other by."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import os
from collections.abc import Callable
from pathlib import Path

import dask
import distributed
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mmscheck.errors import FleetError, UsageError
from mmscheck.fleet.cluster import (
    AUTHORITY,
    CERTIFICATE,
    FETCHING,
    JUDGING,
    KEY,
    NO_PAGES,
    SETTINGS,
    security,
)

AUTHORITY_KEY = "ca-key.pem"
"""Signs further machines; it is needed by nobody else and belongs on none of them."""

VALID = dt.timedelta(days=365)
"""How long keys hold (a judgement: nightly runs, and keys that nobody renews are forgotten ones)."""

AGAIN = 2.0
"""Seconds until a worker that lost its scheduler looks for it again."""


async def schedule(host: str, port: int, keys: Path, said: Callable[[str], None]) -> None:
    """Be the scheduler at ``tls://host:port`` until cancelled; ``said`` is called with the address.

    Raises UsageError for keys that are none, FleetError when it cannot listen there.
    """
    with dask.config.set(SETTINGS):
        scheduler = distributed.Scheduler(
            host=host, port=port, protocol="tls://", security=security(keys), **NO_PAGES
        )
        try:
            await scheduler
        except (OSError, ValueError, RuntimeError) as error:
            raise FleetError(f"tls://{host}:{port}: nothing can listen there: {_cause(error)}") from error
        said(str(scheduler.address))
        try:
            await scheduler.finished()
        finally:
            await scheduler.close(reason="stopped")


async def work(address: str, keys: Path, slots: int, said: Callable[[str], None]) -> None:
    """Be a worker of the scheduler at ``address`` until cancelled; one that is lost is looked for again.

    Raises UsageError for an address that is not ``tls://``, and for keys that are none.
    """
    if not address.startswith("tls://"):
        raise UsageError(f"{address}: expected tls://HOST:PORT; nothing goes over the network in the clear")
    own = security(keys)
    with dask.config.set(SETTINGS):
        while True:
            try:
                async with distributed.Nanny(
                    address,
                    nthreads=slots + 1,
                    security=own,
                    protocol="tls://",
                    resources={FETCHING: slots, JUDGING: 1},
                    death_timeout=60,
                    dashboard=False,
                ) as nanny:
                    said(f"{nanny.worker_address or ''} works for {address}")
                    await nanny.finished()
                said(f"{address} was lost; it is looked for again")
            except (OSError, TimeoutError, RuntimeError, ValueError) as error:
                said(f"{address} does not answer ({_cause(error)}); it is looked for again")
            await asyncio.sleep(AGAIN)


def make_keys(folder: Path, hosts: tuple[str, ...]) -> tuple[Path, ...]:
    """An authority, and a certificate with its key for these hosts; the files that were written.

    Where the folder has an authority already, it signs the new certificate. Raises UsageError where a
    certificate is there already: nothing is overwritten.
    """
    if (folder / CERTIFICATE).exists() or (folder / KEY).exists():
        raise UsageError(f"{folder}: {CERTIFICATE} or {KEY} is there already; give another folder")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    written: list[Path] = []
    if not (folder / AUTHORITY_KEY).exists():
        if (folder / AUTHORITY).exists():
            raise UsageError(
                f"{folder}: {AUTHORITY} is there without {AUTHORITY_KEY}, which would have to sign"
            )
        authority_key = ec.generate_private_key(ec.SECP256R1())
        authority = _certificate("mmscheck fleet", authority_key.public_key(), None, authority_key, ())
        written += [_secret(folder / AUTHORITY_KEY, authority_key), _public(folder / AUTHORITY, authority)]
    try:
        signer = serialization.load_pem_private_key((folder / AUTHORITY_KEY).read_bytes(), None)
        issuer = x509.load_pem_x509_certificate((folder / AUTHORITY).read_bytes())
    except (OSError, ValueError, TypeError):
        raise UsageError(f"{folder}: expected {AUTHORITY} and {AUTHORITY_KEY} in PEM") from None
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise UsageError(f"{folder}/{AUTHORITY_KEY}: expected the key of an elliptic curve")
    key = ec.generate_private_key(ec.SECP256R1())
    own = _certificate(hosts[0], key.public_key(), issuer, signer, hosts)
    written += [_secret(folder / KEY, key), _public(folder / CERTIFICATE, own)]
    return tuple(written)


def _certificate(
    name: str,
    key: ec.EllipticCurvePublicKey,
    issuer: x509.Certificate | None,
    signer: ec.EllipticCurvePrivateKey,
    hosts: tuple[str, ...],
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + VALID)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if hosts:
        names = [_general_name(host) for host in hosts]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _secret(file: Path, key: ec.EllipticCurvePrivateKey) -> Path:
    data = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return _new(file, data, 0o600)


def _public(file: Path, certificate: x509.Certificate) -> Path:
    return _new(file, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _new(file: Path, data: bytes, mode: int) -> Path:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:
        stream.write(data)
    return file


def _cause(error: BaseException) -> str:
    """The system's words where it has any."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror.lower()
        inner = inner.__cause__ or inner.__context__
    return "no answer"
