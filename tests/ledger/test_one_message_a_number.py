"""A campaign sends each number one message, and nobody is sent what the provider could not encode."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

import pytest

from mmscheck.ledger import Ledger, open_ledger
from mmscheck.ledger.saves import Save
from mmscheck.ledger.schema import ADDRESS, DELIVERY, TAIL
from mmscheck.model.ledger import Claim, ClaimRefused, MmsState, RefusalReason, SendState
from mmscheck.model.request import SendResult
from tests.support.ledgers import (
    MEANINGS,
    WITHOUT_LOOKUPS,
    accepted,
    claimed,
    intent,
    raw,
    refused,
    unknown,
    without_numbers,
)

NUMBER = "15551234567"
OF_SALE = {"campaign": "sale", "to": NUMBER}


def reason(outcome: object) -> RefusalReason:
    assert isinstance(outcome, ClaimRefused), outcome
    return outcome.reason


@pytest.mark.parametrize("answer", [accepted("T1"), unknown()])
async def test_other_content_to_a_number_that_had_a_message_is_refused(
    ledger: Ledger, answer: SendResult
) -> None:
    first = await claimed(ledger, **OF_SALE)
    await ledger.answer(first, answer)
    outcome = await ledger.claim(intent("key-2", **OF_SALE))
    assert reason(outcome) is RefusalReason.OTHER_CONTENT
    assert isinstance(outcome, ClaimRefused)
    assert outcome.send is not None
    assert outcome.send.id == first.send_id


async def test_a_number_that_is_being_sent_to_is_to_be_asked_for_again(ledger: Ledger) -> None:
    first = await claimed(ledger, **OF_SALE)
    assert reason(await ledger.claim(intent("key-2", **OF_SALE))) is RefusalReason.IN_FLIGHT
    await ledger.not_sent(first, "no connection")
    await claimed(ledger, "key-2", **OF_SALE)


async def test_a_number_that_got_nothing_may_be_sent_other_content(ledger: Ledger) -> None:
    await ledger.answer(await claimed(ledger, **OF_SALE), refused())
    await claimed(ledger, "key-2", **OF_SALE)


async def test_what_was_not_sent_is_not_sent_later_when_the_number_has_had_something_else(
    ledger: Ledger,
) -> None:
    await ledger.not_sent(await claimed(ledger, **OF_SALE), "too fast")
    await ledger.answer(await claimed(ledger, "key-2", **OF_SALE), accepted())
    assert reason(await ledger.claim(intent(**OF_SALE))) is RefusalReason.OTHER_CONTENT


@pytest.mark.parametrize("campaign", ["other", None])
async def test_another_message_of_another_campaign_or_of_none_is_free(
    ledger: Ledger, campaign: str | None
) -> None:
    await ledger.answer(await claimed(ledger, **OF_SALE), accepted())
    await claimed(ledger, "key-2", campaign=campaign, to=NUMBER, mms_id="100002")
    await claimed(ledger, "key-3", campaign=campaign, to="15557654321")


async def test_a_number_is_its_digits(ledger: Ledger) -> None:
    await ledger.answer(await claimed(ledger, **OF_SALE), accepted())
    other = intent("key-2", campaign="sale", to="+1 (555) 123-4567")
    assert reason(await ledger.claim(other)) is RefusalReason.OTHER_CONTENT


async def test_of_many_contents_for_one_number_at_once_one_is_granted(ledger: Ledger) -> None:
    asked = (ledger.claim(intent(f"key-{number}", **OF_SALE)) for number in range(50))
    outcomes = await asyncio.gather(*asked)
    assert sum(isinstance(outcome, Claim) for outcome in outcomes) == 1


async def test_two_processes_with_two_contents_share_the_numbers(where: str) -> None:
    async with await open_ledger(where) as one, await open_ledger(where) as other:
        asked = [
            ledger.claim(intent(f"key-{number}-{side}", campaign="sale", to=f"1555{number:07}"))
            for number in range(100)
            for side, ledger in enumerate((one, other))
        ]
        outcomes = await asyncio.gather(*asked)
        assert sum(isinstance(outcome, Claim) for outcome in outcomes) == 100
        numbers = [send.intent.to async for send in one.sends()]
    assert len(set(numbers)) == len(numbers) == 100


async def test_a_postback_of_corruption_stops_a_send_that_was_checked_before(ledger: Ledger) -> None:
    await ledger.record_save(Save(mms_id="100001", digest="sha256:a", state=MmsState.READY))
    await ledger.not_sent(await claimed(ledger), "too fast")
    await ledger.record_postback({"code": "E002", "mms-id": "100001"})
    for key in ("key-1", "key-2"):
        outcome = await ledger.claim(intent(key))
        assert reason(outcome) is RefusalReason.CORRUPT
    assert await ledger.counts() == {SendState.NOT_SENT: 1}
    await claimed(ledger, "key-3", mms_id="100002")


async def test_a_ledger_of_an_old_schema_gets_the_indexes_and_uses_them(where: str) -> None:
    async with await open_ledger(where, meanings=MEANINGS) as ledger:
        await ledger.answer(await claimed(ledger, **OF_SALE), accepted())
    later = (
        ("ALTER TABLE history DROP CONSTRAINT history_numbered",)
        if "://" in where
        else ("DROP TRIGGER history_numbered", "DROP TABLE identity")
    )
    younger = [f"ALTER TABLE {table} DROP COLUMN account" for table in ("mms", "postbacks")]
    indexes = ("sends_address", "sends_number")
    gone = (*without_numbers(where), *later, "DROP INDEX sends_address", *younger, *WITHOUT_LOOKUPS)
    await raw(where, *gone, "UPDATE ledger_schema SET version = 2")
    _unnoted(where)
    async with await open_ledger(where) as ledger:
        assert reason(await ledger.claim(intent("key-2", **OF_SALE))) is RefusalReason.OTHER_CONTENT
        assert (await ledger.verify()).found == ()
    if "://" in where:
        named = ", ".join(f"'{name}'" for name in indexes)
        assert await raw(where, f"SELECT 1 FROM pg_indexes WHERE indexname IN ({named})") == [(1,), (1,)]
        return
    values = "IN (SELECT value FROM json_each('[1]'))"
    had = f"({TAIL} {values} AND mms_id {values} AND {DELIVERY} {values})"
    asked = f"SELECT id FROM sends WHERE key {values} OR {ADDRESS} {values} OR {had}"
    plan = await raw(where, f"EXPLAIN QUERY PLAN {asked}")
    assert all(name in str(plan) for name in indexes)


def _unnoted(where: str) -> None:
    """Forget what is noted of a file: a ledger as old as this one was never noted."""
    if "://" not in where:
        Path(f"{where}-head").unlink()
        with contextlib.suppress(OSError):
            os.removexattr(where, "user.mmscheck.head")
