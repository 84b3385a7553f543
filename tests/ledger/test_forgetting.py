"""Numbers that a ledger forgets: gone from every row, the chain whole, and nobody texted twice."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mmscheck.errors import UsageError
from mmscheck.ledger import Ledger, open_ledger
from mmscheck.ledger.suppression_list import Addition
from mmscheck.model.ledger import Claim, ClaimRefused, NumberTerms, Recorded, RefusalReason, SendState
from mmscheck.model.suppression import EVERYTHING, SuppressionSource
from tests.support.ledgers import MEANINGS, accepted, claimed, intent, raw, refused, unguarded, unknown

PHONE = "15551230001"
OTHER = "15551230002"
SAID = {"reason": "asked to", "who": "ann"}
TABLES = ("history", "sends", "postbacks", "suppressions", "holds", "deletions", "approvals", "redactions")


async def everything(where: str) -> str:
    """All that is in the ledger, as one text."""
    return "\n".join([repr(await raw(where, f"SELECT * FROM {table}")) for table in TABLES])


def _bytes(where: str) -> list[bytes]:
    """What the file is, and what SQLite keeps beside it."""
    files = [Path(f"{where}{side}") for side in ("", "-wal", "-journal")]
    return [file.read_bytes() for file in files if file.exists()]


async def used(ledger: Ledger) -> None:
    """A ledger with the number wherever one can be."""
    send = await claimed(ledger, "key-1", to=PHONE, campaign="may", consent_source=f"call from +{PHONE}")
    await ledger.answer(send, accepted("T1"))
    for to in (PHONE, "5551230001"):
        fields = {"code": "N102", "tracking-id": "T1", "to": to, "from": "28444", "status": "Delivered"}
        await ledger.record_postback(fields)
    reply = {"code": "N401", "from": "+1 (555) 123-0001", "to": "28444", "message": f"call me on {PHONE}"}
    await ledger.record_postback(reply)
    await ledger.answer(await claimed(ledger, "key-2", to=OTHER), accepted("T2"))
    await ledger.record_check("deny", reasons=[f"request-to: {PHONE} is wrong", "another"])
    numbers = [f"1555{at:07}" for at in range(1_230_000, 1_230_005)]
    addition = Addition(scope=EVERYTHING, source=SuppressionSource.IMPORT, reason="from before", who="ann")
    await ledger.suppress(numbers, addition=addition)


async def found(ledger: Ledger) -> list[str]:
    return [one.what for one in (await ledger.verify()).found]


async def test_a_forgotten_number_is_nowhere_and_the_chain_is_whole(where: str, ledger: Ledger) -> None:
    await used(ledger)
    head = (await ledger.verify()).head
    done = await ledger.forget(PHONE, **SAID)
    assert (done.sends, done.postbacks, done.suppressions) == (1, 3, 1)
    text = await everything(where)
    assert "1230001" not in text
    assert "123-0001" not in text
    assert OTHER in text, "and nobody else is forgotten"
    assert await found(ledger) == []
    assert (await ledger.verify(head)).found == (), "a head that was noted before still holds"
    if "://" not in where:
        await ledger.close()
        assert not any(b"1230001" in one for one in _bytes(where))


async def test_what_people_wrote_of_a_number_goes_with_it(where: str, ledger: Ledger) -> None:
    """Reasons and names hold numbers too; an import has one reason for all, and each entry says it again."""
    said = "+1 (555) 123-0001 called, so"
    addition = Addition(scope=EVERYTHING, source=SuppressionSource.IMPORT, reason=said, who=f"ann {PHONE}")
    await ledger.suppress([PHONE, OTHER], addition=addition)
    await ledger.unsuppress([PHONE], scope=None, reason="555.123.0001 again", who=f"bob {PHONE}")
    friend = msgspec.structs.replace(addition, reason=f"a friend of {PHONE}", who="ann")
    await ledger.suppress(["15551230003"], addition=friend)
    await ledger.hold(reason=f"complaint of {PHONE}", who=f"ann ({PHONE})")
    await ledger.release(who=f"bob {PHONE}")
    await ledger.forget(PHONE, reason=f"asked us: {PHONE}", who=f"dan {PHONE}")
    text = await everything(where)
    assert "1230001" not in text
    assert "123-0001" not in text
    assert "123.0001" not in text
    assert "a friend of forgotten_" in text
    assert await found(ledger) == []
    await ledger.suppress([PHONE], addition=msgspec.structs.replace(addition, reason="STOP", who="eve"))
    await ledger.unsuppress([PHONE], scope=None, reason=f"{PHONE} once more", who="bob")
    await ledger.forget(PHONE, **SAID)
    assert "1230001" not in await everything(where)
    assert await found(ledger) == []
    assert set(await ledger.suppressed([PHONE, OTHER, "15551230003"])) == {OTHER, "15551230003"}


async def test_what_was_sent_is_not_sent_again_and_who_said_stop_gets_nothing(ledger: Ledger) -> None:
    await used(ledger)
    await ledger.forget(PHONE, **SAID)
    outcome = await ledger.claim(intent("key-9", to=PHONE))
    assert isinstance(outcome, ClaimRefused)
    assert outcome.reason is RefusalReason.SUPPRESSED
    assert await ledger.unsuppress([PHONE], scope=None, reason="signed again", who="bob") == 1
    same = await ledger.claim(intent("key-1", to=PHONE, campaign="may"))
    assert isinstance(same, Recorded)
    for key, changes, reason in (
        ("key-9", {"campaign": "june"}, RefusalReason.HAS_IT),
        ("key-9", {"campaign": "may", "mms_id": "100002"}, RefusalReason.OTHER_CONTENT),
        ("key-1", {"campaign": "may", "mms_id": "100002"}, RefusalReason.OTHER_PAYLOAD),
        ("key-9", {"mms_id": "100003", "terms": NumberTerms(per_day=1)}, RefusalReason.TOO_MANY),
    ):
        outcome = await ledger.claim(intent(key, to=PHONE, **changes))
        assert isinstance(outcome, ClaimRefused), changes
        assert outcome.reason is reason
    (before,) = await ledger.earlier([PHONE], ["key-1"], campaign="may", mms_id="100001")
    assert (before.intent.to, before.intent.key) == (PHONE, "key-1"), "a campaign finds it by number and key"
    assert await found(ledger) == []


async def test_a_notification_that_comes_later_still_moves_its_send(ledger: Ledger) -> None:
    send = await claimed(ledger, to=PHONE)
    await ledger.answer(send, accepted("T1"))
    await ledger.forget(PHONE, **SAID)
    await ledger.record_postback({"code": "N102", "tracking-id": "T1", "to": PHONE, "status": "Delivered"})
    record = await ledger.send(send.send_id)
    assert record is not None
    assert record.state is SendState.DELIVERED
    assert not any(char.isdigit() for char in record.intent.to)
    await ledger.forget(PHONE, **SAID)
    assert await found(ledger) == []


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_is_forgotten_when_verify_stays_clean_and_nobody_is_texted_twice(
    where: str, ledger: Ledger, seed: int
) -> None:
    chance = random.Random(seed)
    phones = [f"1555{at:07}" for at in range(1_000_000, 1_000_005)]
    posted: dict[tuple[str, str], int] = {}
    now: Any = chance.randrange
    for _ in range(60):
        phone, mms_id = chance.choice(phones), str(100001 + now(3))
        match now(6):
            case 0:
                await ledger.forget(phone, **SAID)
            case 1:
                await ledger.record_postback({"code": "N401", "from": phone, "to": "28444", "n": str(now(9))})
            case _:
                key = f"{phone}-{mms_id}"
                outcome = await ledger.claim(intent(key, to=phone, mms_id=mms_id, request_digest=key))
                if not isinstance(outcome, Claim):
                    continue
                end = chance.choice((accepted(f"T{outcome.send_id}"), unknown(), refused(), None))
                if end is None:
                    await ledger.not_sent(outcome, f"no connection for {phone}")
                    continue
                posted[phone, mms_id] = posted.get((phone, mms_id), 0) + 1
                await ledger.answer(outcome, end)
    assert max(posted.values()) == 1
    for phone in phones:
        await ledger.forget(phone, **SAID)
    assert await found(ledger) == []
    text = await everything(where)
    assert not any(phone in text for phone in phones)


async def test_what_is_old_and_settled_is_forgotten(where: str) -> None:
    day = 86_400.0
    now = [1_700_000_000.0]
    async with await open_ledger(where, meanings=MEANINGS, clock=lambda: now[0]) as ledger:
        await ledger.answer(await claimed(ledger, "key-1", to=PHONE), accepted("T1"))
        await ledger.record_postback({"code": "N101", "tracking-id": "T1", "to": PHONE})
        await ledger.answer(await claimed(ledger, "key-2", to="15551230002"), unknown())
        addition = Addition(scope=EVERYTHING, source=SuppressionSource.COMMAND, reason="asked", who="ann")
        await ledger.suppress([PHONE], addition=addition)
        now[0] += 401 * day
        await ledger.answer(await claimed(ledger, "key-3", to="15551230003"), accepted("T3"))
        done = await ledger.forget_before(now[0] - 400 * day, **SAID)
        assert (done.sends, done.postbacks, done.suppressions) == (1, 1, 0)
        assert (await ledger.forget_before(now[0] - 400 * day, **SAID)).sends == 0
        kept = await raw(where, "SELECT recipient FROM sends ORDER BY id")
        assert kept[1:] == [("15551230002",), ("15551230003",)], "an unknown one is needed still"
        assert await found(ledger) == []
        assert PHONE in await ledger.suppressed([PHONE]), "the list is no old send"
        await ledger.unsuppress([PHONE], scope=None, **SAID)
        assert isinstance(await ledger.claim(intent("key-1", to=PHONE)), Recorded)


async def test_what_is_known_of_a_number_is_told(ledger: Ledger) -> None:
    await used(ledger)
    known = await ledger.known_of(PHONE)
    assert (len(known.sends), len(known.postbacks), len(known.suppressions)) == (1, 3, 1)
    await ledger.forget(PHONE, **SAID)
    known = await ledger.known_of(PHONE)
    assert (len(known.sends), len(known.postbacks), len(known.suppressions)) == (1, 0, 1)


@pytest.mark.parametrize("number", ["", "28444", "forgotten_abc"])
async def test_what_is_no_number_is_not_forgotten(ledger: Ledger, number: str) -> None:
    with pytest.raises(UsageError):
        await ledger.forget(number, **SAID)


async def test_a_row_that_is_changed_without_the_chain_saying_so_is_found(where: str, ledger: Ledger) -> None:
    await used(ledger)
    await ledger.forget(PHONE, **SAID)
    (seq,) = (await raw(where, "SELECT id FROM redactions ORDER BY id LIMIT 1"))[0]
    # The trigger lets the body of such a row change: the chain knows what it has to be.
    await raw(where, f"UPDATE history SET body = replace(body, '28444', '28445') WHERE seq = {seq}")
    assert any("content was changed" in one for one in await found(ledger))


async def test_other_rows_cannot_be_changed_at_all(where: str, ledger: Ledger) -> None:
    await used(ledger)
    await ledger.forget(PHONE, **SAID)
    for change in (
        "UPDATE history SET body = '{}' WHERE seq NOT IN (SELECT id FROM redactions)",
        "UPDATE history SET hash = 'x' WHERE seq IN (SELECT id FROM redactions)",
        "DELETE FROM history WHERE seq IN (SELECT id FROM redactions)",
    ):
        with pytest.raises((sqlite3.Error, Exception), match="append-only"):
            await raw(where, change)
    await unguarded(where, "INSERT INTO redactions (id, digest) VALUES (1000000, 'x')")
    assert any("redactions 1000000" in one for one in await found(ledger))


async def test_old_ones_are_forgotten_page_by_page(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmscheck.ledger.forgetting.PAGE", 2)
    now = [1_700_000_000.0]
    async with await open_ledger(where, meanings=MEANINGS, clock=lambda: now[0]) as ledger:
        for at in range(5):
            phone = f"1555{at:07}"
            end = unknown() if at == 2 else accepted(f"T{at}")
            await ledger.answer(await claimed(ledger, f"key-{at}", to=phone), end)
            for code in ("N101", "N102"):
                await ledger.record_postback({"code": code, "tracking-id": f"T{at}", "to": phone})
        now[0] += 1000
        done = await ledger.forget_before(now[0] - 10, **SAID)
        assert (done.sends, done.postbacks) == (4, 10)
        assert await found(ledger) == []
