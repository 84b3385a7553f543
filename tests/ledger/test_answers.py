"""What came of a call is written until it is there: connections end, servers restart, disks fail."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

from mmscheck import SendRequest, SendStatus, SinchClient
from mmscheck.errors import LedgerError, UsageError
from mmscheck.fetch import FetchPolicy
from mmscheck.judge import gate
from mmscheck.judge.pipeline import check, load_rules
from mmscheck.ledger import REMOTE_LEASE, Ledger, open_ledger, postgresql, postgresql_transaction, writer
from mmscheck.model.ledger import Claim, ClaimRefused, Recorded, SendState
from mmscheck.model.request import SendResult
from mmscheck.send.order import Order
from mmscheck.send.send import send_through
from mmscheck.slidexml import parse
from tests.support.command import message
from tests.support.ledgers import MEANINGS, accepted, claimed, intent, raw, refused, unknown
from tests.support.postgres import Cluster, cluster
from tests.support.raw_provider import ACCEPTED, RawProvider, answer

T = TypeVar("T")

TERMINATE = (
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
"""Ends every other connection to the database, and waits for that."""


@pytest.fixture
def where_server(postgres: Cluster) -> str:
    return postgres.fresh()


@pytest.fixture(scope="module")
def restarting() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


class Failing:
    """A database that fails some of its transactions: before they are made, or when they have been made."""

    def __init__(self, ledger: Ledger, *turns: str) -> None:
        self._runner: Any = ledger._database._runner
        self._turns = list(turns)
        ledger._database._runner = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runner, name)

    async def transact(self, *arguments: Any) -> Any:
        turn = self._turns.pop(0) if self._turns else ""
        if turn == "before":
            raise ConnectionResetError("reset")
        result = await self._runner.transact(*arguments)
        if turn == "after":
            raise ConnectionResetError("reset")
        return result


async def kinds(ledger: Ledger, send_id: int) -> list[str]:
    return [row.kind for row in await ledger.history(send_id)]


@pytest.mark.parametrize("turns", [("before",), ("after",), ("before", "after", "before")])
@pytest.mark.parametrize("end", [accepted("T1"), refused(), unknown()])
async def test_an_answer_is_written_once_however_often_it_is_tried(
    ledger: Ledger, turns: tuple[str, ...], end: SendResult
) -> None:
    claim = await claimed(ledger)
    Failing(ledger, *turns)
    record = await ledger.answer(claim, end)
    assert (record.state.value, record.tracking_id) == (end.status.value, end.tracking_id)
    assert await kinds(ledger, claim.send_id) == ["send-intended", f"send-{end.status.value}"]


async def test_an_answer_that_a_notification_has_overtaken_is_there_already(ledger: Ledger) -> None:
    claim = await claimed(ledger)
    await ledger.record_postback({"code": "N101", "tracking-id": "T1"})
    Failing(ledger, "after")
    assert (await ledger.answer(claim, accepted("T1"))).state is SendState.SENT
    assert await kinds(ledger, claim.send_id) == ["send-intended", "send-accepted", "send-sent"]


async def test_that_nothing_was_sent_is_tried_again_too(ledger: Ledger) -> None:
    claim = await claimed(ledger)
    Failing(ledger, "before", "after")
    assert (await ledger.not_sent(claim, "held")).state is SendState.NOT_SENT
    assert isinstance(await ledger.claim(intent()), Claim)


async def test_another_answer_to_the_same_claim_is_still_refused(ledger: Ledger) -> None:
    claim = await claimed(ledger)
    await ledger.answer(claim, accepted("T1"))
    for other in (accepted("T2"), refused(), unknown()):
        with pytest.raises(LedgerError, match="takes no answer any more"):
            await ledger.answer(claim, other)


async def test_what_was_given_up_is_written_with_the_next_claim(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "ENDURANCE", 0.0)
    claim = await claimed(ledger)
    Failing(ledger, "before", "before", "before")
    with pytest.raises(LedgerError, match="cannot be written"):
        await ledger.answer(claim, accepted("T1"))
    with pytest.raises(LedgerError):
        await ledger.claim(intent("key-2"))
    outcome = await ledger.claim(intent())
    assert isinstance(outcome, Recorded)
    assert (outcome.send.state, outcome.send.tracking_id) == (SendState.ACCEPTED, "T1")


async def test_what_was_given_up_is_written_at_the_end(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "ENDURANCE", 0.0)
    async with await open_ledger(where) as ledger:
        claim = await claimed(ledger)
        Failing(ledger, "before")
        with pytest.raises(LedgerError):
            await ledger.answer(claim, accepted("T1"))
    async with await open_ledger(where) as ledger:
        assert await ledger.counts() == {SendState.ACCEPTED: 1}


async def test_an_intent_is_resolved_when_no_call_can_be_under_way_or_by_force(where: str) -> None:
    async with await open_ledger(where) as ledger:
        first, second = await claimed(ledger), await claimed(ledger, "key-2")
        with pytest.raises(UsageError, match=r"send 1 is intended: process .* In 15 minutes .* --force"):
            await ledger.resolve(first.send_id, as_="not-sent", reason="the provider says so", who="ann")
        forced = await ledger.resolve(first.send_id, as_="sent", reason="seen", who="ann", force=True)
        assert forced.state is SendState.RESOLVED_SENT
    async with await open_ledger(where, clock=lambda: time.time() + REMOTE_LEASE + 1) as ledger:
        record = await ledger.resolve(second.send_id, as_="not-sent", reason="no message", who="ann")
        assert record.state is SendState.RESOLVED_NOT_SENT
        assert isinstance(await ledger.claim(intent("key-2")), Claim)


@pytest.mark.parametrize("word", ["sent", "not-sent"])
async def test_an_answer_after_a_person_said_how_it_ended_counts(ledger: Ledger, word: str) -> None:
    """Its tracking id must not be lost, and what a phone has must not be sent again."""
    claim = await claimed(ledger)
    await ledger.resolve(claim.send_id, as_=word, reason="guessed", who="ann", force=True)
    assert (await ledger.answer(claim, unknown())).state.value == f"resolved-{word}"
    record = await ledger.answer(claim, accepted("T1"))
    assert (record.state, record.tracking_id) == (SendState.ACCEPTED, "T1")
    assert isinstance(await ledger.claim(intent()), Recorded)


async def test_an_answer_of_an_attempt_that_a_person_opened_again_is_refused(ledger: Ledger) -> None:
    claim = await claimed(ledger)
    await ledger.resolve(claim.send_id, as_="not-sent", reason="guessed", who="ann", force=True)
    assert isinstance(await ledger.claim(intent()), Claim)
    with pytest.raises(LedgerError, match="no answer of attempt 1 fits"):
        await ledger.answer(claim, accepted("T1"))


CALLS: dict[str, Callable[[Ledger], Any]] = {
    "claim": lambda ledger: ledger.claim(intent("key-9")),
    "answer": lambda ledger: ledger.answer(Claim(send_id=1, attempt=1), accepted("T1")),
    "held": lambda ledger: ledger.held(),
    "postback": lambda ledger: ledger.record_postback({"code": "N101", "tracking-id": "T1"}),
    "send": lambda ledger: ledger.send(1),
    "verify": lambda ledger: ledger.verify(),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("noticed", [True, False])
async def test_a_connection_that_the_server_ended_costs_nobody_anything(
    where_server: str, name: str, *, noticed: bool
) -> None:
    async with await open_ledger(where_server, meanings=MEANINGS) as ledger:
        await claimed(ledger)
        await ledger.send(1)
        await ledger.held()
        if noticed:
            await raw(where_server, TERMINATE)
            await asyncio.sleep(0.1)
        else:
            loop_deaf(where_server)
        await CALLS[name](ledger)
        assert (await ledger.verify()).found == ()


def loop_deaf(where: str) -> None:
    """End the connections while this thread, and its loop, waits."""
    thread = threading.Thread(target=lambda: asyncio.run(raw(where, TERMINATE)))
    thread.start()
    thread.join()


@pytest.mark.servers
async def test_a_server_that_restarts_is_waited_for(restarting: Cluster) -> None:
    where = restarting.fresh()
    async with await open_ledger(where, meanings=MEANINGS) as ledger:
        claim = await claimed(ledger)
        restarting.stop()
        others = [asyncio.ensure_future(one) for one in (ledger.held(), ledger.claim(intent("key-2")))]
        answered = asyncio.ensure_future(ledger.answer(claim, accepted("T1")))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(restarting.start)
        assert (await answered).tracking_id == "T1"
        assert (await others[0], type(await others[1])) == ((), Claim)
        assert (await ledger.verify()).found == ()


@pytest.mark.servers
async def test_a_server_that_never_was_there_is_told_at_once(restarting: Cluster) -> None:
    restarting.stop()
    try:
        begun = time.monotonic()
        with pytest.raises(LedgerError, match="cannot be read"):
            await open_ledger(f"postgresql://mmscheck@127.0.0.1:{restarting.port}/nowhere")
        assert time.monotonic() - begun < postgresql._RESTART
    finally:
        restarting.start()


class Cut:
    """A connection that ends when its second statement has been carried out."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._statements = 0

    async def fetchrow(self, query: str, *arguments: Any) -> Any:
        self._statements += 1
        row = await self._connection.fetchrow(query, *arguments)
        if self._statements == 2:
            raise ConnectionResetError("reset")
        return row


async def test_what_was_written_before_the_connection_ended_is_not_written_again(
    where_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked again, a claim would find itself in the way, for as long as this process lives."""
    cut: list[int] = []

    async def once(connection: Any, *arguments: Any, **named: Any) -> Any:
        if not cut:
            cut.append(1)
            connection = Cut(connection)
        return await postgresql_transaction.transact(connection, *arguments, **named)

    async with await open_ledger(where_server) as ledger:
        monkeypatch.setattr(postgresql, "transact", once)
        assert isinstance(await ledger.claim(intent()), Claim)
        assert await ledger.counts() == {SendState.INTENDED: 1}
        assert isinstance(await ledger.claim(intent()), ClaimRefused)
        assert (await ledger.verify()).rows == 1
    assert cut


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
async def test_a_database_of_another_isolation_loses_no_answer(where_server: str, level: str) -> None:
    name = where_server.rpartition("/")[2]
    await raw(where_server, f"ALTER DATABASE {name} SET default_transaction_isolation = '{level}'")

    async def one(ledger: Ledger, key: str) -> SendState:
        claim = await claimed(ledger, key)
        return (await ledger.answer(claim, accepted(key))).state

    async with await open_ledger(where_server) as first, await open_ledger(where_server) as second:
        level_now = await first._database.rows("SELECT current_setting('transaction_isolation') AS level")
        assert level_now == [{"level": "read committed"}]
        jobs = [
            one(ledger, f"key-{name}{i}") for i in range(20) for name, ledger in ((1, first), (2, second))
        ]
        assert set(await asyncio.gather(*jobs)) == {SendState.ACCEPTED}
        assert (await first.verify()).found == ()


async def test_a_restart_during_the_call_leaves_the_answer_in_the_ledger(where_server: str) -> None:
    document = message("<message-text>See you</message-text>").encode()
    request = SendRequest(
        mms_id="100001", to="15551230001", from_="28444", service_id="s", fallback_sms_text="Sale today"
    )
    report = await check([parse(document, "a.xml")], load_rules(), FetchPolicy(), request=request)

    async def ending(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await raw(where_server, TERMINATE)
        await answer(ACCEPTED)(reader, writer)

    async with await open_ledger(where_server) as ledger, RawProvider(ending) as provider:
        client = SinchClient(api_key="sandbox-key", api_url=provider.url)
        order = Order(report=report, request=request, permit=gate.permit(report, request, time.time()))
        result = await send_through(ledger, client, order)
        assert (result.status, result.tracking_id) == (SendStatus.ACCEPTED, "MMS_MT_test")
        assert await ledger.counts() == {SendState.ACCEPTED: 1}
