"""From the record of a deletion on nothing is sent under its id, until it is lifted."""

from __future__ import annotations

import msgspec
import pytest

from mmscheck.errors import UsageError
from mmscheck.ledger import Ledger, Save, Wish, open_ledger
from mmscheck.model.ledger import (
    Claim,
    ClaimRefused,
    DeletionState,
    Expected,
    MmsState,
    RefusalReason,
    SendIntent,
)
from mmscheck.model.request import SendResult, SendStatus
from tests.support.ledgers import MEANINGS, accepted, intent, refused, unknown

PLACE = "api.example.com#aaaaaaaaaaaa"
WISH = Wish(mms_id="100001", account=PLACE, who="Ana", reason="wrong picture")
SAVE = Save(mms_id="100001", digest="sha256:message", state=MmsState.READY, account=PLACE)
DONE = SendResult(status=SendStatus.ACCEPTED, detail="Deleted.", http_status=200)
UNREACHED = SendResult(status=SendStatus.NOT_ATTEMPTED, detail="Never reached.")


def wanted(key: str = "key-1", account: str = PLACE) -> SendIntent:
    return intent(key, account="api.example.com/demo", expects=Expected(account=account))


async def state(ledger: Ledger) -> str:
    """How the id stands, which every way of asking has to say alike."""
    binding = await ledger.binding("100001", PLACE)
    known = await ledger.mms("100001", PLACE)
    listed, _ = await ledger.saves()
    told = {binding.state, *(one.state.value for one in listed)}
    told |= set() if known is None else {known.state.value}
    (only,) = told
    return only


async def claim(ledger: Ledger, key: str = "key-1") -> RefusalReason | None:
    outcome = await ledger.claim(wanted(key))
    if isinstance(outcome, ClaimRefused):
        return outcome.reason
    assert isinstance(outcome, Claim)
    await ledger.answer(outcome, refused())
    return None


@pytest.mark.parametrize(
    ("result", "ends", "stands"),
    [
        (DONE, DeletionState.DELETED, "deleted"),
        (unknown(), DeletionState.UNKNOWN, "perhaps-deleted"),
        (refused("E104"), DeletionState.REFUSED, "ready"),
        (refused("E106"), DeletionState.REFUSED, "ready"),
        (UNREACHED, DeletionState.NOT_MADE, "ready"),
        (refused("E241"), DeletionState.DELETED, "deleted"),
    ],
)
async def test_a_deletion_denies_until_it_is_refused_for_certain(
    ledger: Ledger, result: SendResult, ends: DeletionState, stands: str
) -> None:
    await ledger.record_save(SAVE)
    assert (await state(ledger), await claim(ledger, "key-0")) == ("ready", None)
    begun = await ledger.begin_deletion(WISH)
    assert (await state(ledger), await claim(ledger)) == ("deleting", RefusalReason.DELETED)
    ended = await ledger.end_deletion(begun, result)
    assert (ended.state, ended.who, ended.reason, ended.error_code) == (
        ends,
        "Ana",
        "wrong picture",
        result.error_code,
    )
    assert (ended.lifted_at is None) == (stands != "ready")
    assert await state(ledger) == stands
    assert await claim(ledger) == (None if stands == "ready" else RefusalReason.DELETED)
    assert await ledger.deletions() == (ended,)
    assert (await ledger.verify()).found == ()


async def test_a_refused_second_try_leaves_the_first_unknown(ledger: Ledger) -> None:
    await ledger.record_save(SAVE)
    await ledger.end_deletion(await ledger.begin_deletion(WISH), unknown())
    await ledger.end_deletion(await ledger.begin_deletion(WISH), refused("E104"))
    assert (await state(ledger), await claim(ledger)) == ("perhaps-deleted", RefusalReason.DELETED)
    await ledger.end_deletion(await ledger.begin_deletion(WISH), refused("E241"))
    assert await state(ledger) == "deleted"


async def test_what_another_account_does_not_have_is_not_gone_here(ledger: Ledger) -> None:
    await ledger.record_save(SAVE)
    elsewhere = msgspec.structs.replace(WISH, account="api.example.com#bbbbbbbbbbbb")
    begun = await ledger.begin_deletion(elsewhere)
    assert await claim(ledger) is RefusalReason.DELETED
    await ledger.end_deletion(begun, refused("E241"))
    assert (await state(ledger), await claim(ledger)) == ("ready", None)
    await ledger.end_deletion(await ledger.begin_deletion(elsewhere), DONE)
    assert (await state(ledger), await claim(ledger, "key-2")) == ("deleted", RefusalReason.DELETED)


async def test_another_provider_is_not_concerned(ledger: Ledger) -> None:
    await ledger.record_save(SAVE)
    other = msgspec.structs.replace(WISH, account="sandbox.example.com")
    await ledger.end_deletion(await ledger.begin_deletion(other), DONE)
    assert (await state(ledger), await claim(ledger)) == ("ready", None)


async def test_an_id_that_nobody_bound_is_told_as_deleted(ledger: Ledger) -> None:
    await ledger.end_deletion(await ledger.begin_deletion(WISH), DONE)
    binding = await ledger.binding("100001", PLACE)
    assert (binding.content, binding.state) == (None, "deleted")


async def test_what_was_checked_without_a_ledger_is_not_sent_either(ledger: Ledger) -> None:
    await ledger.end_deletion(await ledger.begin_deletion(WISH), DONE)
    outcome = await ledger.claim(intent(account="api.example.com/demo"))
    assert isinstance(outcome, ClaimRefused)
    assert outcome.reason is RefusalReason.DELETED


async def test_what_is_being_sent_is_not_deleted_and_the_other_way_round(ledger: Ledger) -> None:
    await ledger.record_save(SAVE)
    sending = await ledger.claim(wanted())
    assert isinstance(sending, Claim)
    with pytest.raises(UsageError, match="being sent just now"):
        await ledger.begin_deletion(WISH)
    assert await ledger.deletions() == ()
    await ledger.answer(sending, accepted())
    await ledger.begin_deletion(WISH)
    with pytest.raises(UsageError, match="being deleted by another process"):
        await ledger.begin_deletion(WISH)


async def test_content_given_anew_lifts_it(ledger: Ledger) -> None:
    await ledger.record_save(SAVE)
    await ledger.end_deletion(await ledger.begin_deletion(WISH), DONE)
    other = msgspec.structs.replace(SAVE, digest="sha256:other", state=MmsState.ENCODING)
    assert (await ledger.record_save(other)).state is MmsState.ENCODING
    assert await state(ledger) == "encoding"
    (deletion,) = await ledger.deletions()
    assert deletion.lifted_at is not None
    assert (await ledger.verify()).found == ()


async def test_perhaps_deleted_is_no_leave_to_bind_other_content(ledger: Ledger) -> None:
    await ledger.record_save(SAVE)
    await ledger.end_deletion(await ledger.begin_deletion(WISH), unknown())
    other = msgspec.structs.replace(SAVE, digest="sha256:other")
    with pytest.raises(UsageError, match="bound to other content"):
        await ledger.record_save(other)
    assert await state(ledger) == "perhaps-deleted"
    await ledger.record_save(SAVE)
    assert await state(ledger) == "ready"


async def test_what_was_ready_before_it_was_deleted_is_not_ready_anew(where: str) -> None:
    now = 1_800_000_000.0
    film = msgspec.structs.replace(SAVE, state=MmsState.ENCODING)
    ready = {"code": "N003", "mms-id": "100001"}
    async with await open_ledger(where, meanings=MEANINGS, clock=lambda: now) as ledger:
        await ledger.record_save(film)
        await ledger.record_postback(ready, PLACE)
        assert await state(ledger) == "ready"
        now += 60
        await ledger.end_deletion(await ledger.begin_deletion(WISH), DONE)
        await ledger.record_postback({**ready, "status": "late"}, PLACE)
        assert await state(ledger) == "deleted"
        now += 60
        await ledger.record_save(msgspec.structs.replace(film, digest="sha256:other"))
        assert await state(ledger) == "ready"  # the later notification came after the deletion was begun
    async with await open_ledger(where, meanings=MEANINGS, clock=lambda: now) as ledger:
        await ledger.end_deletion(await ledger.begin_deletion(WISH), DONE)
        now += 60
        await ledger.record_save(film)
        assert await state(ledger) == "encoding"


async def test_what_was_asked_before_it_was_deleted_lifts_nothing(ledger: Ledger) -> None:
    """The list that `bind` compares with may be older than a deletion by another process."""
    await ledger.record_save(SAVE)
    begun = await ledger.begin_deletion(WISH)
    with pytest.raises(UsageError, match="is being deleted"):
        await ledger.record_save(SAVE)
    await ledger.end_deletion(begun, DONE)
    earlier = msgspec.structs.replace(SAVE, since=begun.begun_at / 1_000_000)
    with pytest.raises(UsageError, match="deleted meanwhile"):
        await ledger.record_save(earlier)
    assert await state(ledger) == "deleted"


async def test_a_deletion_whose_process_is_gone_is_unknown(where: str) -> None:
    async with await open_ledger(where) as ledger:
        await ledger.record_save(SAVE)
        await ledger.begin_deletion(WISH)
        gone = ledger._owner.rpartition("/")[0] + "/0"
        await ledger.crashed()
        assert await state(ledger) == "deleting"  # this process is alive
        ledger._owner = gone
        other = msgspec.structs.replace(WISH, mms_id="100002")
        await ledger.begin_deletion(other)
        await ledger.crashed()
        assert [one.state for one in await ledger.deletions()] == [
            DeletionState.BEGUN,
            DeletionState.UNKNOWN,
        ]
        assert (await ledger.binding("100002", PLACE)).state == "perhaps-deleted"
