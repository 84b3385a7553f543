"""Crashes, resolutions, the kill switch, and what may never be kept."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import msgspec
import pytest

from mmscheck.errors import UsageError
from mmscheck.ledger import REMOTE_LEASE, Ledger, open_ledger
from mmscheck.ledger.owner import OwnerProcess, _started, is_gone, is_local, owner_of, this_process
from mmscheck.model.ledger import Claim, ClaimRefused, SendState
from mmscheck.model.request import SendResult
from tests.support.ledgers import accepted, claimed, intent, raw, refused, unknown


def ended_process() -> OwnerProcess:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return msgspec.structs.replace(this_process(), pid=child.pid)


async def owned_by(where: str, owner: OwnerProcess) -> int:
    """A send that this process claimed in the name of another one."""
    async with await open_ledger(where) as ledger:
        ledger._owner = owner.text()
        return (await claimed(ledger)).send_id


async def state(where: str, *, later: float = 0.0) -> SendState:
    async with await open_ledger(where, clock=lambda: time.time() + later) as ledger:
        record = await ledger.send(1)
        assert record is not None
        return record.state


async def test_an_intent_of_a_process_that_ended_is_unknown_on_the_next_opening(where: str) -> None:
    await owned_by(where, ended_process())
    assert await state(where) is SendState.UNKNOWN
    async with await open_ledger(where) as ledger:
        assert isinstance(await ledger.claim(intent()), ClaimRefused)
        assert (await ledger.verify()).found == ()


async def test_an_intent_of_a_living_process_is_left_alone_however_old(where: str) -> None:
    await owned_by(where, this_process())
    assert await state(where, later=10 * REMOTE_LEASE) is SendState.INTENDED


async def test_an_intent_of_a_namesake_that_started_later_is_unknown(where: str) -> None:
    await owned_by(where, msgspec.structs.replace(this_process(), started="1"))
    assert await state(where) is SendState.UNKNOWN


@pytest.mark.parametrize("host", ["another", ""])
async def test_an_intent_of_another_machine_is_unknown_only_after_the_long_lease(
    where: str, host: str
) -> None:
    await owned_by(where, msgspec.structs.replace(ended_process(), host=host))
    assert await state(where, later=REMOTE_LEASE - 60) is SendState.INTENDED
    assert await state(where, later=REMOTE_LEASE + 1) is SendState.UNKNOWN


async def test_a_lease_spares_young_intents_of_processes_that_ended(ledger: Ledger) -> None:
    ledger._owner = ended_process().text()
    claim = await claimed(ledger)
    assert await ledger.crashed(lease=60) == ()
    assert await ledger.crashed() == (claim.send_id,)
    assert await ledger.crashed() == ()


async def test_a_late_answer_of_a_send_given_up_as_crashed_still_counts(ledger: Ledger) -> None:
    ledger._owner = ended_process().text()
    claim = await claimed(ledger)
    await ledger.crashed()
    assert (await ledger.answer(claim, accepted("T1"))).state is SendState.ACCEPTED


def test_a_process_knows_itself_and_is_not_gone() -> None:
    owner = owner_of(this_process().text())
    assert owner == this_process()
    assert owner is not None
    assert is_local(owner)
    assert not is_gone(owner)


def test_a_zombie_is_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = msgspec.structs.replace(this_process(), pid=child.pid, started=_started(child.pid) or "")
    assert not is_gone(owner)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(owner)
    child.communicate()


@pytest.mark.parametrize("text", ["", "host", "host/x/1", "host/-1/1"])
def test_an_owner_that_cannot_be_read_is_nobody_known(text: str) -> None:
    assert owner_of(text) is None


async def test_an_unknown_send_resolved_as_sent_stays_answered(ledger: Ledger) -> None:
    claim = await claimed(ledger)
    await ledger.answer(claim, unknown())
    record = await ledger.resolve(claim.send_id, as_="sent", reason="the phone has it", who="ann")
    assert record.state is SendState.RESOLVED_SENT
    assert (record.resolved_by, record.resolved_why) == ("ann", "the phone has it")
    assert not isinstance(await ledger.claim(intent()), Claim | ClaimRefused)


@pytest.mark.parametrize("end", [unknown(), refused()])
async def test_a_send_resolved_as_not_sent_may_be_claimed_once_more(ledger: Ledger, end: SendResult) -> None:
    claim = await claimed(ledger)
    await ledger.answer(claim, end)
    await ledger.resolve(claim.send_id, as_="not-sent", reason="the provider says so", who="ann")
    again = await ledger.claim(intent())
    assert isinstance(again, Claim)
    assert (again.send_id, again.attempt) == (claim.send_id, 2)
    assert isinstance(await ledger.claim(intent()), ClaimRefused)
    record = await ledger.send(claim.send_id)
    assert record is not None
    assert (record.error_code, record.resolved_by) == (None, None)
    assert (await ledger.verify()).found == ()


async def test_only_what_is_open_can_be_resolved(ledger: Ledger) -> None:
    await claimed(ledger, "key-1")
    await ledger.answer(await claimed(ledger, "key-2"), accepted())
    await ledger.answer(await claimed(ledger, "key-3"), refused())
    for send_id, as_ in (
        (1, "sent"),
        (1, "not-sent"),
        (2, "not-sent"),
        (2, "sent"),
        (4, "sent"),
        (99, "sent"),
    ):
        with pytest.raises(UsageError):
            await ledger.resolve(send_id, as_=as_, reason="a guess", who="ann")


@pytest.mark.parametrize("given", [{"as_": "perhaps"}, {"reason": " "}, {"who": ""}])
async def test_a_resolution_needs_a_word_a_reason_and_a_name(ledger: Ledger, given: dict[str, Any]) -> None:
    claim = await claimed(ledger)
    await ledger.answer(claim, unknown())
    with pytest.raises(UsageError):
        await ledger.resolve(claim.send_id, **{"as_": "sent", "reason": "seen", "who": "ann", **given})


async def test_a_hold_is_seen_by_every_other_opening_at_once_and_ends_with_the_release(where: str) -> None:
    async with await open_ledger(where) as sender, await open_ledger(where) as switch:
        assert await sender.held() == ()
        first = await switch.hold(reason="wrong picture", who="ann")
        second = await switch.hold(reason="wrong list", who="bob")
        assert await sender.held() == (first, second)
        assert (first.reason, first.who) == ("wrong picture", "ann")
        assert await switch.release(who="bob") == (first, second)
        assert await sender.held() == ()
        assert await switch.release(who="bob") == ()
        assert (await switch.verify()).found == ()


async def test_a_hold_needs_a_reason_and_a_name(ledger: Ledger) -> None:
    with pytest.raises(UsageError):
        await ledger.hold(reason="", who="ann")
    with pytest.raises(UsageError):
        await ledger.hold(reason="x", who=" ")
    assert await ledger.held() == ()


async def test_a_secret_stands_in_no_column(where: str) -> None:
    key = "sk-5c1de7f9"
    async with await open_ledger(where, secrets=(key,)) as ledger:
        claim = await claimed(ledger, account=f"main {key}")
        await ledger.answer(claim, msgspec.structs.replace(accepted(key), detail=f"got {key}"))
        await ledger.record_postback({"code": "N999", "echo": f"<{key}>", "tracking-id": key})
        await ledger.hold(reason=f"leaked {key}", who=key)
        await ledger.record_check("check", detail=f"with {key}")
        assert (await ledger.verify()).found == ()
    for table in ("history", "sends", "postbacks", "holds", "mms"):
        assert key not in str(await raw(where, f"SELECT * FROM {table}"))
