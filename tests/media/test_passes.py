"""Wallet passes: one damage for each member, key and part of the signature, and what phones take."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from mmscheck.media import MediaWorkers
from mmscheck.media.decoding import decode
from mmscheck.media.signed_data import CONSTRUCTED, Value, read
from mmscheck.model.facts import PassFacts
from tests.media import bombs
from tests.support.signing import PAST, SOON, certificate, curve_key, rsa_key, sign

PASS = "application/vnd.apple.pkpass"
NO_ATTRIBUTES = pkcs7.PKCS7Options.NoAttributes
ICON = bombs.png(4, 4)


def found(data: bytes) -> PassFacts:
    facts = decode(PASS, data)
    assert isinstance(facts, PassFacts), facts
    return facts


def content(**changes: Any) -> dict[str, bytes | None]:
    """A pass.json with those keys changed, or (None) without them."""
    merged = {**bombs.PASS, **changes}
    return {"pass.json": json.dumps({key: each for key, each in merged.items() if each is not None}).encode()}


def pem(manifest: bytes) -> bytes:
    builder = pkcs7.PKCS7SignatureBuilder().set_data(manifest)
    builder = builder.add_signer(certificate(rsa_key()), rsa_key(), hashes.SHA256())
    return builder.sign(Encoding.PEM, [pkcs7.PKCS7Options.DetachedSignature])


def without_lengths(value: Value) -> bytes:
    """A value in BER as Apple's and Java's tools write it: the end of what has parts shows only there."""
    if not value.tag & CONSTRUCTED:
        head = len(value.content).to_bytes(2, "big")
        return bytes((value.tag, 0x82)) + head + value.content
    if value.tag == 0x30 and value.parts and value.parts[0].tag == 0xA0:  # a certificate stays as it is
        return bytes((value.tag, 0x83)) + len(value.content).to_bytes(3, "big") + value.content
    return bytes((value.tag, 0x80)) + b"".join(map(without_lengths, value.parts)) + b"\0\0"


def in_pieces(manifest: bytes) -> bytes:
    return without_lengths(read(sign(manifest)))


def altered(manifest: bytes) -> bytes:
    made = bytearray(sign(manifest))
    made[-1] ^= 1  # the signature's own bytes come last
    return bytes(made)


def unsigned(manifest: bytes) -> bytes:
    return pkcs7.serialize_certificates([certificate(rsa_key())], Encoding.DER) if manifest else b""


def nobodys(manifest: bytes) -> bytes:
    return sign(manifest, pkcs7.PKCS7Options.NoCerts)


Signature = Callable[[bytes], bytes | None]


@pytest.mark.parametrize(
    "signature",
    [
        sign,
        in_pieces,
        lambda manifest: sign(manifest, NO_ATTRIBUTES),
        lambda manifest: sign(manifest, key=curve_key()),
        lambda manifest: sign(manifest, key=curve_key(), digest=hashes.SHA384()),
        lambda manifest: sign(manifest, digest=hashes.SHA512()),
        lambda manifest: sign(manifest, pss=True),
    ],
)
def test_a_pass_is_sound_however_its_signature_is_written(signature: Signature) -> None:
    assert found(bombs.pkpass(signature=signature)).faults == ()


@pytest.mark.parametrize(
    ("signature", "told"),
    [
        (lambda _: None, "signature is missing"),
        (lambda _: b"", "no PKCS #7 signature"),
        (lambda _: b"dummy", "no PKCS #7 signature"),
        (lambda _: b"\x30\x03\x02\x01\x01", "no PKCS #7 signature"),
        (lambda _: b"0" * 300_000, "too large"),
        (lambda manifest: sign(manifest)[:-40], "no PKCS #7 signature"),
        (pem, "PEM"),
        (unsigned, "names no signer"),
        (nobodys, "without the certificate of its signer"),
        (lambda manifest: sign(manifest + b" "), "another manifest.json"),
        (lambda manifest: sign(manifest + b" ", NO_ATTRIBUTES), "another manifest.json"),
        (altered, "not made with the key"),
        (lambda manifest: sign(manifest, user="pass.other"), "passTypeIdentifier is pass.example"),
        (lambda manifest: sign(manifest, user=None), "certificate is for none at all"),
        (lambda manifest: sign(manifest, unit="OTHER"), "teamIdentifier is T"),
    ],
)
def test_each_fault_of_a_signature_is_told(signature: Signature, told: str) -> None:
    (fault,) = found(bombs.pkpass(signature=signature)).faults
    assert told in fault


def spoilt(at: int, *, cut: bool) -> Signature:
    """A signature that ends at this place, or has another byte there."""

    def make(manifest: bytes) -> bytes:
        whole = sign(manifest, key=curve_key())
        return whole[:at] if cut else whole[:at] + bytes((whole[at] ^ 0xFF,)) + whole[at + 1 :]

    return make


@pytest.mark.parametrize("cut", [True, False])
def test_a_signature_cut_or_changed_anywhere_is_the_fault_of_the_pass(*, cut: bool) -> None:
    for at in range(0, 700, 7):
        assert isinstance(found(bombs.pkpass(signature=spoilt(at, cut=cut))), PassFacts)


def test_deep_nesting_is_no_signature() -> None:
    (fault,) = found(bombs.pkpass(signature=lambda _: b"\x30\x80" * 5000)).faults
    assert "no PKCS #7" in fault


@pytest.mark.parametrize("name", ["pass.json", "manifest.json", "icon.png"])
def test_each_missing_file_is_told(name: str) -> None:
    assert f"{name} is missing" in found(bombs.pkpass({name: None})).faults


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        *(({key: None}, f"pass.json has no {key}") for key in bombs.PASS if key != "coupon"),
        *(({key: ""}, f"pass.json has no {key}") for key in ("description", "serialNumber")),
        ({"serialNumber": 12}, "serialNumber in pass.json is no text"),
        ({"formatVersion": 2}, "formatVersion in pass.json is not 1"),
        ({"formatVersion": "1"}, "formatVersion in pass.json is not 1"),
        ({"formatVersion": True}, "formatVersion in pass.json is not 1"),
        ({"coupon": None}, "pass.json has no style"),
        ({"coupon": "20 %"}, "coupon in pass.json is no JSON object"),
        ({"generic": {}}, "more than one style (coupon, generic)"),
    ],
)
def test_each_key_that_is_missing_or_wrong_is_told(changes: dict[str, Any], told: str) -> None:
    (fault,) = found(bombs.pkpass(content(**changes))).faults
    assert told in fault


@pytest.mark.parametrize("style", ["boardingPass", "coupon", "eventTicket", "generic", "storeCard"])
def test_every_style_is_known(style: str) -> None:
    assert found(bombs.pkpass(content(**{"coupon": None, style: {}}))).faults == ()


@pytest.mark.parametrize(
    ("icon", "told"),
    [
        (b"", "is no PNG"),
        (b"\xff\xd8\xff\xe0 a photo", "is no PNG"),
        (ICON[:-20], "is a damaged PNG"),
        (ICON.replace(ICON[41:45], b"\0\0\0\0"), "is a damaged PNG"),
    ],
)
def test_an_icon_that_is_no_png_is_told(icon: bytes, told: str) -> None:
    assert found(bombs.pkpass({"icon.png": icon})).faults == (f"icon.png {told}",)


@pytest.mark.parametrize(
    "icons",
    [
        {"icon.png": None, "icon@2x.png": ICON},
        {"icon.png": None, "icon@3x.png": ICON},
        {"icon.png": ICON, "icon@2x.png": ICON, "en.lproj/logo.png": ICON},
        {"icon.png": b"\x89PNG\r\n\x1a\n\0\0\0\4CgBI only Apple reads it"},
    ],
)
def test_what_a_phone_takes_for_an_icon_is_no_fault(icons: dict[str, bytes | None]) -> None:
    assert found(bombs.pkpass(icons)).faults == ()


def test_files_in_a_folder_are_one_fault() -> None:
    (fault,) = found(bombs.pkpass(folder="Sale.pass/")).faults
    assert fault == "its files lie in a folder Sale.pass/ and not at the top of the archive"


@pytest.mark.parametrize("ends", [PAST, SOON])
def test_the_end_of_the_certificate_is_told(ends: dt.datetime) -> None:
    facts = found(bombs.pkpass(signature=lambda manifest: sign(manifest, ends=ends)))
    assert (facts.faults, facts.signed_until) == ((), ends.timestamp())


@pytest.mark.parametrize(
    ("data", "type_"),
    [
        (bombs.pkpass(), PASS),
        (bombs.pkpass({"manifest.json": None}), PASS),
        (bombs.pkpass({"manifest.json": None}, signature=lambda _: None), PASS),
        (bombs.pkpass({"pass.json": None}), PASS),
        (bombs.pkpass(folder="Sale.pass/"), PASS),
        (bombs.pkpass({"pass.json": None}, signature=lambda _: None), "application/zip"),
        (bombs.pkpass({"pass.json": None, "manifest.json": None}), "application/zip"),
        (bombs.pkpass(folder="deep/down/", signature=lambda _: None), PASS),
        (bombs.pkpass({"manifest.json": None}, folder="deep/", signature=lambda _: None), "application/zip"),
    ],
)
async def test_an_archive_is_a_pass_by_what_it_holds(data: bytes, type_: str) -> None:
    async with MediaWorkers(workers=1) as workers:
        inspected = await workers.inspect("https://media.example.com/x", data)
    assert inspected.sniffed.type == type_
    assert isinstance(inspected.decoded, PassFacts) is (type_ == PASS)
