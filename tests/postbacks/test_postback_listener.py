"""The listener over raw sockets: kept before answered, bounded in everything, ended gracefully."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from mmscheck.errors import LedgerError, UsageError
from mmscheck.postbacks import Listener, ListenerLimits, Secret, listening
from tests.support.listener import SECRET, post, postback, status

FAST = ListenerLimits(connections=8, read_seconds=0.4, answer_seconds=0.8, life_seconds=1.2)


@dataclass
class Memory:
    """Keeps in memory, when and how it is told."""

    kept: list[object] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    error: Exception | None = None
    seconds: float = 0.0

    async def record_postback(self, fields: Mapping[str, str]) -> str:
        if "code" not in fields:
            raise UsageError("no code")
        return await self._keep(dict(fields))

    async def record_unreadable(self, body: bytes, why: str) -> str:
        return await self._keep((len(body), why))

    async def _keep(self, what: object) -> str:
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        self.kept.append(what)
        return "kept"


@asynccontextmanager
async def served(
    memory: Memory, limits: ListenerLimits = FAST, secret: str | None = None
) -> AsyncIterator[int]:
    guard = None if secret is None else Secret(secret)
    listener = Listener(
        memory, secret=guard, limits=limits, kept=memory.said.append, failed=memory.said.append
    )
    async with listening(listener, "127.0.0.1", 0, limits) as ((_, port),):
        yield port


async def test_a_postback_is_kept_and_then_answered() -> None:
    memory = Memory()
    async with served(memory) as port:
        assert await post(port, postback("N101", tracking_id="T1"), "/any/path?x=y") == 200
    assert memory.kept == [{"code": "N101", "tracking-id": "T1"}]


_OF_X = hashlib.sha256(b"x" * 65_536).hexdigest()


@pytest.mark.parametrize(
    ("body", "answer", "kept"),
    [
        (b"nonsense", 400, (8, "is not well-formed XML")),
        (b"", 400, (0, "is empty")),
        (b"<postback><to>1</to></postback>", 400, (31, "has no code")),
        (
            b"x" * 70_000,
            413,
            (
                4_096,
                f"is longer than 65536 bytes (the first 4096 bytes of 65536 are kept, SHA-256 {_OF_X})",
            ),
        ),
    ],
)
async def test_what_is_no_postback_is_refused_and_kept(body: bytes, answer: int, kept: object) -> None:
    memory = Memory()
    async with served(memory) as port:
        assert await post(port, body) == answer
    assert memory.kept == [kept]


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (f"/postbacks/{SECRET}", 200),
        (f"/{SECRET}/", 200),
        ("/", 404),
        (f"/{SECRET}x", 404),
        (f"/{SECRET[:-1]}", 404),
        (f"/{SECRET}/more", 404),
        (f"/?{SECRET}", 404),
        ("/%ff%00", 404),
    ],
)
async def test_the_address_has_to_end_in_the_secret(path: str, answer: int) -> None:
    memory = Memory()
    async with served(memory, secret=SECRET) as port:
        assert await post(port, postback("N101"), path) == answer
        assert await post(port, b"", path, method="GET") == (405 if answer == 200 else 404)
    assert len(memory.kept) == (answer == 200)


_PAGE = [
    "Origin: http://evil.example\r\n",
    "Origin: null\r\n",
    "Sec-Fetch-Site: cross-site\r\n",
]


@pytest.mark.parametrize("secret", [None, SECRET])
@pytest.mark.parametrize("head", _PAGE)
async def test_a_web_page_moves_nothing(head: str, secret: str | None) -> None:
    memory = Memory()
    async with served(memory, secret=secret) as port:
        assert await post(port, postback("N003", mms_id="1"), f"/{SECRET}", head) == 403
    assert memory.kept == []


@pytest.mark.parametrize(
    ("head", "without", "with_"),
    [
        ("Host: evil.example:8900\r\n", 403, 200),
        ("Host: 10.0.0.7\r\n", 403, 200),
        ("Host: [::2]:8900\r\n", 403, 200),
        ("Host: localhost\r\n", 200, 200),
        ("Host: LOCALHOST:8900\r\n", 200, 200),
        ("Host: [::1]:8900\r\n", 200, 200),
        ("Host: [::1]\r\n", 200, 200),
        ("Host: 127.8.9.1\r\n", 200, 200),
        ("Content-Type: text/plain\r\n", 415, 200),
        ("Content-Type: text/plain; charset=utf-8\r\n", 415, 200),
        ("Content-Type: application/x-www-form-urlencoded\r\n", 415, 200),
        ("Content-Type: multipart/form-data; boundary=x\r\n", 415, 200),
        ("Content-Type: text/xml; charset=utf-8\r\n", 200, 200),
        ("", 200, 200),
    ],
)
async def test_without_a_secret_only_this_machine_is_listened_to(head: str, without: int, with_: int) -> None:
    body = postback("N003", mms_id="1")
    for secret, answer in ((None, without), (SECRET, with_)):
        memory = Memory()
        async with served(memory, secret=secret) as port:
            assert await post(port, body, f"/{SECRET}", head) == answer
        assert len(memory.kept) == (answer == 200)


async def test_garbage_does_not_fill_the_ledger() -> None:
    memory = Memory()
    few = msgspec.structs.replace(FAST, unreadable_hourly=3)
    async with served(memory, few) as port:
        bodies = [b"n" * 5_000 + bytes([65 + at]) for at in range(5)]
        assert [await post(port, body) for body in bodies] == [400, 400, 400, 503, 503]
        # What is a postback is kept all the same.
        assert await post(port, postback("N101")) == 200
    strays: list[Any] = memory.kept[:-1]
    assert memory.kept[-1] == {"code": "N101"}
    # The same beginning, and still each its own record.
    assert [size for size, _ in strays] == [4_096] * 3
    assert len({why for _, why in strays}) == 3
    assert "--unmatched" in memory.said[-2]


@pytest.mark.parametrize(
    "text", ["", "short", "x" * 15, "with/slash/in/the/middle", "ünïcode-is-not-a-segment"]
)
def test_a_weak_or_unfit_secret_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="at least 16 characters") as caught:
        Secret(text)
    assert not text or text not in str(caught.value)
    assert SECRET not in repr(Secret(SECRET))


@pytest.mark.parametrize("error", [LedgerError("the disk is full"), RuntimeError("a fault of ours")])
async def test_what_cannot_be_kept_is_put_off(error: Exception) -> None:
    memory = Memory(error=error)
    async with served(memory) as port:
        assert await post(port, postback("N101")) == 503
        assert await post(port, b"nonsense") == 503
    assert str(error) in memory.said[0]


async def test_a_ledger_that_hangs_is_put_off_in_time() -> None:
    memory = Memory(seconds=30)
    async with served(memory) as port:
        began = asyncio.get_running_loop().time()
        assert await post(port, postback("N101")) == 503
        assert asyncio.get_running_loop().time() - began < FAST.life_seconds
    assert "took longer than 0.8 seconds" in memory.said[0]


async def test_a_body_that_does_not_come_is_given_up_and_not_kept() -> None:
    memory = Memory()
    async with served(memory) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n<postback>")
        assert status(await asyncio.wait_for(reader.read(), 2)) == 408
        writer.close()
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n<postback>")
        await writer.drain()
        writer.close()
        assert await post(port, postback("N101")) == 200
    assert memory.kept == [{"code": "N101"}]


async def test_a_head_that_drips_is_cut() -> None:
    async with served(Memory()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        began = asyncio.get_running_loop().time()
        reading = asyncio.ensure_future(reader.read())
        while not reading.done():
            writer.write(b"P")
            await asyncio.wait({reading}, timeout=0.05)
        assert asyncio.get_running_loop().time() - began < FAST.life_seconds + 1
        reading.exception()
        writer.transport.abort()


async def test_those_who_open_and_say_nothing_keep_nobody_out() -> None:
    memory = Memory()
    async with served(memory) as port:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(40)]
        for _, writer in silent:
            writer.write(b"POST / HTTP/1.1\r\nX: ")
        assert [await post(port, postback("N101", to=str(n))) for n in range(10)] == [200] * 10
        for _, writer in silent:
            writer.transport.abort()
    assert len(memory.kept) == 10


async def test_what_is_being_kept_is_not_cut_to_make_room() -> None:
    memory = Memory(seconds=0.3)
    async with served(memory) as port:
        whole = [asyncio.create_task(post(port, postback("N101", to=str(n)))) for n in range(7)]
        await asyncio.sleep(0.1)
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
        assert await asyncio.gather(*whole) == [200] * 7
        for _, writer in silent:
            writer.transport.abort()


async def test_what_is_under_way_is_finished_at_the_end() -> None:
    memory = Memory(seconds=0.3)
    async with served(memory) as port:
        under_way = asyncio.create_task(post(port, postback("N101")))
        _, silent = await asyncio.open_connection("127.0.0.1", port)
        silent.write(b"POST / HTTP/1.1\r\n")
        await asyncio.sleep(0.1)
    assert await under_way == 200
    silent.close()
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", port)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GARBAGE\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
        b"POST / HTTP/1.1\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_what_is_not_http_does_no_harm(sent: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    memory = Memory()
    async with served(memory) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        with suppress(ConnectionError):
            assert status(await asyncio.wait_for(reader.read(), 3)) in {0, 400}
        writer.transport.abort()
        assert await post(port, postback("N101")) == 200
    assert memory.kept == [{"code": "N101"}]
    assert capfd.readouterr() == ("", "")


async def test_a_place_that_is_taken_is_named() -> None:
    limits = msgspec.structs.replace(FAST)
    async with served(Memory()) as port:
        listener = Listener(Memory(), secret=None, limits=limits, kept=print, failed=print)
        with pytest.raises(UsageError, match=f"nobody can listen on 127.0.0.1:{port}"):
            async with listening(listener, "127.0.0.1", port, limits):
                pass
