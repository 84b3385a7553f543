"""What makes a campaign pause or stop, over real sockets: and nobody is ever sent anything twice."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from pathlib import Path

import pytest

from mmscheck.campaign import CampaignLimits, CampaignOutcome
from mmscheck.ledger import open_ledger
from mmscheck.model.campaign import RowFate
from mmscheck.sandbox import Mishaps, Sandbox, Throttle, Ways
from mmscheck.send.order import Retries
from tests.sandbox.raw_http import call, medium, save_xml, slide
from tests.support.campaigns import (
    QUICK,
    bind,
    named,
    plan,
    reaching,
    run,
    running,
    stored,
    until,
    write_recipients,
)
from tests.support.command import image, message
from tests.support.ledgers import MEANINGS

ROOT = Path(__file__).resolve().parents[2]
URL = "http://media.example.com/photo.jpg"
PICTURE = message(image("photo.jpg"))


async def test_what_comes_too_fast_for_the_provider_is_sent_later_and_is_no_failure(tmp_path: Path) -> None:
    file = write_recipients(tmp_path / "all.csv", named(30))
    async with Sandbox(ways=Ways(throttle=Throttle(rate=15))) as box:
        mms_id = await stored(box)
        limits = CampaignLimits(in_flight=10, failures=1)
        outcome = await run(box, plan(mms_id, limits=limits, retries=Retries(count=0)), file)
        assert (outcome.result.accepted, outcome.result.stopped) == (30, None)
        assert set(box.phones.counts.values()) == {1}


async def test_too_many_failures_stop_it_and_the_rest_is_left(tmp_path: Path) -> None:
    file = write_recipients(tmp_path / "all.csv", named(200))
    ways = Ways(answer_seconds=0.02, mishaps=Mishaps(chances={"reset-after": 1.0}))
    async with Sandbox(ways=ways) as box:
        mms_id = await stored(box)
        outcome = await run(box, plan(mms_id, limits=CampaignLimits(in_flight=4)), file)
        assert outcome.result.stopped is not None
        assert "of the last" in outcome.result.stopped
        assert 10 <= outcome.result.unknown < 20
        assert outcome.result.left == 200 - outcome.result.unknown - outcome.result.accepted
        assert {note.fate for note in outcome.result.notes} == {RowFate.UNKNOWN}
        again = await run(box, plan(mms_id, limits=CampaignLimits(in_flight=1, failures=1)), file)
        assert again.result.unknown == outcome.result.unknown + 1, "the unknown are listed, not repeated"
        assert max(box.phones.counts.values()) == 1


async def test_a_file_that_changes_after_it_was_judged_stops_before_the_changed_row(tmp_path: Path) -> None:
    file = write_recipients(tmp_path / "all.csv", named(40))
    async with Sandbox(ways=QUICK) as box:
        mms_id = await stored(box)

        async def rewrite(_report: object) -> None:
            rows = named(40)
            rows[25] = (rows[25][0], "José")
            write_recipients(file, rows)

        outcome = await run(box, plan(mms_id), file, before_sending=rewrite)
        assert outcome.result.stopped is not None
        assert "has changed since its rows were judged (line 27)" in outcome.result.stopped
        assert outcome.result.accepted == box.phones.total == 25


async def test_one_number_with_two_contents_is_denied_and_so_is_other_content_in_a_later_run(
    tmp_path: Path,
) -> None:
    rows = [*named(3), (named(1)[0][0], "Bo")]
    async with Sandbox(ways=QUICK) as box:
        mms_id = await stored(box)
        file = write_recipients(tmp_path / "all.csv", rows)
        outcome = await run(box, plan(mms_id), file)
        assert (outcome.denied, box.phones.total) == (1, 0)
        assert "on line 2 as well with other content" in outcome.result.notes[0].detail
        await run(box, plan(mms_id), write_recipients(tmp_path / "first.csv", named(3)))
        changed = write_recipients(tmp_path / "changed.csv", rows[3:])
        later = await run(box, plan(mms_id), changed)
        assert (later.denied, later.result.notes[0].columns, box.phones.total) == (1, ("to",), 3)
        assert "has a message of this campaign" in later.result.notes[0].detail


async def test_media_that_change_during_the_campaign_stop_it(tmp_path: Path) -> None:
    picture = tmp_path / "photo.jpg"
    shutil.copy(ROOT / "fixtures/media/photo-small.jpg", picture)
    digest = f"sha256:{hashlib.sha256(picture.read_bytes()).hexdigest()}"
    file = write_recipients(tmp_path / "all.csv", named(300))
    own = (("media.example.com", 80, "127.0.0.1", 0),)
    async with Sandbox(ways=Ways(answer_seconds=0.2), media_dir=tmp_path, connect_to=own) as box:
        saved = await call(box, save_xml(slide(medium("image", URL)), subject="Summer sale"))
        await bind(saved["mms-id"], document=PICTURE, media=[(URL, digest)], at=box.provider_url)
        limits = CampaignLimits(in_flight=3, recheck=2.0)
        how = plan(saved["mms-id"], document=PICTURE, limits=limits, policy=reaching(box))
        ending = asyncio.create_task(run(box, how, file))
        await until(lambda: box.phones.total >= 3)
        picture.write_bytes(picture.read_bytes() + b"\0")
        outcome = await ending
        assert outcome.denied == 1
        assert outcome.result.stopped == "the content of 1 of 1 media changed since the campaign began"
        assert outcome.result.accepted == box.phones.total < 300
        refused = await run(box, how, file)
        assert (refused.denied, refused.result.rows) == (1, 0), "not even begun: they are not what was saved"
        sent = box.phones.total
        shutil.copy(ROOT / "fixtures/media/photo-small.jpg", picture)
        mended = await run(box, how, write_recipients(file, named(sent + 5)))
        assert (mended.result.recorded, mended.result.accepted) == (sent, 5)
        assert set(box.phones.counts.values()) == {1}


async def test_stopped_once_it_finishes_what_is_in_flight_and_stopped_again_it_gives_that_up(
    tmp_path: Path,
) -> None:
    file = write_recipients(tmp_path / "all.csv", named(10))
    async with Sandbox(ways=Ways(mishaps=Mishaps(chances={"late-answer": 1.0}, late_seconds=30))) as box:
        mms_id = await stored(box)
        async with running(box, plan(mms_id, limits=CampaignLimits(in_flight=2)), file) as campaign:
            ending = asyncio.create_task(campaign.run())
            await until(lambda: box.phones.total >= 3)
            campaign.stop("interrupted")
            await asyncio.sleep(0.2)
            assert not ending.done()
            campaign.stop("interrupted")
            outcome = await asyncio.wait_for(ending, 60)
        assert (outcome.result.accepted, outcome.result.unknown, outcome.result.left) == (1, 2, 7)
        assert box.phones.total == 3
    async with await open_ledger() as ledger:
        assert sorted([send.state.value async for send in ledger.sends()]) == [
            "accepted",
            "unknown",
            "unknown",
        ]


async def with_canaries(tmp_path: Path, postback: str, limits: CampaignLimits) -> tuple[CampaignOutcome, int]:
    """A campaign of 20 whose first two are canaries, of which each gets this postback."""
    file = write_recipients(tmp_path / "all.csv", named(20))
    async with Sandbox(ways=QUICK) as box:
        mms_id = await stored(box)
        async with running(box, plan(mms_id, limits=limits), file) as campaign:
            ending = asyncio.create_task(campaign.run())
            await until(lambda: box.phones.total >= 2)
            await asyncio.sleep(0.3)
            assert box.phones.total == 2, "the rest waits"
            await tell(postback)
            return await ending, box.phones.total


async def tell(told: str) -> None:
    """Postbacks, as a code and a status, for everything that was accepted."""
    async with await open_ledger(meanings=MEANINGS, recover=False) as ledger:
        for send in [send async for send in ledger.sends()]:
            if told and send.tracking_id:
                code, _, status = told.partition(" ")
                fields = {"code": code, "tracking-id": send.tracking_id, "status": status}
                await ledger.record_postback(fields)


async def test_canaries_that_are_delivered_let_the_rest_go(tmp_path: Path) -> None:
    outcome, total = await with_canaries(tmp_path, "N102 Delivered", CampaignLimits(in_flight=8, canary=2))
    assert (outcome.result.accepted, outcome.result.stopped, total) == (20, None, 20)


@pytest.mark.parametrize("postback", ["E102", "N102 Message Sent/Rejected", "N202 Message Sent/Failed"])
async def test_a_canary_that_fails_stops_the_rest(tmp_path: Path, postback: str) -> None:
    outcome, total = await with_canaries(tmp_path, postback, CampaignLimits(in_flight=8, canary=2))
    assert (outcome.result.stopped, total) == ("2 of 2 canaries were not delivered", 2)
    assert outcome.result.left == 18


async def test_canaries_of_which_nothing_is_heard_stop_the_rest(tmp_path: Path) -> None:
    outcome, total = await with_canaries(tmp_path, "", CampaignLimits(in_flight=8, canary=2, canary_wait=1.0))
    assert outcome.result.stopped is not None
    assert "only 0 of 2 canaries had been delivered" in outcome.result.stopped
    assert total == 2
