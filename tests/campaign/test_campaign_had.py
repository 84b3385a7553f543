"""Once per person: who has the stored message gets it again only where that is said, and once a name."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mmscheck import Gate, SendStatus, SinchClient
from mmscheck.campaign import CampaignLimits, CampaignPlan
from mmscheck.errors import UsageError
from mmscheck.ledger import Save, open_ledger
from mmscheck.model.ledger import MmsState, RefusalReason
from mmscheck.model.request import Changes, SendRequest, SendResult
from mmscheck.report.run_words import campaign_sentence
from mmscheck.sandbox import Sandbox, Ways
from mmscheck.send.order import provider_account
from tests.support.campaigns import (
    DOCUMENT,
    bind,
    named,
    numbers,
    plan,
    reaching,
    run,
    running,
    stored,
    until,
    write_recipients,
)

ROWS = 12


def campaign(mms_id: str, name: str | None, **changes: Any) -> CampaignPlan:
    return plan(mms_id, **changes) if name is None else plan(mms_id, name=name, named=True, **changes)


async def alone(box: Sandbox, mms_id: str, to: str, name: str, **how: Any) -> SendResult:
    """One send by itself, as `mmscheck send --to` makes it."""
    request = SendRequest(
        mms_id=mms_id,
        to=to,
        from_="28444",
        service_id="demo",
        fallback_sms_text="Sale today",
        changes=Changes(data=(("name", name),)),
    )
    client = SinchClient(api_key="sandbox-key", api_url=box.provider_url)
    async with (
        await open_ledger() as ledger,
        Gate(client=client, ledger=ledger, policy=reaching(box)) as gate,
    ):
        return await gate.send(await gate.check(DOCUMENT.encode(), request), **how)


def phones(box: Sandbox) -> set[int]:
    """How many messages the phones have got."""
    return set(box.phones.counts.values())


@pytest.mark.parametrize(
    ("first", "second"), [("aa", "bb"), (None, "bb"), ("aa", None), ("summer-é", "summer-1")]
)
async def test_another_name_sends_nobody_the_same_again(
    tmp_path: Path, first: str | None, second: str | None
) -> None:
    file = write_recipients(tmp_path / "all.csv", named(ROWS))
    async with Sandbox() as box:
        mms_id = await stored(box)
        assert (await run(box, campaign(mms_id, first), file)).result.accepted == ROWS
        for dry in (True, False):
            result = (await run(box, campaign(mms_id, second), file, dry=dry)).result
            assert (result.accepted, result.had, result.left, result.stopped) == (0, ROWS, 0, None)
            told = f"{ROWS} of these numbers have this message already, from campaign {first or mms_id}"
            assert told in campaign_sentence(result)
        assert phones(box) == {1}
        # With other words for everybody it is the same message still.
        other = write_recipients(tmp_path / "other.csv", [(number, "Ben") for number in numbers(ROWS)])
        assert (await run(box, campaign(mms_id, second), other)).result.had == ROWS
        assert phones(box) == {1}


async def test_again_counts_once_for_each_name(tmp_path: Path) -> None:
    file = write_recipients(tmp_path / "all.csv", named(ROWS))
    async with Sandbox() as box:
        mms_id = await stored(box)
        assert (await run(box, campaign(mms_id, "aa"), file)).result.accepted == ROWS
        results = [(await run(box, campaign(mms_id, "bb", again=True), file)).result for _ in range(3)]
        assert [(one.accepted, one.recorded, one.had) for one in results] == [
            (ROWS, 0, 0),
            *[(0, ROWS, 0)] * 2,
        ]
        assert phones(box) == {2}
        # The name under which it was sent first brings nothing anew either.
        assert (await run(box, campaign(mms_id, "aa", again=True), file)).result.recorded == ROWS
        assert phones(box) == {2}
        with pytest.raises(UsageError, match="needs a name"):
            await run(box, campaign(mms_id, None, again=True), file)


@pytest.mark.parametrize("name", [None, "summer-1"])
async def test_a_campaign_passes_by_those_who_had_the_message_alone(tmp_path: Path, name: str | None) -> None:
    rows = named(60)
    file = write_recipients(tmp_path / "all.csv", rows)
    async with Sandbox() as box:
        mms_id = await stored(box)
        for number, who in rows[:ROWS]:
            assert (await alone(box, mms_id, number, who)).status is SendStatus.ACCEPTED
        outcome = await run(box, campaign(mms_id, name, limits=CampaignLimits(in_flight=1)), file)
        result = outcome.result
        assert (result.accepted, result.recorded + result.had, result.left) == (48, ROWS, 0)
        assert result.stopped is None
        assert result.had_from == (() if name is None else (("", ROWS),))
        assert phones(box) == {1}


async def test_alone_after_a_campaign_it_is_sent_again_only_on_purpose(tmp_path: Path) -> None:
    file = write_recipients(tmp_path / "all.csv", named(2))
    (number, who), *_ = named(2)
    async with Sandbox() as box:
        mms_id = await stored(box)
        await run(box, campaign(mms_id, "summer-1"), file)
        for key in (None, "by-hand"):
            result = await alone(box, mms_id, number, who, idempotency_key=key)
            assert (result.status, result.refusal) == (SendStatus.NOT_ATTEMPTED, RefusalReason.HAS_IT)
            assert "has this message already, in campaign summer-1" in result.detail
            assert "--again" in result.detail
        assert phones(box) == {1}
        with pytest.raises(UsageError, match="needs an idempotency key"):
            await alone(box, mms_id, number, who, again=True)
        twice = [
            await alone(box, mms_id, number, who, again=True, idempotency_key="once more") for _ in range(2)
        ]
        assert [(one.status, one.recorded) for one in twice] == [
            (SendStatus.ACCEPTED, False),
            (SendStatus.ACCEPTED, True),
        ]
        assert sorted(box.phones.counts.values()) == [1, 2]


async def test_alone_after_an_unnamed_campaign_it_is_the_same_send(tmp_path: Path) -> None:
    file = write_recipients(tmp_path / "all.csv", named(2))
    (number, who), *_ = named(2)
    async with Sandbox() as box:
        mms_id = await stored(box)
        await run(box, campaign(mms_id, None), file)
        result = await alone(box, mms_id, number, who)
        assert (result.status, result.recorded) == (SendStatus.ACCEPTED, True)
        assert (await alone(box, mms_id, number, "Other")).refusal == RefusalReason.HAS_IT
        assert phones(box) == {1}


async def test_what_another_account_or_message_sent_is_free(tmp_path: Path) -> None:
    file = write_recipients(tmp_path / "all.csv", named(3))
    async with Sandbox() as box:
        mms_id = await stored(box)
        await run(box, campaign(mms_id, "aa"), file)
        other = await stored(box)
        assert (await run(box, campaign(other, "bb"), file)).result.accepted == 3
        how = campaign(mms_id, "cc")
        service = msgspec.structs.replace(how.common, service_id="other")
        how = msgspec.structs.replace(how, common=service)
        assert (await run(box, how, file)).result.accepted == 3


async def test_two_names_at_once_send_each_phone_one_message(tmp_path: Path) -> None:
    """The ledger decides inside the claim, and not a look before it."""
    file = write_recipients(tmp_path / "all.csv", named(60))
    lenient = CampaignLimits(in_flight=8, failure_share=1.0)
    async with Sandbox(ways=Ways(answer_seconds=0.05)) as box:
        mms_id = await stored(box)
        plans = [campaign(mms_id, name, limits=lenient) for name in ("aa", "bb")]
        first, second = await asyncio.gather(*(run(box, how, file) for how in plans))
        assert phones(box) == {1}
        results = (first.result, second.result)
        assert sum(one.accepted for one in results) == 60
        assert sum(one.had for one in results) == 60
        assert [one.stopped for one in results] == [None, None]


async def test_an_id_that_is_bound_anew_during_a_campaign_stops_it(tmp_path: Path) -> None:
    file = write_recipients(tmp_path / "all.csv", named(300))
    async with Sandbox(ways=Ways(answer_seconds=0.05)) as box:
        mms_id = await stored(box)
        async with running(box, plan(mms_id, limits=CampaignLimits(in_flight=4)), file) as one:
            ending = asyncio.create_task(one.run())
            await until(lambda: len(box.phones.counts) >= 8)
            await bind(mms_id, document=DOCUMENT.replace("Hello", "Other"), at=box.provider_url)
            outcome = await ending
        result = outcome.result
        assert 8 <= result.accepted < 300
        assert result.unknown == 0
        assert result.left > 0
        assert "is bound to other content than when the message was checked" in (result.stopped or "")
        assert outcome.denied == 1


async def test_a_permit_is_no_leave_for_what_is_bound_since(tmp_path: Path) -> None:
    async with Sandbox() as box:
        mms_id = await stored(box)
        client = SinchClient(api_key="sandbox-key", api_url=box.provider_url)
        request = SendRequest(
            mms_id=mms_id, to="15551230001", from_="28444", service_id="demo", fallback_sms_text="x"
        )
        async with await open_ledger() as ledger, Gate(client=client, ledger=ledger) as gate:
            permit = await gate.check(DOCUMENT.encode(), request)
            account = provider_account(box.provider_url)
            other = Save(
                mms_id=mms_id, digest="sha256:other", state=MmsState.SAVED, replace=True, account=account
            )
            await ledger.record_save(other)
            result = await gate.send(permit)
        assert (result.status, result.refusal) == (SendStatus.NOT_ATTEMPTED, RefusalReason.NOT_AS_CHECKED)
        assert not box.phones.counts
