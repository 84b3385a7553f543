"""The time that is counted is the time that the server takes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mmscheck.fetch.exchange import Exchange
from mmscheck.fetch.failure import Failure
from mmscheck.fetch.names import Route
from mmscheck.fetch.patience import Stopwatch


async def test_waiting_for_ourselves_is_not_counted() -> None:
    clock = Stopwatch(0.2)
    async with clock:
        await clock.apart(lambda: asyncio.sleep(0.4))()
    assert clock.elapsed() < 0.2


async def test_the_limit_holds_again_after_it() -> None:
    clock = Stopwatch(0.2)

    async def work() -> None:
        async with clock:
            await clock.apart(lambda: asyncio.sleep(0.05))()
            await asyncio.sleep(5)

    with pytest.raises(TimeoutError):
        await work()


def exchange() -> Exchange:
    return Exchange(Route(("127.0.0.1",), 80), keep=lambda: False, elapsed=lambda: 0.0)


async def test_all_limits_of_a_request_are_on_one_alarm() -> None:
    timers: list[asyncio.TimerHandle] = []
    loop = asyncio.get_running_loop()
    call_at = loop.call_at

    def noting(*args: Any, **options: Any) -> asyncio.TimerHandle:
        timers.append(call_at(*args, **options))
        return timers[-1]

    clock = Stopwatch(30)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "call_at", noting)
        async with clock.until_first_byte(15, exchange()):
            assert [timer.cancelled() for timer in timers] == [False]
            clock.measure(lambda: 0, 1024)
            await clock.apart(lambda: asyncio.sleep(0))()
            assert [timer.cancelled() for timer in timers].count(False) == 1
    assert timers
    assert all(timer.cancelled() for timer in timers)


async def test_of_two_limits_met_together_the_one_of_all_the_work_is_named() -> None:
    with pytest.raises(TimeoutError):
        async with Stopwatch(0.05).until_first_byte(0.05, exchange()):
            await asyncio.sleep(5)


async def test_the_limit_of_the_first_byte_comes_before_that_of_all_the_work() -> None:
    with pytest.raises(Failure, match=r"0\.05 s without a first byte, while connecting"):
        async with Stopwatch(30).until_first_byte(0.05, exchange()):
            await asyncio.sleep(5)
