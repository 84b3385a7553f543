"""One key, one POST: what may be claimed, and when."""

from __future__ import annotations

import asyncio

import pytest

from mmscheck.errors import LedgerError, UsageError
from mmscheck.ledger import Ledger, open_ledger
from mmscheck.model.ledger import Claim, ClaimRefused, Recorded, RefusalReason, SendState
from mmscheck.model.request import SendResult, SendStatus
from tests.support.ledgers import accepted, claimed, intent, raw, refused, unknown


def reason(outcome: object) -> RefusalReason:
    assert isinstance(outcome, ClaimRefused), outcome
    return outcome.reason


async def test_a_fresh_key_is_claimed_and_on_disk_at_once(ledger: Ledger, where: str) -> None:
    claim = await claimed(ledger)
    assert await raw(where, "SELECT id, key, state, attempt FROM sends") == [
        (claim.send_id, "key-1", "intended", 1)
    ]


async def test_a_key_in_flight_is_not_claimed_again(ledger: Ledger) -> None:
    await claimed(ledger)
    assert reason(await ledger.claim(intent())) is RefusalReason.IN_FLIGHT


async def test_of_many_claims_of_one_key_at_once_one_is_granted(ledger: Ledger) -> None:
    outcomes = await asyncio.gather(*(ledger.claim(intent()) for _ in range(50)))
    assert sum(isinstance(outcome, Claim) for outcome in outcomes) == 1


async def test_many_keys_at_once_are_all_granted_with_ids_of_their_own(ledger: Ledger) -> None:
    claims = await asyncio.gather(*(claimed(ledger, f"key-{number}") for number in range(600)))
    assert len({claim.send_id for claim in claims}) == 600


@pytest.mark.parametrize("result", [accepted("T1"), accepted(), refused()])
async def test_the_same_send_again_gets_the_recorded_answer(ledger: Ledger, result: SendResult) -> None:
    record = await ledger.answer(await claimed(ledger), result)
    again = await ledger.claim(intent(message_digest="another check", ruleset_digest="of another day", row=7))
    assert again == Recorded(send=record)
    assert (record.state.value, record.tracking_id) == (result.status.value, result.tracking_id)


@pytest.mark.parametrize(
    "change",
    [
        {"to": "15559999999"},
        {"mms_id": "2"},
        {"from_": "3"},
        {"request_digest": "x"},
        {"account": "b"},
        {"campaign": "c"},
    ],
)
@pytest.mark.parametrize("answered", [True, False])
async def test_another_send_under_the_key_is_refused(
    ledger: Ledger, change: dict[str, str], *, answered: bool
) -> None:
    claim = await claimed(ledger)
    if answered:
        await ledger.not_sent(claim, "no connection")
    assert reason(await ledger.claim(intent(**change))) is RefusalReason.OTHER_PAYLOAD


async def test_an_unknown_send_is_never_claimed_again(ledger: Ledger) -> None:
    await ledger.answer(await claimed(ledger), unknown())
    outcome = await ledger.claim(intent())
    assert reason(outcome) is RefusalReason.UNKNOWN
    assert isinstance(outcome, ClaimRefused)
    assert "mmscheck ledger resolve 1" in outcome.text


async def test_what_certainly_was_not_sent_is_claimed_again_until_the_attempts_are_used_up(
    ledger: Ledger,
) -> None:
    for attempt in (1, 2, 3):
        claim = await ledger.claim(intent(), max_attempts=3)
        assert isinstance(claim, Claim)
        assert (claim.send_id, claim.attempt) == (1, attempt)
        record = await ledger.not_sent(claim, "E106")
        assert record.state is SendState.NOT_SENT
    outcome = await ledger.claim(intent(), max_attempts=3)
    assert reason(outcome) is RefusalReason.ATTEMPTS_USED_UP
    assert (await ledger.verify()).found == ()


async def test_an_answer_that_was_not_attempted_is_certainly_not_sent(ledger: Ledger) -> None:
    result = SendResult(status=SendStatus.NOT_ATTEMPTED, detail="Never connected.")
    assert (await ledger.answer(await claimed(ledger), result)).state is SendState.NOT_SENT


async def test_an_answer_of_an_earlier_attempt_is_refused(ledger: Ledger) -> None:
    first = await claimed(ledger)
    await ledger.not_sent(first, "no connection")
    await claimed(ledger)
    with pytest.raises(LedgerError, match="at attempt 2: no answer of attempt 1"):
        await ledger.answer(first, accepted())
    with pytest.raises(LedgerError, match="attempt"):
        await ledger.not_sent(first, "again")


@pytest.mark.parametrize("end", [accepted(), refused(), unknown()])
async def test_a_send_that_ended_takes_no_other_answer(ledger: Ledger, end: SendResult) -> None:
    claim = await claimed(ledger)
    first = await ledger.answer(claim, end)
    assert await ledger.answer(claim, end) == first, "the same once more is no other"
    for other in (one for one in (accepted("T9"), refused(), unknown()) if one != end):
        with pytest.raises(LedgerError, match="takes no answer"):
            await ledger.answer(claim, other)
    with pytest.raises(LedgerError, match="takes no answer"):
        await ledger.not_sent(claim, "a lie")
    record = await ledger.send(claim.send_id)
    assert record is not None
    assert (record.state.value, record.tracking_id) == (end.status.value, None)


async def test_an_answer_to_no_send_is_refused_and_harms_no_other(ledger: Ledger) -> None:
    claim = await claimed(ledger)
    outcomes = await asyncio.gather(
        ledger.answer(Claim(send_id=99, attempt=1), accepted()),
        ledger.answer(claim, accepted("T1")),
        return_exceptions=True,
    )
    assert isinstance(outcomes[0], LedgerError)
    assert (await ledger.counts()) == {SendState.ACCEPTED: 1}


@pytest.mark.parametrize("key", ["", "a\nb", "a\0b", "x" * 201])
async def test_a_key_that_cannot_be_kept_is_refused(ledger: Ledger, key: str) -> None:
    with pytest.raises(UsageError, match="printable"):
        await ledger.claim(intent(key))


async def test_a_cancelled_claim_is_not_granted_to_nobody_twice(ledger: Ledger) -> None:
    task = asyncio.create_task(ledger.claim(intent()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not isinstance(await ledger.claim(intent()), Recorded)
    assert (await ledger.verify()).found == ()


async def test_a_closed_ledger_takes_nothing(where: str) -> None:
    ledger = await open_ledger(where)
    await claimed(ledger)
    await ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        await ledger.claim(intent("key-2"))


async def test_closing_writes_what_is_waiting(where: str) -> None:
    ledger = await open_ledger(where)
    tasks = [asyncio.create_task(ledger.claim(intent(f"key-{number}"))) for number in range(300)]
    await asyncio.sleep(0)
    await ledger.close()
    assert all(isinstance(claim, Claim) for claim in await asyncio.gather(*tasks))
    assert await raw(where, "SELECT count(*) FROM sends") == [(300,)]
