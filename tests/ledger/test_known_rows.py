"""PostgreSQL in one round trip: what is decided on known rows is written only where there are no others."""

from __future__ import annotations

from typing import Any

import pytest

from mmscheck.errors import LedgerError
from mmscheck.ledger import Ledger, Save, open_ledger, postgresql_transaction
from mmscheck.ledger.suppression_list import Addition
from mmscheck.model.ledger import (
    ClaimOutcome,
    ClaimRefused,
    Expected,
    MmsState,
    Recorded,
    RefusalReason,
    SendState,
)
from mmscheck.model.suppression import EVERYTHING, SuppressionSource
from tests.support.ledgers import MEANINGS, accepted, claimed, intent, unknown
from tests.support.postgres import Cluster


@pytest.fixture
def where(postgres: Cluster) -> str:
    return postgres.fresh()


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement of a transaction that writes, as it goes out."""
    found: list[str] = []
    plain = postgresql_transaction.transact

    class Watched:
        def __init__(self, connection: Any) -> None:
            self._connection = connection

        async def fetchrow(self, query: str, *arguments: Any) -> Any:
            found.append(query)
            return await self._connection.fetchrow(query, *arguments)

    async def transact(connection: Any, *given: Any, **named: Any) -> Any:
        return await plain(Watched(connection), *given, **named)

    monkeypatch.setattr("mmscheck.ledger.postgresql.transact", transact)
    return found


async def alone(ledger: Ledger, *numbers: int) -> None:
    """Two sends, after which a process may guess that nobody else writes."""
    for number in numbers or (7, 8):
        await ledger.answer(await claimed(ledger, f"key-{number}"), accepted(f"T{number}"))


def reason(outcome: ClaimOutcome) -> RefusalReason | None:
    return outcome.reason if isinstance(outcome, ClaimRefused) else None


async def test_who_writes_alone_needs_one_round_trip(ledger: Ledger, statements: list[str]) -> None:
    await alone(ledger)
    statements.clear()
    claim = await claimed(ledger)
    await ledger.answer(claim, accepted("T1"))
    assert len(statements) == 2, "one for the claim, and one for the answer"
    assert (await ledger.verify()).found == ()


async def test_what_another_process_claimed_is_seen(
    where: str, ledger: Ledger, statements: list[str]
) -> None:
    await alone(ledger)
    async with await open_ledger(where) as other:
        await other.answer(await claimed(other), accepted("T1"))
    statements.clear()
    assert isinstance(await ledger.claim(intent()), Recorded)
    assert len(statements) == 1, "what there is came with the statement that would have written"
    assert (await ledger.verify()).found == ()


async def test_a_send_that_is_in_the_way_is_found_by_every_index(ledger: Ledger) -> None:
    await ledger.answer(await claimed(ledger, "key-1", campaign="may"), accepted("T1"))
    await alone(ledger)
    assert isinstance(await ledger.claim(intent(campaign="may")), Recorded)
    had = await ledger.claim(intent("other", to="15550000001", campaign="june"))
    assert reason(had) is RefusalReason.HAS_IT
    other = await ledger.claim(intent("third", to="15550000001", mms_id="100002", campaign="may"))
    assert reason(other) is RefusalReason.OTHER_CONTENT


async def test_a_send_of_this_process_in_flight_is_in_the_way(ledger: Ledger) -> None:
    await alone(ledger)
    await claimed(ledger, "key-1", campaign="may")
    again = await ledger.claim(intent("key-1", campaign="may"))
    assert reason(again) is RefusalReason.IN_FLIGHT


async def test_a_notification_before_the_answer_is_applied(where: str, ledger: Ledger) -> None:
    await alone(ledger)
    claim = await claimed(ledger)
    async with await open_ledger(where, meanings=MEANINGS, recover=False) as listener:
        await listener.record_postback({"code": "N101", "tracking-id": "T1", "to": "15550000001"})
    assert (await ledger.answer(claim, accepted("T1"))).state is SendState.SENT


async def test_a_notification_of_long_before_is_applied(ledger: Ledger) -> None:
    """It was there before this process knew anything: only the statement itself can tell."""
    await ledger.record_postback({"code": "N101", "tracking-id": "T1", "to": "15550000001"})
    await alone(ledger)
    assert (await ledger.answer(await claimed(ledger), accepted("T1"))).state is SendState.SENT


async def test_who_is_on_the_list_is_refused(where: str, ledger: Ledger) -> None:
    said = Addition(scope=EVERYTHING, source=SuppressionSource.COMMAND, reason="asked", who="ann")
    await ledger.suppress(["15550000001"], addition=said)
    await alone(ledger)
    async with await open_ledger(where, recover=False) as other:
        await other.suppress(["15550000002"], addition=said)
        for key in ("key-1", "key-2"):
            refused = await ledger.claim(intent(key))
            assert reason(refused) is RefusalReason.SUPPRESSED


async def test_an_id_that_was_bound_anew_elsewhere_is_refused(where: str, ledger: Ledger) -> None:
    expects = Expected(account="api.example", media=())
    save = Save(mms_id="100001", digest="sha256:message", account="api.example", state=MmsState.READY)
    await ledger.record_save(save)
    for number in (7, 8):
        claim = await claimed(ledger, f"key-{number}", expects=expects)
        await ledger.answer(claim, accepted(f"T{number}"))
    async with await open_ledger(where, recover=False) as other:
        await other.record_save(
            Save(
                mms_id="100001",
                digest="sha256:b",
                account="api.example",
                state=MmsState.READY,
                replace=True,
            )
        )
    refused = await ledger.claim(intent(expects=expects))
    assert reason(refused) is RefusalReason.NOT_AS_CHECKED


async def test_two_answers_to_one_claim_are_not_both_written(where: str, ledger: Ledger) -> None:
    await alone(ledger)
    claim = await claimed(ledger)
    assert (await ledger.answer(claim, unknown())).state is SendState.UNKNOWN
    async with await open_ledger(where, recover=False) as other:
        await other.resolve(claim.send_id, as_="not-sent", reason="seen", who="ann")
        again = await other.claim(intent())
        assert getattr(again, "attempt", None) == 2
    with pytest.raises(LedgerError, match="attempt 2"):
        await ledger.answer(claim, accepted("T1"))
