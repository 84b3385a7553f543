"""What a campaign costs at most, and that one that may cost more than was said sends nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmscheck.campaign.costs import CostCounter
from mmscheck.errors import UsageError
from mmscheck.judge.pipeline import load_rules
from mmscheck.model.prices import CostEstimate, Price, Prices, money
from mmscheck.model.request import SendRequest
from mmscheck.sandbox import Sandbox
from tests.support.campaigns import QUICK, named, plan, run, stored, write_recipients

US = Price(mms=Decimal("0.0200"), sms=Decimal("0.0079"))
PRICES = Prices(currency="USD", countries={"US": US, "CA": Price(mms=Decimal("0.03"), sms=Decimal("0.05"))})
AMERICAN, CANADIAN, BRITISH = "12125550123", "15145550123", "447400123456"


def estimate(*numbers: str, text: str | None = "Sale today", prices: Prices = PRICES) -> CostEstimate:
    counter = CostCounter(prices, load_rules())
    for number in numbers:
        counter.count(SendRequest(to=number, fallback_sms_text=text))
    return counter.estimate()


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(ways=QUICK) as running:
        yield running


def test_the_dearer_of_message_and_fallback_counts_by_the_country_of_the_number() -> None:
    found = estimate(AMERICAN, AMERICAN, CANADIAN)
    assert [(line.country, line.messages, line.each) for line in found.lines] == [
        ("CA", 1, Decimal("0.05")),
        ("US", 2, Decimal("0.0200")),
    ]
    assert found.amount == Decimal("0.0900")
    # 153 characters in each part, of which the provider's link takes 31.
    assert estimate(AMERICAN, text="x" * 280).amount == 3 * US.sms
    assert estimate(CANADIAN, text=None).amount == Decimal("0.03")


def test_a_character_outside_the_alphabet_counts_for_what_it_costs() -> None:
    assert estimate(AMERICAN, text="x" * 100).lines[0].segments == 1
    assert estimate(AMERICAN, text="x" * 100 + "\u2019").lines[0].segments == 2


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5000), st.decimals(0, 10, places=6))
def test_sums_are_exact(number: int, price: Decimal) -> None:
    prices = Prices(currency="EUR", countries={"US": Price(mms=price, sms=Decimal(0))})
    counter = CostCounter(prices, load_rules())
    request = SendRequest(to=AMERICAN, fallback_sms_text="Sale")
    for _ in range(number):
        counter.count(request)
    assert counter.estimate().amount == price * number


def test_what_has_no_price_is_counted_apart_with_the_reason() -> None:
    found = estimate(AMERICAN, BRITISH, "999")
    assert (found.unpriced, found.messages) == (2, 3)
    assert "there is no price for numbers of GB" in found.why
    assert "whose country is not known" in found.why
    assert "merge tags" in estimate(AMERICAN, text="Hi {$name}").why


@pytest.mark.parametrize(
    ("amount", "told"),
    [("0.0200", "0.02"), ("0.0079", "0.0079"), ("1E+3", "1,000.00"), ("12345.5", "12,345.50"), ("0", "0.00")],
)
def test_amounts_are_written_out(amount: str, told: str) -> None:
    assert money(Decimal(amount)) == told


async def test_a_campaign_that_may_cost_more_sends_nothing(box: Sandbox, tmp_path: Path) -> None:
    mms_id = await stored(box)
    file = write_recipients(tmp_path / "all.csv", [(f"1212555{n:04}", f"Ana {n}") for n in range(1000, 1010)])
    given = plan(mms_id, prices=PRICES, max_cost=Decimal("0.199999"))
    outcome = await run(box, given, file)
    assert box.phones.total == 0
    assert outcome.result.stopped is not None
    assert "0.20 USD" in outcome.result.stopped
    assert (outcome.result.left, outcome.result.accepted) == (10, 0)
    enough = await run(box, msgspec.structs.replace(given, max_cost=Decimal("0.2")), file)
    assert (enough.result.accepted, enough.result.stopped) == (10, None)
    assert enough.result.cost is not None
    assert enough.result.cost.amount == Decimal("0.2")
    # What was sent by then costs nothing more.
    again = await run(box, msgspec.structs.replace(given, max_cost=Decimal(0)), file)
    assert (again.result.recorded, again.result.stopped) == (10, None)
    assert box.phones.total == 10


async def test_one_number_without_a_price_stops_it_too(box: Sandbox, tmp_path: Path) -> None:
    mms_id = await stored(box)
    rows = [(AMERICAN, "Ana"), (CANADIAN, "Bo")]
    file = write_recipients(tmp_path / "all.csv", rows)
    known = Prices(currency="USD", countries={"US": US})
    outcome = await run(box, plan(mms_id, prices=known, max_cost=Decimal(100)), file)
    assert box.phones.total == 0
    assert "no price for numbers of CA (1 row)" in (outcome.result.stopped or "")
    without = await run(box, plan(mms_id, prices=known), file)
    assert without.result.accepted == 2


async def test_a_dry_run_tells_the_estimate(box: Sandbox, tmp_path: Path) -> None:
    mms_id = await stored(box)
    file = write_recipients(tmp_path / "all.csv", [(AMERICAN, "Ana")])
    outcome = await run(box, plan(mms_id, prices=PRICES), file, dry=True)
    assert outcome.result.cost is not None
    assert outcome.result.cost.amount == US.mms


async def test_without_prices_there_is_nothing_to_reckon_with(box: Sandbox, tmp_path: Path) -> None:
    file = write_recipients(tmp_path / "all.csv", named(1))
    with pytest.raises(UsageError, match="--max-cost: there are no prices"):
        await run(box, plan("1", max_cost=Decimal(1)), file)
