"""A campaign's proof: to named phones first, and to everybody only when somebody has approved just that."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from mmscheck.campaign import Approver, CampaignOutcome, CampaignPlan, ProofPlan, read_phones
from mmscheck.errors import InputError
from mmscheck.ledger import open_ledger
from mmscheck.ledger.suppression_list import Addition
from mmscheck.model.ledger import SendState
from mmscheck.model.recipient import RecipientRules
from mmscheck.model.request import Changes
from mmscheck.model.suppression import EVERYTHING, SuppressionSource
from mmscheck.sandbox import Sandbox
from mmscheck.send.order import Retries
from tests.support.campaigns import plan, run, stored, write_recipients
from tests.support.command import message

LETTER = message("<message-text>Hello {$name|you}</message-text>", subject="Sale")
ANN, BOB = "15552000001", "15552000002"
ROWS = [("15551000001", "Ana"), ("15551000002", "Åsa Lindqvist"), ("15551000003", ""), ("15551000004", "Cy")]
REQUIRED = RecipientRules(require_proof=True)
APPROVE = ProofPlan(approver=Approver(name="Ann Lee"))


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return write_recipients(tmp_path / "people.csv", ROWS)


@pytest.fixture
def phones(tmp_path: Path) -> Path:
    return write_recipients(tmp_path / "phones.csv", [(ANN, "Ann"), (BOB, "Bob")])


def proving(phones: Path) -> ProofPlan:
    return ProofPlan(phones=read_phones(str(phones)), who="ann")


def got(box: Sandbox) -> Counter[str]:
    return Counter(sent.to for sent in box.sent)


async def proved(
    box: Sandbox, plan_: CampaignPlan, people: Path, where: str, proof: ProofPlan
) -> CampaignOutcome:
    return await run(box, msgspec.structs.replace(plan_, proof=proof), people, where=where)


async def verified(where: str) -> None:
    async with await open_ledger(where) as ledger:
        assert not (await ledger.verify()).found


async def test_the_proof_goes_to_named_phones_and_waits(people: Path, phones: Path, where: str) -> None:
    async with Sandbox() as box:
        sale = plan(await stored(box, where, LETTER), document=LETTER)
        first = await proved(box, sale, people, where, proving(phones))
        assert got(box) == {ANN: 2, BOB: 2}, "two variants to two phones, and nobody else"
        proof = first.result.proof
        assert proof is not None
        assert [(one.line, one.kinds) for one in proof.variants] == [
            (3, ("name filled", "name longest", "name not ASCII")),
            (4, ("name empty",)),
        ]
        assert (proof.accepted, proof.phones, proof.approved_by) == (4, ("Ann", "Bob"), "")
        assert (first.result.left, first.result.sent) == (4, True)
        assert "nobody has approved its proof yet" in (first.result.stopped or "")
        # Again, and without --proof: a campaign that a proof was begun of waits for its approval.
        for once_more in (proving(phones), ProofPlan()):
            again = await proved(box, sale, people, where, once_more)
            assert (got(box), again.result.left) == ({ANN: 2, BOB: 2}, 4)
        done = await proved(box, sale, people, where, APPROVE)
        assert (done.result.accepted, done.result.stopped) == (4, None)
        assert done.result.proof is not None
        assert done.result.proof.approved_by == "Ann Lee"
        assert got(box) == {ANN: 2, BOB: 2, **dict.fromkeys((to for to, _ in ROWS), 1)}
    async with await open_ledger(where) as ledger:
        (stands,) = await ledger.proofs(campaign=sale.name)
        assert [(one.name, one.via) for one in stands.approvals] == [("Ann Lee", "mmscheck send")]
        assert (stands.proof.who, stands.proof.lines, stands.faults) == ("ann", (3, 4), ())
        kept = [send.intent async for send in ledger.sends() if send.intent.proof]
        assert {one.proof for one in kept} == {stands.proof.content}
        assert {(one.to, one.row, one.campaign) for one in kept} == {
            (to, line, None) for to in (ANN, BOB) for line in (3, 4)
        }
    await verified(where)


async def test_a_campaign_that_needs_a_proof_sends_nothing_without_one(people: Path, where: str) -> None:
    async with Sandbox() as box:
        sale = plan(await stored(box, where, LETTER), document=LETTER, recipients=REQUIRED)
        for asked in (ProofPlan(), APPROVE):
            outcome = await proved(box, sale, people, where, asked)
            assert (not box.sent, outcome.result.left) == (True, 4)
            assert "there is no proof of it as it is now" in (outcome.result.stopped or "")


@pytest.mark.parametrize("change", ["rows", "rules", "request", "name", "texts"])
async def test_what_was_approved_is_all_that_goes_out(
    people: Path, phones: Path, where: str, change: str
) -> None:
    async with Sandbox() as box:
        sale = plan(await stored(box, where, LETTER), document=LETTER)
        await proved(box, sale, people, where, proving(phones))
        async with await open_ledger(where) as ledger:
            (stands,) = await ledger.proofs()
            await ledger.approve(stands.proof.content, name="Ann Lee", via="a test")
        other = sale
        if change == "rows":
            write_recipients(people, [*ROWS[:3], ("15551000009", "Cy")])
        elif change == "rules":
            fewer = msgspec.structs.replace(sale.ruleset, digest="sha256:of-other-rules")
            other = msgspec.structs.replace(sale, ruleset=fewer)
        elif change == "request":
            common = msgspec.structs.replace(sale.common, fallback_sms_text="Another text")
            other = msgspec.structs.replace(sale, common=common)
        elif change == "name":
            other = msgspec.structs.replace(sale, name="another", named=True)
        else:
            changed = msgspec.structs.replace(sale.common, changes=Changes(custom_subject="Other"))
            other = msgspec.structs.replace(sale, common=changed)
        before = got(box)
        other = msgspec.structs.replace(other, recipients=REQUIRED)
        outcome = await proved(box, other, people, where, ProofPlan())
        assert got(box) == before
        assert "there is no proof of it as it is now" in (outcome.result.stopped or "")


async def test_a_proof_that_went_wrong_is_approved_only_with_a_reason(
    people: Path, phones: Path, where: str
) -> None:
    async with Sandbox() as box:
        sale = plan(await stored(box, where, LETTER), document=LETTER, retries=Retries(count=0))
        box.plan("e618")
        first = await proved(box, sale, people, where, proving(phones))
        assert first.result.proof is not None
        assert len(first.result.proof.faults) == 1
        denied = await proved(box, sale, people, where, APPROVE)
        assert denied.result.left == 4
        assert "is not to be approved" in (denied.result.stopped or "")
        despite = ProofPlan(approver=Approver(name="Ann Lee", despite="Bob is abroad"))
        assert (await proved(box, sale, people, where, despite)).result.accepted == 4
    async with await open_ledger(where) as ledger:
        (stands,) = await ledger.proofs()
        assert [one.note for one in stands.approvals] == ["despite its proof: Bob is abroad"]


async def test_what_holds_for_numbers_holds_for_the_phones_of_a_proof(
    people: Path, phones: Path, where: str
) -> None:
    async with Sandbox() as box:
        rules = RecipientRules(gap=16 * 3600, per_day=1)
        sale = plan(await stored(box, where, LETTER), document=LETTER, recipients=rules)
        async with await open_ledger(where) as ledger:
            addition = Addition(
                scope=EVERYTHING, source=SuppressionSource.COMMAND, reason="asked by phone", who="ann"
            )
            await ledger.suppress([BOB], addition=addition)
        first = await proved(box, sale, people, where, proving(phones))
        # The variants of one proof count as one message; what is on the list gets none.
        assert got(box) == {ANN: 2}
        assert first.result.proof is not None
        assert "asked by phone" in " ".join(first.result.proof.faults)
        denied = await proved(box, sale, people, where, APPROVE)
        assert "2 of its 4 messages went out" in (denied.result.stopped or "")
        # To Ann alone it goes well; she is on the list of recipients too, and has had hers today.
        write_recipients(phones, [(ANN, "Ann")])
        write_recipients(people, [*ROWS, (ANN, "Ann")])
        second = await proved(box, sale, people, where, proving(phones))
        assert second.result.proof is not None
        assert "lately" in " ".join(second.result.proof.faults), "another proof is another message"


async def test_a_phone_of_the_proof_that_is_a_recipient_has_the_message(
    people: Path, phones: Path, where: str
) -> None:
    write_recipients(people, [*ROWS, (ANN, "Ann")])
    async with Sandbox() as box:
        sale = plan(await stored(box, where, LETTER), document=LETTER)
        await proved(box, sale, people, where, proving(phones))
        done = await proved(box, sale, people, where, APPROVE)
        assert (done.result.accepted, done.result.had, got(box)[ANN]) == (4, 1, 2)


async def test_two_processes_make_one_proof(people: Path, phones: Path, where: str) -> None:
    async with Sandbox() as box:
        sale = plan(await stored(box, where, LETTER), document=LETTER)
        both = await asyncio.gather(*(proved(box, sale, people, where, proving(phones)) for _ in range(2)))
        assert got(box) == {ANN: 2, BOB: 2}
        assert [one.result.proof and one.result.proof.accepted for one in both] == [4, 4]
    await verified(where)


async def test_an_approval_given_elsewhere_counts_and_a_number_may_be_forgotten(
    people: Path, phones: Path, where: str
) -> None:
    async with Sandbox() as box:
        sale = plan(await stored(box, where, LETTER), document=LETTER)
        await proved(box, sale, people, where, proving(phones))
        async with await open_ledger(where) as ledger:
            (stands,) = await ledger.proofs()
            await ledger.approve(stands.proof.content, name="Ann Lee", via="a test")
            await ledger.forget(BOB, reason="asked", who="ann")
            assert not (await ledger.verify()).found
        done = await proved(box, sale, people, where, proving(phones))
        assert (done.result.accepted, got(box)[ANN], got(box)[BOB]) == (4, 2, 2)


async def test_unknown_proof_sends_are_never_repeated(people: Path, phones: Path, where: str) -> None:
    async with Sandbox() as box:
        sale = plan(await stored(box, where, LETTER), document=LETTER)
        box.plan("close-after")
        first = await proved(box, sale, people, where, proving(phones))
        assert first.result.proof is not None
        assert first.result.proof.unknown == 1
        sent = got(box)
        await proved(box, sale, people, where, proving(phones))
        assert got(box) == sent
        denied = await proved(box, sale, people, where, APPROVE)
        assert f"is {SendState.UNKNOWN.value}" in (denied.result.stopped or "")
        assert got(box) == sent


async def test_a_dry_run_shows_the_variants_and_sends_nothing(people: Path, phones: Path, where: str) -> None:
    async with Sandbox() as box:
        sale = plan(await stored(box, where, LETTER), document=LETTER, proof=proving(phones))
        outcome = await run(box, sale, people, where=where, dry=True)
        assert outcome.result.proof is not None
        assert [one.line for one in outcome.result.proof.variants] == [3, 4]
        assert not box.sent
        assert json.loads(msgspec.json.encode(outcome.result.proof))["digest"].startswith("sha256:")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("to\n15551230001\n", "columns to and name"),
        ("to,name,more\n15551230001,Ann,x\n", "columns to and name"),
        ("to,name\n15551230001,\n", "line 2: the phone has no name"),
        ("to,name\n15551230001,Ann\n15551230002,Ann\n", "line 3: 'Ann' is there twice"),
        ("to,name\n15551230001,Ann\n+1 555 123 0001,Bob\n", "line 3: the number is there twice"),
        ("to,name\n", "it has a header and no rows"),
    ],
)
def test_a_file_that_names_no_phones(tmp_path: Path, text: str, wrong: str) -> None:
    file = tmp_path / "phones.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=wrong):
        read_phones(str(file))
