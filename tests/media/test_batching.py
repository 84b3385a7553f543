"""Samples reach the workers however they come: one after another, or while a carrier is leaving."""

from __future__ import annotations

import asyncio

from mmscheck.media.confinement import Confinement
from mmscheck.media.pool import WorkerPool
from mmscheck.media.sample import Sample
from mmscheck.media.workers import SampleQueue

JPEG = Sample(data=b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", size=11)


async def test_a_sample_that_comes_as_the_last_carrier_leaves_is_not_left_lying() -> None:
    limits = Confinement(memory_bytes=1024**3)
    pool = WorkerPool(timeout=10.0, limits=limits, recycle_after=1000)
    pool.start()
    looks = SampleQueue(pool, workers=1)
    try:
        for _ in range(3):
            async with asyncio.timeout(20):  # no task of its own, so that the next look follows at once
                found = await looks.look("host", JPEG)
            assert found is not None
            assert found.sniffed.type == "image/jpeg"
    finally:
        await looks.end()
        pool.end()
