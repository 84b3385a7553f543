"""Signatures of passes: PKCS #7 over a manifest, by certificates made here."""

from __future__ import annotations

import datetime as dt
import functools

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

TYPE, TEAM = "pass.example", "T"
SOON = dt.datetime(2050, 1, 1, tzinfo=dt.UTC)
PAST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@functools.cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, 2048)


@functools.cache
def curve_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@functools.cache
def certificate(
    key: Key | ed25519.Ed25519PrivateKey,
    user: str | None = TYPE,
    unit: str | None = TEAM,
    ends: dt.datetime = SOON,
) -> x509.Certificate:
    """A certificate such as Apple makes for a type of pass, issued by an authority of its own."""
    authority = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Authority")])
    names = ((x509.NameOID.USER_ID, user), (x509.NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    subject = x509.Name([x509.NameAttribute(kind, text) for kind, text in names if text is not None])
    builder = x509.CertificateBuilder(authority, subject, key.public_key(), serial_number=2**150 + 7)
    builder = builder.not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC)).not_valid_after(ends)
    builder = builder.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
    )
    return builder.sign(curve_key(), hashes.SHA256())


def sign(
    manifest: bytes,
    *options: pkcs7.PKCS7Options,
    key: Key | None = None,
    user: str | None = TYPE,
    unit: str | None = TEAM,
    ends: dt.datetime = SOON,
    digest: pkcs7.PKCS7HashTypes | None = None,
    pss: bool = False,
) -> bytes:
    """A detached signature, in DER, with the time of signing unless the options say otherwise."""
    key = key or rsa_key()
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH) if pss else None
    builder = pkcs7.PKCS7SignatureBuilder().set_data(manifest)
    builder = builder.add_signer(
        certificate(key, user, unit, ends), key, digest or hashes.SHA256(), rsa_padding=scheme
    )
    given = (pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary, *options)
    return builder.sign(Encoding.DER, given)
