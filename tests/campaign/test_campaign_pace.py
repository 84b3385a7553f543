"""How fast a campaign goes, and how many failures it takes."""

from __future__ import annotations

import asyncio
import io
import time
from pathlib import Path

import pytest

from mmscheck.campaign import CampaignLimits
from mmscheck.campaign.counts import RowCounts
from mmscheck.campaign.limits import FailureRate, SendPace, StopSignal
from mmscheck.cli.campaign import CampaignProgress
from mmscheck.cli.progress import Progress
from mmscheck.errors import UsageError
from mmscheck.model.campaign import RowFate, RowNote


async def test_turns_keep_to_the_rate() -> None:
    pace, began = SendPace(50.0, StopSignal()), time.monotonic()
    for _ in range(20):
        await pace.turn()
    assert 0.3 < time.monotonic() - began < 20


async def test_those_who_wait_for_a_turn_do_not_all_wake_for_each() -> None:
    class Counted(StopSignal):
        slept = 0

        async def sleep(self, seconds: float) -> None:
            self.slept += 1
            await super().sleep(seconds)

    signal = Counted()
    pace = SendPace(200.0, signal)
    await asyncio.gather(*(pace.turn() for _ in range(40)))
    assert signal.slept <= 80, "about one for each turn, and not one for each who waits"


async def test_a_stop_lets_all_who_wait_for_a_turn_go() -> None:
    signal = StopSignal()
    pace = SendPace(0.1, signal)
    waiting = asyncio.gather(*(pace.turn() for _ in range(10)))
    await asyncio.sleep(0.05)
    signal.stop("enough")
    async with asyncio.timeout(2):
        await waiting


async def test_too_fast_makes_everybody_wait_once_and_go_slower() -> None:
    pace = SendPace(None, StopSignal())
    turns = [await pace.turn() for _ in range(12)]
    for _ in range(10):
        pace.accepted()
    began = time.monotonic()
    for turn in turns:
        pace.too_fast(turn)
    await pace.turn()
    assert 0.2 < time.monotonic() - began < 15, "one pause for all that were sent before it"
    began = time.monotonic()
    for _ in range(4):
        await pace.turn()
    assert time.monotonic() - began > 0.2, "7 a second from then on"


async def test_a_pause_ends_when_all_is_stopped() -> None:
    signal = StopSignal()
    pace = SendPace(0.001, signal)
    await pace.turn()
    signal.stop("enough")
    began = time.monotonic()
    await pace.turn()
    assert time.monotonic() - began < 15


def test_a_few_failures_among_many_do_not_stop_and_a_share_of_them_does() -> None:
    health = FailureRate(CampaignLimits(failure_share=0.2))
    assert not any(health.count(failed=at % 6 == 0) for at in range(600))
    told = [health.count(failed=True) for _ in range(10)]
    assert told[-1] is not None
    few = FailureRate(CampaignLimits(failure_share=0.2))
    assert [few.count(failed=True) for _ in range(9)] == [None] * 9
    assert few.count(failed=True) == "10 of the last 10 sends failed (refused, not sent or unknown)"
    strict = FailureRate(CampaignLimits(failures=2))
    assert [strict.count(failed=True) is None for _ in range(2)] == [True, False]


def test_media_are_looked_at_again_before_permits_expire() -> None:
    with pytest.raises(UsageError, match="checked again"):
        CampaignLimits(recheck=600.0)


def test_a_list_of_rows_holds_no_formula_and_no_line_break(tmp_path: Path) -> None:
    log = io.StringIO()
    note = RowNote(line=3, to="=cmd()", fate=RowFate.DENIED, detail="@a\nb", columns=("name",))
    counts = RowCounts(log)
    counts.note(note)
    assert log.getvalue().splitlines()[1] == "3,'=cmd(),denied,name,'@a b"
    for _ in range(30):
        counts.note(note)
    assert (len(counts.notes), counts.more) == (20, 11)


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        """It is."""
        return True


def test_progress_tells_what_was_judged_and_sent_and_why_it_waits() -> None:
    line = Progress(stream=Terminal())
    told = CampaignProgress(line)
    told.judged(1_600)
    assert line.text(time.monotonic()) == "judged 1,600"
    told.begun(1_500)
    told.ended(310, 4)
    told.waiting("the provider says that it is too fast")
    text = line.text(time.monotonic() + 10)
    assert text.startswith("judged 1,600")
    assert "sent 310 of 1,500, 31/s, 39 s left" in text
    assert text.endswith("4 failed, the provider says that it is too fast")
