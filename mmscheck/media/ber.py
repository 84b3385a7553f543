"""ASN.1 values in BER or DER, as far as signatures have them: read whole, and written again as DER.

ITU-T X.690 (2021). Signatures of passes come in both: OpenSSL writes DER, Apple's and Java's tools BER with
lengths that show only at the end.
"""

from __future__ import annotations

import msgspec

from mmscheck.media.refusal import RefusedError

MOST_DEPTH = 32
"""Values within values; a signature needs a dozen."""

SEQUENCE, SET, INTEGER, OCTETS, OID = 0x30, 0x31, 0x02, 0x04, 0x06
CONSTRUCTED = 0x20
_MANY_BYTES_OF_TAG = 0x1F
_LONG = 0x80
_INDEFINITE = 0x80
_LENGTH_BYTES = 4


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
