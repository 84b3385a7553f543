"""The suppression list: what puts a number on it and takes it off, and that no send to it is claimed."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from mmscheck.errors import UsageError
from mmscheck.ledger import Ledger, open_ledger
from mmscheck.ledger.suppression_list import Addition
from mmscheck.model.ledger import Claim, ClaimRefused, NumberTerms, RefusalReason
from mmscheck.model.replies import STOP_WORDS, ReplyWish, wish
from mmscheck.model.suppression import EVERYTHING, SuppressionScope, SuppressionSource
from tests.support.ledgers import MEANINGS, accepted, claimed, intent, raw, refused, unguarded

PHONE = "15551230001"
HOST = "api.example.com"


async def put(ledger: Ledger, *numbers: str, scope: SuppressionScope = EVERYTHING) -> tuple[int, int]:
    addition = Addition(scope=scope, source=SuppressionSource.COMMAND, reason="asked by phone", who="ann")
    done = await ledger.suppress(numbers, addition=addition)
    return done.added, done.known


async def said(ledger: Ledger, text: str, *, scope: str = "everything", **fields: str) -> None:
    """A reply came in."""
    came = {"code": "N401", "from": PHONE, "to": "28444", "keyword": text, **fields}
    await ledger.record_postback(came, HOST, stop_scope=scope)


async def may(ledger: Ledger, key: str = "key-9", **changes: Any) -> bool:
    """Whether a send to the phone is claimed; it is withdrawn then."""
    outcome = await ledger.claim(intent(key, **{"to": PHONE, "account": f"{HOST}/demo", **changes}))
    if isinstance(outcome, Claim):
        await ledger.not_sent(outcome, "only asked")
        return True
    assert isinstance(outcome, ClaimRefused)
    assert outcome.reason is RefusalReason.SUPPRESSED, outcome
    return False


async def clean(ledger: Ledger) -> None:
    assert (await ledger.verify()).found == ()


async def test_a_number_on_the_list_gets_nothing_until_it_is_taken_off(ledger: Ledger) -> None:
    assert await may(ledger)
    assert await put(ledger, "+1 555 123 0001", "15551230002", PHONE) == (2, 1)
    assert not await may(ledger)
    assert not await may(ledger, "key-10", mms_id="100002", campaign="other")
    assert await put(ledger, PHONE) == (0, 1)
    assert await ledger.unsuppress([PHONE], scope=None, reason="signed again", who="bob") == 1
    assert await may(ledger)
    (entry,) = (await ledger.suppressed([PHONE], ended=True))[PHONE]
    assert (entry.reason, entry.who, entry.removed_by, entry.removed_why) == (
        *("asked by phone", "ann"),
        *("bob", "signed again"),
    )
    await clean(ledger)


@pytest.mark.parametrize("number", ["28444", "", "STOP", "1555"])
async def test_what_is_no_number_is_refused(ledger: Ledger, number: str) -> None:
    with pytest.raises(UsageError):
        await put(ledger, number)


async def test_a_number_of_north_america_without_its_country_code_is_no_foreign_one(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="write 12025550143"):
        await put(ledger, "202 555-0143")
    # As long, and Danish: 23 is a mobile number there; the other says + itself.
    assert await put(ledger, "4523456789", "+2025550143") == (2, 0)


@pytest.mark.parametrize(
    "written",
    ["'15551230001", '="15551230001"', "tel:+1-555-123-0001", "\u202a+1\xa0(555)\xa0123\u20110001\u202c"],
)
async def test_a_number_as_spreadsheets_and_phones_write_it_is_that_number(
    ledger: Ledger, written: str
) -> None:
    assert await put(ledger, written) == (1, 0)
    assert not await may(ledger)


@pytest.mark.parametrize(
    ("scope", "changes"),
    [
        (SuppressionScope(account=f"HTTPS://{HOST.upper()}:443/gateway"), {}),
        (SuppressionScope(sender="+1 (555) 777-0000"), {"from_": "15557770000"}),
        (SuppressionScope(list_name=" Sales"), {"terms": NumberTerms(list_name="sales ")}),
    ],
)
async def test_a_scope_holds_however_it_is_written(
    ledger: Ledger, scope: SuppressionScope, changes: dict[str, Any]
) -> None:
    await put(ledger, PHONE, scope=scope)
    assert not await may(ledger, **changes)
    assert await ledger.unsuppress([PHONE], scope=scope, reason="signed again", who="bob") == 1
    assert await may(ledger, **changes)


@pytest.mark.parametrize(
    ("scope", "held"),
    [
        (SuppressionScope(account=HOST), {}),
        (SuppressionScope(sender="28444"), {}),
        (SuppressionScope(list_name="sales"), {"terms": NumberTerms(list_name="sales")}),
        (SuppressionScope(list_name="sales"), {}),
    ],
)
async def test_an_entry_is_about_its_scope(
    ledger: Ledger, scope: SuppressionScope, held: dict[str, Any]
) -> None:
    await put(ledger, PHONE, scope=scope)
    assert not await may(ledger, **held)
    elsewhere = {
        "account": "other.example.com/demo",
        "from_": "28555",
        "terms": NumberTerms(list_name="news"),
    }
    assert await may(ledger, "key-10", **elsewhere)


@pytest.mark.parametrize(
    "text",
    [
        *("STOP", " stop. ", "Stop texting me", "please STOP", "Opt-Out", "ARRÊT", "no más"),
        # As keyboards, fonts and copied texts have it: accents apart, other letters, marks that nobody sees.
        *("ARRE\u0302T", "\uff33\uff34\uff2f\uff30", "\U0001d5e6\U0001d5e7\U0001d5e2\U0001d5e3"),
        *("S.T.O.P.", "un subscribe", "\u2067ST\u200bOP\u2069"),
    ],
)
async def test_a_reply_that_asks_for_nothing_more_is_obeyed(ledger: Ledger, text: str) -> None:
    await said(ledger, text)
    assert not await may(ledger)
    await clean(ledger)


@pytest.mark.parametrize(
    "text", ["", "yes", "thanks, the end of my street is nice", "do not stop", "HELP", "when do you open"]
)
def test_other_replies_take_nobody_off_and_put_nobody_on(text: str) -> None:
    assert wish(text) is (ReplyWish.STOP if text == "do not stop" else None), "STOP is read widely"


def test_every_documented_word_is_stop() -> None:
    for word in STOP_WORDS:
        assert wish(word.upper()) is ReplyWish.STOP


@pytest.mark.parametrize(
    "fields",
    [
        {"keyword": "", "message-subject": "Stop"},
        {"keyword": "", "message-subject": "Re: sale", "content/text": "stop"},
        {"code": "N211", "keyword": "", "message": "STOP"},
        {"from": "5551230001"},
        {"from": "+1 (555) 123-0001"},
        {"code": "N302", "to": PHONE, "from": "28444", "keyword": ""},
        {"code": "N302", "to": "28444", "from": PHONE, "keyword": ""},
        {"code": "N302", "to": "18005550000", "from": "5551230001", "keyword": ""},
        {"code": "E114", "to": PHONE, "from": "28444", "keyword": ""},
    ],
)
async def test_it_counts_wherever_the_notification_has_it(ledger: Ledger, fields: dict[str, str]) -> None:
    await said(ledger, "STOP", **fields)
    assert not await may(ledger)


async def test_an_answer_that_the_number_is_blacklisted_puts_it_there(ledger: Ledger) -> None:
    await ledger.answer(await claimed(ledger, to=PHONE), refused("E114"))
    assert not await may(ledger)
    await clean(ledger)


async def test_start_takes_off_what_a_reply_put_there_and_nothing_else(ledger: Ledger) -> None:
    await said(ledger, "STOP")
    await said(ledger, "yes")
    assert not await may(ledger)
    await said(ledger, "START")
    assert await may(ledger)
    await put(ledger, PHONE)
    await said(ledger, "START", timestamp="2")
    assert not await may(ledger)
    await clean(ledger)


@pytest.mark.parametrize(("to", "own"), [(PHONE, "28444"), ("28444", PHONE)])
async def test_an_unsubscription_at_one_number_leaves_what_another_sends(
    ledger: Ledger, to: str, own: str
) -> None:
    await said(ledger, "", scope="sender", code="N302", to=to, **{"from": own})
    assert not await may(ledger)
    assert await may(ledger, "key-10", from_="28555")
    assert "28444" not in {one.number async for one in ledger.suppressions()}, (
        "a short code is nobody's phone"
    )
    await said(ledger, "", code="N301", to=to, **{"from": own})
    assert await may(ledger, "key-11")
    await clean(ledger)


async def test_the_same_stop_counts_once_more_and_the_same_start_does_not(ledger: Ledger) -> None:
    await said(ledger, "STOP")
    await said(ledger, "START")
    await said(ledger, "STOP")
    assert not await may(ledger), "notifications of two replies may be alike to the letter"
    await said(ledger, "START")
    assert not await may(ledger), "it may be the provider that comes again"


@pytest.mark.parametrize(
    ("scope", "also"),
    [("everything", (False, False)), ("account", (False, True)), ("sender", (True, True))],
)
async def test_how_much_a_stop_is_about_is_chosen(
    ledger: Ledger, scope: str, also: tuple[bool, bool]
) -> None:
    await said(ledger, "STOP", scope=scope)
    assert not await may(ledger)
    other_sender = await may(ledger, "key-10", from_="28555")
    other_account = await may(ledger, "key-11", account="other.example.com/demo", from_="28555")
    assert (other_sender, other_account) == also


@pytest.mark.parametrize("seed", range(20))
async def test_after_a_stop_is_durable_nothing_is_claimed_whatever_came_before(
    where: str, ledger: Ledger, seed: int
) -> None:
    """STOP before, during and after claims, on two openings of one ledger."""
    chance = random.Random(seed)
    async with await open_ledger(where, meanings=MEANINGS) as other:
        stopped = asyncio.Event()
        late: list[str] = []

        async def send(number: int) -> None:
            mine = chance.choice((ledger, other))
            await asyncio.sleep(chance.random() * 0.02)
            wanted = intent(f"key-{number}", to=PHONE, mms_id=str(100001 + number))
            after = stopped.is_set()
            outcome = await mine.claim(wanted)
            if not isinstance(outcome, Claim):
                return
            after = after or stopped.is_set()
            # What a send does between its claim and its call.
            entry = await mine.suppressed_since(outcome, wanted)
            if entry is None and after:
                late.append(f"key-{number}")
            await mine.not_sent(outcome, "only asked")

        async def stop() -> None:
            await asyncio.sleep(chance.random() * 0.02)
            await said(chance.choice((ledger, other)), "STOP")
            stopped.set()

        await asyncio.gather(stop(), *map(send, range(8)))
        assert late == []
        assert not await may(ledger)
        assert not await may(other, "key-10")
    await clean(ledger)


async def test_a_stop_between_claim_and_call_is_seen(ledger: Ledger) -> None:
    wanted = intent(to=PHONE)
    claim = await ledger.claim(wanted)
    assert isinstance(claim, Claim)
    assert await ledger.suppressed_since(claim, wanted) is None
    await put(ledger, "15551230002")
    assert await ledger.suppressed_since(claim, wanted) is None
    await said(ledger, "STOP")
    assert await ledger.suppressed_since(claim, wanted) is not None
    await ledger.answer(claim, accepted("T1"))


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM suppressions WHERE recipient = '15551230001'",
        "UPDATE suppressions SET recipient = '15559999999' WHERE recipient = '15551230001'",
        "UPDATE suppressions SET removed_at = 1 WHERE recipient = '15551230003'",
        (
            "INSERT INTO suppressions SELECT id + 9, recipient, account, sender, list_name, source, reason, "
            "who, added_at, removed_at, removed_by, removed_why FROM suppressions "
            "WHERE recipient = '15551230003'"
        ),
    ],
)
async def test_whoever_changes_the_list_behind_the_ledgers_back_is_found(
    where: str, ledger: Ledger, change: str
) -> None:
    await put(ledger, PHONE, "15551230002", "15551230003")
    await said(ledger, "STOP", **{"from": "15551230004"})
    await clean(ledger)
    await raw(where, change)
    assert (await ledger.verify()).found


async def test_the_numbers_of_an_import_are_in_the_chain(where: str, ledger: Ledger) -> None:
    await put(ledger, *(f"1555123{number:04}" for number in range(3000)))
    assert (await ledger.verify()).rows == 3, "1024 entries each"
    await unguarded(where, "UPDATE history SET body = replace(body, '15551230007', '15559999999')")
    assert (await ledger.verify()).found
