"""Whom a campaign leaves out, and for whom it waits: each row with its reason, and never without a word."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mmscheck.campaign import CampaignLimits
from mmscheck.ledger import Ledger, open_ledger
from mmscheck.ledger.suppression_list import Addition
from mmscheck.model.ledger import ClaimOutcome, SendIntent, SendState
from mmscheck.model.recipient import QuietHours, RecipientRules
from mmscheck.model.suppression import EVERYTHING, SuppressionSource
from mmscheck.sandbox import Sandbox
from mmscheck.send.recipient import QuietCalendar
from tests.support.campaigns import plan, run, running, stored, until, write_recipients
from tests.support.ledgers import MEANINGS

NEW_YORK, ANCHORAGE, TORONTO = "12125550100", "19075550100", "14165550100"


_FAST = 4 * 3600


def quiet_at(zone: str, minutes: int, begin: int = -60) -> QuietHours:
    """Quiet hours that end so many minutes from now by this zone's clock, and began long ago."""
    now = dt.datetime.now(ZoneInfo(zone))
    today = now.hour * 60 + now.minute
    return QuietHours(begin=(today + begin) % 1440, end=(today + minutes) % 1440)


def told(log: io.StringIO) -> list[tuple[str, str]]:
    rows = csv.DictReader(io.StringIO(log.getvalue()))
    return [(row["to"], row["fate"]) for row in rows]


async def test_who_is_on_the_list_is_left_out_and_named(tmp_path: Path, where: str) -> None:
    async with Sandbox() as box:
        mms_id = await stored(box, where)
        async with await open_ledger(where) as ledger:
            addition = Addition(
                scope=EVERYTHING, source=SuppressionSource.COMMAND, reason="asked by phone", who="ann"
            )
            await ledger.suppress([NEW_YORK], addition=addition)
        file = write_recipients(tmp_path / "r.csv", [(NEW_YORK, "Ana"), (TORONTO, "Bob")])
        log = io.StringIO()
        outcome = await run(box, plan(mms_id), file, where=where, log=log)
        assert (outcome.result.accepted, outcome.result.withheld, outcome.result.left) == (1, 1, 0)
        assert [sent.to for sent in box.sent] == [TORONTO]
        assert told(log) == [(NEW_YORK, "withheld")]
        assert "asked by phone (ann)" in log.getvalue()


async def test_a_stop_while_a_campaign_runs_stops_the_next_message(tmp_path: Path, where: str) -> None:
    """The number is in the file and was judged, and says STOP before its turn."""
    async with Sandbox() as box:
        mms_id = await stored(box, where)
        rows = [(f"1212555{at:04}", "Ana") for at in range(40)]
        file = write_recipients(tmp_path / "r.csv", rows)
        log = io.StringIO()
        limits = CampaignLimits(in_flight=1, rate=40)
        async with (
            running(box, plan(mms_id, limits=limits), file, where=where, log=log) as campaign,
            await open_ledger(where, meanings=MEANINGS) as listener,
        ):
            task = asyncio.create_task(campaign.run())
            await until(lambda: bool(box.sent))
            reply = {"code": "N401", "from": rows[-1][0], "to": "28444", "keyword": "STOP"}
            await listener.record_postback(reply)
            had = len(box.sent)
            outcome = await task
        assert had < len(rows)
        assert outcome.result.withheld == 1
        assert rows[-1][0] not in {sent.to for sent in box.sent}
        assert (rows[-1][0], "withheld") in told(log)


async def test_rows_in_quiet_hours_are_left_out_where_nobody_waits(tmp_path: Path, where: str) -> None:
    async with Sandbox() as box:
        mms_id = await stored(box, where)
        rules = RecipientRules(quiet=quiet_at("America/New_York", 60), wait=False)
        file = write_recipients(
            tmp_path / "r.csv", [(NEW_YORK, "Ana"), ("12025550101", "Eve"), (ANCHORAGE, "Bob")]
        )
        log = io.StringIO()
        outcome = await run(box, plan(mms_id, recipients=rules), file, where=where, log=log)
        assert (outcome.result.accepted, outcome.result.not_now) == (1, 2)
        assert [sent.to for sent in box.sent] == [ANCHORAGE]
        assert told(log) == [(NEW_YORK, "not-now"), ("12025550101", "not-now")]
        assert "America/New_York" in log.getvalue()


async def test_rows_in_quiet_hours_wait_for_their_end(
    tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clocks of numbers run fast here: an hour in a quarter of a second."""
    began = time.time()
    real = QuietCalendar.stand

    def fast(self: QuietCalendar, to: str, now: float) -> tuple[bool, float]:
        quiet, until = real(self, to, began + (now - began) * _FAST)
        return quiet, began + (until - began) / _FAST

    monkeypatch.setattr(QuietCalendar, "stand", fast)
    async with Sandbox() as box:
        mms_id = await stored(box, where)
        # Until some hours from now: the check before takes a second, which is four hours.
        rules = RecipientRules(quiet=quiet_at("America/New_York", 14 * 60))
        rows = [(f"1212555{at:04}", "Ana") for at in range(5)]
        file = write_recipients(tmp_path / "r.csv", rows)
        outcome = await run(box, plan(mms_id, recipients=rules), file, where=where)
        assert (outcome.result.accepted, outcome.result.left, outcome.result.stopped) == (5, 0, None)
        assert {sent.to for sent in box.sent} == {to for to, _ in rows}


async def test_what_waits_is_left_when_the_campaign_is_stopped(tmp_path: Path, where: str) -> None:
    async with Sandbox() as box:
        mms_id = await stored(box, where)
        rules = RecipientRules(quiet=quiet_at("America/New_York", 60))
        file = write_recipients(tmp_path / "r.csv", [(NEW_YORK, "Ana"), (ANCHORAGE, "Bob")])
        log = io.StringIO()
        async with running(box, plan(mms_id, recipients=rules), file, where=where, log=log) as campaign:
            task = asyncio.create_task(campaign.run())
            await until(lambda: bool(box.sent))
            campaign.stop("enough")
            outcome = await task
        assert (outcome.result.accepted, outcome.result.left) == (1, 1)
        assert told(log) == [(NEW_YORK, "left")]
        # The same again later goes on from there.
        later = await run(box, plan(mms_id), file, where=where)
        assert (later.result.accepted, later.result.recorded) == (1, 1)


async def test_a_number_gets_no_more_than_so_many_a_day_over_all_campaigns(
    tmp_path: Path, where: str
) -> None:
    async with Sandbox() as box:
        first, second = await stored(box, where), await stored(box, where)
        file = write_recipients(tmp_path / "r.csv", [(NEW_YORK, "Ana")])
        rules = RecipientRules(per_day=1)
        assert (await run(box, plan(first, recipients=rules), file, where=where)).result.accepted == 1
        log = io.StringIO()
        outcome = await run(box, plan(second, recipients=rules), file, where=where, log=log)
        assert (outcome.result.accepted, outcome.result.not_now) == (0, 1)
        assert "1 in 24 hours" in log.getvalue()
        gap = await run(box, plan(second, recipients=RecipientRules(gap=3600)), file, where=where)
        assert (gap.result.accepted, gap.result.not_now) == (0, 1)
        assert len(box.sent) == 1
        assert (await run(box, plan(second), file, where=where)).result.accepted == 1


async def test_consent_is_kept_with_the_send_and_demanded_when_that_is_said(
    tmp_path: Path, where: str
) -> None:
    async with Sandbox() as box:
        mms_id = await stored(box, where)
        rows = [(NEW_YORK, "Ana", "web form", "2026-11-30"), (ANCHORAGE, "Bob", "", "")]
        header = "to,name,consent-source,Consent-At"
        file = write_recipients(tmp_path / "r.csv", rows, header=header)
        rules = RecipientRules(require_consent=True)
        denied = await run(box, plan(mms_id, recipients=rules), file, where=where)
        assert (denied.result.denied, denied.result.accepted) == (1, 0)
        assert denied.result.notes[0].columns == ("consent-source",)
        outcome = await run(box, plan(mms_id, recipients=rules, skip_bad=True), file, where=where)
        assert (outcome.result.denied, outcome.result.accepted) == (1, 1)
        async with await open_ledger(where) as ledger:
            (send,) = [one async for one in ledger.sends()]
            assert (send.intent.consent_source, send.intent.consent_at) == ("web form", "2026-11-30")
            assert (await ledger.verify()).found == ()


async def test_only_numbers_of_wanted_countries_are_texted(tmp_path: Path, where: str) -> None:
    async with Sandbox() as box:
        mms_id = await stored(box, where)
        file = write_recipients(tmp_path / "r.csv", [(NEW_YORK, "Ana"), (TORONTO, "Bob")])
        outcome = await run(
            box, plan(mms_id, recipients=RecipientRules(countries=("US",))), file, where=where
        )
        assert (outcome.result.accepted, outcome.result.withheld) == (1, 1)
        assert [sent.to for sent in box.sent] == [NEW_YORK]


async def test_a_stop_between_claim_and_call_stops_the_call(
    tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Ledger.claim

    async def overtaken(self: Ledger, intent: SendIntent, **more: int) -> ClaimOutcome:
        outcome = await real(self, intent, **more)
        async with await open_ledger(where, meanings=MEANINGS) as listener:
            reply = {"code": "N401", "from": intent.to, "to": "28444", "keyword": "STOP"}
            await listener.record_postback(reply)
        return outcome

    monkeypatch.setattr(Ledger, "claim", overtaken)
    async with Sandbox() as box:
        mms_id = await stored(box, where)
        file = write_recipients(tmp_path / "r.csv", [(NEW_YORK, "Ana")])
        outcome = await run(box, plan(mms_id), file, where=where)
        assert (outcome.result.accepted, outcome.result.withheld) == (0, 1)
        assert list(box.sent) == []
        async with await open_ledger(where) as ledger:
            assert await ledger.counts() == {SendState.NOT_SENT: 1}


async def test_quiet_hours_that_begin_between_claim_and_call_stop_the_call(
    tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim may wait long for its turn, and become durable when the hours have begun."""
    claim, stand = Ledger.claim, QuietCalendar.stand
    claimed: list[str] = []

    async def slow(self: Ledger, intent: SendIntent, **more: int) -> ClaimOutcome:
        outcome = await claim(self, intent, **more)
        claimed.append(intent.to)
        return outcome

    def begun(self: QuietCalendar, to: str, now: float) -> tuple[bool, float]:
        return (True, now + 3600) if to in claimed else stand(self, to, now)

    monkeypatch.setattr(Ledger, "claim", slow)
    monkeypatch.setattr(QuietCalendar, "stand", begun)
    async with Sandbox() as box:
        mms_id = await stored(box, where)
        file = write_recipients(tmp_path / "r.csv", [(NEW_YORK, "Ana")])
        rules = RecipientRules(quiet=quiet_at("America/New_York", -30, begin=-60), wait=False)
        log = io.StringIO()
        outcome = await run(box, plan(mms_id, recipients=rules), file, where=where, log=log)
        assert (outcome.result.accepted, outcome.result.not_now) == (0, 1)
        assert list(box.sent) == []
        assert "Quiet hours where this number may be" in log.getvalue()
        async with await open_ledger(where) as ledger:
            assert await ledger.counts() == {SendState.NOT_SENT: 1}
