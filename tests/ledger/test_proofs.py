"""The claim of a campaign's row asks for the approval of what was proved, in its own transaction."""

from __future__ import annotations

import asyncio

import pytest

from mmscheck.errors import UsageError
from mmscheck.ledger import open_ledger
from mmscheck.model.ledger import Claim, ClaimRefused, NumberTerms, RefusalReason
from mmscheck.model.proof import Proof
from tests.support.ledgers import accepted, intent, refused

CONTENT, OTHER = "sha256:what-was-proved", "sha256:something-else"
PROOF = Proof(content=CONTENT, campaign="may", lines=(2,), names=("Ann",), who="ann")
PROVED = intent("key-7", proof=CONTENT, row=2)


async def test_a_row_is_claimed_only_when_its_proof_was_approved(where: str) -> None:
    row = intent("key-1", campaign="may", terms=NumberTerms(approval=CONTENT))
    async with await open_ledger(where) as ledger:
        refusals = [await ledger.claim(row)]
        await ledger.approve(CONTENT, name="Ann Lee", via="a test")
        refusals.append(await ledger.claim(row))
        await ledger.begin_proof(PROOF)
        other = intent("key-2", campaign="may", terms=NumberTerms(approval=OTHER))
        refusals.append(await ledger.claim(other))
        assert [one.reason for one in refusals if isinstance(one, ClaimRefused)] == 3 * [
            RefusalReason.NOT_APPROVED
        ]
        assert isinstance(await ledger.claim(row), Claim)
        assert not (await ledger.verify()).found


async def test_an_approval_waits_for_every_message_of_its_proof(where: str) -> None:
    async with await open_ledger(where) as ledger:
        await ledger.begin_proof(PROOF)
        with pytest.raises(UsageError, match="0 of its 1 messages went out"):
            await ledger.approve(CONTENT, name="Ann Lee", via="a test")
        claim = await ledger.claim(PROVED)
        assert isinstance(claim, Claim)
        with pytest.raises(UsageError, match="line 2\\) is intended"):
            await ledger.approve(CONTENT, name="Ann Lee", via="a test")
        await ledger.answer(claim, refused())
        with pytest.raises(UsageError, match="is refused"):
            await ledger.approve(CONTENT, name="Ann Lee", via="a test")
        assert not await ledger.approvals(CONTENT)
        with pytest.raises(UsageError, match="a name is needed"):
            await ledger.approve(CONTENT, name=" ", via="a test", despite="no matter")
        await ledger.approve(CONTENT, name="Ann Lee", via="a test", despite="seen on Bob's")
        (one,) = await ledger.approvals(CONTENT)
        assert (one.name, one.note) == ("Ann Lee", "despite its proof: seen on Bob's")
        assert not (await ledger.verify()).found


async def test_two_machines_begin_one_proof_and_make_each_message_once(where: str) -> None:
    async with await open_ledger(where) as one, await open_ledger(where) as two:
        await asyncio.gather(one.begin_proof(PROOF), two.begin_proof(PROOF))
        outcomes = await asyncio.gather(one.claim(PROVED), two.claim(PROVED))
        (claim,) = [each for each in outcomes if isinstance(each, Claim)]
        await one.answer(claim, accepted())
        (stands,) = await two.proofs(content=CONTENT)
        assert (stands.accepted, stands.faults) == (1, ())
        assert not (await one.verify()).found
