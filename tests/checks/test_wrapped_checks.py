"""What was put around a file or in its place: every sign and a near miss of it, over real sockets."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from PIL import Image

from mmscheck.checks import CHECKS
from mmscheck.checks.reach import own_words
from mmscheck.checks.wrapped import WrappedParams
from mmscheck.errors import RuleSetError
from mmscheck.fetch import fetch_all
from mmscheck.media import MediaWorkers
from mmscheck.model.check import Result
from mmscheck.model.words import MediaKind, Outcome, Owner
from mmscheck.ruleset import load_ruleset
from tests.support.media_targets import judge, send_rules
from tests.support.rawserver import not_fetched, policy, response, serve
from tests.support.rule_roots import edit

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"
JPG = (MEDIA / "photo-small.jpg").read_bytes()
PNG = (MEDIA / "logo-small.png").read_bytes()
GIF = (MEDIA / "dance-small.gif").read_bytes()
MP3 = (MEDIA / "jingle-small.mp3").read_bytes()
MP4 = (MEDIA / "clip-small.mp4").read_bytes()
PDF = (MEDIA / "flyer-small.pdf").read_bytes()
VCF = (MEDIA / "contact-small.vcf").read_bytes()

FORM = b'Content-Disposition: form-data; name="file"; filename="sale.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
OBJECT = {"name": "mms/sale.jpg", "bucket": "shop.appspot.com", "contentType": "image/jpeg", "size": "184512"}


def as_json(value: object, indent: int | None = None) -> bytes:
    return json.dumps(value, indent=indent).encode()


def pieces(data: bytes, mark: bytes = b"") -> bytes:
    half = len(data) // 2
    parts = (data[:half], data[half:])
    return b"".join(b"%x%s\r\n%s\r\n" % (len(part), mark, part) for part in parts) + b"0%s\r\n\r\n" % mark


def text(data: bytes) -> bytes:
    return data.decode("utf-8", "replace").encode()


SIGNED = b";chunk-signature=" + b"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"
S3_ERROR = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>No key.</Message></Error>'
)

SIGNS: Mapping[str, tuple[bytes, ...]] = MappingProxyType(
    {
        "form-data": (
            b"------WebKitFormBoundaryAbCdEfGh\r\n"
            + FORM
            + JPG
            + b"\r\n------WebKitFormBoundaryAbCdEfGh--\r\n",
            b"--X\n" + FORM.replace(b"\r\n", b"\n") + PNG + b"\n--X--\n",
            b"--geckoformboundary1\r\n" + FORM + PDF,
            b"\r\n--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b\r\nContent-Type: image/png\r\n\r\n"
            + PNG,
        ),
        "aws-chunked": (pieces(JPG, SIGNED), pieces(MP3, SIGNED)),
        "chunk-framing": (pieces(JPG), pieces(PNG), pieces(MP4)),
        "git-lfs": (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n",
            b"version https://hawser.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n",
        ),
        "git-annex": (
            b"/annex/objects/SHA256E-s9--4d7a.jpg\n",
            b"../.git/annex/objects/aa/bb/SHA256E-s9.jpg",
        ),
        "data-url": (
            b"data:image/jpeg;base64," + base64.b64encode(JPG),
            b'"data:image/png;base64,' + base64.b64encode(PNG) + b'"',
        ),
        "base64": tuple(
            before + base64.b64encode(each)
            for before in (b"", b'"', b"b'", b"\n")
            for each in (JPG, PNG, GIF, MP4, PDF)
        ),
        "hex": (JPG.hex().encode(), b"\\x" + PNG.hex().encode(), GIF.hex().upper().encode()),
        "node-buffer": (as_json({"type": "Buffer", "data": list(JPG[:300])}),),
        "script-value": (b"undefined", b"null", b"None\n", b"[object Object]", b"[object Blob]"),
        "decoded-as-utf8": tuple(map(text, (JPG, PNG, GIF, MP3, MP4))),
        "encoded-as-utf8": tuple(each.decode("iso-8859-1").encode() for each in (JPG, PNG)),
        "line-ends": (PNG.replace(b"\r\n", b"\n"), PNG.replace(b"\n", b"\r\n"), PNG.replace(b"\r", b"")),
        "byte-order-mark": tuple(b"\xef\xbb\xbf" + each for each in (JPG, PNG, GIF, MP4)),
        "blank-before": tuple(
            before + each for before in (b"\n", b"\r\n \t") for each in (JPG, PNG, GIF, MP4)
        ),
        "text-before": (
            b"Notice: Undefined index in /srv/a.php on line 3\n" + PNG,
            b"Status: 200\r\n\r\n" + JPG,
        ),
        "stored-answer": (b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n" + JPG, b"HTTP/2 200 \r\n\r\n" + PNG),
        "apple-double": (b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(4000),),
        "shortcut": (
            b"[InternetShortcut]\r\nURL=https://example.com/sale.jpg\r\n",
            b"[Desktop Entry]\nType=Link\n",
        ),
        "script-source": (b'<?php\nheader("Content-Type: image/jpeg");\n', b"\n<?= $x ?>"),
        "object-metadata": (as_json(OBJECT, 2), as_json({"kind": "storage#object", **OBJECT})),
        "bucket-error": (S3_ERROR, b"<Error><Code>AccessDenied</Code></Error>"),
        "json": (as_json({"error": "not found"}), as_json([{"url": "x"}]), b'\n {"a": 1}'),
    }
)
"""What each sign is found in; another sign may not be told in its place."""


def printed(mode: str, behind: bytes = b"") -> bytes:
    """A PDF of Pillow's: no mark of binary data in its head, and a photograph that begins at once."""
    file = io.BytesIO()
    Image.new(mode, (8, 8), 9).save(file, "PDF")
    return behind + file.getvalue()


def titled(title: str) -> bytes:
    """A sound with that title in its tag and the space behind it that taggers leave."""
    frame = b"\3" + title.encode()
    tag = b"TIT2" + len(frame).to_bytes(4) + bytes(2) + frame + bytes(300)
    size = bytes((len(tag) >> 7, len(tag) & 127))
    return b"ID3\4" + bytes(4) + size + tag + MP3[MP3.index(b"\xff\xfb") :]


NEAR: tuple[bytes, ...] = (
    *(printed("RGB"), printed("L"), printed("RGB", b"Notice: Undefined index\r\n"), printed("L", bytes(20))),
    *(titled("\ufffd\ufffd\ufffd\ufffd"), titled("Stra\ufffd\ufffde, \ufffd\ufffd")),
    *(JPG, PNG, GIF, MP3, MP4, PDF, VCF),
    *((MEDIA / name).read_bytes() for name in ("chime-small.wav", "clip-small.3gp", "event-small.ics")),
    *((MEDIA / name).read_bytes() for name in ("pass-small.pkpass", "clip-small.avi", "photo-small.webp")),
    b"\r\n" + PDF,
    b"\xef\xbb\xbf" + VCF,
    b"\n" + VCF,
    VCF.replace(b"Marina Sol", "Marina \ufffd\ufffd\ufffd Sol".encode()),
    VCF.replace(b"END:VCARD", b"NOTE:data:image/jpeg;base64,/9j/4AAQ\r\nEND:VCARD"),
    JPG + b"\r\n--X--\r\n",
    JPG[:2000] + b"\xef\xbf\xbd" + JPG[2000:],
    b"-- a dash, and no boundary\nContent: nothing\n",
    b"version https://example.com/spec\n",
    b"7\r\nhello\r\n",
    b"deadbeef and more words",
    b"data of the year",
    b"null and void",
    b"/9j, she said",
    b"HTTP is a protocol",
    b"<Error> in a text",
    b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    b"{a set in curly brackets}",
    b"\x00\x05\x16\x00",
    b"A line, and no picture behind it.\n",
)
"""What looks like a sign and is none."""


@pytest.fixture(scope="module")
def results() -> dict[bytes, Result]:
    """What the rule answers on each body, served over a socket and looked at by real workers."""
    return asyncio.run(served())


async def served() -> dict[bytes, Result]:
    bodies = tuple(dict.fromkeys((*(body for some in SIGNS.values() for body in some), *NEAR)))

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        number = int(head.split(b" ")[1].rpartition(b"/")[2].partition(b".")[0])
        writer.write(response(bodies[number], "Content-Type: image/jpeg", "Connection: close"))
        writer.close()

    async with serve(respond) as server, MediaWorkers() as workers:
        urls = [server.url(f"/{number}.jpg") for number in range(len(bodies))]
        seen = await fetch_all(urls, policy(server), workers.inspect)
    return {body: judge("file-itself", seen[url]) for body, url in zip(bodies, urls, strict=True)}


@pytest.mark.parametrize(
    ("sign", "number"), [(name, number) for name, some in SIGNS.items() for number in range(len(some))]
)
def test_every_sign_is_told(results: dict[bytes, Result], sign: str, number: int) -> None:
    result = results[SIGNS[sign][number]]
    assert (result.outcome, result.evidence.get("sign")) == (Outcome.FAILED, sign)
    assert result.fix
    assert result.owner in (Owner.HOSTING, Owner.CONTENT)


@pytest.mark.parametrize("number", range(len(NEAR)))
def test_what_only_looks_like_a_sign_passes(results: dict[bytes, Result], number: int) -> None:
    assert results[NEAR[number]].outcome is Outcome.PASSED


def test_every_sign_of_the_rule_is_tried() -> None:
    params = send_rules()["file-itself"].params
    assert isinstance(params, WrappedParams)
    assert {sign.id for sign in params.signs} == SIGNS.keys()
    assert all(sign.source for sign in params.signs)


@pytest.mark.parametrize(
    ("excerpt", "words"),
    [
        (S3_ERROR.decode(), "NoSuchKey: No key."),
        (
            "<Error><Code>InvalidArgument</Code><Message>Authorization</Message></Error>",
            "InvalidArgument: Authorization",
        ),
        ('{"message": "Forbidden"}', "Forbidden"),
        ('{"error": {"code": 403, "message": "Permission denied."}}', "Permission denied."),
        (
            '{"error": "invalid_token", "error_description": "It has expired"}',
            "invalid_token: It has expired",
        ),
        ('[{"error": {"message": "Quota"}}]', "Quota"),
        ('{"errors": [{"detail": "No such file"}]}', "No such file"),
        ('{"message": "cut off here", "stack": "' + "x" * 2000, "cut off here"),
        ("error code: 1020", "error code: 1020"),
        ("<html><title>403 Forbidden</title>", ""),
        ('{"data": [1, 2]}', ""),
        ("", ""),
        ("two\nlines", ""),
        ("<Message>at https://x.example/a?Signature=abcdef</Message>", "at https://x.example/a?…"),
        ("<Message>" + "long " * 70 + "</Message>", "long " * 40 + "…"),
        ("<Message>a\x1b[2Jb\u202e</Message>".encode().decode("latin-1"), "a\\x1b[2Jb\\u202e"),
        ('{"message": "' + "a" * 50 + '", "deep": ' + "[" * 5000, "a" * 50),
    ],
)
def test_a_servers_own_words_are_quoted_bounded_and_without_secrets(excerpt: str, words: str) -> None:
    found = own_words(excerpt)
    assert found.startswith(words[:60])
    assert bool(found) is bool(words)
    assert "abcdef" not in found


async def test_an_answer_that_is_no_file_is_told_with_its_own_words() -> None:
    body = b"<Error><Code>InvalidArgument</Code><Message>Authorization</Message></Error>"
    async with serve(response(body, "Content-Type: application/xml", status="400 Bad Request")) as server:
        seen = await not_fetched(server.url(), policy(server))
    result = judge("media-reachable", seen, MediaKind.IMAGE)
    assert 'it says "InvalidArgument: Authorization"' in result.wording["problem"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("(?:Disposition|Type):", "(?:Disposition|Type)+:", "repeats a group"),
        ('id = "json"', 'id = "git-lfs"', "an id of its own"),
        ('id = "json"', 'id = "json"\nidea = "x"', "idea"),
        ('owner = "content"\nsource = "curl', 'owner = "nobody"\nsource = "curl', "nobody"),
        ('source = "RFC 8259"', 'source = " "', "source of json is blank"),
    ],
)
def test_signs_are_read_strictly(tmp_path: Path, old: str, new: str, told: str) -> None:
    root = tmp_path / "rules"
    shutil.copytree(MEDIA.parents[1] / "rules", root)
    edit(root / "mime" / "file-itself.toml", old, new)
    with pytest.raises(RuleSetError) as caught:
        load_ruleset(checks=CHECKS, profile="send", root=root)
    (fault,) = caught.value.faults
    assert "file-itself.toml" in fault
    assert told in fault
