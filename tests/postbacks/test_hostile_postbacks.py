"""The installed listener among hostile traffic and on a ledger that cannot be written: 200 means kept."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

from mmscheck.ledger import open_ledger
from mmscheck.model.ledger import SendState
from mmscheck.postbacks import ListenerLimits
from tests.support.ledgers import MEANINGS, accepted, claimed, raw
from tests.support.listener import Running, post, postback, running

_SLOW = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n"


async def dripping(port: int) -> None:
    """Send a body a byte at a time, and come again whenever it is cut."""
    while True:
        writer = None
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(_SLOW)
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.1)
        except OSError:
            await asyncio.sleep(0.5)
        finally:
            if writer is not None:
                writer.transport.abort()


async def kept(where: str) -> set[str]:
    return {row[0] for row in await raw(where, "SELECT tracking_id FROM postbacks")}


def body_of(number: int) -> bytes:
    return postback("N101", tracking_id=f"T{number}")


@asynccontextmanager
async def with_few_files(where: str) -> AsyncIterator[Running]:
    """A listener that may have no more files open than a process on some systems may by default."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with AsyncExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        try:
            listener = await stack.enter_async_context(running(where, "--quiet"))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        yield listener


async def test_bodies_that_drip_keep_no_good_one_waiting(tmp_path: Path) -> None:
    where = str(tmp_path / "ledger.sqlite3")
    async with with_few_files(where) as listener:
        slow = [asyncio.create_task(dripping(listener.port)) for _ in range(300)]
        await asyncio.sleep(2)
        async with asyncio.timeout(10):
            assert [await post(listener.port, body_of(number)) for number in range(20)] == [200] * 20
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        assert listener.lines == []
    assert await kept(where) == {f"T{number}" for number in range(20)}


def test_there_are_no_more_connections_than_files_may_be_open() -> None:
    assert ListenerLimits().fitting(256).connections == 96
    assert ListenerLimits().fitting(20).connections == 1
    assert ListenerLimits().fitting(1_000_000) == ListenerLimits()
    assert ListenerLimits().fitting(resource.RLIM_INFINITY) == ListenerLimits()


async def test_everything_answered_200_amid_the_end_is_in_the_ledger(tmp_path: Path) -> None:
    where = str(tmp_path / "ledger.sqlite3")
    answered: set[str] = set()

    async def pour(first: int) -> None:
        for number in range(first, first + 1000):
            try:
                if await post(listener.port, body_of(number)) == 200:
                    answered.add(f"T{number}")
            except OSError:
                return

    async with running(where) as listener:
        pouring = [asyncio.create_task(pour(first * 1000)) for first in range(16)]
        await asyncio.sleep(1)
        assert await listener.end() == 0
        await asyncio.gather(*pouring)
        assert listener.lines[-1] == "postbacks stopped"
    assert len(answered) > 20
    assert answered <= await kept(where)
    async with await open_ledger(where) as ledger:
        assert (await ledger.verify()).found == ()


async def test_a_ledger_that_another_process_locks_is_put_off_and_found_again(tmp_path: Path) -> None:
    where = str(tmp_path / "ledger.sqlite3")
    async with running(where) as listener:
        assert await post(listener.port, body_of(0)) == 200
        with closing(sqlite3.connect(where, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            async with asyncio.timeout(10):
                assert await asyncio.gather(*(post(listener.port, body_of(n)) for n in (1, 2))) == [503, 503]
            waiting = asyncio.create_task(post(listener.port, body_of(3)))
            await asyncio.sleep(1)
            assert await kept(where) == {"T0"}
            other.execute("ROLLBACK")
        assert await waiting == 200
        assert await asyncio.gather(*(post(listener.port, body_of(n)) for n in (1, 2))) == [200, 200]
    assert await kept(where) == {"T0", "T1", "T2", "T3"}


async def test_a_ledger_that_cannot_grow_is_put_off_until_it_can(tmp_path: Path) -> None:
    where = str(tmp_path / "ledger.sqlite3")
    async with running(where) as listener:
        assert await post(listener.port, body_of(0)) == 200
        size = os.stat(f"{where}-wal").st_size  # noqa: PTH116 - the name is a text here
        before = resource.prlimit(listener.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(listener.process.pid, resource.RLIMIT_FSIZE, (size, before[1]))
        assert [await post(listener.port, body_of(number)) for number in range(1, 6)] == [503] * 5
        assert await post(listener.port, b"nonsense") == 503
        assert await kept(where) == {"T0"}
        resource.prlimit(listener.process.pid, resource.RLIMIT_FSIZE, before)
        assert [await post(listener.port, body_of(number)) for number in range(1, 6)] == [200] * 5
        assert await listener.end() == 0
    assert await kept(where) == {f"T{number}" for number in range(6)}
    async with await open_ledger(where) as ledger:
        assert (await ledger.verify()).found == ()


async def test_five_thousand_repetitions_in_disorder_are_kept_once_each(tmp_path: Path) -> None:
    where = str(tmp_path / "ledger.sqlite3")
    async with await open_ledger(where, meanings=MEANINGS) as ledger:
        for number in range(20):
            await ledger.answer(await claimed(ledger, f"key-{number}"), accepted(f"T{number}"))
        codes = (("N101", "Sent"), ("N102", "Sent/Retrieved"))
        bodies = [
            postback(code, tracking_id=f"T{number}", status=status)
            for number in range(20)
            for code, status in codes
        ] * 125
        random.Random(5).shuffle(bodies)
        async with running(where, "--quiet") as listener:
            for at in range(0, len(bodies), 100):
                some = bodies[at : at + 100]
                assert await asyncio.gather(*(post(listener.port, one) for one in some)) == [200] * len(some)
        assert await raw(where, "SELECT count(*) FROM postbacks") == [(40,)]
        assert await ledger.counts() == {SendState.DELIVERED: 20}
        assert (await ledger.verify()).found == ()


async def test_a_number_that_does_not_fit_is_told_and_moves_nothing(tmp_path: Path) -> None:
    where = str(tmp_path / "ledger.sqlite3")
    async with await open_ledger(where, meanings=MEANINGS) as ledger:
        claim = await claimed(ledger)
        await ledger.answer(claim, accepted("T1"))
        async with running(where) as listener:
            assert await post(listener.port, postback("N202", tracking_id="T1", to="15559999999")) == 200
            line = await listener.until("N202")
            assert line.endswith(f"send {claim.send_id} (accepted), which went to another number")
        assert await ledger.counts() == {SendState.ACCEPTED: 1}
