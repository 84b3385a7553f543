"""The time that is counted is the time that the server takes."""

from __future__ import annotations

import asyncio

import pytest

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
