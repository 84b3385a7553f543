"""One campaign run twice at once, with two files of other contents: each number gets one message."""

from __future__ import annotations

import asyncio
from pathlib import Path

from mmscheck.campaign import CampaignLimits
from mmscheck.sandbox import Sandbox, Ways
from tests.support.campaigns import named, numbers, plan, run, stored, write_recipients

ROWS = 60


async def test_two_runs_with_other_names_text_each_phone_once(tmp_path: Path) -> None:
    files = [
        write_recipients(tmp_path / "a.csv", named(ROWS)),
        write_recipients(tmp_path / "b.csv", [(number, "Ben") for number in numbers(ROWS)]),
    ]
    lenient = CampaignLimits(in_flight=8, failure_share=1.0)
    async with Sandbox(ways=Ways(answer_seconds=0.05)) as box:
        how = plan(await stored(box), limits=lenient)
        first, second = await asyncio.gather(*(run(box, how, file) for file in files))
        assert set(box.phones.counts) == set(numbers(ROWS))
        assert set(box.phones.counts.values()) == {1}
    results = [first.result, second.result]
    assert sum(result.accepted for result in results) == ROWS
    # What was known before the sends began is denied, and what the ledger refused is not sent.
    left_out = sum(result.not_sent + result.denied + result.left for result in results)
    assert left_out == ROWS
    notes = [note.detail for result in results for note in result.notes]
    assert all("other content" in note or "another message" in note for note in notes), notes
