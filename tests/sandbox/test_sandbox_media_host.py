from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mmscheck.sandbox import FAULTS, Sandbox
from tests.sandbox.raw_http import Response, exchange, get, response

DATA = bytes(range(256)) * 300  # more than one chunk


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Sandbox]:
    folder = tmp_path / "media"
    folder.mkdir()
    (folder / "photo.jpg").write_bytes(DATA)
    (folder / "Logo one.PNG").write_bytes(b"png")
    (folder / "chunked").write_bytes(b"a file named like a fault")
    (folder / "inner").mkdir()
    (folder / "inner" / "deep.jpg").write_bytes(b"deep")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    async with Sandbox(media_dir=folder, slow_seconds=0.4) as sandbox:
        yield sandbox


async def fault(box: Sandbox, name: str) -> Response:
    return await get(box.media_port, f"/{name}/photo.jpg")


async def test_a_file_is_served_plainly_with_type_and_length(box: Sandbox) -> None:
    found = await get(box.media_port, "/photo.jpg")
    assert (found.version, found.status, found.body) == ("HTTP/1.1", 200, DATA)
    assert found.values("content-type") == ["image/jpeg"]
    assert found.values("content-length") == [str(len(DATA))]
    assert found.values("transfer-encoding") == found.values("content-encoding") == []


async def test_chunked_has_chunks_and_no_length(box: Sandbox) -> None:
    found = await fault(box, "chunked")
    assert found.values("transfer-encoding") == ["chunked"]
    assert found.values("content-length") == []
    assert dechunked(found.body) == DATA


async def test_chunked_and_length_has_both(box: Sandbox) -> None:
    found = await fault(box, "chunked-and-length")
    assert found.values("transfer-encoding") == ["chunked"]
    assert found.values("content-length") == [str(len(DATA))]
    assert dechunked(found.body) == DATA


@pytest.mark.parametrize(("name", "version"), [("no-length", "HTTP/1.1"), ("http10", "HTTP/1.0")])
async def test_without_length_the_end_of_the_connection_ends_the_file(
    box: Sandbox, name: str, version: str
) -> None:
    request = f"GET /{name}/photo.jpg HTTP/1.1\r\nHost: x\r\n\r\n"
    found = response(await exchange(box.media_port, request.encode()))
    assert (found.version, found.body) == (version, DATA)
    assert found.values("content-length") == found.values("transfer-encoding") == []
    assert found.values("connection") == ["close"]


@pytest.mark.parametrize(
    ("name", "lengths", "received"),
    [
        ("wrong-length", [len(DATA) + 1000], len(DATA)),
        ("short-length", [len(DATA) // 2], len(DATA)),
        ("two-lengths", [len(DATA), len(DATA) + 1], len(DATA)),
        ("truncated", [len(DATA)], len(DATA) // 2),
        ("empty", [0], 0),
    ],
)
async def test_the_length_lies_as_the_fault_says(
    box: Sandbox, name: str, lengths: list[int], received: int
) -> None:
    request = f"GET /{name}/photo.jpg HTTP/1.1\r\nHost: x\r\n\r\n"
    if name == "empty":
        request = request.replace("Host: x", "Host: x\r\nConnection: close")
    found = response(await exchange(box.media_port, request.encode()))
    assert found.values("content-length") == [str(length) for length in lengths]
    assert found.body == DATA[:received]


@pytest.mark.parametrize(
    ("name", "types"),
    [
        ("octet-stream", ["application/octet-stream"]),
        ("no-type", []),
        ("wrong-type", ["image/png"]),
    ],
)
async def test_the_type_is_as_the_fault_says_and_all_else_right(
    box: Sandbox, name: str, types: list[str]
) -> None:
    found = await fault(box, name)
    assert found.values("content-type") == types
    assert found.values("content-length") == [str(len(DATA))]
    assert (found.status, found.body) == (200, DATA)


async def test_html_is_a_page_with_status_200(box: Sandbox) -> None:
    found = await fault(box, "html")
    assert (found.status, found.values("content-type")) == (200, ["text/html; charset=utf-8"])
    assert found.body.startswith(b"<!DOCTYPE html>")
    assert found.values("content-length") == [str(len(found.body))]


async def test_gzip_is_compressed_with_the_compressed_length(box: Sandbox) -> None:
    found = await fault(box, "gzip")
    assert found.values("content-encoding") == ["gzip"]
    assert found.values("content-length") == [str(len(found.body))]
    assert gzip.decompress(found.body) == DATA


async def test_slow_takes_its_time_and_arrives_whole(box: Sandbox) -> None:
    begun = time.monotonic()
    found = await fault(box, "slow")
    assert 0.35 < time.monotonic() - begun < 20
    assert found.body == DATA


async def test_redirects_lead_to_the_file_and_in_a_loop(box: Sandbox) -> None:
    good, loop = await fault(box, "redirect"), await fault(box, "redirect-loop")
    assert (good.status, good.values("location")) == (302, ["/photo.jpg"])
    assert (loop.status, loop.values("location")) == (302, ["/redirect-loop/photo.jpg"])
    spaced = await get(box.media_port, "/redirect/Logo%20one.PNG")
    assert spaced.values("location") == ["/Logo%20one.PNG"]


@pytest.mark.parametrize("status", [403, 404, 429, 500])
async def test_a_status_is_answered_as_asked(box: Sandbox, status: int) -> None:
    found = await fault(box, f"status-{status}")
    assert found.status == status
    assert bool(found.values("retry-after")) == (status == 429)


async def test_every_listed_fault_is_served_and_described(box: Sandbox) -> None:
    for name, sentence in FAULTS.items():
        assert (await fault(box, name)).status < 600
        assert sentence.endswith(".")
    index = (await get(box.media_port, "/")).body.decode()
    assert all(f"/{name}/FILE" in index for name in FAULTS)
    assert "/Logo%20one.PNG" in index


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.jpg",
        "/%2e%2e/secret.jpg",
        "/..%2fsecret.jpg",
        "/chunked/../../secret.jpg",
        "/chunked/%2e%2e%2fsecret.jpg",
        "/..\\secret.jpg",
        "//secret.jpg",
        "/inner/deep.jpg",
        "/inner",
        "/.",
        "/..",
        "/PHOTO.JPG",
        "/Photo.jpg",
        "/CHUNKED/photo.jpg",
        "/nonsense/photo.jpg",
        "/photo.jpg/",
        "/chunked/",
        "/status-403/missing.jpg",
        "/photo.jpg%00",
    ],
)
async def test_nothing_but_the_listed_files_is_served(box: Sandbox, path: str) -> None:
    found = await get(box.media_port, path)
    assert found.status == 404
    assert b"secret" not in found.body


async def test_a_file_named_like_a_fault_is_still_a_file(box: Sandbox) -> None:
    assert (await get(box.media_port, "/chunked")).body == b"a file named like a fault"
    assert (await get(box.media_port, "/Logo%20one.PNG")).values("content-type") == ["image/png"]


async def test_a_query_changes_nothing_and_is_not_logged(box: Sandbox) -> None:
    assert (await get(box.media_port, "/photo.jpg?token=abc")).status == 200
    assert [event.action for event in box.events] == ["GET /photo.jpg"]


async def test_head_is_refused_without_a_body(box: Sandbox) -> None:
    found = await get(box.media_port, "/photo.jpg", method="HEAD")
    assert (found.status, found.values("allow"), found.body) == (405, ["GET"], b"")
    assert (await get(box.media_port, "/photo.jpg", method="DELETE")).status == 405


async def test_one_connection_serves_several_requests(box: Sandbox) -> None:
    one = b"GET /Logo%20one.PNG HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /chunked/photo.jpg HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answers = await exchange(box.media_port, one + one + last)
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert answers.endswith(b"0\r\n\r\n")


async def test_http_1_0_ends_the_connection(box: Sandbox) -> None:
    found = response(await exchange(box.media_port, b"GET /photo.jpg HTTP/1.0\r\n\r\n"))
    assert found.values("connection") == ["close"]
    assert found.body == DATA


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET /photo.jpg\r\n\r\n", 400),
        (b"GET /photo.jpg HTTP/2.0\r\n\r\n", 505),
        (b"GET /%ff HTTP/1.1\r\n\r\n", 400),
        (b"GET /\xc3\xa4 HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nbad name: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n folded: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"GET / HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123456789", 413),
        (b"GET / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", 431),
    ],
)
async def test_a_malformed_request_gets_a_plain_no(box: Sandbox, request_bytes: bytes, status: int) -> None:
    found = response(await exchange(box.media_port, request_bytes))
    assert found.status == status
    assert found.values("connection") == ["close"]


async def test_it_serves_on_after_clients_that_leave_early(box: Sandbox) -> None:
    for request in (b"", b"GET /ph", b"GET /slow/photo.jpg HTTP/1.1\r\n\r\n"):
        _reader, writer = await asyncio.open_connection("127.0.0.1", box.media_port)
        writer.write(request)
        await writer.drain()
        writer.transport.abort()
    assert (await get(box.media_port, "/photo.jpg")).status == 200


async def test_a_folder_that_vanishes_is_an_answer_and_no_crash(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    async with Sandbox(media_dir=folder) as sandbox:
        folder.rmdir()
        assert (await get(sandbox.media_port, "/photo.jpg")).status == 500


def dechunked(body: bytes) -> bytes:
    data = bytearray()
    while True:
        size_line, _, rest = body.partition(b"\r\n")
        size = int(size_line, 16)
        if size == 0:
            assert rest == b"\r\n"
            return bytes(data)
        data += rest[:size]
        assert rest[size : size + 2] == b"\r\n"
        body = rest[size + 2 :]
