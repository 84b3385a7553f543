"""What a claim, an answer or a postback asks for is found by an index, however much the ledger holds."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event

from mmscheck.ledger import (
    Filter,
    Ledger,
    Save,
    claims,
    deletions,
    open_ledger,
    postbacks,
    postgresql_transaction,
    proofs,
    saves,
    sends,
    sqlite_transaction,
)
from mmscheck.ledger.deletions import Wish
from mmscheck.ledger.pseudonyms import Pseudonyms
from mmscheck.ledger.schema import SENDS
from mmscheck.ledger.transaction_state import TransactionState, together
from mmscheck.model.ledger import Claim, NumberTerms, Postback, SendRecord, SendState
from tests.support.ledgers import MEANINGS, accepted, claimed, intent, raw, unknown

NUMBER = "'1555' || (1000000 + i)"
WHEN = "1796000000000000 + i"

ROWS = 3000
"""Rows of one message in each table: more than a server would rather read whole."""

_ANSWERED = sends.answer(Claim(send_id=1, attempt=1), accepted("T1"))

NAMES = Pseudonyms("00" * 32)

WORD = sends.Word(state=SendState.RESOLVED_SENT, reason="why", who="ann", age=0.0)

NEEDS = {
    "claim": claims.claim(intent(), "o", 5, NAMES).needs,
    "what is in a number's way": claims.refusals(intent(terms=NumberTerms(per_day=2)), NAMES).needs,
    "claim of a campaign": claims.claim(
        intent(campaign="may", terms=NumberTerms(per_day=1)), "o", 5, NAMES
    ).needs,
    "claim of a row that was proved": claims.claim(
        intent(campaign="may", terms=NumberTerms(approval="sha256:a")), "o", 5, NAMES
    ).needs,
    "approval": proofs.approve("sha256:a", name="ann", via="a test", note="", despite="").needs,
    "answer": _ANSWERED.needs,
    "postback about a send": postbacks.record(
        postbacks.arrival({"code": "N101", "tracking-id": "T1", "mms-id": "100001"}, MEANINGS)
    ).needs,
    "postback about a message": postbacks.record(
        postbacks.arrival({"code": "N003", "mms-id": "100001"}, MEANINGS)
    ).needs,
    "begin to delete": deletions.begin(Wish(mms_id="100001", account="a", who="ann"), "o").needs,
    "save": saves.record(Save(mms_id="100001", digest="sha256:a")).needs,
    "crashed": sends.crashed(0, 900).needs,
    "resolve": sends.resolve((1,), WORD).needs,
}
NEEDS["all at once"] = together(NEEDS.values())


async def fill(where: str) -> None:
    """Sends and notifications of one message: half of the sends without a tracking id."""
    many = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) "
    sends_of = {
        "id": "100000 + i",
        "key": "'k' || i",
        "state": "'unknown'",
        "attempt": "1",
        "owner": "'o'",
        "mms_id": "'100001'",
        "recipient": NUMBER,
        "sender": "'2'",
        "request_digest": "'r'",
        "message_digest": "'m'",
        "ruleset_digest": "'s'",
        "claimed_at": WHEN,
        "changed_at": WHEN,
        "detail": "''",
        "tracking_id": "CASE WHEN i % 2 = 0 THEN 'T' || i END",
        "campaign": "'may'",
    }
    postbacks_of = {
        "id": "200000 + i",
        "digest": "'d' || i",
        "received_at": WHEN,
        "code": "'N101'",
        "meaning": "'sent'",
        "tracking_id": "'T' || i",
        "mms_id": "'100001'",
        "recipient": NUMBER,
        "fields": "'{}'",
    }
    suppressions_of = {
        "id": "300000 + i",
        "recipient": NUMBER,
        **dict.fromkeys(("account", "sender", "list_name", "source", "reason", "who"), "''"),
        "added_at": WHEN,
    }
    proofs_of = {
        "id": "400000 + i",
        "content": "'c' || i",
        **dict.fromkeys(("campaign", "lines", "names", "who"), "''"),
        "begun_at": WHEN,
    }
    approvals_of = {
        "id": "500000 + i",
        "content": "'c' || i",
        **dict.fromkeys(("name", "via", "note"), "''"),
        "approved_at": WHEN,
    }
    deletions_of = {
        "id": "600000 + i",
        "stored": "'s' || i",
        "state": "'deleted'",
        **dict.fromkeys(("account", "owner", "who", "reason", "detail"), "''"),
        **dict.fromkeys(("begun_at", "changed_at"), WHEN),
    }
    inserts = (
        f"INSERT INTO {table} ({', '.join(some)}) {many}SELECT {', '.join(some.values())} FROM n"
        for table, some in (
            ("sends", sends_of),
            ("postbacks", postbacks_of),
            ("suppressions", suppressions_of),
            ("proofs", proofs_of),
            ("approvals", approvals_of),
            ("deletions", deletions_of),
        )
    )
    await raw(where, *inserts, "ANALYZE" if "://" in where else "SELECT 1")


@pytest.fixture
async def full(where: str) -> AsyncIterator[Ledger]:
    async with await open_ledger(where, meanings=MEANINGS) as ledger:
        await fill(where)
        yield ledger


async def explained(where: str, query: str, values: list[Any]) -> str:
    """How it would be run; on PostgreSQL as a statement that was prepared for any values."""
    if "://" not in where:
        literals = [sqlite_transaction._json(one) for one in values]
        for number in range(len(literals), 0, -1):
            query = query.replace(f"?{number}", f"'{literals[number - 1]}'")
        return "\n".join(str(row[3]) for row in await raw(where, f"EXPLAIN QUERY PLAN {query}"))
    connection = await asyncpg.connect(where)
    try:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE asked AS {query}")
        literals = [
            f"ARRAY[{', '.join(str(one) if isinstance(one, int) else repr(one) for one in some)}]"
            for some in values
        ]
        call = f"({', '.join(literals)})" if literals else ""
        return "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN EXECUTE asked{call}"))
    finally:
        await connection.close()


def scans(plan: str) -> list[str]:
    """The steps that read a whole table; the row of the chain's end, the open holds and values may be."""
    whole = [line.strip() for line in plan.splitlines() if "SCAN " in line or "Seq Scan" in line]
    harmless = ("SCAN head", "SCAN json_each", "on head", "on holds", "on mms", "SCAN CONSTANT")
    return [line for line in whole if not any(one in line for one in harmless)]


@pytest.mark.parametrize("name", NEEDS)
@pytest.mark.usefixtures("full")
async def test_every_need_is_met_by_indexes(where: str, name: str) -> None:
    named = NEEDS[name].named()
    wanted = (*named, *NEEDS[name].flags())
    query = (
        postgresql_transaction._reading(wanted) if "://" in where else sqlite_transaction._reading(wanted)[0]
    )
    plan = await explained(where, query, list(named.values()))
    assert not scans(plan), plan
    assert "postbacks_mms" not in plan


def test_a_claim_reads_no_postbacks_and_what_tells_of_a_send_no_message() -> None:
    """A claim that read them took ten times as long with 100,000 of one message, and so did each of them."""
    for name in ("claim", "claim of a campaign"):
        assert not NEEDS[name].encoded | NEEDS[name].trackings | NEEDS[name].reported, name
    assert not NEEDS["postback about a send"].encoded
    assert NEEDS["postback about a message"].encoded == {"100001"}


async def test_what_may_be_about_a_number_is_found_by_the_number(full: Ledger, where: str) -> None:
    about = await full.send(100001)
    assert about is not None
    (told,) = [one async for one in full.arrivals() if one.recipient == about.intent.to]
    asked = await statements(full, about, told)
    for query, values in asked:
        plan = await explained_with(where, query, values)
        assert "_number" in plan, plan
        assert not scans(plan), plan
    assert len(asked) == 2


async def statements(ledger: Ledger, about: SendRecord, told: Postback) -> list[tuple[str, Any]]:
    """What is asked of the database for a send's proposals and a postback's sends."""
    lost = Postback(**{name: getattr(told, name) for name in told.__struct_fields__ if name != "tracking_id"})
    with noted(ledger) as seen:
        assert [one.id for one in await ledger.proposals(about)] == [told.id]
        assert [one.id for one in (await ledger.concerned(lost)).proposed] == [about.id]
    return seen


@contextlib.contextmanager
def noted(ledger: Ledger) -> Iterator[list[tuple[str, Any]]]:
    """What the database is asked inside of this."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            seen.append((statement, values))

    runner: Any = ledger._database._runner
    engine = getattr(runner, "_engine", None)
    engine = runner._reading._engine if engine is None else engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


LATE = 1_796_000_000_000_000 + ROWS - 10

FILTERS = {
    "to": (Filter(to="15550000007"), "sends_number"),
    "since": (Filter(since=LATE), "sends_claimed"),
    "mms-id": (Filter(mms_id="100009"), "sends_mms"),
    "state": (Filter(state=SendState.REFUSED), "sends_state"),
    "campaign": (Filter(campaign="june"), "sends_campaign"),
    "mms-id since": (Filter(mms_id="100009", since=LATE), "sends_mms"),
}
"""What somebody may ask for, and the index by which few rows are found."""


@pytest.mark.parametrize("name", FILTERS)
async def test_lists_and_sums_are_found_by_an_index(full: Ledger, where: str, name: str) -> None:
    wanted, index = FILTERS[name]
    with noted(full) as asked:
        every = [one.id async for one in full.sends(wanted)]
        last = [one.id for one in await full.newest(3, wanted)]
        assert (await full.summary(wanted)).sends == len(every)
    assert last == every[-3:]
    plans = [await explained_with(where, query, values) for query, values in asked]
    assert not [step for plan in plans for step in scans(plan)], plans
    # The newest few may as well be looked for from the end.
    first, total = plans[0], plans[-1]
    assert index in first, plans
    assert index in total, plans


async def test_what_was_claimed_again_is_listed_by_its_last_claim(ledger: Ledger, where: str) -> None:
    """Its id is that of its first claim, before all others."""
    old, *_ = [await claimed(ledger, f"key-{number}") for number in range(4)]
    times = await raw(where, "SELECT id, claimed_at FROM sends ORDER BY id")
    after = max(moment for _, moment in times) + 1
    await raw(where, f"UPDATE sends SET claimed_at = {after} WHERE id = {old.send_id}")
    assert [one.id async for one in ledger.sends(Filter(since=after))] == [old.send_id]
    assert [one.id async for one in ledger.sends(Filter(since=after + 1))] == []
    assert [one.id async for one in ledger.sends(Filter(since=0))] == [each for each, _ in times]


async def explained_with(where: str, query: str, values: Any) -> str:
    if "://" not in where:
        for value in values:
            query = query.replace("?", repr(value), 1)
        return "\n".join(str(row[3]) for row in await raw(where, f"EXPLAIN QUERY PLAN {query}"))
    connection = await asyncpg.connect(where)
    try:
        return "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {query}", *values))
    finally:
        await connection.close()


async def test_a_column_that_is_fixed_is_never_updated() -> None:
    """The statement that updates leaves them out, so that the history would say something else."""
    transaction = TransactionState(seq=0, at=1)
    row = {"key": "k", "campaign": None, "recipient": "1", "mms_id": "9", "state": "intended"}
    transaction.insert("made", "sends", row, "1")
    with pytest.raises(ValueError, match="fixed column"):
        transaction.update("changed", "sends", "1", {"recipient": "2"})
    assert "recipient" not in sqlite_transaction._updating(SENDS)


async def test_answers_do_not_change_with_what_lies_about(full: Ledger) -> None:
    claim = await claimed(full, "key-7", mms_id="100001")
    await full.answer(claim, unknown())
    await full.record_postback({"code": "N102", "tracking-id": "T-x", "mms-id": "100001", "to": "5550000007"})
    send = await full.send(claim.send_id)
    assert send is not None
    assert [one.code for one in await full.proposals(send)] == ["N102"]
