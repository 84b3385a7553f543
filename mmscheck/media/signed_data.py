"""PKCS #7 signatures of passes: over what they are made, and by whom.

Cryptographic Message Syntax, RFC 5652. Whether Apple issued the certificate is not asked: a phone knows.

The ASN.1 values in them are in BER or DER (ITU-T X.690, 2021), read whole and written again as DER: OpenSSL
writes DER, Apple's and Java's tools BER with lengths that show only at the end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from mmscheck.media.refusal import RefusedError, Verdicts, judging

MOST_DEPTH = 32
"""Values within values; a signature needs a dozen."""

SEQUENCE, SET, INTEGER, OCTETS, OID = 0x30, 0x31, 0x02, 0x04, 0x06
CONSTRUCTED = 0x20
_MANY_BYTES_OF_TAG = 0x1F
_LONG = 0x80
_INDEFINITE = 0x80
_LENGTH_BYTES = 4
LARGEST = 256 * 1024
"""Bytes of a signature that are read; with all its certificates one has some 5,000."""

NO_KEY = "was made with a key of a kind that passes do not use"
DAMAGED = "holds a damaged certificate"
CERTIFICATE = Verdicts(own={x509.InvalidVersion: DAMAGED}, said={"error parsing asn1 value": DAMAGED})
KEY = Verdicts(
    own={UnsupportedAlgorithm: NO_KEY},
    said=dict.fromkeys(
        ("error parsing asn1 value", "Could not deserialize key data", "Invalid key", "e must be"), DAMAGED
    ),
)
MADE = Verdicts(own={InvalidSignature: "was not made with the key of its signer's certificate"})
"""How cryptography refuses certificates, keys and signatures."""

OTHER = "was made over another manifest.json"
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_PSS = bytes.fromhex("2a864886f70d01010a")
_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_DIGESTS: dict[bytes, tuple[str, hashes.HashAlgorithm]] = {
    bytes.fromhex("2b0e03021a"): ("sha1", hashes.SHA1()),  # noqa: S303 - what older passes have, and phones take
    bytes.fromhex("608648016503040201"): ("sha256", hashes.SHA256()),
    bytes.fromhex("608648016503040202"): ("sha384", hashes.SHA384()),
    bytes.fromhex("608648016503040203"): ("sha512", hashes.SHA512()),
}
"""Object identifiers of what a signature is called and of digests, in DER."""

_LEAST = len(("version", "signer", "digest", "algorithm", "signature"))
"""Parts that every signer's information has."""

_CERTIFICATES = ATTRIBUTES = BY_KEY = 0xA0
_BY_KEY_PLAIN = 0x80
"""Tags of optional parts: the certificates of all, the attributes of a signer, a signer named by a key."""


class Value(msgspec.Struct, frozen=True):
    """One value: its tag (one byte, with class and form), its bytes, and the values in it if it has any."""

    tag: int
    content: bytes
    parts: tuple[Value, ...] = ()


def read(data: bytes) -> Value:
    """The value that the bytes begin with; what follows it is not looked at. RefusedError for no BER."""
    return _read(data, 0, len(data), 0)[0]


def der(value: Value) -> bytes:
    """The value as DER has it; members of a set keep their order."""
    return encode(value.tag, content(value))


def content(value: Value) -> bytes:
    """The bytes of a value without its head, as DER has them."""
    return b"".join([der(part) for part in value.parts]) if value.tag & CONSTRUCTED else value.content


def octets(value: Value) -> bytes:
    """An octet string's bytes, also of one that is sent in pieces."""
    return b"".join([octets(part) for part in value.parts]) if value.tag & CONSTRUCTED else value.content


def encode(tag: int, body: bytes) -> bytes:
    """A value as DER has it."""
    if len(body) < _LONG:
        return bytes((tag, len(body))) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG | len(length))) + length + body


def _read(data: bytes, at: int, end: int, depth: int) -> tuple[Value, int]:
    """The value at a place, which ends before ``end``, and where the next one begins."""
    if depth > MOST_DEPTH or at + 2 > end:
        raise RefusedError("it is no ASN.1")
    tag, length, at = data[at], data[at + 1], at + 2
    if tag & _MANY_BYTES_OF_TAG == _MANY_BYTES_OF_TAG:
        raise RefusedError("it is no ASN.1")
    if length == _INDEFINITE:
        return _open_ended(data, tag, at, end, depth)
    if length > _LONG:
        count = length - _LONG
        if count > _LENGTH_BYTES or at + count > end:
            raise RefusedError("it is no ASN.1")
        length, at = int.from_bytes(data[at : at + count], "big"), at + count
    if at + length > end:
        raise RefusedError("it is cut short")
    body = data[at : at + length]
    if not tag & CONSTRUCTED:
        return Value(tag, body), at + length
    parts: list[Value] = []
    inner = at
    while inner < at + length:
        part, inner = _read(data, inner, at + length, depth + 1)
        parts.append(part)
    return Value(tag, body, tuple(parts)), at + length


def _open_ended(data: bytes, tag: int, at: int, end: int, depth: int) -> tuple[Value, int]:
    """A value that goes on until two zero bytes stand where its next part would."""
    if not tag & CONSTRUCTED:
        raise RefusedError("it is no ASN.1")
    start, parts = at, []
    while data[at : at + 2] != b"\0\0":
        part, at = _read(data, at, end, depth + 1)
        parts.append(part)
    return Value(tag, data[start:at], tuple(parts)), at + 2


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a certificate is for: its user ids and organisational units, and when it holds (epoch seconds)."""

    users: frozenset[str]
    units: frozenset[str]
    starts: float
    ends: float


def signer(signature: bytes, signed: bytes) -> Signer:
    """Who made a detached signature over these bytes; RefusedError, completing "the signature ", else."""
    data = _signed_data(signature)
    certificates = _part(data, _CERTIFICATES)
    info = _first_signer(data)
    certificate = _certificate(certificates.parts if certificates else (), info.parts[1])
    _check(info, certificate, signed)
    return Signer(
        users=_names(certificate, x509.NameOID.USER_ID),
        units=_names(certificate, x509.NameOID.ORGANIZATIONAL_UNIT_NAME),
        starts=certificate.not_valid_before_utc.timestamp(),
        ends=certificate.not_valid_after_utc.timestamp(),
    )


def _signed_data(signature: bytes) -> Value:
    if len(signature) > LARGEST:
        raise RefusedError("is too large to be one")
    if signature.startswith(b"-----BEGIN"):
        raise RefusedError("is PEM text, and has to be DER")
    try:
        outer = read(signature)
    except RefusedError as refused:
        raise RefusedError("is no PKCS #7 signature") from refused
    kind, body = (*outer.parts, Value(0, b""), Value(0, b""))[:2]
    if outer.tag != SEQUENCE or (kind.tag, kind.content) != (OID, _SIGNED_DATA) or not body.parts:
        raise RefusedError("is no PKCS #7 signature")
    return body.parts[0]


def _first_signer(data: Value) -> Value:
    """What is said of the one signer that passes have."""
    last = data.parts[-1] if data.parts else Value(0, b"")
    if last.tag != SET or not last.parts or len(last.parts[0].parts) < _LEAST:
        raise RefusedError("names no signer")
    return last.parts[0]


def _part(value: Value, tag: int) -> Value | None:
    return next((part for part in value.parts if part.tag == tag), None)


def _certificate(given: tuple[Value, ...], identifier: Value) -> x509.Certificate:
    """The certificate of the signer among those that came with the signature."""
    for each in given:
        if each.tag != SEQUENCE:  # an old or foreign form of certificate
            continue
        try:
            with judging(CERTIFICATE):
                certificate = x509.load_der_x509_certificate(der(each))
                if _is_for(identifier, certificate):  # only now are its parts read
                    return certificate
        except RefusedError:
            continue  # another's, or else it is missing
    raise RefusedError("comes without the certificate of its signer")


def _is_for(identifier: Value, certificate: x509.Certificate) -> bool:
    if identifier.tag in (BY_KEY, _BY_KEY_PLAIN):
        try:
            found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        except x509.ExtensionNotFound:
            return False
        return found.value.digest == octets(identifier)
    if len(identifier.parts) != len(("issuer", "number")):
        return False
    issuer, number = identifier.parts
    same_number = int.from_bytes(number.content, "big", signed=True) == certificate.serial_number
    return same_number and der(issuer) == certificate.issuer.public_bytes()


def _check(info: Value, certificate: x509.Certificate, signed: bytes) -> None:
    """RefusedError unless the signature is over these bytes, and by the key of the certificate."""
    digest, *rest = info.parts[2:]
    kind = digest.parts[0].content if digest.parts else b""
    if kind not in _DIGESTS:
        raise RefusedError("uses a digest that passes do not have")
    name, algorithm = _DIGESTS[kind]
    if rest[0].tag != ATTRIBUTES:
        try:
            _verify(certificate, rest, signed, algorithm)
        except RefusedError as refused:  # a changed manifest and a changed signature look alike here
            raise RefusedError(OTHER) from refused
        return
    if _digest(rest[0]) != hashlib.new(name, signed, usedforsecurity=False).digest():
        raise RefusedError(OTHER)
    _verify(certificate, rest[1:], encode(SET, content(rest[0])), algorithm)


def _digest(attributes: Value) -> bytes | None:
    """The digest of what was signed, as the signer noted it."""
    for each in attributes.parts:
        if len(each.parts) == len(("name", "values")) and each.parts[0].content == _MESSAGE_DIGEST:
            values = each.parts[1].parts
            return octets(values[0]) if values else None
    return None


def _verify(
    certificate: x509.Certificate, made: Sequence[Value], over: bytes, algorithm: hashes.HashAlgorithm
) -> None:
    """Verify a signature, which stands in ``made`` behind the name of its algorithm."""
    if len(made) < len(("algorithm", "signature")) or not made[0].parts:
        raise RefusedError("is not whole")
    with judging(KEY):
        key = certificate.public_key()
    signature = octets(made[1])
    with judging(MADE):
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, over, _padding(made[0].parts[0].content, algorithm), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, over, ec.ECDSA(algorithm))
        else:
            raise RefusedError(NO_KEY)


def _padding(kind: bytes, algorithm: hashes.HashAlgorithm) -> padding.PKCS1v15 | padding.PSS:
    return padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO) if kind == _PSS else padding.PKCS1v15()


def _names(certificate: x509.Certificate, kind: x509.ObjectIdentifier) -> frozenset[str]:
    return frozenset(_texts(certificate, kind))


def _texts(certificate: x509.Certificate, kind: x509.ObjectIdentifier) -> Iterator[str]:
    with judging(CERTIFICATE):
        attributes = certificate.subject.get_attributes_for_oid(kind)
    for each in attributes:
        yield each.value if isinstance(each.value, str) else each.value.decode("utf-8", "replace")
