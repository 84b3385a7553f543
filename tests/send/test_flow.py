"""The one flow by itself: whoever calls it cannot lack the second gate, and what broke it is told truly."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from mmscheck.errors import LedgerError, PermitError, UsageError
from mmscheck.fetch import FetchPolicy
from mmscheck.judge import gate
from mmscheck.judge.pipeline import CheckOptions, check, load_rules
from mmscheck.ledger import Ledger, open_ledger
from mmscheck.model.request import SaveRequest, SendRequest, SendResult, SendStatus
from mmscheck.model.rule import SECOND_GATE, RuleSet
from mmscheck.model.verdict import Permit
from mmscheck.model.words import Severity
from mmscheck.send.flow import check_message
from mmscheck.send.order import Order
from mmscheck.send.save import SaveCall
from mmscheck.send.send import SendCall, send_through
from mmscheck.slidexml import parse
from tests.support.command import message
from tests.support.ledgers import raw

DOCUMENT = message("<message-text>See you</message-text>").encode()
REQUEST = SendRequest(
    mms_id="100001", to="15551230001", from_="28444", service_id="s", fallback_sms_text="Sale today"
)
SAVED = SendResult(status=SendStatus.ACCEPTED, detail="Saved.", mms_id="35674")


class Client:
    """Redeems permits and answers all the same, or waits to be cancelled where it has no answer."""

    def __init__(self, result: SendResult | None = None) -> None:
        self.result = result
        self.calls = 0
        self.called = asyncio.Event()

    async def send_saved_mms(self, permit: Permit, request: SendRequest) -> SendResult:
        return await self._answer(permit, request.digest)

    async def save_mms(self, permit: Permit, save: SaveRequest) -> SendResult:
        return await self._answer(permit, save.digest)

    async def _answer(self, permit: Permit, digest: str) -> SendResult:
        permit.redeem(digest, time.time())
        self.calls += 1
        self.called.set()
        if self.result is None:
            await asyncio.Event().wait()
        assert self.result is not None
        return self.result


@pytest.fixture
def where(tmp_path: Path) -> str:
    return str(tmp_path / "ledger")


@pytest.fixture
async def ledger(where: str) -> AsyncIterator[Ledger]:
    async with await open_ledger(where) as opened:
        yield opened


def without(rules: RuleSet, rule: str) -> RuleSet:
    return msgspec.structs.replace(rules, rules=tuple(one for one in rules.rules if one.id != rule))


def as_advice(rules: RuleSet, rule: str) -> RuleSet:
    softened = tuple(
        msgspec.structs.replace(one, severity=Severity.WARNING) if one.id == rule else one
        for one in rules.rules
    )
    return msgspec.structs.replace(rules, rules=softened)


@pytest.mark.parametrize("weaken", [without, as_advice])
@pytest.mark.parametrize("rule", sorted(SECOND_GATE))
@pytest.mark.parametrize("strict", [False, True])
async def test_rules_that_do_not_hold_a_send_to_what_was_saved_send_nothing_through_a_ledger(
    ledger: Ledger, where: str, weaken: Callable[[RuleSet, str], RuleSet], rule: str, *, strict: bool
) -> None:
    rules, client = weaken(load_rules(), rule), Client(SAVED)
    document = parse(DOCUMENT, "a.xml")
    options = CheckOptions(policy=FetchPolicy(), request=REQUEST, strict=strict)
    with pytest.raises(UsageError, match=f"it lacks {rule}"):
        await check_message(ledger, document, rules, options)
    report = await check([document], rules, FetchPolicy(), request=REQUEST, strict=strict)
    permitting = await check([document], load_rules(), FetchPolicy(), request=REQUEST)
    permit = gate.permit(permitting, REQUEST, time.time())
    with pytest.raises(UsageError, match=f"it lacks {rule}"):
        await send_through(ledger, client, Order(report=report, request=REQUEST, permit=permit))
    assert client.calls == 0
    assert await raw(where, "SELECT kind FROM history") == []


@pytest.mark.parametrize("rule", sorted(SECOND_GATE))
async def test_advice_permits_no_send_without_a_ledger_either(rule: str) -> None:
    rules = as_advice(load_rules(), rule)
    report = await check([parse(DOCUMENT, "a.xml")], rules, FetchPolicy(), request=REQUEST)
    with pytest.raises(PermitError, match=f"were made advice: {rule}"):
        gate.permit(report, REQUEST, time.time())


@pytest.fixture
async def save_order() -> Order[SaveRequest]:
    save = SaveRequest(document=DOCUMENT)
    report = await check([parse(DOCUMENT, "a.xml")], load_rules("save"), FetchPolicy())
    return Order(report=report, request=save, permit=gate.permit(report, save, time.time()))


async def notes(where: str) -> list[str]:
    return [kind for (kind,) in await raw(where, "SELECT kind FROM history ORDER BY seq")]


async def test_a_save_is_claimed_bound_and_recorded(
    ledger: Ledger, where: str, save_order: Order[SaveRequest]
) -> None:
    call = SaveCall(ledger, Client(SAVED), save_order)
    result = await call.make()
    assert (result.mms_id, call.bound, call.unusable) == ("35674", "ready", False)
    kinds = await notes(where)
    assert (kinds[0], kinds[-1], len(kinds)) == ("save-begun", "save-ended", 3)


async def test_a_save_that_is_cancelled_during_the_call_is_recorded_as_unknown(
    ledger: Ledger, where: str, save_order: Order[SaveRequest]
) -> None:
    client = Client()
    call = SaveCall(ledger, client, save_order)
    task = asyncio.create_task(call.make())
    await client.called.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await notes(where) == ["save-begun", "save-ended"]
    assert (call.known().status, call.known().may_repeat) == (SendStatus.UNKNOWN, True)


async def test_an_id_that_came_before_something_broke_is_told_with_the_command_that_binds_it(
    ledger: Ledger, save_order: Order[SaveRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_given: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ledger, "record_save", broken)
    call = SaveCall(ledger, Client(SAVED), save_order)
    result = await call.make()
    assert (result.status, call.unusable) == (SendStatus.ACCEPTED, True)
    for detail in (result.detail, call.known().detail):
        assert "mmscheck bind 35674 a.xml" in detail


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (SendResult(status=SendStatus.ACCEPTED, detail="Accepted."), SendStatus.UNKNOWN),
        (SendResult(status=SendStatus.UNKNOWN, detail="Nobody knows."), SendStatus.UNKNOWN),
        (SendResult(status=SendStatus.REFUSED, detail="No.", error_code="E110"), SendStatus.NOT_ATTEMPTED),
    ],
)
async def test_what_may_have_been_sent_is_known_after_whatever_came(
    ledger: Ledger, result: SendResult, status: SendStatus
) -> None:
    report = await check([parse(DOCUMENT, "a.xml")], load_rules(), FetchPolicy(), request=REQUEST)
    order = Order(report=report, request=REQUEST, permit=gate.permit(report, REQUEST, time.time()))
    call = SendCall(ledger, Client(result), order)
    assert call.known().status is SendStatus.NOT_ATTEMPTED
    await call.make()
    assert call.known().status is status


async def test_a_permit_that_the_client_refuses_leaves_nothing_in_doubt(ledger: Ledger) -> None:
    report = await check([parse(DOCUMENT, "a.xml")], load_rules(), FetchPolicy(), request=REQUEST)
    permit = gate.permit(report, REQUEST, time.time(), life=-1.0)
    call = SendCall(ledger, Client(SAVED), Order(report=report, request=REQUEST, permit=permit))
    with pytest.raises(PermitError, match="expired"):
        await call.make()
    assert call.known().status is SendStatus.NOT_ATTEMPTED


async def test_a_save_with_a_ledger_that_is_closed_calls_nobody(
    where: str, save_order: Order[SaveRequest]
) -> None:
    async with await open_ledger(where) as closed:
        pass
    client = Client(SAVED)
    with pytest.raises(LedgerError):
        await SaveCall(closed, client, save_order).make()
    assert client.calls == 0
