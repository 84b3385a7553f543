"""The last look at a campaign's media grows old whatever the clock on the wall says."""

from __future__ import annotations

import asyncio
import time

from mmscheck.campaign.judging import Basis
from mmscheck.campaign.stopping import Halt
from mmscheck.campaign.watch import MediaWatch
from mmscheck.pipeline import check
from tests.support.campaigns import plan


async def test_a_clock_that_is_set_back_does_not_put_off_the_next_look() -> None:
    given = plan("35674")
    report = await check([given.message], given.ruleset, given.policy, request=given.common)
    # What began an hour from now is what a look is after the clock was set back by an hour.
    first = Basis(
        ruleset=given.ruleset,
        message=given.message,
        common=given.common,
        report=report,
        began=time.time() + 3600,
    )
    halt, looks = Halt(), 0

    async def look() -> Basis:
        nonlocal looks
        looks += 1
        halt.stop("seen")
        return first

    async with asyncio.timeout(60):
        await MediaWatch(first, look, 0.1, halt).keep()
    assert looks == 1
