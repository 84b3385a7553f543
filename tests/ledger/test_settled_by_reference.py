"""An unknown send is settled by a notification with its reference, whenever it comes, and by nothing less."""

from __future__ import annotations

import pytest

from mmscheck.base.reference import client_reference
from mmscheck.ledger import Ledger
from mmscheck.model.ledger import SendRecord, SendState
from tests.support.ledgers import accepted, claimed, unknown

HOST = "api.example.com"
OWN = client_reference("key-1")


def told(**changes: str) -> dict[str, str]:
    """The notification of a delivery with the send's reference."""
    fields = {
        "code": "N102",
        "status": "Delivered",
        "tracking-id": "T1",
        "mms-id": "100001",
        "to": "15550000001",
        "clientReference": OWN,
    }
    return {name: text for name, text in {**fields, **changes}.items() if text}


async def the_send(ledger: Ledger) -> SendRecord:
    (one,) = [send async for send in ledger.sends()]
    return one


@pytest.mark.parametrize("first", [True, False])
async def test_its_reference_settles_it_before_and_after_the_answer(ledger: Ledger, *, first: bool) -> None:
    claim = await claimed(ledger, account=f"{HOST}/service")
    if first:
        await ledger.record_postback(told(), HOST)
        assert (await the_send(ledger)).state is SendState.INTENDED
    await ledger.answer(claim, unknown())
    if not first:
        await ledger.record_postback(told(), HOST)
    send = await the_send(ledger)
    assert (send.state, send.tracking_id) == (SendState.DELIVERED, "T1")
    assert send.resolved_by == "a notification"
    assert send.resolved_why == "N102 came with its client-reference"
    assert (await ledger.verify()).found == ()


async def test_one_that_a_crash_left_is_settled_by_what_came_meanwhile(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    await claimed(ledger, account=f"{HOST}/service")
    await ledger.record_postback(told(code="E102", status="Rejected"), HOST)
    assert (await the_send(ledger)).state is SendState.INTENDED
    # This process lives, so its intent counts as lost only where the owner is made one that ended.
    with monkeypatch.context() as patched:
        patched.setattr("mmscheck.ledger.sends.is_gone", lambda _: True)
        assert len(await ledger.crashed()) == 1
    assert (await the_send(ledger)).state is SendState.FAILED


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("account", "fields"),
    [
        (HOST, told(clientReference="")),
        (HOST, told(clientReference=client_reference("key-2"))),
        (HOST, told(clientReference=OWN[:-1])),
        (HOST, told(clientReference=OWN.upper())),
        (HOST, {**told(), "client-reference#2": client_reference("key-2")}),
        (HOST, told(to="15550000002")),
        (HOST, told(to="")),
        (HOST, told(**{"mms-id": "100002"})),
        (HOST, told(**{"mms-id": ""})),
        (HOST, told(code="N401")),
        (HOST, told(code="X1")),
        ("other.example.com", told()),
    ],
)
async def test_nothing_weaker_settles_it(
    ledger: Ledger, account: str, fields: dict[str, str], *, first: bool
) -> None:
    claim = await claimed(ledger, account=f"{HOST}/service")
    if first:
        await ledger.record_postback(fields, account)
    await ledger.answer(claim, unknown())
    if not first:
        await ledger.record_postback(fields, account)
    assert (await the_send(ledger)).state is SendState.UNKNOWN


async def test_what_repeats_another_reference_settles_nothing_when_asked_for_either(ledger: Ledger) -> None:
    await ledger.answer(await claimed(ledger), unknown())
    await ledger.record_postback(told(clientReference=client_reference("key-2")))
    (match,) = await ledger.matches([await the_send(ledger)])
    assert match.postback is None


async def test_a_send_that_was_answered_goes_by_its_tracking_id(ledger: Ledger) -> None:
    await ledger.answer(await claimed(ledger, account=f"{HOST}/service"), accepted("T1"))
    await ledger.record_postback(told(), HOST)
    send = await the_send(ledger)
    assert (send.state, send.resolved_by) == (SendState.DELIVERED, None)
