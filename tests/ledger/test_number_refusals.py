"""What is in the way of a number is told before the claim, as the claim tells it; asking writes nothing."""

from __future__ import annotations

import random

import pytest

from mmscheck.ledger import Ledger
from mmscheck.ledger.suppression_list import Addition
from mmscheck.model.ledger import (
    ABOUT_THE_NUMBER,
    Claim,
    ClaimRefused,
    NumberTerms,
    RefusalReason,
    SendIntent,
)
from mmscheck.model.suppression import EVERYTHING, SuppressionScope, SuppressionSource
from tests.support.ledgers import accepted, claimed, intent, refused

PHONE = "15551230001"
HOST = "api.example.com"
HOUR = 3600 * 1_000_000


async def fill(ledger: Ledger, chance: random.Random) -> None:
    """Some sends to the phone that ended in every way, and perhaps an entry on the list."""
    for at in range(chance.randrange(4)):
        claim = await claimed(ledger, f"key-{at}", to=PHONE, mms_id=f"10000{at}", account=f"{HOST}/demo")
        match chance.randrange(3):
            case 0:
                await ledger.answer(claim, accepted())
            case 1:
                await ledger.answer(claim, refused())
            case _:
                await ledger.not_sent(claim, "withdrawn")
    if chance.random() < 0.3:
        await ledger.forget(PHONE, reason="asked", who="ann")
    if chance.random() < 0.4:
        narrow = SuppressionScope(account=HOST), SuppressionScope(list_name="news")
        scope = chance.choice([EVERYTHING, *narrow])
        addition = Addition(scope=scope, source=SuppressionSource.COMMAND, reason="asked", who="ann")
        await ledger.suppress([PHONE], addition=addition)


def some(chance: random.Random) -> SendIntent:
    """A send to the phone, perhaps one that was made."""
    terms = NumberTerms(
        gap=chance.choice([None, HOUR]),
        per_day=chance.choice([None, 1, 2]),
        list_name=chance.choice(["", "news", "offers"]),
    )
    at = chance.randrange(6)
    return intent(f"key-{at}", to=PHONE, mms_id=f"10000{at}", account=f"{HOST}/demo", terms=terms)


@pytest.mark.parametrize("seed", range(24))
async def test_a_claim_is_refused_for_its_number_as_was_told_before(ledger: Ledger, seed: int) -> None:
    chance = random.Random(seed)
    await fill(ledger, chance)
    wanted = some(chance)
    before = (await ledger.verify()).rows
    told = await ledger.refusals(wanted)
    assert (await ledger.verify()).rows == before
    outcome = await ledger.claim(wanted)
    if isinstance(outcome, ClaimRefused) and outcome.reason in ABOUT_THE_NUMBER:
        assert (told[0].reason, told[0].text) == (outcome.reason, outcome.text)
    else:
        assert told == (), outcome


async def test_every_reason_that_stands_is_told(ledger: Ledger) -> None:
    await ledger.answer(await claimed(ledger, "key-1", to=PHONE, account=f"{HOST}/demo"), accepted())
    addition = Addition(scope=EVERYTHING, source=SuppressionSource.COMMAND, reason="asked", who="ann")
    await ledger.suppress([PHONE], addition=addition)
    terms = NumberTerms(gap=HOUR, per_day=1)
    told = await ledger.refusals(intent("key-2", to=PHONE, account=f"{HOST}/demo", terms=terms))
    assert [each.reason for each in told] == [
        *(RefusalReason.SUPPRESSED, RefusalReason.TOO_SOON, RefusalReason.TOO_MANY),
    ]
    again = intent("key-1", to=PHONE, account=f"{HOST}/demo", terms=terms)
    assert await ledger.refusals(again) == (), "it was sent, and its answer is told"
    assert not isinstance(await ledger.claim(again), Claim)
