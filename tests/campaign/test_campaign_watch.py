"""The last look at a campaign's media grows old whatever the clock on the wall says."""

from __future__ import annotations

import asyncio
import time

from mmscheck.campaign.judging import RowJudge
from mmscheck.campaign.limits import StopSignal
from mmscheck.campaign.watch import MediaWatch
from mmscheck.judge.gate import verdict
from mmscheck.judge.pipeline import check
from mmscheck.send.flow import CheckedMessage
from tests.support.campaigns import plan


async def set_back(ticks: float) -> RowJudge:
    """A check that began at ``ticks``, and after which the clock was set back by an hour."""
    given = plan("35674")
    report = await check([given.message], given.ruleset, given.policy, request=given.common)
    return RowJudge(
        ruleset=given.ruleset,
        message=given.message,
        common=given.common,
        checked=CheckedMessage(report=report, verdict=verdict(report), began=time.time() + 3600, ticks=ticks),
    )


async def test_a_clock_that_is_set_back_lets_no_row_go_out_on_an_old_check() -> None:
    assert (await set_back(time.monotonic() - 590)).checked.age() >= 590
    signal = StopSignal()
    watch = MediaWatch(await set_back(time.monotonic() - 590), no_look, 300.0, signal)
    waiting = asyncio.create_task(watch.current())
    await asyncio.sleep(0)
    signal.stop("seen")
    assert await waiting is None


async def no_look() -> RowJudge:
    raise AssertionError


async def test_a_clock_that_is_set_back_does_not_put_off_the_next_look() -> None:
    first = await set_back(time.monotonic())
    signal, looks = StopSignal(), 0

    async def look() -> RowJudge:
        nonlocal looks
        looks += 1
        signal.stop("seen")
        return first

    async with asyncio.timeout(60):
        await MediaWatch(first, look, 0.1, signal).keep()
    assert looks == 1
