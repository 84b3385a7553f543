"""PostgreSQL: what is decided without reading permits no send while something stands that denies it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from mmscheck.ledger import Ledger, Wish, open_ledger, postgresql_transaction
from mmscheck.ledger.suppression_list import Addition
from mmscheck.model.ledger import Claim, ClaimRefused, NumberTerms, RefusalReason
from mmscheck.model.proof import Proof
from mmscheck.model.suppression import EVERYTHING, SuppressionSource
from tests.support.command import surroundings
from tests.support.ledgers import accepted, claimed, intent, raw, unknown
from tests.support.postgres import Cluster

ROOT = Path(__file__).parents[2]
ACCOUNT = "api.example/demo"
IDS = 40
LIMIT = 120

RIVAL = """
import asyncio, sys
from mmscheck.errors import UsageError
from mmscheck.ledger import Wish, open_ledger
from mmscheck.ledger.suppression_list import Addition
from mmscheck.model.suppression import EVERYTHING, SuppressionSource

async def main(where, ids):
    said = Addition(scope=EVERYTHING, source=SuppressionSource.COMMAND, reason="asked", who="ann")
    async with await open_ledger(where, recover=False) as ledger:
        for number in reversed(range(int(ids))):
            try:
                await ledger.begin_deletion(Wish(mms_id=f"2{number:05}", account="api.example", who="ann"))
            except UsageError:
                print(number, flush=True)
            await ledger.suppress([f"1777{number:07}"], addition=said)
            if number == int(ids) - 1:
                print("begun", flush=True)
                sys.stdin.readline()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def where(postgres: Cluster) -> str:
    return postgres.fresh()


@pytest.fixture
def guesses(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each statement of a transaction that writes, whether it is a guess."""
    found: list[bool] = []
    plain = postgresql_transaction._write

    async def write(*given: Any, guessed: Any = None) -> Any:
        found.append(guessed is not None)
        return await plain(*given, guessed=guessed)

    monkeypatch.setattr(postgresql_transaction, "_write", write)
    return found


async def alone(ledger: Ledger) -> None:
    """Two sends of another message, after which the ledger guesses."""
    for number in (7, 8):
        await ledger.answer(await claimed(ledger, f"key-{number}"), accepted(f"T{number}"))


async def refusal(ledger: Ledger, key: str, **changes: Any) -> RefusalReason:
    outcome = await ledger.claim(intent(key, account=ACCOUNT, **changes))
    assert isinstance(outcome, ClaimRefused), outcome
    return outcome.reason


@pytest.mark.parametrize("ended", [False, True], ids=["being deleted", "perhaps deleted"])
async def test_a_deletion_of_long_before_denies_a_guess(
    ledger: Ledger, guesses: list[bool], *, ended: bool
) -> None:
    """The chain's end is where this process left it: only the statement itself can tell."""
    deletion = await ledger.begin_deletion(Wish(mms_id="200001", account="api.example", who="ann"))
    if ended:
        await ledger.end_deletion(deletion, unknown())
    await alone(ledger)
    guesses.clear()
    assert await refusal(ledger, "key-1", mms_id="200001") is RefusalReason.DELETED
    assert guesses[0], "the claim was to be guessed"
    assert await refusal(ledger, "key-2", mms_id="200001") is RefusalReason.DELETED
    assert (await ledger.verify()).found == ()


async def test_a_number_that_this_process_suppressed_denies_a_guess(
    ledger: Ledger, guesses: list[bool]
) -> None:
    said = Addition(scope=EVERYTHING, source=SuppressionSource.COMMAND, reason="asked", who="ann")
    await ledger.suppress(["15550000001"], addition=said)
    await alone(ledger)
    guesses.clear()
    assert await refusal(ledger, "key-1") is RefusalReason.SUPPRESSED
    assert guesses[0], "the claim was to be guessed"


async def test_what_asks_for_an_approval_is_never_guessed(
    where: str, ledger: Ledger, guesses: list[bool]
) -> None:
    row = {"campaign": "may", "terms": NumberTerms(approval="sha256:content")}
    await ledger.begin_proof(
        Proof(content="sha256:content", campaign="may", lines=(2,), names=("Ann",), who="ann")
    )
    await alone(ledger)
    guesses.clear()
    assert await refusal(ledger, "key-1", **row) is RefusalReason.NOT_APPROVED
    async with await open_ledger(where, recover=False) as other:
        await other.approve("sha256:content", name="Ann", via="a test", despite="not sent")
    assert isinstance(await ledger.claim(intent("key-1", account=ACCOUNT, **row)), Claim)
    assert not any(guesses)


async def test_of_two_processes_one_sends_an_id_or_the_other_deletes_it(where: str, ledger: Ledger) -> None:
    """They go through the ids from either end, and each is sure of its first."""
    await alone(ledger)
    rival = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", RIVAL, where, str(IDS)),
        cwd=ROOT,
        env=surroundings(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert rival.stdin is not None
    assert rival.stdout is not None
    assert await asyncio.wait_for(rival.stdout.readline(), LIMIT) == b"begun\n"
    sent = set()
    for number in range(IDS):
        wanted = intent(f"key-{number}", mms_id=f"2{number:05}", to=f"1777{number:07}", account=ACCOUNT)
        if isinstance(await ledger.claim(wanted), Claim):
            sent.add(number)
        if number == 0:
            rival.stdin.write(b"\n")
    told, _ = await asyncio.wait_for(rival.communicate(), LIMIT)
    assert rival.returncode == 0
    kept = {int(line) for line in told.splitlines()}
    late = "SELECT count(*) FROM sends s JOIN suppressions u ON u.recipient = s.recipient WHERE u.id < s.id"
    assert await raw(where, late) == [(0,)], "a number was claimed after it was suppressed"
    # A number may be suppressed under an id whose deletion was begun, never the other way round.
    assert sent == kept
    assert 0 in sent
    assert IDS - 1 not in sent
    assert (await ledger.verify()).found == ()
